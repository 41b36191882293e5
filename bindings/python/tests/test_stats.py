# test_stats.py - cadre.stats beside plain NumPy, on any workers, on any arrays.
# SPDX-License-Identifier: MIT
import array
import math
import sys
import unittest

import alone  # noqa: F401
import numpy as np
from cadre import stats

RNG = np.random.default_rng(4)
N = 120
Y = (RNG.random(N) < 0.4).astype(int)
A = np.clip(Y * 0.2 + RNG.random(N) * 0.8, 0, 1)
B = np.clip(Y * 0.4 + RNG.random(N) * 0.6, 0, 1)


def area(y, score):
    """The ROC AUC by counting pairs."""
    pairs = np.subtract.outer(score[y == 1], score[y == 0])
    return float(((pairs > 0) + 0.5 * (pairs == 0)).mean()) if pairs.size else math.nan


class Metrics(unittest.TestCase):
    def test_agree_with_their_definitions(self):
        self.assertAlmostEqual(stats.measure("roc_auc", Y, A), area(Y, A), 12)
        self.assertEqual(stats.measure("brier", Y, A), float(((A - Y) ** 2).mean()))
        self.assertEqual(stats.measure("mean", None, A), A.mean())
        self.assertEqual(stats.measure("accuracy", Y, A, threshold=0.5),
                         float(((A >= 0.5) == Y).mean()))
        self.assertEqual(stats.measure("quantile", None, A, level=0.25), np.quantile(A, 0.25))

    def test_take_any_kind_of_column(self):
        expected = stats.measure("roc_auc", Y, A)
        for y in (Y.tolist(), Y.astype(bool), Y.astype(np.int8), Y.astype(float), Y[::-1][::-1],
                  array.array("b", Y.tolist())):
            for a in (A.tolist(), np.stack([A, B], 1)[:, 0], array.array("d", A)):
                self.assertEqual(stats.measure("roc_auc", y, a), expected)

    def test_do_not_copy_what_fits(self):
        labels = Y.astype(np.uint8)
        self.assertIs(stats._column("a", A), A)
        self.assertTrue(np.shares_memory(stats._labels(labels), labels))

    def test_of_pandas(self):
        try:
            import pandas
        except ImportError:
            self.assertNotIn("pandas", sys.modules)
            return
        frame = pandas.DataFrame({"y": Y, "a": A})
        self.assertEqual(stats.measure("roc_auc", frame.y, frame.a),
                         stats.measure("roc_auc", Y, A))

    def test_say_what_is_wrong(self):
        for use, words in ((lambda: stats.measure("nothing", Y, A), 'no metric called "nothing"'),
                           (lambda: stats.measure("roc_auc", [0, 1, 3], [1, 2, 3]), "row 2 is 3"),
                           (lambda: stats.measure("roc_auc", Y[:5], A), "labels 5"),
                           (lambda: stats.measure("roc_auc", [1, 1], [1, 2]), "roc_auc"),
                           (lambda: stats.measure("brier", [0, 1], [0, 1.5]), "row 1"),
                           (lambda: stats.bootstrap(Y, A, confidence=1.5), "confidence"),
                           (lambda: stats.bootstrap(Y, A, seeding="x"), "seeding"),
                           (lambda: stats.bootstrap(Y, A, method="x"), 'no method called "x"'),
                           (lambda: stats.bootstrap(Y, A, resamples=0), "resamples is 0"),
                           (lambda: stats.bootstrap(Y, A, seed=-1), "seed is -1"),
                           (lambda: stats.bootstrap(Y, A, seed=2**64), "less than 2.64"),
                           (lambda: stats.measure("roc_auc", Y.astype(str), A), "row 0 is '.'")):
            with self.assertRaisesRegex(ValueError, words):
                use()


