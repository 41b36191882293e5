# test_joblib.py - cadre as a backend of joblib: joblib's results and errors.
# SPDX-License-Identifier: MIT
import os
import threading
import time
import unittest

import alone  # noqa: F401
import cadre
import joblib


def square(x):
    return x * x


class Backend(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cadre.register_joblib()

    def run_with(self, tasks, **more):
        with joblib.parallel_backend("cadre", n_jobs=2):
            return joblib.Parallel(**more)(tasks)

    def test_runs_in_order_and_elsewhere(self):
        self.assertEqual(self.run_with(joblib.delayed(square)(i) for i in range(6)),
                         [i * i for i in range(6)])
        pids = self.run_with(joblib.delayed(os.getpid)() for _ in range(4))
        self.assertNotIn(os.getpid(), pids)

    def test_closures_and_what_cannot_be_pickled(self):
        lock = threading.Lock()
        self.assertEqual(self.run_with(joblib.delayed(lambda k=k: (k, lock.locked()))()
                                       for k in range(5)), [(k, False) for k in range(5)])

    def test_errors_are_raised_and_the_next_works(self):
        with self.assertRaises(ZeroDivisionError):
            self.run_with(joblib.delayed(divmod)(1, i % 3) for i in range(9))
        with self.assertRaises(cadre.WorkerDied):
            self.run_with([joblib.delayed(os._exit)(1)])
        self.assertEqual(self.run_with([joblib.delayed(square)(3)]), [9])

    def test_nested(self):
        def outer(k):
            return sum(joblib.Parallel(n_jobs=2)(joblib.delayed(square)(i) for i in range(k)))
        self.assertEqual(self.run_with(joblib.delayed(outer)(k) for k in range(3)),
                         [0, 0, 1])

    def test_one_job_runs_here(self):
        with joblib.parallel_backend("cadre", n_jobs=1):
            self.assertEqual(joblib.Parallel()([joblib.delayed(os.getpid)()]), [os.getpid()])

    def test_all_cpus(self):
        with joblib.parallel_backend("cadre", n_jobs=-1):
            self.assertEqual(joblib.Parallel()(joblib.delayed(square)(i) for i in range(3)),
                             [0, 1, 4])
            self.assertEqual(joblib.effective_n_jobs(-1),
                             cadre.Pool(backend="processes").workers)

    def test_reused_in_a_context(self):
        with joblib.parallel_backend("cadre", n_jobs=2), joblib.Parallel() as parallel:
            for _ in range(2):
                self.assertEqual(parallel(joblib.delayed(square)(i) for i in range(3)),
                                 [0, 1, 4])

    def test_times_out(self):
        with self.assertRaises(TimeoutError):
            self.run_with([joblib.delayed(time.sleep)(20)], timeout=0.1)


if __name__ == "__main__":
    unittest.main()
