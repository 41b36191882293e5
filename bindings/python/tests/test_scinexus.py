# test_scinexus.py - cadre.compat.scinexus keeps scinexus' rules.
# SPDX-License-Identifier: MIT
"""What is held against scinexus' own tests: the abstract class, choosing and getting backends,
both local backends and the module's functions, ranks and sizes, what is refused and with which
words, reloading without MPI; and what the tests under MPI ask, on an mpi4py of our own and,
where one is installed, under mpiexec (test_scinexus_mpi.py)."""
import collections.abc
import importlib
import multiprocessing
import os
import sys
import time
import types
import unittest
from unittest import mock

import alone  # noqa: F401
import cadre
import numpy
from cadre.compat import scinexus

CPUS = multiprocessing.cpu_count()


def double(x):
    return 2 * x


class Fresh(unittest.TestCase):
    def setUp(self):
        scinexus.set_parallel_backend()
        self.addCleanup(scinexus.set_parallel_backend)


class Backends(Fresh):
    def test_are_abstract(self):
        class Half(scinexus.Parallel):
            def imap(self, f, s, max_workers=None, **kwargs):
                yield
        for kind in (scinexus.Parallel, Half):
            with self.assertRaises(TypeError):
                kind()

    def test_are_chosen_by_name_or_as_they_are(self):
        for name, kind in (("multiprocess", scinexus.MultiprocessBackend),
                           ("loky", scinexus.LokyBackend)):
            scinexus.set_parallel_backend(name)
            self.assertIs(type(scinexus.get_parallel_backend()), kind)
        scinexus.set_parallel_backend(None)
        default = scinexus.get_parallel_backend()
        self.assertIs(type(default), scinexus.MultiprocessBackend)
        self.assertIs(type(scinexus.get_parallel_backend("loky")), scinexus.LokyBackend)
        self.assertIs(scinexus.get_parallel_backend(), default)
        scinexus.set_parallel_backend("loky")
        self.assertIs(type(scinexus.get_parallel_backend(None)), scinexus.LokyBackend)
        self.assertIs(type(scinexus.get_parallel_backend("multiprocess")),
                      scinexus.MultiprocessBackend)
        self.assertIs(type(scinexus.get_parallel_backend()), scinexus.LokyBackend)
        own = scinexus.LokyBackend()
        scinexus.set_parallel_backend(own)
        self.assertIs(scinexus.get_parallel_backend(), own)
        for use in (scinexus.set_parallel_backend, scinexus.get_parallel_backend):
            with self.assertRaisesRegex(ValueError, "unknown backend"):
                use("invalid")
        with self.assertRaises(TypeError):
            scinexus.BACKEND_TYPES["x"] = None

    def test_that_cannot_be(self):
        with mock.patch.dict(sys.modules, {"loky": None}), self.assertRaises(ImportError):
            scinexus.set_parallel_backend("loky")
        with mock.patch.object(scinexus, "MPI", None):
            with self.assertRaisesRegex(ImportError, "mpiexec"):
                scinexus.set_parallel_backend("mpi")
            with self.assertRaisesRegex(RuntimeError, "Cannot use MPI"):
                next(scinexus.imap(double, [1], use_mpi=True))

    def test_map(self):
        for kind in (scinexus.MultiprocessBackend, scinexus.LokyBackend):
            backend = kind()
            self.assertEqual(list(backend.imap(lambda x: 2 * x, range(10), max_workers=1)),
                             list(range(0, 20, 2)))
            self.assertEqual(sorted(backend.as_completed(double, range(10))),
                             list(range(0, 20, 2)))
            self.assertEqual(list(backend.imap(double, (x for x in range(4)), 1)),
                             [0, 2, 4, 6])
            self.assertEqual(sorted(backend.as_completed(double, range(3), 9999)), [0, 2, 4])
            for wrong in (CPUS + 1, -1):
                with self.assertRaisesRegex(ValueError, "max_workers"):
                    next(backend.imap(double, range(3), wrong))
            self.assertEqual(list(backend.imap(double, [])), [])

    def test_ranks(self):
        for kind in (scinexus.MultiprocessBackend, scinexus.LokyBackend):
            backend = kind()
            self.assertEqual((backend.get_rank(), backend.get_size()), (0, CPUS))
            self.assertTrue(backend.is_master_process())
            told = list(backend.imap(lambda _: (backend.get_rank(), backend.is_master_process()),
                                     range(4)))
            self.assertTrue(all(rank > 0 and not master for rank, master in told))
        self.assertEqual((scinexus.get_rank(), scinexus.get_size()), (0, CPUS))
        self.assertTrue(scinexus.is_master_process())
        self.assertTrue(all(rank > 0 for rank in
                            scinexus.as_completed(lambda _: scinexus.get_rank(), range(4))))
        with mock.patch.object(multiprocessing, "current_process",
                               lambda: types.SimpleNamespace(name="LokyProcess-3")):
            self.assertEqual(scinexus.get_rank(), 3)

    def test_as_many_workers_as_items_have_one_each(self):
        there = cadre.empty(CPUS)

        def meet(n):
            there[n] = 1
            end = time.monotonic() + 60
            while not there.all() and time.monotonic() < end:
                time.sleep(0)
            return scinexus.get_rank(), n, bool(there.all())
        for more in ({}, {"max_workers": CPUS, "chunksize": 1}):
            there[:] = 0
            told = scinexus.map(meet, range(CPUS), **more)
            self.assertEqual([n for _, n, _ in told], list(range(CPUS)))
            self.assertTrue(all(met for _, _, met in told))
            self.assertEqual(len({rank for rank, _, _ in told}), CPUS)

    def test_functions_may_seed_the_global_generator(self):
        def draw(n):
            numpy.random.seed(n)
            return float(numpy.random.random())
        varied = scinexus.map(draw, range(2, 11), max_workers=1)
        same = scinexus.map(draw, [2] * 9, max_workers=1)
        self.assertEqual(varied[0], same[0])
        self.assertEqual(len(set(same)), 1)
        self.assertNotEqual(varied, same)

    def test_custom(self):
        class Own(scinexus.Parallel):
            def imap(self, f, s, max_workers=None, **kwargs):
                seen.append((max_workers, kwargs))
                yield from map(f, s)
            as_completed = imap

            def is_master_process(self):
                return True

            def get_rank(self):
                return 7

            def get_size(self):
                return 8
        seen = []
        scinexus.set_parallel_backend(Own())
        self.assertEqual(scinexus.map(double, [1], 5, chunksize=3), [2])
        self.assertEqual(seen, [(5, {"chunksize": 3})])
        self.assertEqual((scinexus.get_rank(), scinexus.get_size()), (7, 8))


