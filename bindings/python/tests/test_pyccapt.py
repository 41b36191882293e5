# test_pyccapt.py - cadre.compat.pyccapt keeps PyCCAPT's rules.
# SPDX-License-Identifier: MIT
"""What is held against PyCCAPT's own module: results of each backend, also of no items and of
closures; its plans, by threshold, environment and number of workers; what is refused."""
import dataclasses
import inspect
import os
import pickle
import threading
import unittest
from unittest import mock

import alone  # noqa: F401
from cadre.compat import pyccapt
from cadre.compat.pyccapt import ParallelConfig, describe_runtime_choice, parallel_map


def square(x):
    return x * x


class Environment(unittest.TestCase):
    def setUp(self):
        self.clear()
        self.addCleanup(self.clear)

    @staticmethod
    def clear():
        for name in (pyccapt.WORKERS_ENV_VAR, pyccapt.BACKEND_ENV_VAR):
            os.environ.pop(name, None)


class Results(Environment):
    def test_backends_agree(self):
        for config, n, releasing in ((ParallelConfig(backend="serial"), 100, True),
                                     (ParallelConfig(4, "thread"), 500, True),
                                     (ParallelConfig(2, "process"), 250, False)):
            self.assertEqual(parallel_map(square, range(n), config=config,
                                          gil_releasing=releasing),
                             [x * x for x in range(n)])

    def test_nothing_asks_for_nothing(self):
        self.assertEqual(parallel_map(None, [], config=5), [])

    def test_of_the_plain_call(self):
        factor = 3
        self.assertEqual(parallel_map(lambda x: factor * x, iter(range(250)),
                                      gil_releasing=False), [3 * x for x in range(250)])
        with self.assertNoLogs():
            parallel_map(square, range(250), config=ParallelConfig(2, "thread"))

    def test_failures(self):
        def fail(x):
            calls.append(x)
            return 1 // (x - 3)
        for config in (ParallelConfig(backend="serial"), ParallelConfig(2, "thread"),
                       ParallelConfig(2, min_items=1)):
            calls = []
            with self.assertRaises(ZeroDivisionError) as caught:
                parallel_map(fail, range(5000), config=config, gil_releasing=False)
            self.assertEqual(getattr(caught.exception, "cadre_item", 3), 3)
            self.assertLess(len(calls), 5000)
            if config.backend == "serial":
                self.assertEqual(calls, [0, 1, 2, 3])

    def test_asked_for_by_the_environment(self):
        os.environ[pyccapt.BACKEND_ENV_VAR] = "process"
        with self.assertRaises((pickle.PicklingError, AttributeError)):
            parallel_map(lambda x: x, range(250), config=ParallelConfig(2, "thread"))
        os.environ[pyccapt.WORKERS_ENV_VAR] = "0"
        self.assertEqual(parallel_map(lambda x: x * x, range(10000))[:5], [0, 1, 4, 9, 16])

    def test_closures(self):
        factor = 3
        config = ParallelConfig(workers=2)
        self.assertEqual(parallel_map(lambda x: factor * x, range(250), config=config,
                                      gil_releasing=False), [3 * x for x in range(250)])
        with self.assertRaises((pickle.PicklingError, AttributeError)):
            parallel_map(lambda x: factor * x, range(250),
                         config=ParallelConfig(2, "process"))
        with self.assertRaises(TypeError):
            parallel_map(square, [threading.Lock()] * 250, config=ParallelConfig(2, "process"))

    def test_user_s_errors_are_no_reason_to_run_again(self):
        calls = []

        def fail(x):
            calls.append(x)
            raise FileNotFoundError(x)
        with self.assertRaises(FileNotFoundError):
            parallel_map(fail, range(40), config=ParallelConfig(2, "thread"))
        self.assertEqual(len(calls), len(set(calls)))

    def test_chunksize(self):
        with self.assertRaises(ValueError):
            parallel_map(square, range(250), config=ParallelConfig(2, "process"), chunksize=0)
        self.assertEqual(len(parallel_map(square, range(250), chunksize=0)), 250)
        self.assertEqual(parallel_map(square, range(250), config=ParallelConfig(2, "process"),
                                      chunksize=7)[-1], 249 * 249)


