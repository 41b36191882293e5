# bootstrap.py - the interface of eval_toolkit.bootstrap, on cadre.
# SPDX-License-Identifier: MIT
"""Bootstrap intervals of metrics given as functions, as eval-toolkit has them.

Resample i of the paired, clustered and studentized functions draws from
SeedSequence(v[i]), v = default_rng(rng).integers(0, 2**63 - 1, n_resamples): results do not
depend on n_jobs. Percentile and BCa draw as SciPy does, from one generator.

    >>> import numpy as np
    >>> from cadre.compat.eval_toolkit.bootstrap import paired_bootstrap_diff
    >>> y, a = np.arange(20) % 2, np.linspace(0, 1, 20)
    >>> ci = paired_bootstrap_diff(y, a, a, lambda y, s: float(abs(y - s).mean()))
    >>> ci.delta, ci.overlaps_zero
    (0.0, True)

For metrics that libcadre-stats knows by name, cadre.stats does the same many times faster.
"""
import dataclasses
import functools
import logging
import math
import warnings

import numpy as np

from ... import _core
from . import _parallel, _resamples
from ._types import BootstrapCI, MDEEstimate, PairedBootstrapCI

__all__ = ["BootstrapCI", "PairedBootstrapCI", "MDEEstimate", "bootstrap_ci",
           "paired_bootstrap_diff", "paired_bootstrap_ece_diff",
           "paired_bootstrap_op_point_diff", "paired_mde", "mde_from_ci",
           "cluster_bootstrap_ci", "stratified_cluster_bootstrap_ci",
           "DEFAULT_N_RESAMPLES", "DEFAULT_CONFIDENCE", "DEFAULT_METHOD", "DEFAULT_SEED"]

logger = logging.getLogger("eval_toolkit.bootstrap")

DEFAULT_N_RESAMPLES = 1000
DEFAULT_CONFIDENCE = 0.95
DEFAULT_METHOD = "BCa"
DEFAULT_SEED = 42
_UNSET = object()


# ---- what all have in common ----

def _source(rng, seed):
    """The random source, by its name of today or of before."""
    if rng is not _UNSET and seed is not _UNSET:
        raise TypeError("rng and seed both: seed is the older name of rng")
    return seed if seed is not _UNSET else DEFAULT_SEED if rng is _UNSET else rng


def _check_confidence(confidence):
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be in (0, 1); got {confidence}")


def _check_rows(y, *scores, word, purpose):
    if any(y.shape != s.shape for s in scores):
        raise ValueError(f"{word}: y {y.shape}, scores "
                         + ", ".join(str(s.shape) for s in scores))
    if len(y) < 10:
        raise ValueError(f"n={len(y)} too small for {purpose}; need >= 10")


def _seeds(rng, n):
    """What names the resamples' random streams; a generator is advanced."""
    return np.random.default_rng(rng).integers(0, 2**63 - 1, size=n).tolist()


def _replicates(resample, functions, seeds, n_jobs, description):
    """(usable values, reasons of the others), for any n_jobs."""
    _parallel.check_jobs(n_jobs, description)
    if n_jobs != 1:
        _parallel.require_picklable(functions, n_jobs, description)
    told = _parallel.run(resample, seeds, n_jobs, description)
    return (np.array([value for value, _ in told if value is not None]),
            [why for value, why in told if value is None])


def _finite(value, what):
    if not math.isfinite(value):
        raise ValueError(f"non-finite {what}: {value}")
    return value


def _bounds(values, confidence):
    tail = (1 - confidence) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)


def _check_degenerate(failed, n_resamples, purpose):
    if len(failed) > 0.05 * n_resamples:
        raise ValueError(f"{purpose}: {len(failed)} of {n_resamples} resamples degenerate; "
                         "refusing to compute CI on > 5% degenerate resamples; the input "
                         f"may be too small or too imbalanced; first: {failed[0]}")
    if len(failed) == n_resamples:
        raise ValueError(f"{purpose}: no usable resamples")


def _paired(delta, values, failed, n_resamples, confidence, purpose):
    _check_degenerate(failed, n_resamples, purpose)
    low, high = _bounds(values, confidence)
    return PairedBootstrapCI(delta, low, high, bool(low <= 0 <= high), confidence,
                             len(values))


# ---- one column ----

