# _resamples.py - one resample each: what workers of eval_toolkit.bootstrap run.
# SPDX-License-Identifier: MIT
"""Functions of a resample's seed, after what they are of: (value, None), or (None, why) where
the value is not defined."""
import math

import numpy as np

USUAL = (ValueError, RuntimeError)


def _draw(seed):
    return np.random.default_rng(np.random.SeedSequence(seed))


def _told(compute, degenerate=USUAL):
    try:
        value = float(compute())
    except degenerate as why:
        return None, f"{type(why).__name__}: {why}"
    return (value, None) if math.isfinite(value) else (None, f"a value of {value}")


def difference(y, a, b, metric, seed):
    rows = _draw(seed).integers(0, len(y), len(y))
    y = y[rows]
    return _told(lambda: float(metric(y, b[rows])) - float(metric(y, a[rows])))


def ece_difference(y, a, b, ece_fn, n_bins, seed):
    rows = _draw(seed).integers(0, len(y), len(y))
    y = y[rows]
    if (y == y[0]).all():
        return None, "all labels are the same"
    return _told(lambda: float(ece_fn(y, b[rows], n_bins)) - float(ece_fn(y, a[rows], n_bins)),
                 (ValueError, ZeroDivisionError))


def operating_point(val, test, threshold_fn, metric_fn):
    """The difference, with thresholds chosen on val."""
    (val_y, *val_scores), (test_y, *test_scores) = val, test
    at_a, at_b = (metric_fn(test_y, t, threshold_fn(val_y, v))
                  for v, t in zip(val_scores, test_scores))
    return float(at_b) - float(at_a)


def operating_points(val, test, threshold_fn, metric_fn, seed):
    generator = _draw(seed)
    val_rows = generator.integers(0, len(val[0]), len(val[0]))
    test_rows = generator.integers(0, len(test[0]), len(test[0]))
    return _told(lambda: operating_point([x[val_rows] for x in val],
                                         [x[test_rows] for x in test],
                                         threshold_fn, metric_fn))


def _jackknife(y, s, metric):
    """The standard error by leaving out one row at a time, and the first failure."""
    n, everyone, values, why = len(y), np.arange(len(y)), [], None
    for i in everyone:
        value, failure = _told(lambda: metric(y[everyone != i], s[everyone != i]))
        why = why or failure
        values.append(value)
    valid = np.array([value for value in values if value is not None])
    if len(valid) < 2:
        return None, why or "fewer than two rows could be left out"
    mean = np.sum([0.0 if v is None else v for v in values]) / len(valid)
    variance = (n - 1) / n * float(np.sum((valid - mean) * (valid - mean)))
    if not variance > 0:
        return None, why or "zero jackknife variance"
    return math.sqrt(variance), None


def studentized(y, s, metric, seed):
    """((value, standard error), None)"""
    rows = _draw(seed).integers(0, len(y), len(y))
    y, s = y[rows], s[rows]
    value, why = _told(lambda: metric(y, s))
    error = None
    if why is None:
        error, why = _jackknife(y, s, metric)
    return ((value, error), None) if why is None else (None, why)


def _cluster_draw(generator, units, labels):
    """Rows of whole groups, drawn within the labels named; of others all."""
    parts = []
    for label, groups in units.items():
        if label in labels:
            parts += [groups[k] for k in generator.integers(0, len(groups), len(groups))]
        else:
            parts += groups
    return np.concatenate(parts)


def clusters(y, s, units, labels, statistic, seed):
    rows = _cluster_draw(_draw(seed), units, labels)
    return _told(lambda: statistic(y[rows], s[rows]))


def stratified(strata, labels, metric, combine, seed):
    generator, values = _draw(seed), {}
    for key, (y, s, units) in strata.items():
        rows = _cluster_draw(generator, units, labels)
        values[key], why = _told(lambda: metric(y[rows], s[rows]))
        if why:
            return None, f"stratum {key}: {why}"
    return _told(lambda: combine(values), (*USUAL, KeyError, ZeroDivisionError))
