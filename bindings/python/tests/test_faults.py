# test_faults.py - kills, timeouts, Ctrl-C, the interpreter's end: nothing hangs or stays.
# SPDX-License-Identifier: MIT
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import unittest

import alone  # noqa: F401
import cadre

DEADLINE = 60


def run(program, *, interrupt_at=None, check=True):
    """(status, output) of a Python program; it is sent Ctrl-C once it has printed that."""
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               start_new_session=True)
    watchdog = threading.Timer(DEADLINE, process.kill)
    watchdog.start()
    try:
        said = ""
        if interrupt_at:
            while interrupt_at not in said:
                line = process.stdout.readline()
                if not line:
                    break
                said += line
            os.killpg(process.pid, signal.SIGINT)
        said += process.stdout.read()
        return process.wait(), said
    finally:
        watchdog.cancel()
        process.stdout.close()


def group_is_gone(pid):
    """Whether no process of the group is left, soon."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        try:
            os.killpg(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.01)
    return False


class Deaths(unittest.TestCase):
    def test_name_item_signal_and_last_words(self):
        def die(x):
            if x == 3:
                sys.stderr.write("about to fall\n")
                os.kill(os.getpid(), signal.SIGSEGV)
            return x
        with self.assertRaises(cadre.WorkerDied) as caught:
            cadre.map(die, range(10), backend="processes", workers=2)
        died = caught.exception
        self.assertEqual((died.item, died.signal), (3, signal.SIGSEGV))
        self.assertIn("about to fall", str(died))

    def test_cost_one_item(self):
        got = cadre.map(lambda x: os._exit(1) if x == 3 else x, range(10),
                        backend="processes", workers=2, on_error="return")
        self.assertIsInstance(got.pop(3), cadre.WorkerDied)
        self.assertEqual(got, [0, 1, 2, 4, 5, 6, 7, 8, 9])

    def test_are_retried(self):
        tries = cadre.empty(1, int)

        def flaky(x):
            if x == 2 and tries[0] == 0:
                tries[0] = 1
                os._exit(1)
            return x
        self.assertEqual(cadre.map(flaky, range(5), backend="processes", retries=1),
                         list(range(5)))
        self.assertEqual(tries[0], 1)

    def test_in_a_stream(self):
        got = []
        with self.assertRaises(cadre.WorkerDied):
            for x in cadre.imap(lambda x: os._exit(1) if x == 3 else x, iter(range(10)),
                                backend="processes", workers=2):
                got.append(x)
        self.assertEqual(got, [0, 1, 2])


class Time(unittest.TestCase):
    def test_out_for_an_item(self):
        got = cadre.map(lambda x: time.sleep(600) if x == 1 else x, range(3), timeout=0.2,
                        on_error="return", workers=2)
        self.assertEqual((got[0], got[2]), (0, 2))
        self.assertIsInstance(got[1], cadre.TaskTimeout)
        self.assertIsInstance(got[1], TimeoutError)
        self.assertEqual(got[1].item, 1)

    def test_out_for_the_whole(self):
        with self.assertRaises(cadre.DeadlinePassed):
            cadre.map(time.sleep, [600] * 3, backend="processes", deadline=0.2)

    def test_out_may_be_seen(self):
        def wait(_):
            seen[0] = 1
            while not cadre.current_task().cancelled:
                time.sleep(0.001)
            seen[1] = 1
        seen, deadline = cadre.empty(2), 0.1
        while not seen[0]:  # it may pass before a worker is there
            with self.assertRaises(cadre.DeadlinePassed):
                cadre.map(wait, [1], backend="processes", deadline=deadline, grace=30)
            deadline *= 2
        self.assertEqual(seen[1], 1)


class Interrupts(unittest.TestCase):
    PROGRAM = """
        import cadre, os, time
        def slow(x):
            print("ready", flush=True)
            time.sleep(600)
        try:
            {call}
        except KeyboardInterrupt:
            print("interrupted")
        print(cadre.map(abs, [-1, -2], backend="processes"))
        """

    def test_end_maps_and_the_next_works(self):
        for call in ('cadre.map(slow, range(9), backend="processes", workers=2)',
                     'cadre.map(slow, range(9), backend="serial")',
                     'list(cadre.imap(slow, iter(range(9)), backend="processes"))',
                     'cadre.Pool(2).starmap(slow, [(1,)])'):
            with self.subTest(call=call):
                began = time.monotonic()
                status, said = run(self.PROGRAM.format(call=call), interrupt_at="ready")
                self.assertEqual(status, 0, said)
                self.assertTrue(said.endswith("interrupted\n[1, 2]\n"), said)
                self.assertLess(time.monotonic() - began, DEADLINE)

    def test_leave_no_process(self):
        process = subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent("""
            import cadre, time
            def slow(x):
                print("ready", flush=True)
                time.sleep(600)
            cadre.map(slow, range(9), backend="processes", workers=2)
            """)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)
        process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)
        process.wait(DEADLINE)
        process.stdout.close()
        self.assertTrue(group_is_gone(process.pid))


class Ends(unittest.TestCase):
    def test_of_the_interpreter_with_work_running(self):
        status, said = run("""
            import cadre, itertools, sys
            results = cadre.imap(str, itertools.count(), backend="processes", workers=2)
            print(next(results))
            sys.exit(7)
            """)
        self.assertEqual((status, said), (7, "0\n"))

    def test_of_the_interpreter_with_submissions_running(self):
        status, said = run("""
            import cadre, time
            pool = cadre.Pool(1, "processes")
            future = pool.submit(lambda: print("began", flush=True) or time.sleep(600))
            while not future.running():
                time.sleep(0.01)
            """)
        self.assertEqual(status, 0, said)

    def test_what_workers_print_comes_out_once(self):
        status, said = run("""
            import cadre
            print("before", end=" ")
            cadre.map(lambda x: print(x, end=" "), [1], backend="processes", workers=1)
            print("after")
            """)
        self.assertEqual((status, said), (0, "before 1 after\n"))

    def test_without_a_file_and_without_a_guard(self):
        status, said = run("""
            import cadre
            assert "__file__" not in globals()
            f = lambda x: g(x) + 1
            def g(x): return 2 * x
            print(cadre.map(f, range(3), backend="processes"))
            """)
        self.assertEqual((status, said), (0, "[1, 3, 5]\n"))


class NothingIsLeft(unittest.TestCase):
    """Whatever happens in a call: no process, descriptor or shared memory is there after it."""

    PROGRAM = """
        import cadre, gc, itertools, os, re, signal, threading, time
        class Picky(Exception):
            def __init__(self, a, b):
                super().__init__(a + b)
        def raise_picky(x):
            raise Picky("a", "b")
        def broken():
            yield 1
            raise LookupError("no more")
        def kill(x):
            os.kill(os.getpid(), signal.SIGKILL)
        def interrupt(x):
            os.kill(os.getppid(), signal.SIGINT)
            time.sleep(600)
        def nested(x):
            return sum(cadre.map(lambda y: x * y, range(3), backend="processes", workers=2))
        def leave_a_stream():
            next(cadre.imap(str, itertools.count(), backend="processes", workers=2))
        P = dict(backend="processes", workers=2)
        acts = {
            "nothing": lambda: cadre.map(abs, [1], **P),
            "kill": lambda: cadre.map(kill, [1], **P),
            "kill in a stream": lambda: list(cadre.imap(kill, iter([1]), **P)),
            "timeout": lambda: cadre.map(time.sleep, [600], timeout=0.1, **P),
            "deadline": lambda: cadre.map(time.sleep, [600], deadline=0.1, **P),
            "Ctrl-C": lambda: cadre.map(interrupt, [1], **P),
            "Ctrl-C in a stream": lambda: list(cadre.imap(interrupt, iter([1]), **P)),
            "result": lambda: cadre.map(lambda x: threading.Lock(), [1], **P),
            "exception": lambda: cadre.map(raise_picky, [1], **P),
            "iterator": lambda: cadre.map(abs, broken(), **P),
            "iterator of a stream": lambda: list(cadre.imap(abs, broken(), **P)),
            "os._exit": lambda: cadre.map(os._exit, [3], **P),
            "recursion": lambda: cadre.map(nested, range(3), **P),
            "a stream left behind": leave_a_stream,
            "large results": lambda: cadre.map(bytes, [10**6] * 9, **P),
        }
        def census():
            gc.collect()
            with open(f"/proc/self/task/{os.getpid()}/children") as file:
                children = file.read().split()
            with open("/proc/self/maps") as file:
                shared = sum(line.split()[1].endswith("s") for line in file)
            named = [name for name in os.listdir("/dev/shm")
                     if "cadre" in name or str(os.getpid()) in re.findall(r"\\d+", name)]
            return children, len(os.listdir("/proc/self/fd")), shared, named
        for act in acts.values():  # what is made once is made
            try:
                act()
            except (Exception, KeyboardInterrupt):
                pass
        before = census()
        for name, act in acts.items():
            try:
                act()
                said = "done"
            except (Exception, KeyboardInterrupt) as failure:
                said = type(failure).__name__
            after = census()
            print(name, said, "as before" if after == before else (before, after), sep=": ")
        """

    def test_after_whatever_happens(self):
        status, said = run(self.PROGRAM)
        self.assertEqual(said.replace(": as before", ""), textwrap.dedent("""\
            nothing: done
            kill: WorkerDied
            kill in a stream: WorkerDied
            timeout: TaskTimeout
            deadline: DeadlinePassed
            Ctrl-C: KeyboardInterrupt
            Ctrl-C in a stream: KeyboardInterrupt
            result: TypeError
            exception: TaskError
            iterator: LookupError
            iterator of a stream: LookupError
            os._exit: WorkerDied
            recursion: done
            a stream left behind: done
            large results: done
            """))
        self.assertEqual(status, 0)


class Said(unittest.TestCase):
    def test_other_threads_are_noticed(self):
        status, said = run("""
            import cadre, threading
            stop = threading.Event()
            thread = threading.Thread(target=stop.wait)
            thread.start()
            print(cadre.map(abs, [-1], backend="processes"))
            stop.set()
            thread.join()
            """)
        self.assertEqual(status, 0)
        self.assertIn("forking with 1 other thread", said)
        self.assertIn("[1]", said)


if __name__ == "__main__":
    unittest.main()