def bootstrap_ci(y_true, y_score, metric, *, n_resamples=DEFAULT_N_RESAMPLES,
                 confidence=DEFAULT_CONFIDENCE, method=DEFAULT_METHOD, rng=_UNSET, n_jobs=1,
                 seed=_UNSET):
    """metric(y, score) with its interval: "BCa", "percentile" or "studentized"."""
    rng = _source(rng, seed)
    y, s = np.asarray(y_true), np.asarray(y_score)
    _check_rows(y, s, word="shape mismatch", purpose="bootstrap")
    _check_confidence(confidence)
    studentized = method == "studentized"
    if n_jobs != 1 and not studentized:
        raise ValueError(f'n_jobs={n_jobs} counts with method="studentized" only; '
                         f"{method} draws from one generator: use n_jobs=1")
    logger.debug("bootstrap_ci: n=%d n_resamples=%d method=%s", len(y), n_resamples, method)
    point = _finite(float(metric(y, s)), "point estimate")
    if method not in ("BCa", "percentile", "studentized"):
        raise ValueError(f"unknown method {method!r}: BCa, percentile, studentized")
    if n_resamples < 1:
        raise ValueError(f"n_resamples must be positive; got {n_resamples}")
    if studentized:
        low, high = _studentized(y, s, metric, point, n_resamples, confidence, rng, n_jobs)
    else:
        low, high = _by_scipy(y, s, metric, point, n_resamples, confidence, method, rng)
    return BootstrapCI(point, low, high, confidence, n_resamples, method)


def _by_scipy(y, s, metric, point, n_resamples, confidence, method, rng):
    generator, n = np.random.default_rng(rng), len(y)
    values = np.empty(n_resamples)
    for i in range(n_resamples):
        rows = generator.integers(0, n, n)
        values[i] = metric(y[rows], s[rows])
    tail = (1 - confidence) / 2
    levels = (tail, 1 - tail)
    if method == "BCa":
        levels = _bca_levels(y, s, metric, point, values, tail)
    low, high = (_core.stats_quantile(values.copy(), level, 1) for level in levels)
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError(f"non-finite CI bounds [{low}, {high}]: {method} is not defined here")
    if method == "BCa" and low == high == point:
        warnings.warn("BCa degenerated: both bounds are the point", UserWarning, stacklevel=3)
    return low, high


def _bca_levels(y, s, metric, point, values, tail):
    """The quantiles that correct for bias and skewness (Efron 1987)."""
    n, everyone = len(y), np.arange(len(y))
    left_out = np.array([metric(y[everyone != i], s[everyone != i]) for i in everyone])
    share = ((values < point).sum() + (values <= point).sum()) / (2 * len(values))
    bias = _core.stats_normal_quantile(share)
    spread = (n - 1) * (left_out.sum() / n - left_out)
    top, bottom = (spread**3).sum() / n**3, (spread**2).sum() / n**2
    if bottom == 0 or not math.isfinite(bias):
        return math.nan, math.nan
    skew = (1 / 6 * top) / bottom**1.5
    levels = []
    for z in (_core.stats_normal_quantile(tail), -_core.stats_normal_quantile(tail)):
        z = bias + z
        levels.append(_core.stats_normal_cdf(bias + z / (1 - skew * z)))
    return levels


def _studentized(y, s, metric, point, n_resamples, confidence, rng, n_jobs):
    resample = functools.partial(_resamples.studentized, y, s, metric)
    told, failed = _replicates(resample, [metric], _seeds(rng, n_resamples), n_jobs,
                               "bootstrap_t")
    if len(told) < 0.95 * n_resamples:
        raise ValueError(
            f"bootstrap_ci: {len(failed)} of {n_resamples} resamples degenerate "
            "(single-class draws or zero jackknife variance); first underlying failure: "
            f"{failed[0]}")
    thetas, errors = told[:, 0], told[:, 1]
    low, high = _bounds((thetas - point) / errors, confidence)
    deviation = float(np.std(thetas, ddof=1))
    low, high = point - high * deviation, point - low * deviation
    if not (math.isfinite(low) and math.isfinite(high)):
        raise ValueError(f"non-finite CI bounds [{low}, {high}]")
    return low, high


# ---- two columns ----

def paired_bootstrap_diff(y_true, y_score_a, y_score_b, metric, *,
                          n_resamples=DEFAULT_N_RESAMPLES, confidence=DEFAULT_CONFIDENCE,
                          rng=_UNSET, n_jobs=1, seed=_UNSET):
    """metric(y, b) - metric(y, a) on the same rows, with its interval."""
    rng = _source(rng, seed)
    y, a, b = map(np.asarray, (y_true, y_score_a, y_score_b))
    _check_confidence(confidence)
    _check_rows(y, a, b, word="shapes mismatch", purpose="paired bootstrap")
    delta = _finite(float(metric(y, b)) - float(metric(y, a)), "delta")
    resample = functools.partial(_resamples.difference, y, a, b, metric)
    values, failed = _replicates(resample, [metric], _seeds(rng, n_resamples), n_jobs,
                                 "paired_bootstrap_diff")
    return _paired(delta, values, failed, n_resamples, confidence, "paired_bootstrap_diff")


