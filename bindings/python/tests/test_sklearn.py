# test_sklearn.py - scikit-learn's n_jobs on cadre gives what one job gives.
# SPDX-License-Identifier: MIT
import unittest

import alone  # noqa: F401
import cadre
import joblib
import numpy as np
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score

X, Y = make_classification(300, 8, random_state=5)


class SameAsOneJob(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cadre.register_joblib()

    def same(self, compute):
        """compute(n_jobs) with one job, with cadre, and with loky."""
        one = compute(1)
        for backend in ("cadre", "loky"):
            with self.subTest(backend=backend), joblib.parallel_backend(backend, n_jobs=2):
                np.testing.assert_array_equal(compute(None if backend == "cadre" else 2), one)

    def test_cross_validation(self):
        self.same(lambda n_jobs: cross_val_score(LogisticRegression(), X, Y, cv=4,
                                                 n_jobs=n_jobs))

    def test_grid_search(self):
        def search(n_jobs):
            grid = GridSearchCV(LogisticRegression(), {"C": [0.1, 1, 10]}, cv=3,
                                n_jobs=n_jobs).fit(X, Y)
            return np.append(grid.cv_results_["mean_test_score"], grid.best_index_)
        self.same(search)

    def test_random_forest(self):
        def forest(n_jobs):
            model = RandomForestClassifier(30, random_state=7, n_jobs=n_jobs).fit(X, Y)
            return model.predict_proba(X)
        self.same(forest)


if __name__ == "__main__":
    unittest.main()
