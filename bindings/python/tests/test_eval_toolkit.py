# test_eval_toolkit.py - cadre.compat.eval_toolkit keeps eval-toolkit's rules and bits.
# SPDX-License-Identifier: MIT
"""What is held against eval-toolkit's own tests: parallel_map's results, refusals, cap and
hint; each interval with one job and with several, bit for bit; every check and its words;
what is degenerate; properties of intervals (the point within, narrower with more rows, no
difference of equal columns, opposite of swapped ones); fields and dictionaries of results."""
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


def pr_auc(y, s):
    return stats.measure("pr_auc", y, s)


def roc_auc(y, s):
    return stats.measure("roc_auc", y, s)


def f1(y, s, threshold):
    found, there = s >= threshold, y == 1
    return float(2 * (found & there).sum() / max(1, found.sum() + there.sum()))


def best_f1(y, s):
    return max(np.unique(s).tolist(), key=lambda threshold: f1(y, s, threshold))


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
        self.assertEqual(parallel_map(square, [1, 2, 3, 4]), [1, 4, 9, 16])
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
        with self.assertLogs("eval_toolkit._parallel", "WARNING") as logs:
            for _ in range(2):
                parallel_map(square, [3], n_jobs=os.cpu_count() + 1, description="again")
        self.assertEqual(sum("again" in line for line in logs.output), 2)

    def test_hint_once_and_only_if_somebody_listens(self):
        parallel_map(square, range(1000))
        with self.assertLogs("eval_toolkit._parallel", "INFO") as logs:
            parallel_map(square, range(100))
            parallel_map(square, range(999))
            self.assertFalse(_parallel._GUIDANCE_EMITTED)
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

    def test_all_cores(self):
        one, all_ = (bootstrap.paired_bootstrap_diff(Y, A, B, pr_auc, n_resamples=40, n_jobs=n)
                     for n in (1, -1))
        self.assertEqual(one, all_)
        self.assertLessEqual(one.ci_low, one.ci_high)
        told = [bootstrap.cluster_bootstrap_ci(Y, A, np.arange(N) // 5, pr_auc, n_resamples=40,
                                               n_jobs=n) for n in (1, 2, -1)]
        self.assertEqual(told[0], told[1])
        self.assertEqual(told[0], told[2])
        self.assertIsNone(told[0].samples)

    def test_operating_points_of_the_best_f1(self):
        half = N // 2
        columns = (Y[:half], A[:half], B[:half], Y[half:], A[half:], B[half:])
        one = self.same(bootstrap.paired_bootstrap_op_point_diff, *columns, best_f1, f1)
        self.assertGreater(one.delta, 0)

    def test_name_their_function_when_refused(self):
        lock = threading.Lock()
        metric = lambda y, s: lock and brier(y, s)  # noqa: E731
        for name, fn, args in (
                ("paired_bootstrap_diff", bootstrap.paired_bootstrap_diff, (Y, A, B, metric)),
                ("cluster_bootstrap_ci", bootstrap.cluster_bootstrap_ci, (Y, A, Y, metric)),
                ("bootstrap_t", functools.partial(bootstrap.bootstrap_ci,
                                                  method="studentized"), (Y, A, metric))):
            for n_jobs, error, words in ((0, ValueError, "n_jobs=0 is not allowed"),
                                         (2, TypeError, "not picklable")):
                with self.assertRaisesRegex(error, f"{name}.*{words}"):
                    fn(*args, n_resamples=10, n_jobs=n_jobs)

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
        for source in ([1, 2], np.random.SeedSequence(5)):
            self.assertEqual(ci(rng=source), ci(rng=source))
        self.assertEqual(ci(rng=np.random.PCG64(7)), ci(rng=7))
        self.assertNotEqual(ci(rng=None), ci(rng=None))
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


