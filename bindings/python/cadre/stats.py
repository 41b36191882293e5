# stats.py - metrics, bootstrap intervals and tests, over libcadre-stats.
# SPDX-License-Identifier: MIT
"""Metrics of classifiers, and intervals by resampling, on all cores.

    >>> from cadre import stats
    >>> y = [0, 0, 1, 1, 0, 1, 0, 1, 1, 0, 1, 0]
    >>> score = [.1, .4, .35, .8, .2, .7, .5, .6, .9, .3, .45, .15]
    >>> stats.measure("roc_auc", y, score)
    0.9166666666666667
    >>> interval = stats.bootstrap(y, score, "roc_auc", seed=1)
    >>> interval.low <= interval.point <= interval.high
    True

Columns are NumPy arrays, pandas Series or lists. Float64 scores and one-byte labels that lie
one after another are read where they are; others are converted. Labels are 0 and 1.
Results depend on the data and the seed alone, not on workers, and agree with NumPy's,
SciPy's and scikit-learn's bit for bit where those define them.

``METRICS`` names the metrics: {name: what it is}.
"""
import math
import time

import numpy

from . import _core
from ._options import Options, reporter, whole
from ._results import (Calibration, Curve, DeLong, Effect, FoldMean, Interval,
                       OperatingPoint, Permutation)

__all__ = ["METRICS", "Interval", "Permutation", "DeLong", "FoldMean", "Effect", "Curve",
           "OperatingPoint", "Calibration", "measure", "bootstrap", "compare", "folds",
           "operating_point", "permutation_test", "delong", "fold_interval",
           "detectable_effect", "adjust_p_values", "proportion_interval",
           "cost_threshold", "roc_curve", "pr_curve", "select_threshold", "calibration"]

METRICS = {name: text for name, (text, _) in _core.stats_names().items()}

SEEDINGS = {None: 0, "spawn": 1, "single": 2, "draw63": 3}
UNDEFINED = {1: "all replicates are on one side of the point",
             2: "the metric is the same whichever row is left out",
             3: "the metric is not defined without some row"}


# ---- columns and options ----

def _column(name, values):
    array = numpy.ascontiguousarray(values, dtype=numpy.float64)
    if array.ndim != 1:
        raise ValueError(f"{name} has {array.ndim} dimensions, expected 1")
    return array


def _labels(values):
    """One byte a row; what is neither 0 nor 1 becomes 2 or more, which the library names."""
    array = numpy.asarray(values)
    if array.ndim != 1:
        raise ValueError(f"labels have {array.ndim} dimensions, expected 1")
    if array.dtype.itemsize == 1 and array.dtype.kind in "bui":
        return numpy.ascontiguousarray(array).view(numpy.uint8)
    if array.dtype.kind in "USM":
        bad = numpy.arange(array.size)  # none of these is equal to a number
    else:
        bad = numpy.flatnonzero((array != 0) & (array != 1))
    if bad.size:
        raise ValueError(f"labels: row {bad[0]} is {array[bad[0]]!r}, expected 0 or 1")
    return numpy.ascontiguousarray(array, dtype=numpy.uint8)


def _groups(values):
    """Numbers of groups of any kind, in ascending order."""
    if values is None:
        return None
    return numpy.unique(numpy.asarray(values), return_inverse=True)[1].astype(numpy.uint32)


def _same_length(**columns):
    lengths = {name: len(x) for name, x in columns.items() if x is not None}
    if len(set(lengths.values())) > 1:
        raise ValueError("columns of different lengths: "
                         + ", ".join(f"{name} {n}" for name, n in lengths.items()))


def _rows(y, other, weights, **columns):
    """The dictionary of what the rows have, and the columns, converted."""
    rows = {"labels": None if y is None else _labels(y),
            "other": None if other is None else _column("other", other),
            "weights": None if weights is None else _column("weights", weights)}
    columns = {name: None if x is None else _column(name, x) for name, x in columns.items()}
    _same_length(**rows, **columns)
    return rows, *columns.values()


def _pool(workers, backend):
    """The library's own choice, by default threads: its kernels are no Python."""
    return Options(workers, backend).pool() if backend or workers else _core.Pool()