def paired_bootstrap_ece_diff(y_true, y_score_a, y_score_b, *, ece_fn,
                              n_resamples=DEFAULT_N_RESAMPLES, confidence=DEFAULT_CONFIDENCE,
                              rng=_UNSET, n_jobs=1, n_bins=10, seed=_UNSET):
    """ece_fn(y, b, n_bins) - ece_fn(y, a, n_bins) on the same rows, with its interval."""
    rng = _source(rng, seed)
    y, a, b = map(np.asarray, (y_true, y_score_a, y_score_b))
    _check_confidence(confidence)
    _check_rows(y, a, b, word="shapes mismatch", purpose="paired bootstrap")
    delta = _finite(float(ece_fn(y, b, n_bins)) - float(ece_fn(y, a, n_bins)), "delta")
    resample = functools.partial(_resamples.ece_difference, y, a, b, ece_fn, n_bins)
    values, failed = _replicates(resample, [ece_fn], _seeds(rng, n_resamples), n_jobs,
                                 "paired_bootstrap_ece_diff")
    return _paired(delta, values, failed, n_resamples, confidence,
                   "paired_bootstrap_ece_diff")


def paired_bootstrap_op_point_diff(val_y, val_score_a, val_score_b, test_y, test_score_a,
                                   test_score_b, threshold_fn, metric_fn, *,
                                   n_resamples=DEFAULT_N_RESAMPLES,
                                   confidence=DEFAULT_CONFIDENCE, rng=_UNSET, n_jobs=1,
                                   seed=_UNSET):
    """The difference on test rows, each column at its own threshold, which is chosen on
    validation rows; both sets are resampled, and thresholds chosen anew."""
    rng = _source(rng, seed)
    if val_y is test_y:
        raise ValueError("val_y and test_y are the same array: thresholds would be chosen "
                         "on the rows that they are measured on")
    val = tuple(map(np.asarray, (val_y, val_score_a, val_score_b)))
    test = tuple(map(np.asarray, (test_y, test_score_a, test_score_b)))
    for name, rows in (("val", val), ("test", test)):
        if any(rows[0].shape != s.shape for s in rows[1:]):
            raise ValueError(f"{name} shape mismatch: {[s.shape for s in rows]}")
    _check_confidence(confidence)
    if min(len(val[0]), len(test[0])) < 10:
        raise ValueError(f"n={min(len(val[0]), len(test[0]))} too small: need >= 10 rows in "
                         "val and test")
    delta = _finite(_resamples.operating_point(val, test, threshold_fn, metric_fn), "delta")
    resample = functools.partial(_resamples.operating_points, val, test, threshold_fn,
                                 metric_fn)
    values, failed = _replicates(resample, [threshold_fn, metric_fn],
                                 _seeds(rng, n_resamples), n_jobs,
                                 "paired_bootstrap_op_point_diff")
    if len(values) < n_resamples // 2:
        raise RuntimeError(f"{len(failed)} of {n_resamples} resamples degenerate; refusing "
                           "to compute CI on < 50% of requested resamples")
    if len(values) == 0:
        raise ValueError("paired_bootstrap_op_point_diff: no usable resamples")
    low, high = _bounds(values, confidence)
    return PairedBootstrapCI(delta, low, high, bool(low <= 0 <= high), confidence,
                             len(values))


# ---- what could have been found ----

def mde_from_ci(ci, *, alpha=0.05, power=0.80):
    """The minimum detectable effect that an interval's width says."""
    for name, value in (("alpha", alpha), ("power", power)):
        if not 0 < value < 1:
            raise ValueError(f"{name} must be in (0, 1); got {value}")
    width = ci.ci_high - ci.ci_low
    if not math.isfinite(width) or width <= 0:
        raise RuntimeError(f"non-positive or non-finite CI width {width}: the interval is "
                           "degenerate")
    quantile = _core.stats_normal_quantile
    sigma = width / (2 * quantile((1 + ci.confidence) / 2))
    least = (quantile(1 - alpha / 2) + quantile(power)) * sigma
    return MDEEstimate(least, sigma, getattr(ci, "delta", math.nan), alpha, power,
                       ci.n_resamples, -1)


