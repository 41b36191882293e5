# test_persistent.py - persistent=True: workers that are started clean, once, and stay.
# SPDX-License-Identifier: MIT
import importlib.util
import itertools
import math
import operator
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

import alone  # noqa: F401
import cadre
from test_faults import DEADLINE, group_is_gone, run

HAVE_CLOUDPICKLE = importlib.util.find_spec("cloudpickle") is not None
OPTIONS = {"persistent": True, "workers": 2}
# A module that workers import: functions of it go by reference.
MODULE = """
import os, sys, time, threading
import cadre

def pid(x):
    return os.getpid()

def divide(x):
    return 6 // x

def index_and_draw(_):
    task = cadre.current_task()
    return task.index, task.cancelled, float(task.rng.random())

def fall(x):
    if x == 3:
        sys.stderr.write("about to fall\\n")
        sys.stderr.flush()
        os.kill(os.getpid(), 11)
    return x

def leave(x):
    os._exit(x)

def sleep(x):
    print("ready", flush=True)
    time.sleep(x)
    return x

def fail_and_open_the_gate(item):
    gate, ends, k = item
    if k == 0:
        open(gate).read()  # until item 1 has gone
        if ends == "a":
            raise LookupError("failed 0")
        return k
    if k == 1:
        file = open(gate, "w")  # is open as long as the exception is
        raise LookupError("failed 1")
    return time.sleep(600)

def lock(_):
    return threading.Lock()

class Odd(Exception):
    def __init__(self, a, b):
        super().__init__(a + b)

def odd(x):
    raise Odd("a", "b")

def nested(x):
    return sum(cadre.map(abs, range(-x, 0), persistent=True))

def environment(_):
    import __main__
    return "CADRE_WORKER" in os.environ, hasattr(__main__, "unittest")
"""
scratch = tempfile.TemporaryDirectory()
pathlib.Path(scratch.name, "cadre_test_functions.py").write_text(MODULE)
sys.path.append(scratch.name)
import cadre_test_functions as functions  # noqa: E402


def children():
    path = f"/proc/self/task/{os.getpid()}/children"
    with open(path, encoding="ascii") as file:
        return file.read().split()


class Results(unittest.TestCase):
    def test_are_those_of_the_loop(self):
        items = [k / 7 for k in range(100)]
        for given in (items, tuple(items), iter(items)):
            self.assertEqual(cadre.map(math.sqrt, given, **OPTIONS),
                             [math.sqrt(x) for x in items])
        self.assertEqual(cadre.map(pow, [2, 3], [5, 6], **OPTIONS), [32, 729])
        self.assertEqual(cadre.starmap(divmod, [(7, 2), (9, 4)], **OPTIONS), [(3, 1), (2, 1)])
        self.assertEqual(cadre.map(len, [], **OPTIONS), [])

    def test_of_any_size_and_type(self):
        values = [None, 2**70, "x" * 100000, b"y" * 3000000, {"a": [1, {2}]}, range(3), 1.5]
        self.assertEqual(cadre.map(operator.itemgetter(0), [(v,) for v in values], **OPTIONS),
                         values)

    def test_streams(self):
        stream = cadre.imap(abs, itertools.count(), window=4, **OPTIONS)
        self.assertEqual(list(itertools.islice(stream, 20)), list(range(20)))
        stream.close()
        self.assertEqual(sorted(cadre.imap_unordered(abs, range(-9, 0), **OPTIONS)),
                         list(range(1, 10)))

    def test_reduce_is_the_same_as_anywhere(self):
        items = [math.sin(k) * 10**(k % 9) for k in range(3000)]
        self.assertEqual(cadre.reduce(operator.add, items, fn=abs, **OPTIONS),
                         cadre.reduce(operator.add, items, fn=abs, backend="serial"))

    def test_into_an_array(self):
        self.assertEqual(cadre.map(math.sqrt, [4, 9], dtype=float, **OPTIONS).tolist(), [2, 3])
        rows = cadre.empty((2, 2))
        self.assertIs(cadre.map(tuple, ["12", "34"], out=rows, **OPTIONS), rows)
        self.assertEqual(rows.tolist(), [[1, 2], [3, 4]])

    def test_arrays_travel(self):
        import numpy
        rows = [numpy.arange(20000.) + k for k in range(4)]
        got = cadre.map(numpy.negative, rows, **OPTIONS)
        for sent, back in zip(rows, got):
            self.assertTrue((back == -sent).all())

    def test_tasks_know_their_index_and_draw_by_it(self):
        here = cadre.map(functions.index_and_draw, range(5), seed=3, backend="serial")
        self.assertEqual(cadre.map(functions.index_and_draw, range(5), seed=3, **OPTIONS), here)

    def test_progress_is_reported(self):
        seen = []
        cadre.map(abs, range(20), progress=lambda done, total, *_: seen.append((done, total)),
                  **OPTIONS)
        self.assertEqual(seen[-1], (20, 20))

    def test_maps_in_tasks_run_there(self):
        self.assertEqual(cadre.map(functions.nested, range(4), **OPTIONS), [0, 1, 3, 6])


