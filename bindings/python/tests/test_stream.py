# test_stream.py - imap, imap_unordered: in order, bounded, ended at any moment.
# SPDX-License-Identifier: MIT
import gc
import itertools
import os
import threading
import time
import unittest
import weakref

import alone  # noqa: F401
import cadre
from cadre import _auto
from test_state import module

BACKENDS = ("serial", "threads", "processes", "auto")


def children():
    path = f"/proc/self/task/{os.getpid()}/children"
    with open(path, encoding="ascii") as file:
        return file.read().split()


class Streams(unittest.TestCase):
    def test_are_the_builtin_map(self):
        items = list(range(40))
        for backend in BACKENDS:
            for window in (None, 1, 3):
                for given in (items, tuple(items), iter(items), range(40)):
                    with self.subTest(backend=backend, window=window, given=type(given)):
                        self.assertEqual(list(cadre.imap(str, given, backend=backend,
                                                         workers=2, window=window)),
                                         [str(x) for x in items])

    def test_unordered_has_all(self):
        for backend in BACKENDS:
            self.assertEqual(sorted(cadre.imap_unordered(abs, iter(range(-30, 0)),
                                                         backend=backend, workers=2)),
                             list(range(1, 31)))

    def test_several_iterables_and_lambdas_as_items_by_number(self):
        for backend in BACKENDS:
            self.assertEqual(list(cadre.imap(pow, [2, 3], itertools.count(2),
                                             backend=backend)), [4, 27])
            fns = [lambda: 1, lambda: 2]
            self.assertEqual(list(cadre.imap(lambda f: f(), fns, backend=backend)), [1, 2])

    def test_take_no_more_than_the_window(self):
        def items():
            for x in range(10**9):
                asked.append(x)
                yield x
        for backend in BACKENDS:
            asked = []
            results = cadre.imap(lambda x: x, items(), backend=backend, workers=2, window=5)
            for taken in range(1, 30):
                self.assertEqual(next(results), taken - 1)
                self.assertLess(len(asked), 5 + taken)
            results.close()

    def test_nothing_is_asked_before_the_first(self):
        def items():
            began.append(1)
            yield 1
        for backend in BACKENDS:
            began = []
            results = cadre.imap(str, items(), backend=backend)
            self.assertEqual(began, [])
            self.assertEqual(list(results), ["1"])

    def test_errors_come_after_what_is_before_them(self):
        def items():
            yield from range(3)
            raise LookupError("no more")
        for backend in BACKENDS:
            for given, fn, error in ((items, str, LookupError),
                                     (lambda: range(9), lambda x: str(x) if x < 3 else 1 / 0,
                                      ZeroDivisionError)):
                got = []
                with self.subTest(backend=backend), self.assertRaises(error):
                    for result in cadre.imap(fn, given(), backend=backend, workers=3):
                        got.append(result)
                self.assertEqual(got, ["0", "1", "2"])

    def test_errors_can_be_returned(self):
        for backend in BACKENDS:
            got = list(cadre.imap(lambda x: 6 // x, iter([1, 0, 3]), backend=backend,
                                  on_error="return"))
            self.assertEqual([got[0], got[2]], [6, 2])
            self.assertIsInstance(got[1], ZeroDivisionError)
        got = list(cadre.imap(lambda x: os._exit(x) if x else x, [0, 4, 0],
                              backend="processes", on_error="return"))
        self.assertEqual((got[0], got[2]), (0, 0))
        self.assertEqual((got[1].item, got[1].status), (1, 4))

    def test_items_that_cannot_travel_are_named(self):
        with self.assertRaises(Exception) as caught:
            list(cadre.imap(str, iter([threading.Lock()]), backend="processes"))
        self.assertIn("lock", " ".join(caught.exception.__notes__))

    def test_left_behind_they_end_their_workers(self):
        results = cadre.imap(str, itertools.count(), backend="processes", workers=2)
        next(results)
        self.assertGreaterEqual(len(children()), 2)  # and perhaps one in advance
        del results
        gc.collect()
        self.assertEqual(children(), [])

    def test_in_a_circle_they_are_collected(self):
        class Holder:
            def fn(self, x):
                return x
        for given in (lambda: itertools.count(), lambda: range(1000)):
            holder = Holder()
            holder.results = cadre.imap(holder.fn, given(), backend="processes", workers=2)
            next(holder.results)
            seen = weakref.ref(holder)
            self.assertNotEqual(children(), [])
            del holder
            gc.collect()
            self.assertIsNone(seen())
            self.assertEqual(children(), [])

    def test_feed_each_other(self):
        for backend in BACKENDS:
            stage = range(20)
            for fn in (lambda x: x + 1, chr, ord):
                stage = cadre.imap(fn, stage, backend=backend, workers=2)
            self.assertEqual(list(stage), list(range(1, 21)))

    def test_know_their_index_and_draw_by_it(self):
        for backend in BACKENDS:
            self.assertEqual(list(cadre.imap(lambda _: cadre.current_task().index, "abcd",
                                             backend=backend)), [0, 1, 2, 3])

    def test_auto_brings_workers_in_and_loses_nothing(self):
        def slow(x):
            end = time.perf_counter() + 0.0005
            while time.perf_counter() < end:
                pass
            return x, os.getpid() != here
        here = os.getpid()
        for items in (iter(range(400)), list(range(400))):
            got = list(cadre.imap(slow, items, workers=2))
            self.assertEqual([x for x, _ in got], list(range(400)))
        # Whether workers paid is the machine's affair: that they may come is what counts.

    def test_auto_counts_what_travel_costs(self):
        """An item and its result, one by one, cost more than a task of 1 us."""
        def pays(seconds):
            pool = cadre.Pool(2, backend="processes")._options.pool()
            return _auto.Decision(seconds, 10 ** 7, _auto.streamed(1.0), pool).pays
        self.assertFalse(pays(1e-6))
        self.assertTrue(pays(1e-4))
        self.assertIsNone(_auto.streamed(lambda: 0))

    def test_hold_many_that_are_not_asked_for_in_order(self):
        """More than one item and result of this process at a time, of threads."""
        late = threading.Event()

        def task(x):
            if x == 0:
                late.wait()
            if x == 30:
                late.set()
            return [x]
        got = list(cadre.imap(task, iter(range(40)), backend="threads", workers=2, window=64,
                              chunk=1))
        self.assertEqual(got, [[x] for x in range(40)])

    def test_of_c_alone_leave_room_for_other_threads(self):
        """Function, iterator and who takes the results run no Python that could switch."""
        for backend in ("serial", "auto"):
            enough, seen = threading.Event(), []

            def look():
                while len(seen) < 20:
                    seen.append(time.perf_counter())
                    time.sleep(0)
                enough.set()
            results = cadre.imap(abs, itertools.count(), backend=backend)
            thread = threading.Thread(target=look)
            list(itertools.islice(results, 1 << 16))
            thread.start()
            sum(itertools.islice(results, 1 << 21))
            self.assertTrue(enough.is_set(), backend)
            results.close()
            thread.join()

    def test_that_raise_stop_iteration_end_with_an_error(self):
        """By itself it would end a loop as if there were no more."""
        stop = module.stop
        for way in (*({"backend": name, "workers": 2} for name in BACKENDS),
                    {"persistent": True, "workers": 2}):
            for given in (range(4), iter(range(4))):
                results = []
                with self.assertRaisesRegex(RuntimeError, "raised StopIteration") as caught:
                    for result in cadre.imap(stop, given, **way):
                        results.append(result)
                self.assertEqual(results, [0, 1])
                self.assertEqual((caught.exception.cadre_item, caught.exception.__notes__,
                                  type(caught.exception.__cause__)),
                                 (2, ["item 2: 2"], StopIteration))
            with self.assertRaises(StopIteration):
                cadre.map(stop, range(4), **way)

    def test_report_progress_as_one(self):
        """Also where the first items are measured here and the rest goes elsewhere."""
        class Bar:
            total, n = None, 0

            def update(self, more):
                self.n += more
        for given, total in ((list(range(600)), 600), (iter(range(600)), None)):
            bar, here = Bar(), set()
            for pid in cadre.imap(lambda x: (threading.Event().wait(0.0005), os.getpid())[1],
                                  given, progress=bar):
                here.add(pid)
            self.assertEqual((bar.n, bar.total), (600, total))
            self.assertIn(os.getpid(), here)
        seen = []
        list(cadre.imap(abs, range(50), backend="processes", workers=2,
                        progress=lambda *told: seen.append(told)))
        self.assertEqual(seen[-1][:2], (50, 50))
        with cadre.Pool(2, progress=lambda *told: seen.append(told)) as pool:
            list(pool.map(abs, range(40)))
        self.assertEqual(seen[-1][:2], (40, 40))

    def test_fail_at_the_call_for_wrong_options(self):
        with self.assertRaises(ValueError):
            cadre.imap(str, [1], backend="nothing")
        with self.assertRaises(TypeError):
            cadre.imap(3, [1])

    def test_belong_to_a_thread(self):
        results = cadre.imap(str, itertools.count(), backend="processes")
        next(results)
        failures = []

        def use():
            try:
                next(results)
            except Exception as failure:
                failures.append(type(failure))
        thread = threading.Thread(target=use)
        thread.start()
        thread.join(60)
        self.assertEqual(failures, [RuntimeError])


if __name__ == "__main__":
    unittest.main()
