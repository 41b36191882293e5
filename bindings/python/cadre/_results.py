# _results.py - what cadre.stats returns.
# SPDX-License-Identifier: MIT
"""Results of cadre.stats: fields, to_dict(), a table in notebooks, plot()."""
import dataclasses

import numpy


class Result:
    """What results have in common: fields, to_dict(), a table in notebooks."""

    def to_dict(self):
        """The fields as a dictionary; arrays as lists."""
        return {field.name: value.tolist() if isinstance(value, numpy.ndarray) else value
                for field in dataclasses.fields(self)
                for value in [getattr(self, field.name)]}

    def _repr_html_(self):
        rows = "".join(f"<tr><th>{name}</th><td>{_shown(value)}</td></tr>"
                       for name, value in self.to_dict().items())
        return f"<table><caption>{type(self).__name__}</caption>{rows}</table>"


def _shown(value):
    if isinstance(value, list):
        return f"{len(value)} values"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _axes(axes):
    if axes is None:
        from matplotlib import pyplot  # slow, and not everybody has it
        axes = pyplot.gca()
    return axes


@dataclasses.dataclass(frozen=True)
class Interval(Result):
    """A metric, or a difference of two, with the bounds of its confidence interval.

    ``method`` is what the bounds are; ``resamples`` and ``degenerate`` count those that
    were usable and those where the metric was not defined; ``low_error`` and
    ``high_error`` are the bounds' own Monte Carlo errors; ``p_value`` is two-sided, of
    ``null``. ``replicates`` has each resample's value where that was asked for.
    """
    point: float
    low: float
    high: float
    confidence: float
    method: str
    standard_error: float
    resamples: int
    degenerate: int
    p_value: float
    low_error: float
    high_error: float
    bias: float = 0.0
    acceleration: float = 0.0
    low_level: float = 0.0
    high_level: float = 0.0
    bca_undefined: str | None = None
    replicates: numpy.ndarray | None = dataclasses.field(default=None, compare=False,
                                                         repr=False)

    def plot(self, axes=None, label=None):
        """The point with its bounds, or a histogram if there are replicates."""
        axes = _axes(axes)
        if self.replicates is not None:
            axes.hist(self.replicates[numpy.isfinite(self.replicates)], bins=40)
            for x in (self.low, self.point, self.high):
                axes.axvline(x, color="black", linewidth=1)
        else:
            axes.errorbar([self.point], [label or self.method], fmt="o", capsize=3,
                          xerr=[[self.point - self.low], [self.high - self.point]])
        return axes


@dataclasses.dataclass(frozen=True)
class Permutation(Result):
    """A test by permutation: the point, and its two-sided p-value."""
    point: float
    p_value: float
    permutations: int
    degenerate: int


@dataclasses.dataclass(frozen=True)
class DeLong(Result):
    """DeLong's test of one area under the ROC curve, or of the difference of two."""
    area_a: float
    area_b: float
    estimate: float
    variance: float
    standard_error: float
    z: float
    p_value: float
    low: float
    high: float


@dataclasses.dataclass(frozen=True)
class FoldMean(Result):
    """The mean over folds, with bounds by the central limit theorem."""
    mean: float
    deviation: float
    low: float
    high: float


@dataclasses.dataclass(frozen=True)
class Effect(Result):
    """The smallest effect that would be found, and the standard error behind it."""
    least: float
    sigma: float


@dataclasses.dataclass(frozen=True)
class OperatingPoint(Result):
    """A threshold, and what it gives."""
    threshold: float
    precision: float
    recall: float
    f1: float


@dataclasses.dataclass(frozen=True)
class Calibration(Result):
    """The Brier score and its parts; a calibration error less what chance adds."""
    brier: float
    reliability: float
    resolution: float
    uncertainty: float
    debiased: float


@dataclasses.dataclass(frozen=True, eq=False)
class Curve(Result):
    """Points of a curve, with the threshold of each."""
    x: numpy.ndarray
    y: numpy.ndarray
    threshold: numpy.ndarray
    x_name: str
    y_name: str

    def plot(self, axes=None, label=None):
        """The curve."""
        axes = _axes(axes)
        axes.plot(self.x, self.y, label=label)
        axes.set_xlabel(self.x_name)
        axes.set_ylabel(self.y_name)
        return axes