class Functions(Fresh):
    def test_are_generators(self):
        for fn in (scinexus.imap, scinexus.as_completed):
            results = fn(double, range(3), if_serial="invalid")
            self.assertIsInstance(results, collections.abc.Generator)
            with self.assertRaisesRegex(ValueError, "invalid choice"):
                next(results)
        self.assertEqual(scinexus.map(double, range(3), if_serial="WARN"), [0, 2, 4])
        self.assertEqual(sorted(scinexus.as_completed(double, range(3), 9999)), [0, 2, 4])
        with self.assertRaises(ValueError):
            next(scinexus.imap(double, range(3), CPUS + 1))

    def test_take_generators(self):
        for fn in (scinexus.imap, scinexus.map, scinexus.as_completed):
            self.assertEqual(sorted(fn(double, (x for x in range(4)), max_workers=1)),
                             [0, 2, 4, 6])
            self.assertEqual(list(fn(double, [])), [])
        self.assertIs(type(scinexus.map(double, (1, 2))), list)

    def test_do_nothing_before_the_first_result(self):
        asked = []
        results = scinexus.imap(double, (asked.append(x) or x for x in range(4)))
        self.assertEqual(asked, [])
        self.assertEqual(next(results), 0)
        results.close()
        with self.assertRaises(StopIteration):
            next(results)

    def test_results_come_before_a_failure(self):
        results = scinexus.imap(lambda x: 1 // (x - 3), range(9), chunksize=5)
        self.assertEqual([next(results) for _ in range(3)], [-1, -1, -1])
        with self.assertRaises(ZeroDivisionError):
            next(results)

    def test_chunks_and_wrappers(self):
        self.assertEqual(scinexus.get_default_chunksize(range(16), 4), 1)
        self.assertEqual(scinexus.get_default_chunksize(range(17), 4), 2)
        self.assertEqual(scinexus.PicklableAndCallable(double)(5), 10)
        self.assertEqual(scinexus._clamp_max_workers_local(1), 1)
        self.assertEqual(scinexus._clamp_max_workers_local(CPUS + 1), CPUS)


class Mpi(unittest.TestCase):
    """On an mpi4py of our own: what is asked of it, and what it is told."""

    def setUp(self):
        self.addCleanup(importlib.reload, scinexus)

    def load(self, size, universe=None, **environment):
        world = types.SimpleNamespace(Get_size=lambda: size, Get_rank=lambda: 0,
                                      Get_attr=lambda key: universe)
        mpi = types.ModuleType("mpi4py.MPI")
        mpi.COMM_WORLD, mpi.UNIVERSE_SIZE = world, "universe"
        futures = types.ModuleType("mpi4py.futures")
        outer = self

        class Executor:
            def __init__(self, max_workers):
                outer.workers = max_workers

            def __enter__(self):
                return self

            def __exit__(self, *_):
                pass

            def map(self, f, s, chunksize, unordered):
                outer.chunk = chunksize
                return map(f, s)
        futures.MPIPoolExecutor = Executor
        package = types.ModuleType("mpi4py")
        package.MPI, package.futures = mpi, futures
        modules = {"mpi4py": package, "mpi4py.MPI": mpi, "mpi4py.futures": futures}
        for patch in (mock.patch.dict(sys.modules, modules),
                      mock.patch.dict(os.environ, environment)):
            patch.start()
            self.addCleanup(patch.stop)
        importlib.reload(scinexus)

    def test_is_not_used_when_told_or_alone(self):
        self.load(4, DONT_USE_MPI="0")
        self.assertEqual((scinexus.MPI, scinexus.USING_MPI, scinexus.SIZE), (None, False, CPUS))
        self.load(4, DONT_USE_MPI="1")
        self.assertEqual((scinexus.MPI, scinexus.USING_MPI), (None, False))
        self.load(1)
        os.environ.pop("DONT_USE_MPI")
        importlib.reload(scinexus)
        self.assertFalse(scinexus.USING_MPI)
        for name in ("mpi4py", "mpi4py.MPI"):
            with mock.patch.dict(sys.modules, {name: None}):
                importlib.reload(scinexus)
                self.assertEqual((scinexus.MPI, scinexus.USING_MPI, scinexus.SIZE),
                                 (None, False, CPUS))
                self.assertEqual(scinexus.map(double, range(3)), [0, 2, 4])

    def test_runs_on_the_other_ranks(self):
        self.load(4)
        self.assertEqual((scinexus.USING_MPI, scinexus.SIZE), (True, 4))
        self.assertEqual(scinexus.map(double, range(20), chunksize=5), [2 * x for x in range(20)])
        self.assertEqual((self.workers, self.chunk), (3, 5))
        self.assertEqual(scinexus.get_size(), scinexus.SIZE)
        for fn in (scinexus.map, scinexus.imap, scinexus.as_completed):
            self.assertEqual(sorted(fn(double, range(10), use_mpi=True)),
                             list(range(0, 20, 2)))
            self.assertEqual(sorted(fn(double, (x for x in range(4)), use_mpi=True)),
                             [0, 2, 4, 6])
            for harmless in ("warn", "ignore", "Raise"):
                self.assertEqual(list(fn(double, [1], use_mpi=True, if_serial=harmless)), [2])
            with self.assertRaisesRegex(ValueError, "invalid choice"):
                list(fn(double, [1], use_mpi=True, if_serial="invalid"))
            with self.assertWarnsRegex(UserWarning, "max_workers too large"):
                self.assertEqual(list(fn(double, [1], max_workers=14, use_mpi=True)), [2])
            self.assertEqual(self.workers, 3)
        scinexus.map(double, range(20), max_workers=2, use_mpi=True, chunksize=5)
        self.assertEqual((self.workers, self.chunk), (2, 5))
        self.assertTrue(scinexus.is_master_process())
        with mock.patch.object(sys, "argv", ["/x/server.py"]):
            self.assertFalse(scinexus.is_master_process())

    def test_of_one_rank(self):
        self.load(4)
        backend = scinexus.MPIBackend()
        backend._size = 1
        with self.assertRaisesRegex(RuntimeError, "^Execution in serial"):
            list(backend.imap(double, [1]))
        with self.assertWarnsRegex(UserWarning, "^Execution in serial"):
            self.assertEqual(list(backend.imap(double, [1], if_serial="warn")), [2])
        with self.assertRaisesRegex(RuntimeError, "^Execution in serial"):
            next(backend.as_completed(double, [1], if_serial="raise"))
        with self.assertWarnsRegex(UserWarning, "^Execution in serial"):
            self.assertEqual(list(backend.as_completed(double, [1], if_serial="warn")), [2])
        for fn in (backend.imap, backend.as_completed):
            self.assertEqual(list(fn(double, [1], if_serial="ignore")), [2])

    def test_of_a_universe_that_nobody_has_defined(self):
        self.load(4, None)
        self.assertEqual(scinexus.SIZE, 4)
        for universe, size in ((7, 7), (2, 4)):  # more ranks than slots
            self.load(4, universe)
            self.assertEqual((scinexus.SIZE, scinexus.MPIBackend().get_size()), (size, size))


if __name__ == "__main__":
    unittest.main()
