# test_eval_toolkit.py - cadre.compat.eval_toolkit keeps eval-toolkit's rules and bits.
# SPDX-License-Identifier: MIT
import dataclasses
import functools
import logging
import math
import os
import threading
import unittest
import warnings

import alone  # noqa: F401
import numpy as np
from cadre import stats
from cadre.compat.eval_toolkit import _parallel, bootstrap
from cadre.compat.eval_toolkit._parallel import parallel_map

RNG = np.random.default_rng(42)
N = 60
Y = RNG.integers(0, 2, N)
A = RNG.random(N)
B = np.clip(0.6 * Y + 0.4 * RNG.random(N), 0, 1)


def brier(y, s):
    return float(((s - y) ** 2).mean())


def recall_at_half(y, s):
    if not y.any():
        raise ValueError("no positives")
    return float((s[y == 1] >= 0.5).mean())


def ece(y, s, n_bins):
    return float(abs(y.mean() - s.mean()))


def middle(y, s):
    return float(np.median(s))


def accuracy(y, s, threshold):
    return float(((s >= threshold) == y).mean())


def draw(seed):
    return float(np.random.default_rng(seed).normal())


def square(x):
    return x * x


def mean_of(values):
    return sum(values.values()) / len(values)


class Maps(unittest.TestCase):
    def setUp(self):
        _parallel._GUIDANCE_EMITTED = False
        logging.getLogger("eval_toolkit").setLevel(logging.NOTSET)

    tearDown = setUp

    def test_agree(self):
        for n_jobs in (1, 2, -1, -2, -100):
            self.assertEqual(parallel_map(square, range(50), n_jobs=n_jobs),
                             [x * x for x in range(50)])
        seeds = np.random.SeedSequence(42).spawn(20)
        self.assertEqual(parallel_map(draw, seeds, n_jobs=1), parallel_map(draw, seeds, n_jobs=2))

    def test_refuse(self):
        with self.assertRaisesRegex(ValueError, "trial.*n_jobs=0 is not allowed.*1.*-1"):
            parallel_map(square, [1], n_jobs=0, description="trial")
        with self.assertRaisesRegex(TypeError, "trial.*not picklable.*top-level function") as c:
            parallel_map(lambda x: x, [], n_jobs=2, description="trial")
        self.assertIsNotNone(c.exception.__cause__)
        with self.assertRaisesRegex(Exception, "pickl"):
            parallel_map(square, [threading.Lock()], n_jobs=2)

    def test_do_not_pickle_what_a_partial_binds(self):
        bound = functools.partial(max, 3, key=abs)
        self.assertEqual(parallel_map(bound, [1, 5], n_jobs=2), [3, 5])
        lock = threading.Lock()
        with self.assertRaises(AttributeError):  # of the function, and not of pickling
            parallel_map(functools.partial(getattr, lock), ["nothing"], n_jobs=2)

    def test_cap(self):
        with self.assertLogs("eval_toolkit._parallel", "WARNING") as logs:
            self.assertEqual(parallel_map(square, [3], n_jobs=os.cpu_count() + 100), [9])
        self.assertIn("capping n_jobs", logs.output[0])
        with self.assertNoLogs("eval_toolkit._parallel", "WARNING"):
            parallel_map(square, [3], n_jobs=-1)

    def test_hint_once_and_only_if_somebody_listens(self):
        parallel_map(square, range(1000))
        with self.assertLogs("eval_toolkit._parallel", "INFO") as logs:
            parallel_map(square, range(100))
            parallel_map(square, range(1000), description="many")
            parallel_map(square, range(1000))
        self.assertEqual(len(logs.output), 1)
        self.assertIn("sequentially (n_jobs=1)", logs.output[0])