def _question(metric, method, resamples, confidence, seed, seeding, most_degenerate,
              until_error, null, progress, threshold, bins, level, rows, extra):
    if seeding not in SEEDINGS:
        raise ValueError(f"seeding is {seeding!r}, expected one of "
                         + ", ".join(repr(name) for name in SEEDINGS))
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence!r}, expected a number inside (0, 1)")
    seed = whole("seed", seed)
    if seed >= 2**64:
        raise ValueError(f"seed is {seed}, expected less than 2^64")
    return {"metric": metric, "method": method, "resamples": whole("resamples", resamples, 1),
            "confidence": float(confidence), "seed": seed, "seeding": SEEDINGS[seeding],
            "degenerate_most": most_degenerate, "until_error": until_error, "null": null,
            "progress": reporter(progress, resamples), "threshold": threshold,
            "bins": bins, "level": level, **rows, **extra}


def _interval(told, confidence, replicates=None):
    told["bca_undefined"] = UNDEFINED.get(told["bca_undefined"])
    return Interval(confidence=confidence, replicates=replicates, **told)


# ---- metrics ----

def measure(metric, y, score, *, other=None, weights=None, threshold=None, bins=None,
            level=None):
    """The metric of the rows: a float. See METRICS; y is None where it needs no labels.

    >>> from cadre import stats
    >>> stats.measure("brier", [0, 1, 1], [0.0, 0.5, 1.0])
    0.08333333333333333
    >>> stats.measure("mean", None, [1, 2, 6])
    3.0
    """
    rows, score = _rows(y, other, weights, score=score)
    return _core.stats_metric(None, {"metric": metric, "threshold": threshold,
                                     "bins": bins, "level": level, **rows}, score)


# ---- resampling ----

def bootstrap(y, score, metric="roc_auc", *, method="auto", resamples=1000,
              confidence=0.95, seed=0, seeding=None, strata=None, clusters=None,
              by_label=0, other=None, weights=None, threshold=None, bins=None, level=None,
              null=0.0, most_degenerate=None, until_error=None, keep=False, workers=None,
              backend=None, progress=None):
    """A confidence interval of a metric, by resampling rows: an Interval.

    metric
        a name of METRICS, or a function of y and score (NumPy arrays of the resample's
        rows) that returns a number
    method
        "percentile", "basic", "bca", "normal", "studentized", or "auto": bca, and
        percentile where that is not defined
    seeding
        which random numbers a resample draws: None for SciPy's, "spawn", "single",
        "draw63"
    strata, clusters
        group of each row: draw within groups, or whole groups
    by_label
        draw within label 0 (1), label 1 (2), either (3)
    most_degenerate
        what share of resamples may be without a value: 0.05, or negative for any
    until_error
        go on until the Monte Carlo error of both bounds is at most that
    keep
        keep each resample's value in ``replicates``

    >>> from cadre import stats
    >>> x = [1.0, 2, 3, 4, 5, 6, 7, 8, 9, 30]
    >>> a = stats.bootstrap(None, x, "mean", seed=3)
    >>> b = stats.bootstrap(None, x, lambda y, x: float(x.mean()), seed=3, workers=2)
    >>> (a.low, a.high) == (b.low, b.high)
    True
    """
    rows, score = _rows(y, other, weights, score=score)
    named = isinstance(metric, str)
    replicates = numpy.full(resamples, math.nan) if keep else None
    extra = {"strata": _groups(strata), "clusters": _groups(clusters),
             "by_label": by_label, "replicates": replicates}
    if not named:
        rows = {"weights": None}
    question = _question(metric if named else None, method, resamples, confidence, seed,
                         seeding, most_degenerate, until_error, null, progress, threshold,
                         bins, level, rows, extra)
    if named:
        told = _core.stats_interval(_pool(workers, backend), question, score)
    else:
        told = _by_function(metric, y, score, question, workers, backend)
    return _interval(told, confidence, replicates)


def _by_function(fn, y, score, question, workers, backend):
    y = None if y is None else numpy.asarray(y)

    def statistic(rows):
        rows = numpy.frombuffer(rows, numpy.uint32)
        return fn(None if y is None else y[rows], score[rows])
    n = len(score)
    began = time.perf_counter()
    statistic(numpy.arange(n, dtype=numpy.uint32))
    took = time.perf_counter() - began
    if backend in (None, "auto"):
        backend = "processes" if took * question["resamples"] > 0.05 else "serial"
    return _core.stats_statistic(Options(workers, backend).pool(), question, statistic, n)


