# test_smqtk.py - cadre.compat.smqtk keeps SMQTK's rules, and its bounds.
# SPDX-License-Identifier: MIT
"""What is held against SMQTK's own tests and page: results of threads and processes, in order
and not; several sequences, cut short or filled up; errors of functions and inputs; chains of
iterators; the bounds, in order too; how callers elsewhere call it."""
import gc
import itertools
import os
import random
import string
import threading
import unittest

import alone  # noqa: F401
import cadre
from test_faults import run
from cadre.compat.smqtk import LOG_NAME, parallel_map, window_of

LETTERS = random.Random(3).choices(string.ascii_lowercase, k=2000)
BOTH = (False, True)


class Results(unittest.TestCase):
    def test_are_those_of_the_map(self):
        expected = list(map(ord, LETTERS))
        for processes in BOTH:
            self.assertEqual(list(parallel_map(ord, LETTERS, use_multiprocessing=processes)),
                             expected)
            self.assertEqual(sorted(parallel_map(ord, LETTERS, ordered=False,
                                                 use_multiprocessing=processes)),
                             sorted(expected))
            self.assertEqual(list(parallel_map(lambda x: x, [], [1], ordered=False,
                                               use_multiprocessing=processes)), [])

    def test_of_several_sequences(self):
        def add(a, b, c):
            return a + b + c
        for processes in BOTH:
            def run(*sequences, **more):
                return list(parallel_map(add, *sequences, use_multiprocessing=processes,
                                         **more))
            self.assertEqual(run([1] * 10, [2] * 10, [3] * 10), [6] * 10)
            self.assertEqual(run([1] * 10, [2] * 4, [3] * 10), [6] * 4)
            self.assertEqual(run([1] * 10, [2] * 4, [3] * 10, fill_void=10),
                             [6] * 4 + [14] * 6)
        self.assertEqual(list(parallel_map(lambda *a: a, [1, 2], [3], fill_void=None)),
                         [(1, 3), (2, None)])
        self.assertEqual(list(parallel_map(add)), [])
        self.assertEqual(list(parallel_map(lambda x: x, [(1, 2)])), [(1, 2)])

    def test_as_others_call_it(self):
        data = {"a": 1, "b": 2}
        self.assertEqual(list(parallel_map(data.get, ["b", "a"], cores=3)), [2, 1])
        for cores in (None, 0, -1):
            self.assertEqual(list(parallel_map(ord, "ab", cores=cores)), [97, 98])

    def test_stages_feed_each_other(self):
        for processes in BOTH:
            stage = LETTERS[:300]
            for k, fn in enumerate((lambda x: x, ord, chr, ord)):
                stage = parallel_map(fn, stage, ordered=True, cores=2, name=f"g{k + 1}",
                                     use_multiprocessing=processes)
            self.assertEqual(list(stage), list(map(ord, LETTERS[:300])))


class Errors(unittest.TestCase):
    def test_end_the_iterator(self):
        for processes in BOTH:
            def fail(x):
                if x == 3:
                    raise RuntimeError("three")
                return x
            results = parallel_map(fail, range(9), use_multiprocessing=processes, cores=2)
            with self.assertLogs(LOG_NAME, "WARNING") as logs:
                with self.assertRaisesRegex(RuntimeError, "three"):
                    while True:
                        next(results)
            self.assertTrue(any("Received exception" in line for line in logs.output))
            self.assertTrue(results.stopped())
            self.assertEqual(list(results), [])

    def test_of_threads_are_the_same_objects(self):
        failure = RuntimeError("this one")

        def fail(_):
            raise failure
        with self.assertLogs(LOG_NAME, "WARNING") as logs:
            with self.assertRaises(RuntimeError) as caught:
                list(parallel_map(fail, [1], cores=2))
        self.assertIs(caught.exception, failure)
        self.assertEqual([record.getMessage().split(" ")[0] for record in logs.records],
                         ["Caught", "Received"])

    def test_at_once(self):
        for processes in BOTH:
            def fail(_):
                raise RuntimeError("at once")
            results = parallel_map(fail, [1], use_multiprocessing=processes)
            with self.assertLogs(LOG_NAME, "WARNING"), self.assertRaises(RuntimeError):
                list(results)

    def test_of_inputs(self):
        for error in (LookupError, KeyboardInterrupt):
            def items():
                yield 1
                raise error("input")
            for processes in BOTH:
                results = parallel_map(str, items(), use_multiprocessing=processes, cores=2)
                with self.assertLogs(LOG_NAME, "WARNING"), self.assertRaises(error):
                    list(results)

    def test_of_every_kind_are_no_hang(self):
        for fn, error in ((lambda x: exit(3), SystemExit), (lambda x: os._exit(3), Exception),
                          (lambda x: threading.Lock(), TypeError)):
            with self.assertLogs(LOG_NAME, "WARNING"), self.assertRaises(error):
                list(parallel_map(fn, [1, 2], use_multiprocessing=True))
        with self.assertLogs(LOG_NAME, "WARNING"), self.assertRaises(TypeError):
            list(parallel_map(str, iter([threading.Lock()]), use_multiprocessing=True))

    def test_of_arguments(self):
        with self.assertRaisesRegex(ValueError, "heart_beat must be >0."):
            parallel_map(ord, LETTERS, heart_beat=0)
        with self.assertRaises(TypeError):
            parallel_map(ord, LETTERS, core=2)


