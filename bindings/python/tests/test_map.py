# test_map.py - map, starmap, reduce: the results and errors of the plain loop.
# SPDX-License-Identifier: MIT
import functools
import math
import operator
import os
import pickle
import random
import threading
import unittest

import alone  # noqa: F401
import cadre
from test_faults import run

BACKENDS = ("serial", "threads", "processes", "auto")
VALUES = [None, True, False, 0, -1, 2**62, -2**63, 2**63, 10**30, 0.0, -0.0, 1.5, math.inf,
          b"", b"12345678", b"123456789", "", "acht", "Straße, lang", "\ud800", (), (1,),
          (1, ("a", [2.5, None])), [], [[], [1]], {"a": 1}, {3}, frozenset([4]), 3 + 4j,
          range(3), type, len, "x" * 100000, b"y" * 1000000, [0] * 10000]


class Odd(int):
    """An int that is more than one."""


class Results(unittest.TestCase):
    def test_are_those_of_the_loop(self):
        items = [random.Random(1).random() for _ in range(100)]
        for backend in BACKENDS:
            for workers in (1, 3):
                for chunk in (None, 1, 7):
                    with self.subTest(backend=backend, workers=workers, chunk=chunk):
                        self.assertEqual(
                            cadre.map(math.sqrt, items, backend=backend, workers=workers,
                                      chunk=chunk), list(map(math.sqrt, items)))

    def test_of_any_type_come_back_as_they_were(self):
        for backend in BACKENDS:
            results = cadre.map(lambda i: VALUES[i], range(len(VALUES)), backend=backend)
            self.assertEqual([type(x) for x in results], [type(x) for x in VALUES])
            self.assertEqual(repr(results), repr(VALUES))

    def test_of_derived_types_stay_so(self):
        results = cadre.map(Odd, range(3), backend="processes")
        self.assertEqual([type(x) for x in results], [Odd] * 3)

    def test_deeply_nested(self):
        deep = ()
        for _ in range(50):
            deep = (deep,)
        self.assertEqual(cadre.map(lambda _: deep, [0], backend="processes"), [deep])

    def test_of_nothing(self):
        for backend in BACKENDS:
            self.assertEqual(cadre.map(len, [], backend=backend), [])

    def test_several_iterables_and_starmap(self):
        for backend in BACKENDS:
            self.assertEqual(cadre.map(pow, [2, 3, 4], (5, 6), backend=backend), [32, 729])
            self.assertEqual(cadre.starmap(pow, [(2, 5), [3, 6]], backend=backend), [32, 729])

    def test_of_any_iterable(self):
        for backend in BACKENDS:
            for items in ({1: 2, 3: 4}, "abc", iter([5, 6]), (x for x in "ab"), range(3)):
                again = list(items) if not hasattr(items, "__next__") else None
                results = cadre.map(repr, items, backend=backend)
                if again is not None:
                    self.assertEqual(results, [repr(x) for x in again])
                else:
                    self.assertEqual(len(results), 2)

    def test_items_and_functions_need_not_travel(self):
        lock, file = threading.Lock(), open(__file__, encoding="utf-8")
        with file:
            got = cadre.map(lambda x: type(x).__name__, [lock, file, lambda: 0],
                            backend="processes")
        self.assertEqual(got, ["lock", "TextIOWrapper", "function"])

    def test_run_in_other_processes(self):
        pids = cadre.map(lambda _: os.getpid(), range(4), backend="processes", workers=2)
        self.assertNotIn(os.getpid(), pids)

    def test_nested_maps(self):
        def outer(x):
            return sum(cadre.map(lambda y: x * y, range(4), backend=inner))
        for backend, inner in (("serial", "processes"), ("threads", "threads"),
                               ("threads", "processes"), ("processes", "serial"),
                               ("processes", "threads"), ("processes", "processes"),
                               ("processes", "auto"), ("auto", "auto")):
            with self.subTest(backend=backend, inner=inner):
                self.assertEqual(cadre.map(outer, range(3), backend=backend, workers=2),
                                 [0, 6, 12])

    def test_maps_of_several_threads(self):
        results = {}

        def use(k):
            results[k] = cadre.map(lambda x: x + k, range(50), backend="processes", workers=2)
        threads = [threading.Thread(target=use, args=(k,)) for k in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        self.assertEqual(results, {k: list(range(k, 50 + k)) for k in range(4)})

    def test_reduce_is_the_same_for_any_workers(self):
        items = [random.Random(2).gauss(0, 10**k) for k in range(12)] * 200
        sums = {cadre.reduce(operator.add, items, backend=b, workers=w)
                for b in BACKENDS for w in (1, 3)}
        self.assertEqual(len(sums), 1)
        self.assertAlmostEqual(sums.pop(), math.fsum(items), delta=1)

    def test_reduce_keeps_the_order(self):
        for n in (0, 1, 2, 3, 7, 100, 1025):
            self.assertEqual(cadre.reduce(operator.add, range(n), fn=lambda i: [i],
                                          initial=[], grain=3, backend="serial"),
                             list(range(n)))
        with self.assertRaises(TypeError):
            cadre.reduce(operator.add, [])


class Errors(unittest.TestCase):
    def test_are_those_of_the_loop(self):
        for backend in BACKENDS:
            with self.subTest(backend=backend):
                with self.assertRaises(ZeroDivisionError) as caught:
                    cadre.map(lambda x: 1 // (x - 5), range(100), backend=backend, workers=2)
                self.assertEqual(caught.exception.args,
                                 ("integer division or modulo by zero",))
                self.assertEqual(caught.exception.__notes__, ["item 5: 5"])
                self.assertEqual(caught.exception.cadre_item, 5)

    def test_lowest_item_wins(self):
        def fail(x):
            if x % 3 == 2:
                raise ValueError(x)
        for backend in BACKENDS:
            for _ in range(3):
                with self.assertRaisesRegex(ValueError, "^2$"):
                    cadre.map(fail, range(60), backend=backend, workers=4, chunk=1)

    def test_keep_the_worker_s_traceback_notes_and_attributes(self):
        def fail(x):
            error = KeyError("key", x)
            error.add_note("the user's own")
            error.more = [x]
            raise error
        with self.assertRaises(KeyError) as caught:
            cadre.map(fail, [7], backend="processes")
        error = caught.exception
        self.assertEqual((error.args, error.more), (("key", 7), [7]))
        self.assertEqual(error.__notes__, ["the user's own", "item 0: 7"])
        self.assertIsInstance(error.__cause__, cadre.WorkerTraceback)
        self.assertIn("in fail", str(error.__cause__))

    def test_that_cannot_travel_are_told(self):
        class Local(Exception):
            pass

        class Picky(Exception):
            def __init__(self, a, b):
                super().__init__(a + b)
        for kind, args, word in ((Local, ("words",), "words"), (Picky, ("o", "k"), "ok")):
            def fail(x):
                raise kind(*args)
            with self.assertRaisesRegex(cadre.TaskError, f"{kind.__name__}: {word}") as c:
                cadre.map(fail, [1], backend="processes")
            self.assertEqual(c.exception.item, 0)
            self.assertIn("in fail", str(c.exception.__cause__))

    def test_results_that_cannot_travel(self):
        with self.assertRaises((TypeError, AttributeError, pickle.PicklingError)) as caught:
            cadre.map(lambda x: threading.Lock(), range(3), backend="processes")
        notes = " ".join(caught.exception.__notes__)
        self.assertIn("item 0", notes)
        self.assertIn('backend="threads"', notes)

    def test_of_pickles_that_do_not_make_the_object_again(self):
        class Odd:
            def __reduce__(self):
                return int, ("x",)
        for run_ in (lambda: cadre.map(lambda x: Odd(), [1], backend="processes"),
                     lambda: list(cadre.imap(abs, iter([Odd()]), backend="processes"))):
            with self.assertRaises(ValueError) as caught:
                run_()
            self.assertIn("does not make it again", caught.exception.__notes__[0])

    def test_say_what_to_return_instead(self):
        def numbers(x):
            yield x

        async def later(x):
            return x

        def call(x):
            made = later(x)
            made.close()
            return made
        for fn, words in ((numbers, "make a list of what it yields"), (call, "asyncio.run"),
                          (lambda x: threading.Lock(), "use plain data")):
            with self.assertRaises(TypeError) as caught:
                cadre.map(fn, [1], backend="processes")
            self.assertIn(words, caught.exception.__notes__[0])

    def test_are_returned_on_request(self):
        for backend in BACKENDS:
            got = cadre.map(lambda x: 6 // x, [1, 0, 3, 0], backend=backend, on_error="return")
            self.assertEqual([got[0], got[2]], [6, 2])
            for k in (1, 3):
                self.assertIsInstance(got[k], ZeroDivisionError)
                self.assertEqual(got[k].cadre_item, k)

    def test_of_the_iterable_come_after_those_before(self):
        def items(limit):
            yield from range(limit)
            raise LookupError("no more")
        for backend in BACKENDS:
            with self.assertRaises(LookupError):
                cadre.map(str, items(3), backend=backend)
            with self.assertRaises(ZeroDivisionError):
                cadre.map(lambda x: 1 // x, items(3), backend=backend)

    def test_whose_repr_fails(self):
        class Bad:
            def __repr__(self):
                raise RuntimeError("no")

            def __call__(self):
                raise ValueError("called")
        for backend in BACKENDS:
            with self.assertRaises(ValueError) as caught:
                cadre.map(lambda x: x(), [Bad()], backend=backend)
            self.assertIn("whose repr raised", caught.exception.__notes__[0])

    def test_of_options(self):
        for wrong, error in (({"workers": 1.5}, TypeError), ({"backend": "thread5"}, ValueError),
                             ({"on_error": "ignore"}, ValueError), ({"timeout": 0}, ValueError),
                             ({"retries": -1}, ValueError), ({"chunk": "x"}, TypeError),
                             ({"progress": 5}, TypeError), ({"seed": -1}, ValueError),
                             ({"seed": 1.5}, TypeError), ({"seed": [3, -1]}, ValueError)):
            with self.subTest(**wrong), self.assertRaisesRegex(error, next(iter(wrong))
                                                               if "backend" not in wrong
                                                               else "thread5"):
                cadre.map(str, [1], **wrong)
        with self.assertRaisesRegex(TypeError, "not callable"):
            cadre.map(5, [1])

    def test_of_what_is_no_place_for_results(self):
        with self.assertRaisesRegex(TypeError, "out is a list, expected a NumPy array"):
            cadre.map(float, range(3), out=[0] * 3)
        for backend in ("serial", "threads", "processes"):
            with self.assertRaisesRegex(TypeError, "the result is 'x', and no number"):
                cadre.map(lambda x: "x", range(3), dtype=float, backend=backend)

    def test_what_threads_cannot_do_is_told_once(self):
        said = run("""
            import cadre
            for backend in ("threads", "serial", "threads"):
                print(cadre.map(abs, [-1], backend=backend, timeout=60, retries=2))
            """)
        self.assertEqual(said[0], 0)
        self.assertEqual((said[1].count("[1]"), said[1].count("nothing with backend 'threads'"),
                          said[1].count("nothing with backend 'serial'")), (3, 1, 1))

    def test_system_exit_does_not_end_workers_silently(self):
        for backend in ("serial", "processes"):
            with self.assertRaises(SystemExit):
                cadre.map(lambda x: exit(3), [1], backend=backend)


class Tasks(unittest.TestCase):
    def test_know_their_index(self):
        def index(_):
            return cadre.current_task().index
        self.assertIsNone(cadre.current_task())
        for backend in BACKENDS:
            self.assertEqual(cadre.map(index, "abcde", backend=backend), list(range(5)))
        self.assertIsNone(cadre.current_task())

    def test_ask_whether_they_are_wanted(self):
        for backend in BACKENDS:
            self.assertEqual(cadre.map(lambda _: cadre.current_task().cancelled, [1],
                                       backend=backend), [False])

    def test_report_progress(self):
        for backend in BACKENDS:
            seen = []
            cadre.map(str, range(20), backend=backend,
                      progress=lambda done, total, elapsed, left: seen.append((done, total)))
            self.assertEqual(seen[-1], (20, 20))

    def test_a_failing_progress_ends_the_run(self):
        def progress(*_):
            raise LookupError("bar")
        for backend in BACKENDS:
            with self.assertRaisesRegex(LookupError, "bar"):
                cadre.map(str, range(20), backend=backend, progress=progress)

    def test_tqdm_is_fed(self):
        class Tqdm:
            total, n = None, 0

            def update(self, more):
                self.n += more
        bar = Tqdm()
        cadre.map(str, range(20), backend="processes", progress=bar)
        self.assertEqual((bar.total, bar.n), (20, 20))

    def test_fork_hooks_run(self):
        calls = []
        state = {"in_child": 0}
        os.register_at_fork(before=lambda: calls.append("before"),
                            after_in_parent=lambda: calls.append("parent"),
                            after_in_child=lambda: state.update(in_child=1))
        got = cadre.map(lambda _: state["in_child"], range(4), backend="processes", workers=2)
        self.assertEqual(got, [1] * 4)
        forks = len(calls) // 2  # two, and perhaps one in advance
        self.assertGreaterEqual(forks, 2)
        self.assertEqual(calls, ["before", "parent"] * forks)
        self.assertEqual(state["in_child"], 0)
        pid = os.fork()  # Python's own is left as it is
        if pid == 0:
            os._exit(state["in_child"] + 10)
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), 11)
        self.assertEqual(len(calls), 2 * forks + 2)

    def test_module_random_begins_anew_in_each_worker(self):
        random.seed(5)
        got = cadre.map(lambda _: random.random(), range(2), backend="processes", workers=2,
                        chunk=1)
        self.assertNotEqual(got[0], random.Random(5).random())

    def test_explain(self):
        self.assertIn("processes", cadre.explain(backend="processes"))
        self.assertIn("measured: ", cadre.explain(str, range(10)))


class Reuse(unittest.TestCase):
    def test_nothing_is_left_behind(self):
        def census():
            return len(os.listdir("/proc/self/fd")), threading.active_count()
        cadre.map(str, range(3), backend="processes")
        before = census()
        for backend in BACKENDS:
            for _ in range(3):
                cadre.map(functools.partial(pow, 2), range(10), backend=backend)
        self.assertEqual(census(), before)
        with self.assertRaises(ChildProcessError):
            os.waitpid(-1, os.WNOHANG)


if __name__ == "__main__":
    unittest.main()
