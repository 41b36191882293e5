# _types.py - what eval_toolkit.bootstrap returns.
# SPDX-License-Identifier: MIT
"""Frozen results, with to_dict()."""
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, slots=True)
class BootstrapCI:
    """A metric with its interval."""
    point_estimate: float
    ci_low: float
    ci_high: float
    confidence: float
    n_resamples: int
    method: str
    samples: np.ndarray | None = field(default=None, compare=False, repr=False)

    def to_dict(self):
        """point, low, high, confidence, n_resamples, method."""
        return {"point": self.point_estimate, "low": self.ci_low, "high": self.ci_high,
                "confidence": self.confidence, "n_resamples": self.n_resamples,
                "method": self.method}


@dataclass(frozen=True, slots=True)
class PairedBootstrapCI:
    """A difference of two columns with its interval."""
    delta: float
    ci_low: float
    ci_high: float
    overlaps_zero: bool
    confidence: float
    n_resamples: int

    def to_dict(self):
        """delta, low, high, overlaps_zero, confidence, n_resamples."""
        return {"delta": self.delta, "low": self.ci_low, "high": self.ci_high,
                "overlaps_zero": self.overlaps_zero, "confidence": self.confidence,
                "n_resamples": self.n_resamples}


@dataclass(frozen=True, slots=True)
class MDEEstimate:
    """A minimum detectable effect."""
    mde: float
    sigma_delta: float
    delta_observed: float
    alpha: float
    power: float
    n_resamples: int
    n: int

    def to_dict(self):
        """The fields."""
        return {name: getattr(self, name) for name in self.__slots__}