def compare(y, a, b, metric="roc_auc", *, method="percentile", resamples=1000,
            confidence=0.95, seed=0, seeding=None, strata=None, clusters=None, by_label=0,
            weights=None, threshold=None, bins=None, level=None, null=0.0,
            most_degenerate=None, until_error=None, keep=False, workers=None,
            backend=None, progress=None):
    """metric(b) - metric(a) on the same rows, with its interval: an Interval. For the
    options see bootstrap.

    >>> from cadre import stats
    >>> y = [0, 1] * 10
    >>> a = [i % 7 / 7 for i in range(20)]
    >>> b = [i % 2 * 0.3 + i % 5 / 10 for i in range(20)]
    >>> stats.compare(y, a, b, seed=2).low > 0
    True
    """
    rows, a, b = _rows(y, None, weights, a=a, b=b)
    replicates = numpy.full(resamples, math.nan) if keep else None
    extra = {"strata": _groups(strata), "clusters": _groups(clusters),
             "by_label": by_label, "replicates": replicates}
    question = _question(metric, method, resamples, confidence, seed, seeding,
                         most_degenerate, until_error, null, progress, threshold, bins,
                         level, rows, extra)
    told = _core.stats_difference(_pool(workers, backend), question, a, b)
    return _interval(told, confidence, replicates)


def folds(values, *, method="percentile", resamples=1000, confidence=0.95, seed=0):
    """The mean of folds' metrics, with an interval over resamples of the folds.

    >>> from cadre import stats
    >>> interval = stats.folds([0.8, 0.9, 0.85, 0.95])
    >>> interval.point, interval.low >= 0.8
    (0.875, True)
    """
    question = _question(None, method, resamples, confidence, seed, None, None, None, 0.0,
                         None, None, None, None, {}, {})
    told = _core.stats_folds(_pool(None, None), question, _column("values", values))
    return _interval(told, confidence)


def operating_point(val_y, val_a, val_b, test_y, test_a, test_b, *, selector="max_f1",
                    target=0.0, metric="f1", method="percentile", resamples=1000,
                    confidence=0.95, seed=0, seeding=None, most_degenerate=None,
                    workers=None, backend=None, progress=None):
    """metric(b) - metric(a) on test rows, each at the threshold that the selector chooses on
    validation rows; both are resampled. val_b and test_b may be None: then of a alone.

    selector is "max_f1", "recall", "precision", "fpr" (each with a target), "youden".

    >>> from cadre import stats
    >>> y, a = [0, 1] * 10, [i % 2 * 0.5 + i / 50 for i in range(20)]
    >>> stats.operating_point(y, a, None, list(y), a, None).point
    1.0
    """
    rows, test_a, test_b = _rows(test_y, None, None, test_a=test_a, test_b=test_b)
    val, val_a, val_b = _rows(val_y, None, None, val_a=val_a, val_b=val_b)
    question = _question(metric, method, resamples, confidence, seed, seeding,
                         most_degenerate, None, 0.0, progress, None, None, None, rows, {})
    told = _core.stats_operating_point(_pool(workers, backend), question, test_a, test_b,
                                       val["labels"], val_a, val_b, selector, target)
    return _interval(told, confidence)


def permutation_test(y, a, b=None, metric="roc_auc", *, permutations=1000, seed=0,
                     other=None, weights=None, threshold=None, bins=None, level=None,
                     workers=None, backend=None, progress=None):
    """A test of a metric (labels permuted), or of a difference (scores swapped): a
    Permutation.

    >>> from cadre import stats
    >>> y = [0, 1] * 10
    >>> stats.permutation_test(y, [i % 2 + i / 50 for i in range(20)]).p_value < 0.01
    True
    """
    rows, a, b = _rows(y, other, weights, a=a, b=b)
    question = _question(metric, None, permutations, 0.95, seed, None, None, None, 0.0,
                         progress, threshold, bins, level, rows, {})
    return Permutation(**_core.stats_permutation(_pool(workers, backend), question, a, b))


# ---- without resampling ----

def delong(y, a, b=None, confidence=0.95):
    """DeLong's test of the ROC AUC of a, or of its difference to that of b: a DeLong.

    >>> from cadre import stats
    >>> stats.delong([0, 0, 1, 1, 0, 1], [.1, .4, .35, .8, .2, .7]).estimate
    0.8888888888888888
    """
    rows, a, b = _rows(y, None, None, a=a, b=b)
    return DeLong(**_core.stats_delong(rows["labels"], a, b, confidence))


