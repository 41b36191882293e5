# stats.pyi - types of cadre.stats.
# SPDX-License-Identifier: MIT
from collections.abc import Callable
from typing import Any, Literal, Protocol

import numpy
from numpy.typing import ArrayLike, NDArray

from ._results import (Calibration as Calibration, Curve as Curve, DeLong as DeLong,
                       Effect as Effect, FoldMean as FoldMean, Interval as Interval,
                       OperatingPoint as OperatingPoint, Permutation as Permutation)


class _Updated(Protocol):
    def update(self, n: int, /) -> Any: ...


_Progress = bool | _Updated | Callable[[int, int, float, float], Any] | None
_Seed = int | None
_Seeding = Literal["spawn", "single", "draw63"] | None
_Metric = str | Callable[[NDArray[Any], NDArray[Any]], float]
_Backend = Literal["auto", "serial", "threads", "processes"] | str | None

METRICS: dict[str, str]


def measure(metric: str, y: ArrayLike, score: ArrayLike, *, other: ArrayLike | None = ...,
            weights: ArrayLike | None = ..., threshold: float | None = ...,
            bins: int | None = ..., level: float | None = ...) -> float: ...


def bootstrap(y: ArrayLike, score: ArrayLike, metric: _Metric = ..., *, method: str = ...,
              resamples: int = ..., confidence: float = ..., seed: _Seed = ...,
              seeding: _Seeding = ..., strata: ArrayLike | None = ...,
              clusters: ArrayLike | None = ..., by_label: int = ...,
              other: ArrayLike | None = ..., weights: ArrayLike | None = ...,
              threshold: float | None = ..., bins: int | None = ...,
              level: float | None = ..., null: float = ...,
              most_degenerate: float | None = ..., until_error: float | None = ...,
              keep: bool = ..., workers: int | None = ..., backend: _Backend = ...,
              progress: _Progress = ...) -> Interval: ...


def compare(y: ArrayLike, a: ArrayLike, b: ArrayLike, metric: str = ..., *,
            method: str = ..., resamples: int = ..., confidence: float = ...,
            seed: _Seed = ..., seeding: _Seeding = ..., strata: ArrayLike | None = ...,
            clusters: ArrayLike | None = ..., by_label: int = ...,
            weights: ArrayLike | None = ..., threshold: float | None = ...,
            bins: int | None = ..., level: float | None = ..., null: float = ...,
            most_degenerate: float | None = ..., until_error: float | None = ...,
            keep: bool = ..., workers: int | None = ..., backend: _Backend = ...,
            progress: _Progress = ...) -> Interval: ...


def folds(values: ArrayLike, *, method: str = ..., resamples: int = ...,
          confidence: float = ..., seed: _Seed = ...) -> Interval: ...


def operating_point(val_y: ArrayLike, val_a: ArrayLike, val_b: ArrayLike,
                    test_y: ArrayLike, test_a: ArrayLike, test_b: ArrayLike, *,
                    selector: str = ..., target: float = ..., metric: str = ...,
                    method: str = ..., resamples: int = ..., confidence: float = ...,
                    seed: _Seed = ..., seeding: _Seeding = ...,
                    most_degenerate: float | None = ..., workers: int | None = ...,
                    backend: _Backend = ..., progress: _Progress = ...) -> Interval: ...


def permutation_test(y: ArrayLike, a: ArrayLike, b: ArrayLike | None = ...,
                     metric: str = ..., *, permutations: int = ..., seed: _Seed = ...,
                     other: ArrayLike | None = ..., weights: ArrayLike | None = ...,
                     threshold: float | None = ..., bins: int | None = ...,
                     level: float | None = ..., workers: int | None = ...,
                     backend: _Backend = ..., progress: _Progress = ...
                     ) -> Permutation: ...


def delong(y: ArrayLike, a: ArrayLike, b: ArrayLike | None = ...,
           confidence: float = ...) -> DeLong: ...
def fold_interval(values: ArrayLike, confidence: float = ...) -> FoldMean: ...
def detectable_effect(low: float, high: float, confidence: float = ..., alpha: float = ...,
                      power: float = ...) -> Effect: ...
def adjust_p_values(p_values: ArrayLike, method: str = ...) -> NDArray[numpy.float64]: ...
def proportion_interval(successes: int, n: int, confidence: float = ...
                        ) -> tuple[float, float]: ...
def cost_threshold(prior: float, false_positive: float, false_negative: float
                   ) -> float: ...
def roc_curve(y: ArrayLike, score: ArrayLike, *, weights: ArrayLike | None = ...
              ) -> Curve: ...
def pr_curve(y: ArrayLike, score: ArrayLike, *, weights: ArrayLike | None = ...
             ) -> Curve: ...
def select_threshold(y: ArrayLike, score: ArrayLike, selector: str = ...,
                     target: float = ..., *, weights: ArrayLike | None = ...
                     ) -> OperatingPoint: ...
def calibration(y: ArrayLike, score: ArrayLike, bins: int = ..., sweeps: int = ...,
                seed: int = ...) -> Calibration: ...
