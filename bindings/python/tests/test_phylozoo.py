# test_phylozoo.py - cadre.compat.phylozoo keeps PhyloZoo's rules.
# SPDX-License-Identifier: MIT
"""What is held against PhyloZoo's page on its layer: its examples, the numbers of jobs, where
errors come, what a configuration says and refuses. It has no tests of its own."""
import itertools
import os
import threading
import unittest

import alone  # noqa: F401
import cadre
from cadre.compat.phylozoo import (MultiprocessingExecutor, ParallelBackend, ParallelConfig,
                                   ParallelExecutor, PhyloZooError, PhyloZooValueError,
                                   SequentialExecutor, ThreadingExecutor)


def zero(four):
    return 0.0 * sum(four)


class Executors(unittest.TestCase):
    def test_examples_of_its_page(self):
        config = ParallelConfig(ParallelBackend.MULTIPROCESSING, n_jobs=4)
        fours = list(itertools.combinations(range(20), 4))
        self.assertEqual(list(config.get_executor().map(zero, fours)), [0.0] * 4845)
        for name in ("sequential", "threading", "multiprocessing"):
            executor = ParallelConfig(name, 2).get_executor()
            self.assertEqual(list(executor.starmap(lambda a, b: a + b,
                                                   [(0, 1), (0, 2), (1, 2)])), [1, 2, 3])

    def test_a_program_s_own_parallel_argument(self):
        def distances(pairs, parallel=None):
            executor = (parallel or ParallelConfig()).get_executor()
            return list(executor.starmap(lambda a, b: b - a, pairs))
        for parallel in (None, ParallelConfig("threading", 2),
                         ParallelConfig("multiprocessing", 2, chunksize=1)):
            self.assertEqual(distances([(0, 1), (0, 2), (1, 2)], parallel), [1, 2, 1])

    def test_serve_call_after_call(self):
        for name in ("sequential", "threading", "multiprocessing"):
            executor = ParallelConfig(name, 2).get_executor()
            first, second = executor.map(abs, iter([-1, -2])), executor.map(abs, (-3,))
            self.assertEqual((list(second), list(first)), ([3], [1, 2]))
            self.assertEqual(list(executor.map(abs, [])), [])
            with self.assertRaises(ZeroDivisionError):
                list(executor.starmap(divmod, [(1, 1), (1, 0)]))
            self.assertEqual(list(executor.map(abs, [-4])), [4])

    def test_sequential_is_lazy_and_threads_are_not(self):
        ran = threading.Event()
        results = SequentialExecutor().map(lambda x: ran.set(), [1], chunksize=0)
        self.assertFalse(ran.is_set())
        list(results)
        self.assertTrue(ran.is_set())
        asked = []
        results = ThreadingExecutor(2).map(abs, (asked.append(x) or x for x in (-1, -2)),
                                           chunksize=-5)
        self.assertEqual(list(results), [1, 2])
        self.assertEqual(asked, [-1, -2])

    def test_what_cannot_travel(self):
        with self.assertRaisesRegex(TypeError, "pickle"):
            MultiprocessingExecutor(2).map(lambda x: threading.Lock(), [1, 2])

    def test_jobs(self):
        self.assertEqual(ThreadingExecutor().n_jobs, 1)
        self.assertEqual(ThreadingExecutor(-1).n_jobs, 1)
        for automatic in (None, -1):
            self.assertEqual(MultiprocessingExecutor(automatic).n_jobs, os.cpu_count())
        for kind in (ThreadingExecutor, MultiprocessingExecutor):
            for wrong in (0, -2):
                with self.assertRaisesRegex(PhyloZooValueError, "n_jobs must be positive"):
                    kind(wrong)
        SequentialExecutor(0)

    def test_errors_come_where_they_do(self):
        def fail(x):
            return 1 // (x - 3)
        for kind in (SequentialExecutor, ThreadingExecutor):
            results = kind().map(fail, range(9))
            self.assertEqual([next(results) for _ in range(3)], [-1, -1, -1])
            with self.assertRaises(ZeroDivisionError):
                next(results)
        with self.assertRaises(ZeroDivisionError):
            MultiprocessingExecutor(2).map(fail, range(9))

    def test_endless_input(self):
        for kind in (SequentialExecutor, ThreadingExecutor):
            results = kind(2).map(abs, itertools.count())
            self.assertEqual(list(itertools.islice(results, 5)), [0, 1, 2, 3, 4])

    def test_chunksize(self):
        for wrong in (0, -1):
            with self.assertRaises(PhyloZooValueError):
                MultiprocessingExecutor(2).map(abs, [1], chunksize=wrong)
            with self.assertRaises(PhyloZooValueError):
                ParallelConfig("multiprocessing", 2, wrong).get_executor().map(abs, [1])
        self.assertEqual(list(ParallelConfig("multiprocessing", 2, 3).get_executor()
                              .map(abs, range(-9, 0))), list(range(9, 0, -1)))

    def test_killed_workers_are_errors(self):
        with self.assertRaises(cadre.WorkerDied):
            MultiprocessingExecutor(2).map(os._exit, [1])

    def test_context(self):
        with ParallelConfig("threading").get_executor() as executor:
            results = executor.map(abs, [-1])
        del executor
        self.assertEqual(list(results), [1])


class Configs(unittest.TestCase):
    def test_say_what_they_are(self):
        self.assertEqual(repr(ParallelConfig("threading", 2, 5)),
                         "ParallelConfig(backend=threading, n_jobs=2, chunksize=5)")
        self.assertEqual(repr(ParallelConfig(7)),
                         "ParallelConfig(backend=7, n_jobs=None, chunksize=None)")
        self.assertNotEqual(ParallelConfig(), ParallelConfig())

    def test_keep_what_they_are_given(self):
        config = ParallelConfig("threading", 0, -1)
        self.assertEqual((config.backend, config.n_jobs, config.chunksize),
                         (ParallelBackend.THREADING, 0, -1))
        with self.assertRaisesRegex(PhyloZooValueError, "n_jobs must be positive"):
            config.get_executor()
        self.assertFalse(isinstance(ParallelBackend.THREADING, str))
        with self.assertRaises(TypeError):  # a protocol for type checkers alone
            isinstance(SequentialExecutor(), ParallelExecutor)

    def test_make_new_executors(self):
        config = ParallelConfig()
        self.assertIsInstance(config.get_executor(), SequentialExecutor)
        self.assertIsNot(config.get_executor(), config.get_executor())
        config.backend = ParallelBackend.THREADING
        self.assertIsInstance(config.get_executor(), ThreadingExecutor)

    def test_refuse_unknown_backends(self):
        with self.assertRaisesRegex(PhyloZooValueError, "Unknown backend 'Threading'.*"
                                    "sequential.*threading.*multiprocessing"):
            ParallelConfig("Threading")
        for wrong in (7, [], None):
            with self.assertRaisesRegex(PhyloZooValueError, "Unknown backend"):
                ParallelConfig(wrong).get_executor()
        self.assertTrue(issubclass(PhyloZooValueError, (PhyloZooError)))
        self.assertTrue(issubclass(PhyloZooValueError, ValueError))


if __name__ == "__main__":
    unittest.main()