class Plans(Environment):
    def told(self, config, n, releasing=True):
        told = describe_runtime_choice(config, n, releasing)
        return told["backend"], told["workers"]

    def test_thresholds(self):
        two = ParallelConfig(2)
        self.assertEqual(self.told(two, 31), ("serial", 1))
        self.assertEqual(self.told(two, 32), ("thread", 2))
        self.assertEqual(self.told(two, 199, False), ("serial", 1))
        self.assertEqual(self.told(two, 200, False), ("process", 2))
        self.assertEqual(self.told(ParallelConfig(2, min_items=0), 1), ("thread", 1))
        self.assertEqual(self.told(ParallelConfig(2, min_items=-1), 1), ("thread", 1))
        self.assertEqual(self.told(ParallelConfig(9, "process", 5), 5), ("process", 5))
        self.assertEqual(self.told(ParallelConfig(), 4)[0], "serial")
        for few in (-2, 0, 1):
            self.assertEqual(self.told(ParallelConfig(few, "process", 0), 9), ("serial", 1))

    def test_environment_wins(self):
        os.environ[pyccapt.WORKERS_ENV_VAR] = "1"
        self.assertEqual(self.told(ParallelConfig(4), 10000), ("serial", 1))
        os.environ[pyccapt.WORKERS_ENV_VAR] = "-3"
        self.assertEqual(parallel_map(square, range(10000))[:5], [0, 1, 4, 9, 16])
        os.environ[pyccapt.WORKERS_ENV_VAR] = "many"
        self.assertEqual(self.told(ParallelConfig(3), 100), ("thread", 3))
        os.environ[pyccapt.WORKERS_ENV_VAR] = ""
        self.assertEqual(self.told(ParallelConfig(3), 100), ("thread", 3))
        del os.environ[pyccapt.WORKERS_ENV_VAR]
        os.environ[pyccapt.BACKEND_ENV_VAR] = "thread"
        for cpus in (1, 2, 64):
            with mock.patch.object(os, "cpu_count", lambda: cpus):
                self.assertEqual(self.told(None, 10000, False)[0], "thread")
        os.environ[pyccapt.WORKERS_ENV_VAR] = "2"
        told = describe_runtime_choice(cfg=None, n_items=100, gil_releasing=True)
        self.assertEqual((told["workers"], told["backend"], told["workers_env"],
                          told["backend_env"]), (2, "thread", "2", "thread"))
        os.environ[pyccapt.BACKEND_ENV_VAR] = " Thread "
        self.assertEqual(describe_runtime_choice(ParallelConfig(backend="serial"), 100, True),
                         {"backend": "thread", "workers": 2, "n_items": 100,
                          "gil_releasing": True, "workers_env": "2",
                          "backend_env": " Thread "})
        os.environ[pyccapt.BACKEND_ENV_VAR] = "gpu"
        self.assertEqual(self.told(None, 100)[0], "thread")

    def test_of_names_unknown(self):
        self.assertEqual(self.told(ParallelConfig(2, "Process"), 100), ("thread", 2))

    def test_automatic_workers(self):
        backend, workers = self.told(None, 10000, False)
        self.assertEqual(backend, "process")
        self.assertLessEqual(workers, pyccapt.DEFAULT_MAX_AUTO_WORKERS)
        counter = "process_cpu_count" if hasattr(os, "process_cpu_count") else "cpu_count"
        for cpus, expected in ((1, 1), (2, 1), (5, 4), (100, 8), (None, 1)):
            with mock.patch.object(os, counter, lambda: cpus):
                self.assertEqual(self.told(None, 10000), ("thread", expected))
                self.assertEqual(parallel_map(square, range(40))[-1], 39 * 39)
        told = describe_runtime_choice(None, 5, True)
        self.assertEqual((told["workers_env"], told["backend_env"]), (None, None))

    def test_of_a_signature(self):
        parameters = inspect.signature(describe_runtime_choice).parameters.values()
        self.assertEqual([(p.name, p.default) for p in parameters],
                         [(name, p.empty) for name, p in
                          zip(("cfg", "n_items", "gil_releasing"), parameters)])
        self.assertEqual((pyccapt.DEFAULT_THREAD_MIN_ITEMS, pyccapt.DEFAULT_PROCESS_MIN_ITEMS,
                          pyccapt.DEFAULT_MAX_AUTO_WORKERS), (32, 200, 8))
        self.assertEqual({name for name in pyccapt.__all__ if not hasattr(pyccapt, name)},
                         set())

    def test_config_is_frozen(self):
        with self.assertRaises(dataclasses.FrozenInstanceError):
            ParallelConfig().workers = 3
        self.assertEqual(ParallelConfig(1, "x", 2), ParallelConfig(min_items=2, workers=1,
                                                                   backend="x"))


if __name__ == "__main__":
    unittest.main()