class Intervals(unittest.TestCase):
    """What must be so of intervals, whatever the rows."""

    @staticmethod
    def rows(n):
        rng = np.random.default_rng(11)
        y = np.arange(n) % 2
        return y, rng.random(n), np.clip(0.5 * y + 0.6 * rng.random(n), 0, 1)

    def test_have_the_point_within(self):
        for method in ("BCa", "percentile", "studentized"):
            n = 30 if method == "studentized" else 100
            y, _, b = self.rows(n)
            ci = bootstrap.bootstrap_ci(y, b, brier, method=method, n_resamples=100)
            self.assertLessEqual(ci.ci_low, ci.point_estimate)
            self.assertLessEqual(ci.point_estimate, ci.ci_high)
            self.assertEqual((ci.n_resamples, ci.method, ci.samples), (100, method, None))

    def test_are_narrower_with_more_rows(self):
        def widths(n):
            y, a, b = self.rows(n)
            ci = bootstrap.bootstrap_ci(y, b, brier, method="percentile", n_resamples=100)
            return (ci.ci_high - ci.ci_low,
                    bootstrap.paired_mde(y, a, b, brier, n_resamples=100).mde)
        for few, many in zip(widths(40), widths(1600)):
            self.assertLess(many, few)

    def test_show_a_real_lift_and_no_other(self):
        y, a, b = self.rows(200)
        for metric in (pr_auc, roc_auc):
            ci = bootstrap.paired_bootstrap_diff(y, a, b, metric, n_resamples=100)
            self.assertGreater(ci.delta, 0)
            self.assertGreater(ci.ci_low, 0)
            self.assertIs(ci.overlaps_zero, False)
            none = bootstrap.paired_bootstrap_diff(y, b, b, metric, n_resamples=20)
            self.assertEqual((none.delta, none.ci_low, none.ci_high), (0, 0, 0))
            self.assertIs(none.overlaps_zero, True)

    def test_are_wider_at_more_confidence(self):
        told = [bootstrap.paired_bootstrap_diff(Y, A, B, brier, n_resamples=100,
                                                confidence=confidence)
                for confidence in (0.90, 0.99)]
        self.assertEqual([ci.to_dict()["confidence"] for ci in told], [0.90, 0.99])
        self.assertLess(told[0].ci_high - told[0].ci_low, told[1].ci_high - told[1].ci_low)

    def test_of_one_group_a_row_resample_rows(self):
        ci = bootstrap.cluster_bootstrap_ci(Y, A, np.arange(N), brier, n_resamples=40,
                                            resample_labels=(1,), return_samples=True)
        self.assertTrue(np.isfinite(ci.samples).all())
        self.assertEqual((ci.n_resamples, ci.method), (40, "cluster"))

    def test_count_what_was_usable(self):
        few = np.zeros(40, int)
        few[:4] = 1  # about 1 in 70 resamples has none of them
        ci = bootstrap.paired_bootstrap_diff(few, A[:40], B[:40], recall_at_half,
                                             n_resamples=300)
        self.assertLess(ci.n_resamples, 300)
        self.assertGreater(ci.n_resamples, 285)


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
        self.refused("n_resamples", one, Y, A, brier, n_resamples=0, method="studentized")
        for n in (3, 6):
            self.refused(f"n={n} too small for bootstrap", one, Y[:n], A[:n], brier)
            self.refused(f"n={n} too small for paired", two, Y[:n], A[:n], B[:n], brier)
            self.refused("too small", op, Y[:n], A[:n], B[:n], Y, A, B, middle, accuracy)
        self.refused("shape", one, Y[:20], A[:19], brier)
        self.refused("shapes mismatch", two, Y[:20], A[:19], B[:20], brier)
        for confidence in (0, 1, 1.5, -0.1):
            said = r"confidence must be in \(0, 1\)"
            self.refused(said, one, Y, A, brier, confidence=confidence)
            self.refused(said, two, Y, A, B, brier, confidence=confidence)
            self.refused(said, cluster, Y, A, g, brier, confidence=confidence)
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

    def test_of_values_that_are_not_finite(self):
        calls = []

        def later(y, s):
            calls.append(1)
            return brier(y, s) if len(calls) < 3 else math.nan
        self.refused("degenerate", bootstrap.paired_bootstrap_diff, Y, A, B, later)
        calls.clear()
        self.refused("non-finite", bootstrap.bootstrap_ci, Y, A, later, method="percentile",
                     n_resamples=20)
        self.refused("non-finite delta", bootstrap.paired_bootstrap_ece_diff, Y, A, B,
                     ece_fn=lambda y, s, n_bins: math.nan)
        self.refused("non-finite", bootstrap.cluster_bootstrap_ci, Y, A, Y,
                     lambda y, s: math.nan)

    def test_of_what_counts_as_degenerate(self):
        def after(good, value, failure):
            calls = []

            def metric(*_):
                calls.append(1)
                if len(calls) > good:
                    raise failure
                return value
            return metric
        strata = {0: (Y, A, np.arange(N))}
        for failure in (ValueError("v"), ZeroDivisionError("z")):
            self.refused("degenerate", bootstrap.paired_bootstrap_ece_diff, Y, A, B,
                         ece_fn=after(2, 0.5, failure))
        for failure in (ValueError("v"), KeyError("k"), ZeroDivisionError("z")):
            self.refused("degenerate", bootstrap.stratified_cluster_bootstrap_ci, strata, brier,
                         after(1, 0.5, failure))
        paired = bootstrap.paired_bootstrap_diff
        self.refused("degenerate", paired, Y, A, B, after(2, 0.5, RuntimeError("r")))
        self.refused("k", paired, Y, A, B, after(2, 0.5, KeyError("k")), error=KeyError)
        self.refused("here", bootstrap.bootstrap_ci, Y, A, after(0, 0.5, ValueError("here")))

    def test_of_a_flat_metric(self):
        one = lambda y, s: 1.0  # noqa: E731
        ci = bootstrap.bootstrap_ci(Y, A, one, method="percentile", n_resamples=20)
        self.assertEqual((ci.ci_low, ci.point_estimate, ci.ci_high), (1, 1, 1))
        of_all = lambda y, s: 1.0 if len(y) == N else brier(y, s)  # noqa: E731
        with self.assertWarnsRegex(UserWarning, "BCa degenerated"):
            ci = bootstrap.bootstrap_ci(Y, A, of_all, n_resamples=20)
        self.assertEqual((ci.ci_low, ci.point_estimate, ci.ci_high), (1, 1, 1))

    def test_say_what_they_do(self):
        with self.assertLogs("eval_toolkit.bootstrap", "DEBUG") as logs:
            bootstrap.bootstrap_ci(Y, A, brier, n_resamples=50)
        self.assertIn("n_resamples=50", logs.output[0])
        self.assertIn("method=BCa", logs.output[0])

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
        self.assertEqual([field.name for field in dataclasses.fields(bootstrap.MDEEstimate)],
                         ["mde", "sigma_delta", "delta_observed", "alpha", "power",
                          "n_resamples", "n"])
        told = bootstrap.paired_mde(Y, A, B, brier, n_resamples=20)
        self.assertEqual(list(told.to_dict()), [field.name for field in
                                                dataclasses.fields(told)])
        self.assertEqual(told.delta_observed, bootstrap.paired_bootstrap_diff(
            Y, A, B, brier, n_resamples=20).delta)
        with_samples = dataclasses.replace(one, samples=np.zeros(3))
        self.assertEqual((with_samples, repr(with_samples), with_samples.to_dict()),
                         (one, repr(one), one.to_dict()))
        self.assertFalse(hasattr(one, "__dict__"))
        self.assertEqual([bootstrap.DEFAULT_N_RESAMPLES, bootstrap.DEFAULT_CONFIDENCE,
                          bootstrap.DEFAULT_METHOD, bootstrap.DEFAULT_SEED],
                         [1000, 0.95, "BCa", 42])


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