class Ready(unittest.TestCase):
    """A result is given out as soon as it is there, whatever else is waited for."""

    def test_while_an_input_waits(self):
        for processes, ordered, several in itertools.product(BOTH, BOTH, BOTH):
            taken = [threading.Event() for _ in range(6)]
            names = set()

            def items():
                for x in range(6):
                    names.add(threading.current_thread().name)
                    if x and not taken[x - 1].wait(60):
                        raise TimeoutError(f"result {x - 1} is withheld")
                    yield x
            more = [itertools.count(1)] if several else []
            results = parallel_map(lambda x, y=1: x * y, items(), *more, cores=2, name="feeder",
                                   ordered=ordered, use_multiprocessing=processes)
            with self.subTest(processes=processes, ordered=ordered, several=several):
                for k, result in enumerate(results):
                    self.assertEqual(result, k * (k + 1) if several else k)
                    taken[k].set()
                self.assertEqual(k, 5)
                self.assertEqual(names, {"feeder"})

    def test_in_the_last_of_a_chain(self):
        for processes in BOTH:
            taken = [threading.Event() for _ in range(6)]

            def items():
                for x in range(6):
                    if x and not taken[x - 1].wait(60):
                        raise TimeoutError(f"result {x - 1} is withheld")
                    yield x
            stage = items()
            for _ in range(3):
                stage = parallel_map(lambda x: x + 1, stage, cores=2,
                                     use_multiprocessing=processes)
            for k, result in enumerate(stage):
                self.assertEqual(result, k + 3)
                taken[k].set()
            self.assertEqual(k, 5)

    def test_while_a_task_waits(self):
        """The thread that asks for results runs no tasks: short ones may turn out long."""
        taken = [threading.Event() for _ in range(200)]

        def work(x):
            if x >= 100 and not taken[x - 1].wait(60):
                raise TimeoutError(f"result {x - 1} is withheld")
            return x
        for k, result in enumerate(parallel_map(work, iter(range(200)), cores=2)):
            self.assertEqual(result, k)
            taken[k].set()

    def test_of_an_iterator_that_has_begun(self):
        for processes in BOTH:
            inner = parallel_map(abs, range(-9, 0), cores=2, use_multiprocessing=processes)
            self.assertEqual(next(inner), 9)
            outer = parallel_map(str, inner, cores=2, use_multiprocessing=processes)
            self.assertEqual(list(outer), [str(x) for x in range(8, 0, -1)])
            self.assertTrue(inner.stopped())