class Jobs(unittest.TestCase):
    def same(self, fn, *args, **more):
        one, two = (fn(*args, n_resamples=40, n_jobs=n, **more) for n in (1, 2))
        self.assertEqual(one, two)
        return one

    def test_never_change_a_bit(self):
        self.assertFalse(self.same(bootstrap.paired_bootstrap_diff, Y, A, B, brier)
                         .overlaps_zero)
        self.same(bootstrap.bootstrap_ci, Y[:20], A[:20], brier, method="studentized")
        self.same(bootstrap.paired_bootstrap_ece_diff, Y, A, B, ece_fn=ece, n_bins=5)
        self.same(bootstrap.paired_bootstrap_op_point_diff, Y, A, B, Y.copy(), A, B, middle,
                  accuracy)
        told = self.same(bootstrap.paired_mde, Y, A, B, brier)
        self.assertEqual(told.n, N)
        one = self.same(bootstrap.cluster_bootstrap_ci, Y, A, np.arange(N) // 5, brier,
                        return_samples=True)
        self.assertEqual(len(one.samples), 40)
        self.assertFalse(one.samples.flags.writeable)
        self.assertEqual((one.ci_low, one.ci_high), tuple(np.quantile(one.samples,
                                                                      [0.025, 0.975])))
        two = self.same(bootstrap.stratified_cluster_bootstrap_ci,
                        {"x": (Y, A, np.arange(N) // 5)}, brier, mean_of)
        self.assertEqual((one.ci_low, one.ci_high, one.point_estimate),
                         (two.ci_low, two.ci_high, two.point_estimate))

    def test_count_with_studentized_only(self):
        for method in ("BCa", "percentile"):
            with self.assertRaisesRegex(ValueError, "n_jobs.*studentized"):
                bootstrap.bootstrap_ci(Y, A, brier, method=method, n_jobs=2)

    def test_closures(self):
        offset = 1
        metric = lambda y, s: brier(y, s) + offset  # noqa: E731
        self.assertLess(bootstrap.paired_bootstrap_diff(Y, A, B, metric, n_resamples=20).delta, 0)
        with self.assertRaisesRegex(TypeError, "not picklable"):
            bootstrap.paired_bootstrap_diff(Y, A, B, metric, n_resamples=20, n_jobs=2)


class Bits(unittest.TestCase):
    def test_are_those_of_libcadre_stats(self):
        for method, name in (("BCa", "bca"), ("percentile", "percentile")):
            mine = bootstrap.bootstrap_ci(Y, A, brier, method=method, n_resamples=100)
            own = stats.bootstrap(Y, A, "brier", method=name, resamples=100, seed=42)
            self.assertAlmostEqual(mine.ci_low, own.low, 13)
            self.assertAlmostEqual(mine.ci_high, own.high, 13)
        mine = bootstrap.paired_bootstrap_diff(Y, A, B, brier, n_resamples=100)
        own = stats.compare(Y, A, B, "brier", resamples=100, seed=42, seeding="draw63")
        self.assertEqual((mine.delta, mine.ci_low, mine.ci_high), (own.point, own.low, own.high))
        effect = stats.detectable_effect(mine.ci_low, mine.ci_high)
        told = bootstrap.mde_from_ci(mine)
        self.assertEqual((told.mde, told.sigma_delta, told.n), (effect.least, effect.sigma, -1))
        mine = bootstrap.bootstrap_ci(Y[:20], A[:20], brier, method="studentized",
                                      n_resamples=50)
        own = stats.bootstrap(Y[:20], A[:20], "brier", method="studentized", resamples=50,
                              seed=42, seeding="draw63")
        self.assertAlmostEqual(mine.ci_low, own.low, 12)

    def test_random_sources(self):
        ci = functools.partial(bootstrap.paired_bootstrap_diff, Y, A, B, brier, n_resamples=20)
        self.assertEqual(ci(rng=7), ci(seed=7))
        self.assertEqual(ci(), ci(rng=42))
        generator = np.random.default_rng(7)
        self.assertEqual(ci(rng=generator), ci(rng=7))
        self.assertNotEqual(ci(rng=generator), ci(rng=7))
        with self.assertRaises(TypeError):
            ci(rng=1, seed=2)

    def test_of_equal_and_swapped_columns(self):
        ci = functools.partial(bootstrap.paired_bootstrap_diff, metric=brier, n_resamples=50)
        same, ab, ba = ci(Y, A, A), ci(Y, A, B), ci(Y, B, A)
        self.assertEqual((same.delta, same.overlaps_zero), (0.0, True))
        self.assertEqual(ab.delta, -ba.delta)
        self.assertAlmostEqual(ab.ci_low, -ba.ci_high, 15)


class Checks(unittest.TestCase):
    def refused(self, words, fn, *args, error=ValueError, **more):
        with self.assertRaisesRegex(error, words):
            fn(*args, **more)

    def test_of_rows_and_numbers(self):
        one, two = bootstrap.bootstrap_ci, bootstrap.paired_bootstrap_diff
        op, cluster = bootstrap.paired_bootstrap_op_point_diff, bootstrap.cluster_bootstrap_ci
        g = np.arange(N)
        self.refused("shape", one, Y, A[:50], brier)
        self.refused("n=6 too small for bootstrap", one, Y[:6], A[:6], brier)
        self.refused(r"confidence must be in \(0, 1\)", one, Y, A, brier, confidence=1.5)
        self.refused("non-finite point estimate", one, Y, A, lambda y, s: math.nan)
        self.refused("unknown method", one, Y, A, brier, method="x")
        self.refused("n_resamples", one, Y, A, brier, n_resamples=0)
        self.refused("shapes mismatch", two, Y, A, B[:50], brier)
        self.refused("n=6 too small for paired bootstrap", two, Y[:6], A[:6], B[:6], brier)
        self.refused("non-finite delta", two, Y, A, B, lambda y, s: math.inf)
        self.refused("no usable resamples", two, Y, A, B, brier, n_resamples=0)
        few = np.zeros(20, int)
        few[3] = 1
        self.refused("degenerate", two, few, A[:20], B[:20], recall_at_half)
        self.refused("val_y and test_y are the same array", op, Y, A, B, Y, A, B, middle,
                     accuracy)
        self.refused("val shape mismatch", op, Y, A[:5], B, Y.copy(), A, B, middle, accuracy)
        self.refused("test shape mismatch", op, Y, A, B, Y.copy(), A[:5], B, middle, accuracy)
        self.refused("degenerate", op, Y, A, B, Y.copy(), A, B, middle, flaky(2),
                     error=RuntimeError)
        self.refused("shapes mismatch", cluster, Y, A, g[:5], brier)
        self.refused("1-D", cluster, np.stack([Y, Y]), np.stack([A, A]), np.stack([g, g]), brier)
        self.refused("too small", cluster, Y[:6], A[:6], g[:6], brier)
        self.refused("non-empty", cluster, Y, A, g, brier, resample_labels=())
        self.refused("absent from y_true", cluster, Y, A, g, brier, resample_labels=(2,))
        self.refused("y_score contains NaN or inf", cluster, Y, A * math.nan, g, brier)
        strata = bootstrap.stratified_cluster_bootstrap_ci
        self.refused("strata must be non-empty", strata, {}, brier, mean_of)
        self.refused("aligned 1-D", strata, {0: (Y, A, g[:5])}, brier, mean_of)
        self.refused("stratum 0: y_score contains NaN or inf", strata,
                     {0: (Y, A * math.nan, g)}, brier, mean_of)

    def test_of_degenerate_intervals(self):
        flat = bootstrap.PairedBootstrapCI(0.0, 0.0, 0.0, True, 0.95, 10)
        self.refused("degenerate", bootstrap.mde_from_ci, flat, error=RuntimeError)
        self.refused("alpha", bootstrap.mde_from_ci, flat, alpha=1)
        self.refused("power", bootstrap.mde_from_ci, flat, power=0)
        self.refused("non-finite CI bounds", bootstrap.bootstrap_ci, Y, A, lambda y, s: 0.5,
                     n_resamples=20)
        self.refused("first underlying failure: ValueError: no positives",
                     bootstrap.bootstrap_ci, np.eye(12, dtype=int)[0], A[:12], recall_at_half,
                     method="studentized", n_resamples=20)

    def test_other_exceptions_propagate(self):
        def fail(y, s):
            raise LookupError("here")
        self.refused("here", bootstrap.paired_bootstrap_diff, Y, A, B, fail, error=LookupError)

    def test_results(self):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            one = bootstrap.bootstrap_ci(Y, A, brier, n_resamples=100)
        self.assertEqual(list(one.to_dict()), ["point", "low", "high", "confidence",
                                               "n_resamples", "method"])
        self.assertLessEqual(one.ci_low, one.point_estimate)
        two = bootstrap.paired_bootstrap_diff(Y, A, B, brier, n_resamples=2)
        self.assertEqual(list(two.to_dict()), ["delta", "low", "high", "overlaps_zero",
                                               "confidence", "n_resamples"])
        self.assertIs(type(two.overlaps_zero), bool)
        with self.assertRaises((dataclasses.FrozenInstanceError, AttributeError)):
            two.delta = 3
        with self.assertRaises(TypeError):
            bootstrap.mde_from_ci(two, paired=True)


def flaky(good):
    """A metric that is defined for the first calls alone."""
    calls = []

    def metric(y, s, threshold):
        calls.append(1)
        if len(calls) > good:
            raise RuntimeError("undefined")
        return accuracy(y, s, threshold)
    return metric


if __name__ == "__main__":
    unittest.main()