class Resampling(unittest.TestCase):
    def test_percentile_interval_is_numpy_s(self):
        got = stats.bootstrap(None, A, "mean", method="percentile", resamples=200, seed=7,
                              keep=True)
        rows = np.random.default_rng(7).integers(0, N, (200, N))
        self.assertEqual(got.replicates.tolist(), A[rows].mean(axis=1).tolist())
        self.assertAlmostEqual(got.low, np.quantile(got.replicates, 0.025), 14)

    def test_difference_is_that_of_spawned_streams(self):
        got = stats.compare(Y, A, B, "brier", resamples=50, seed=9, keep=True)
        for k, child in enumerate(np.random.SeedSequence(9).spawn(50)):
            rows = np.random.default_rng(child).integers(0, N, N)
            expected = ((B - Y)[rows] ** 2).mean() - ((A - Y)[rows] ** 2).mean()
            self.assertEqual(got.replicates[k], expected)

    def test_is_the_same_for_any_workers(self):
        def once(workers, backend):
            return (stats.bootstrap(Y, A, "roc_auc", method="bca", resamples=100,
                                    workers=workers, backend=backend),
                    stats.compare(Y, A, B, "pr_auc", resamples=100, workers=workers,
                                  backend=backend),
                    stats.permutation_test(Y, A, B, permutations=100, workers=workers,
                                           backend=backend))
        first = once(1, "serial")
        for workers in (1, 2):
            for backend in ("threads", "processes"):
                self.assertEqual(once(workers, backend), first)

    def test_of_a_function(self):
        for backend in ("serial", "threads", "processes", None):
            mine = stats.bootstrap(Y, A, lambda y, a: float(((a - y) ** 2).mean()),
                                   method="bca", resamples=60, backend=backend, workers=2)
            own = stats.bootstrap(Y, A, "brier", method="bca", resamples=60)
            self.assertEqual((mine.low, mine.high), (own.low, own.high))

    def test_of_a_function_that_fails(self):
        def fail(y, a):
            if len(set(a.tolist())) < N:
                raise LookupError("here")
            return 0.5
        for backend in ("serial", "processes"):
            with self.assertRaisesRegex(LookupError, "here"):
                stats.bootstrap(Y, A, fail, resamples=20, backend=backend)

    def test_of_groups(self):
        groups = np.arange(N) // 4
        names = [f"group {k}" for k in groups]
        got = stats.bootstrap(None, A, "mean", clusters=groups, resamples=50)
        self.assertEqual(got.resamples, 50)
        self.assertGreater(got.standard_error, 0)
        self.assertEqual(stats.bootstrap(None, A, "mean", strata=groups, resamples=50).point,
                         got.point)
        self.assertEqual(len(names), N)

    def test_operating_points_and_folds(self):
        half = N // 2
        got = stats.operating_point(Y[:half], A[:half], B[:half], Y[half:], A[half:],
                                    B[half:], resamples=50)
        self.assertLessEqual(got.low, got.high)
        folds = stats.folds([0.7, 0.8, 0.9], resamples=50)
        self.assertAlmostEqual(folds.point, 0.8)

    def test_progress_and_interrupts(self):
        seen = []
        stats.bootstrap(Y, A, resamples=100, progress=lambda *told: seen.append(told))
        self.assertEqual(seen[-1][0], 100)

        def stop(*_):
            raise KeyboardInterrupt
        with self.assertRaises(KeyboardInterrupt):
            stats.bootstrap(Y, A, resamples=100, progress=stop)


class Results(unittest.TestCase):
    def test_show_themselves(self):
        interval = stats.bootstrap(Y, A, resamples=50, keep=True)
        self.assertEqual(interval.to_dict()["point"], interval.point)
        self.assertEqual(len(interval.to_dict()["replicates"]), 50)
        self.assertIn("<table>", interval._repr_html_())
        self.assertNotIn("replicates", repr(interval))

    def test_weighted_curves_are_scikit_learn_s(self):
        try:
            from sklearn.metrics import precision_recall_curve, roc_curve
        except ImportError:
            self.assertNotIn("sklearn", sys.modules)
            return
        for seed in range(20):
            rng = np.random.default_rng(seed)
            y, n = (rng.random(60) < 0.5).astype(int), 60
            score = np.round(rng.random(n), 1 + seed % 3)  # some are equal
            for weights in (rng.random(n), rng.integers(1, 4, n), None):
                mine = stats.roc_curve(y, score, weights=weights)
                fpr, tpr, at = roc_curve(y, score, sample_weight=weights)
                np.testing.assert_allclose(mine.x, fpr, rtol=1e-12, atol=1e-14)
                np.testing.assert_allclose(mine.y, tpr, rtol=1e-12, atol=1e-14)
                np.testing.assert_array_equal(mine.threshold[1:], at[1:])
                mine = stats.pr_curve(y, score, weights=weights)
                precision, recall, at = precision_recall_curve(y, score, sample_weight=weights)
                np.testing.assert_allclose(mine.x, recall, rtol=1e-12, atol=1e-14)
                np.testing.assert_allclose(mine.y, precision, rtol=1e-12, atol=1e-14)
                np.testing.assert_array_equal(mine.threshold[:-1], at)

    def test_weights_are_rows_that_are_there_so_often(self):
        rng = np.random.default_rng(8)
        times = rng.integers(0, 4, N)
        y, a = np.repeat(Y, times), np.repeat(A, times)
        for curve in (stats.roc_curve, stats.pr_curve):
            mine, plain = curve(Y, A, weights=times), curve(y, a)
            for part in ("x", "y", "threshold"):
                self.assertEqual(getattr(mine, part).tolist(), getattr(plain, part).tolist())
            self.assertEqual(curve(Y, A, weights=np.ones(N)).y.tolist(),
                             curve(Y, A).y.tolist())
        self.assertEqual(stats.select_threshold(Y, A, weights=times),
                         stats.select_threshold(y, a))
        for weights, words in (([1.0] * (N - 1), "weights 119"), ([-1.0] * N, "weight"),
                               ([math.nan] * N, "weight")):
            with self.assertRaisesRegex(ValueError, words):
                stats.roc_curve(Y, A, weights=weights)

    def test_inference(self):
        two = stats.delong(Y, A, B)
        self.assertAlmostEqual(two.area_a, area(Y, A), 12)
        self.assertAlmostEqual(two.estimate, area(Y, B) - area(Y, A), 12)
        self.assertTrue(math.isnan(stats.delong(Y, A).area_b))
        curve = stats.roc_curve(Y, A)
        self.assertAlmostEqual(np.trapz(curve.y, curve.x), area(Y, A), 12)
        self.assertEqual(stats.adjust_p_values([0.01, 0.02, 0.5]).tolist(), [0.03, 0.03, 0.5])
        self.assertEqual(len(stats.METRICS), len(set(stats.METRICS)))


if __name__ == "__main__":
    unittest.main()