def fold_interval(values, confidence=0.95):
    """The mean of folds' metrics, by the central limit theorem: a FoldMean.

    >>> from cadre import stats
    >>> stats.fold_interval([0.8, 0.9, 1.0]).mean
    0.9
    """
    return FoldMean(**_core.stats_fold_interval(_column("values", values), confidence))


def detectable_effect(low, high, confidence=0.95, alpha=0.05, power=0.8):
    """The smallest true effect that a test would find, by the width of an interval.

    >>> from cadre import stats
    >>> round(stats.detectable_effect(-0.1, 0.1).least, 6)
    0.142941
    """
    return Effect(**_core.stats_effect(low, high, confidence, alpha, power))


def adjust_p_values(p_values, method="bh"):
    """p-values of many tests, adjusted: "bonferroni", "holm" or "bh" (Benjamini-Hochberg).

    >>> from cadre import stats
    >>> stats.adjust_p_values([0.01, 0.04], "bonferroni").tolist()
    [0.02, 0.08]
    """
    p_values = _column("p_values", p_values)
    return _core.stats_adjust(p_values, numpy.empty_like(p_values), method)


def proportion_interval(successes, n, confidence=0.95):
    """Wilson's interval of a proportion: (low, high).

    >>> from cadre import stats
    >>> [round(x, 4) for x in stats.proportion_interval(8, 10)]
    [0.4902, 0.9433]
    """
    return _core.stats_proportion(successes, n, confidence)


def cost_threshold(prior, false_positive, false_negative):
    """The threshold that costs least, for a share of positives and two costs.

    >>> from cadre import stats
    >>> stats.cost_threshold(0.5, 1, 3)
    0.25
    """
    return _core.stats_cost_threshold(prior, false_positive, false_negative)


ROC, PR = 0, 1


def _curve(kind, y, score, weights, x_name, y_name):
    rows, score = _rows(y, None, weights, score=score)
    parts = _core.stats_curve(kind, rows["labels"], score, rows["weights"])
    return Curve(*(numpy.frombuffer(part) for part in parts), x_name, y_name)


def roc_curve(y, score, *, weights=None):
    """False against true positive rates, from (0, 0) to (1, 1): a Curve.

    weights
        of each row, finite and not negative, as scikit-learn's sample_weight: a row of
        weight 2 is as good as two of them; rows of weight 0 make no point

    >>> from cadre import stats
    >>> stats.roc_curve([0, 1, 1], [0.1, 0.4, 0.8]).y.tolist()
    [0.0, 0.5, 1.0, 1.0]
    >>> stats.roc_curve([0, 1, 1], [0.1, 0.4, 0.8], weights=[1, 3, 1]).y.tolist()
    [0.0, 0.25, 1.0, 1.0]
    """
    return _curve(ROC, y, score, weights, "false positive rate", "true positive rate")


def pr_curve(y, score, *, weights=None):
    """Recall against precision, from the lowest threshold to (0, 1): a Curve. For weights
    see roc_curve.

    >>> from cadre import stats
    >>> stats.pr_curve([0, 1, 1], [0.1, 0.4, 0.8]).x.tolist()
    [1.0, 1.0, 0.5, 0.0]
    """
    return _curve(PR, y, score, weights, "recall", "precision")


def select_threshold(y, score, selector="max_f1", target=0.0, *, weights=None):
    """The threshold that a selector chooses: an OperatingPoint. For weights see roc_curve.

    >>> from cadre import stats
    >>> stats.select_threshold([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]).threshold
    0.35
    """
    rows, score = _rows(y, None, weights, score=score)
    return OperatingPoint(**_core.stats_select(selector, target, rows["labels"], score,
                                               rows["weights"]))


def calibration(y, score, bins=10, sweeps=0, seed=0):
    """The Brier score in parts; with sweeps >= 10 also a debiased error: a Calibration.

    >>> from cadre import stats
    >>> stats.calibration([0, 1] * 10, [0.25, 0.75] * 10).brier
    0.0625
    """
    rows, score = _rows(y, None, None, score=score)
    return Calibration(**_core.stats_calibration(rows["labels"], score, bins, sweeps, seed))