class Feeders(unittest.TestCase):
    @staticmethod
    def feeders(name):
        return [thread for thread in threading.enumerate() if thread.name == name]

    def ended(self, name):
        for thread in self.feeders(name):
            thread.join(60)
        return self.feeders(name) == []

    def test_end_with_their_iterators(self):
        for processes in BOTH:
            results = parallel_map(abs, itertools.count(), cores=2, name="dropped",
                                   use_multiprocessing=processes)
            next(results)
            feeder, = self.feeders("dropped")
            self.assertTrue(feeder.daemon)
            del results
            gc.collect()
            feeder.join(60)
            self.assertFalse(feeder.is_alive())
            results = parallel_map(abs, itertools.count(), cores=2, name="stopped",
                                   use_multiprocessing=processes)
            next(results)
            results.stop()
            self.assertTrue(self.ended("stopped"))
            self.assertEqual(list(parallel_map(abs, iter([-1]), cores=2, name="done",
                                               use_multiprocessing=processes)), [1])
            self.assertTrue(self.ended("done"))

    def test_that_wait_hold_nobody_up(self):
        """stop() does not wait for an input that does not come; nor does an inner iterator."""
        for processes in BOTH:
            never = threading.Event()

            def items():
                yield 1
                never.wait(60)
                yield 2
            inner = parallel_map(abs, items(), cores=2, name="inner",
                                 use_multiprocessing=processes)
            outer = parallel_map(abs, inner, cores=2, name="outer",
                                 use_multiprocessing=processes)
            self.assertEqual(next(outer), 1)
            outer.stop()
            self.assertTrue(inner.stopped())
            self.assertFalse(never.is_set())
            self.assertEqual(list(outer), [])
            never.set()
            self.assertTrue(self.ended("inner") and self.ended("outer"))

    def test_that_are_no_daemons_end_with_the_program(self):
        status, said = run("""
            import itertools
            from cadre.compat.smqtk import parallel_map
            kept = parallel_map(abs, itertools.count(), cores=2, daemon=False)
            print(next(kept))
            """)
        self.assertEqual((status, said), (0, "0\n"))


class Bounds(unittest.TestCase):
    def test_formula(self):
        self.assertEqual(window_of(4, 1.5), 16)
        self.assertEqual(window_of(4, 0), 4)
        self.assertEqual(window_of(4, -2), 4)

    def test_hold(self):
        for processes, ordered in itertools.product(BOTH, BOTH):
            asked = []

            def items():
                for x in itertools.count():
                    asked.append(x)
                    yield x
            results = parallel_map(abs, items(), cores=2, buffer_factor=1.5, ordered=ordered,
                                   use_multiprocessing=processes)
            self.assertEqual(asked, [])
            for taken in range(1, 20):
                next(results)
                self.assertLessEqual(len(asked), taken + window_of(2, 1.5))
            results.stop()
            self.assertTrue(results.has_cleaned_up)
            results.stop()
            with self.assertRaises(StopIteration):
                next(results)


class Iterators(unittest.TestCase):
    def test_show_their_state(self):
        results = parallel_map(ord, LETTERS, name="n", cores=2)
        self.assertIs(iter(results), results)
        self.assertFalse(results.has_started_workers)
        self.assertIn("ParallelResultsIterator[n] at 0x", repr(results))
        results.next()
        self.assertTrue(results.has_started_workers)
        self.assertEqual(len(results.workers), 2)
        self.assertEqual((results.name, results.ordered, results.is_multiprocessing,
                          results.daemon, results.heart_beat), ("n", True, False, True, 0.001))
        results.stop()
        self.assertTrue(results.stop_event.is_set())
        with self.assertRaises(StopIteration):
            results.results_q_get()

    def test_begin_when_told(self):
        results = parallel_map(abs, [-1, -2], cores=2)
        results.clean_up()  # nothing has begun
        self.assertFalse(results.has_cleaned_up)
        results.start_workers()
        self.assertEqual((results.results_q_get(), list(results)), (1, [2]))
        never = parallel_map(abs, [-1])
        never.stop()
        self.assertEqual((list(never), never.has_started_workers), ([], False))

    def test_cut_short_stop_what_feeds_them(self):
        inner = parallel_map(abs, itertools.count(), cores=2)
        outer = parallel_map(lambda a, b: a + b, inner, [1, 2], cores=2)
        self.assertEqual(list(outer), [1, 3])
        self.assertTrue(inner.stopped())

    def test_stop_from_another_thread(self):
        results = parallel_map(abs, itertools.count(), cores=2, use_multiprocessing=True)
        next(results)
        thread = threading.Thread(target=results.stop)
        thread.start()
        thread.join(60)
        self.assertEqual(list(results), [])
        self.assertTrue(results.has_cleaned_up)

    def test_dropped_they_end_their_workers(self):
        results = parallel_map(abs, itertools.count(), use_multiprocessing=True)
        next(results)
        del results
        gc.collect()
        with self.assertRaises(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)

    def test_log_at_the_call(self):
        with self.assertLogs(LOG_NAME + "[x]", "DEBUG") as logs:
            parallel_map(abs, [], cores=3, name="x")
            parallel_map(abs, [], name="x", ordered=False)
        self.assertEqual([line.split(":", 2)[2][:12] for line in logs.output],
                         ["Only using 3", "[PRI::x] res", "Using all co"])
        self.assertTrue(issubclass(cadre.WorkerDied, Exception))


if __name__ == "__main__":
    unittest.main()