def paired_mde(y_true, y_score_a, y_score_b, metric, *, alpha=0.05, power=0.80,
               n_resamples=DEFAULT_N_RESAMPLES, rng=_UNSET, n_jobs=1, seed=_UNSET):
    """The minimum detectable difference of two columns on these rows."""
    ci = paired_bootstrap_diff(y_true, y_score_a, y_score_b, metric, confidence=0.95,
                               n_resamples=n_resamples, rng=_source(rng, seed),
                               n_jobs=n_jobs)
    return dataclasses.replace(mde_from_ci(ci, alpha=alpha, power=power), n=len(y_true))


# ---- clusters ----

def _cluster_rows(y, s, groups, purpose):
    if not y.shape == s.shape == groups.shape:
        raise ValueError(f"shapes mismatch: {y.shape}, {s.shape}, {groups.shape}")
    if y.ndim != 1:
        raise ValueError(f"{purpose} needs 1-D rows; got {y.ndim}-D")
    if len(y) < 10:
        raise ValueError(f"n={len(y)} too small for {purpose}; need >= 10")


def _label_cluster_units(y, groups):
    """{label: [rows of each group, ascending]}, labels ascending."""
    return {label: [np.flatnonzero((y == label) & (groups == group))
                    for group in np.unique(groups[y == label])]
            for label in np.unique(y).tolist()}


def _cluster_interval(resample, functions, point, n_resamples, confidence, rng, n_jobs,
                      return_samples, purpose):
    values, failed = _replicates(resample, functions, _seeds(rng, n_resamples), n_jobs,
                                 purpose)
    _check_degenerate(failed, n_resamples, purpose)
    low, high = _bounds(values, confidence)
    values.setflags(write=False)
    return BootstrapCI(point, low, high, confidence, len(values), "cluster",
                       values if return_samples else None)


def cluster_bootstrap_ci(y_true, y_score, groups, statistic, *, resample_labels=(0, 1),
                         n_resamples=DEFAULT_N_RESAMPLES, confidence=DEFAULT_CONFIDENCE,
                         rng=_UNSET, n_jobs=1, return_samples=False, seed=_UNSET):
    """statistic(y, score) with its interval, whole groups being drawn within labels."""
    rng = _source(rng, seed)
    y, s, groups = map(np.asarray, (y_true, y_score, groups))
    _cluster_rows(y, s, groups, "cluster bootstrap")
    _check_confidence(confidence)
    if not len(resample_labels):
        raise ValueError("resample_labels must be non-empty")
    absent = [label for label in resample_labels if not (y == label).any()]
    if absent:
        raise ValueError(f"resample_labels {absent} absent from y_true")
    if not np.isfinite(s).all():
        raise ValueError("y_score contains NaN or inf")
    point = _finite(float(statistic(y, s)), "point estimate")
    resample = functools.partial(_resamples.clusters, y, s, _label_cluster_units(y, groups),
                                 tuple(resample_labels), statistic)
    return _cluster_interval(resample, [statistic], point, n_resamples, confidence, rng,
                             n_jobs, return_samples, "cluster_bootstrap_ci")


def stratified_cluster_bootstrap_ci(strata, per_stratum_metric, combine, *,
                                    resample_labels=(0, 1), n_resamples=DEFAULT_N_RESAMPLES,
                                    confidence=DEFAULT_CONFIDENCE, rng=_UNSET, n_jobs=1,
                                    return_samples=False, seed=_UNSET):
    """combine({stratum: per_stratum_metric(y, score)}) with its interval; strata maps each
    name to y, score and groups, which are drawn within it."""
    rng = _source(rng, seed)
    if not strata:
        raise ValueError("strata must be non-empty")
    _check_confidence(confidence)
    if not len(resample_labels):
        raise ValueError("resample_labels must be non-empty")
    drawn = {}
    for key, columns in strata.items():
        y, s, groups = map(np.asarray, columns)
        if not (y.ndim == 1 and y.shape == s.shape == groups.shape):
            raise ValueError(f"stratum {key}: y, score and groups must be aligned 1-D arrays")
        if not np.isfinite(s).all():
            raise ValueError(f"stratum {key}: y_score contains NaN or inf")
        drawn[key] = (y, s, _label_cluster_units(y, groups))
    point = combine({key: float(per_stratum_metric(y, s)) for key, (y, s, _) in drawn.items()})
    resample = functools.partial(_resamples.stratified, drawn, tuple(resample_labels),
                                 per_stratum_metric, combine)
    return _cluster_interval(resample, [per_stratum_metric, combine],
                             _finite(float(point), "point estimate"), n_resamples,
                             confidence, rng, n_jobs, return_samples,
                             "stratified_cluster_bootstrap_ci")