class Workers(unittest.TestCase):
    def test_are_others_and_stay(self):
        first = set(cadre.map(functions.pid, range(40), chunk=1, **OPTIONS))
        second = set(cadre.map(functions.pid, range(40), chunk=1, **OPTIONS))
        self.assertNotIn(os.getpid(), first)
        self.assertLessEqual(len(first | second), 2)

    def test_are_clean(self):
        self.assertEqual(cadre.map(functions.environment, [0], **OPTIONS), [(False, False)])

    def test_of_several_threads_at_once(self):
        results = {}

        def use(k):
            results[k] = cadre.map(operator.neg, range(k, k + 30), **OPTIONS)
        threads = [threading.Thread(target=use, args=(k,)) for k in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(DEADLINE)
        self.assertEqual(results, {k: [-x for x in range(k, k + 30)] for k in range(3)})

    def test_of_a_pool_end_with_it(self):
        before = set(children())
        with cadre.Pool(2, persistent=True) as pool:
            self.assertEqual(list(pool.map(abs, [-1, -2])), [1, 2])
            self.assertEqual(pool.submit(pow, 2, 10).result(DEADLINE), 1024)
            self.assertIsInstance(pool.submit(functions.divide, 0).exception(DEADLINE),
                                  ZeroDivisionError)
            self.assertEqual(pool.starmap(pow, [(2, 3)]), [8])
            self.assertGreater(len(set(children()) - before), 0)
        self.assertEqual(set(children()) - before, set())

    def test_leave_nothing_open(self):
        cadre.map(abs, [1], **OPTIONS)
        before = os.listdir("/proc/self/fd")
        for _ in range(3):
            cadre.map(abs, range(9), **OPTIONS)
            list(cadre.imap(abs, iter(range(9)), **OPTIONS))
        self.assertEqual(len(os.listdir("/proc/self/fd")), len(before))

    def test_are_not_started_by_hand(self):
        done = subprocess.run([sys.executable, "-m", "cadre.worker"], capture_output=True,
                              text=True, timeout=DEADLINE)
        self.assertEqual(done.returncode, 1)
        self.assertIn("no pool has started this process", done.stderr)

    def test_are_processes(self):
        with self.assertRaisesRegex(ValueError, "persistent workers are processes"):
            cadre.map(abs, [1], persistent=True, backend="threads")


class Functions(unittest.TestCase):
    @unittest.skipUnless(HAVE_CLOUDPICKLE, "cloudpickle is not installed")
    def test_go_by_value(self):
        status, said = run("""
            import cadre
            factor = 3
            class Point:
                def __init__(self, x):
                    self.x = x
            def scale(p):
                return Point(p.x * factor)
            got = cadre.map(scale, [Point(1), Point(2)], persistent=True, workers=1)
            print([p.x for p in got], type(got[0]) is Point)
            print(cadre.map(lambda x: x + factor, [1], persistent=True, workers=1))
            """)
        self.assertEqual((status, said), (0, "[3, 6] True\n[4]\n"))

    def test_are_refused_without_cloudpickle(self):
        status, said = run("""
            import sys
            sys.modules["cloudpickle"] = None
            import cadre
            def mine(x):
                return x
            for fn in (mine, lambda x: x, [mine].append):
                try:
                    cadre.map(fn, [1], persistent=True, workers=1)
                except Exception as refused:
                    print("install cloudpickle" in refused.__notes__[-1]
                          and refused.__notes__[-1].startswith("<"))
            try:
                cadre.map(sys.stdout.write, ["x"], persistent=True, workers=1)
            except TypeError as refused:
                assert "open what it has in the function" in refused.__notes__[-1], refused
            print(cadre.map(abs, [-1], persistent=True, workers=1))
            """)
        self.assertEqual((status, said), (0, "True\nTrue\nTrue\n[1]\n"))

    def test_that_no_pickle_takes_are_named(self):
        with self.assertRaises(Exception) as caught:
            cadre.map(threading.Lock().acquire, [1], **OPTIONS)
        self.assertIn("cannot go to or from a persistent worker",
                      " ".join(caught.exception.__notes__))


class Errors(unittest.TestCase):
    def test_are_those_of_the_loop(self):
        with self.assertRaises(ZeroDivisionError) as caught:
            cadre.map(functions.divide, [3, 2, 0, 1, 0], **OPTIONS)
        self.assertEqual(caught.exception.__notes__, ["item 2: 0"])
        self.assertIn("in divide", str(caught.exception.__cause__))
        got = []
        with self.assertRaises(ZeroDivisionError):
            for x in cadre.imap(functions.divide, iter([3, 2, 0]), **OPTIONS):
                got.append(x)
        self.assertEqual(got, [2, 3])

    def test_that_come_early_wait_for_those_below(self):
        """Item 0 ends after item 1 has failed, and fails or not."""
        for ends, lowest in (("b", 1), ("a", 0)):
            with tempfile.TemporaryDirectory() as folder:
                gate = f"{folder}/gate"
                os.mkfifo(gate)
                got = []
                with self.assertRaises(LookupError) as caught:
                    for x in cadre.imap_unordered(functions.fail_and_open_the_gate,
                                                  ((gate, ends, k) for k in range(10**9)),
                                                  **OPTIONS):
                        got.append(x)
                self.assertEqual(str(caught.exception), f"failed {lowest}")
                self.assertEqual(got, [0][:lowest])

    def test_are_returned_on_request(self):
        got = cadre.map(functions.divide, [1, 0, 3], on_error="return", **OPTIONS)
        self.assertEqual((got[0], got[2]), (6, 2))
        self.assertIsInstance(got[1], ZeroDivisionError)
        self.assertEqual(got[1].cadre_item, 1)

    def test_of_the_iterable_come_after_those_before(self):
        def items():
            yield from (1, 2)
            raise LookupError("no more")
        got = []
        with self.assertRaises(LookupError):
            for x in cadre.imap(functions.divide, items(), **OPTIONS):
                got.append(x)
        self.assertEqual(got, [6, 3])

    def test_results_and_exceptions_that_cannot_travel(self):
        with self.assertRaises(Exception) as caught:
            cadre.map(functions.lock, [1], **OPTIONS)
        self.assertIn("item 0: 1", caught.exception.__notes__)
        with self.assertRaisesRegex(cadre.TaskError, "Odd: ab"):
            cadre.map(functions.odd, [1], **OPTIONS)

    def test_deaths_and_time_limits_cost_one_item(self):
        with self.assertRaises(cadre.WorkerDied) as caught:
            cadre.map(functions.fall, range(6), **OPTIONS)
        self.assertEqual((caught.exception.item, caught.exception.signal),
                         (3, signal.SIGSEGV))
        self.assertIn("about to fall", str(caught.exception))
        got = cadre.map(functions.fall, range(6), on_error="return", **OPTIONS)
        self.assertIsInstance(got.pop(3), cadre.WorkerDied)
        self.assertEqual(got, [0, 1, 2, 4, 5])
        got = cadre.map(functions.leave, [4], on_error="return", **OPTIONS)
        self.assertEqual(got[0].status, 4)
        got = cadre.map(functions.sleep, [0, 600], timeout=2, on_error="return", **OPTIONS)
        self.assertEqual(got[0], 0)
        self.assertIsInstance(got[1], cadre.TaskTimeout)
        with self.assertRaises(cadre.DeadlinePassed):
            cadre.map(functions.sleep, [600] * 3, deadline=0.3, **OPTIONS)
        self.assertEqual(cadre.map(abs, [-1], **OPTIONS), [1])


class Ends(unittest.TestCase):
    PROGRAM = f"""
        import sys, cadre
        sys.path.append({scratch.name!r})
        import cadre_test_functions as functions
        """

    def test_interrupts_end_maps_and_the_next_works(self):
        began = time.monotonic()
        status, said = run(self.PROGRAM + """
        try:
            cadre.map(functions.sleep, [600] * 3, persistent=True, workers=2)
        except KeyboardInterrupt:
            print("interrupted")
        print(cadre.map(abs, [-1], persistent=True, workers=2))
        """, interrupt_at="ready")
        self.assertEqual(status, 0, said)
        self.assertTrue(said.endswith("interrupted\n[1]\n"), said)
        self.assertNotIn("Traceback", said)
        self.assertLess(time.monotonic() - began, DEADLINE)

    def test_the_interpreter_s_end_with_work_running(self):
        status, said = run(self.PROGRAM + """
        import itertools
        results = cadre.imap(str, itertools.count(), persistent=True, workers=2)
        print(next(results))
        sys.exit(7)
        """)
        self.assertEqual((status, said), (7, "0\n"))

    def test_killed_programs_leave_no_worker(self):
        process = subprocess.Popen(
            [sys.executable, "-c", "\n".join(line[8:] for line in (self.PROGRAM + """
        cadre.map(functions.sleep, [600] * 3, persistent=True, workers=2)
        """).splitlines())], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            start_new_session=True)
        try:
            self.assertIn(b"ready", process.stdout.readline())
        finally:
            os.kill(process.pid, signal.SIGKILL)
            process.wait(DEADLINE)
            process.stdout.close()
        self.assertTrue(group_is_gone(process.pid))


if __name__ == "__main__":
    unittest.main()
