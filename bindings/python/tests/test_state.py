# test_state.py - state=: each worker makes it before its first task, and ends it after its last.
# SPDX-License-Identifier: MIT
import collections
import itertools
import os
import pathlib
import sys
import tempfile
import threading
import unittest

import alone  # noqa: F401
import cadre
from test_faults import run

MODULE = """
import os, threading
import cadre

class State:
    log = {log!r}

    def __init__(self):
        self.where, self.tasks = (os.getpid(), threading.get_ident()), 0
        self.tell("begin")

    def tell(self, word):
        file = os.open(self.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(file, f"{{word}} {{os.getpid()}} {{threading.get_ident()}}\\n".encode())
        os.close(file)

    def close(self):
        self.tell("end" if self.where == (os.getpid(), threading.get_ident()) else "astray")

def use(_):
    state = cadre.current_task().state
    state.tasks += 1
    assert state.where == (os.getpid(), threading.get_ident())
    return (*state.where, state.tasks)

def fail():
    raise LookupError("no state")

def plain():
    return [7]

def place(x):
    task = cadre.current_task()
    return x, task.index, float(task.rng.random())

def places(x):
    return [place(x)]

def stop(x):
    return next(iter([x] if x < 2 else []))

def divide(x):
    return x * (x - 20) // (x - 20)

def leave(x):
    return os._exit(1) if x == 7 else x

def add(_):
    state = cadre.current_task().state
    state.append(1)
    return len(state)
"""
scratch = tempfile.TemporaryDirectory()
LOG = pathlib.Path(scratch.name, "log")
pathlib.Path(scratch.name, "cadre_test_state.py").write_text(MODULE.format(log=str(LOG)))
sys.path.append(scratch.name)
import cadre_test_state as module  # noqa: E402

WAYS = {"auto": {}, "serial": {"backend": "serial"},
        "threads": {"backend": "threads", "workers": 2},
        "processes": {"backend": "processes", "workers": 2},
        "persistent": {"persistent": True, "workers": 2}}


class States(unittest.TestCase):
    def told(self):
        """{what was said: how often}, by worker; each that began has ended, where it was."""
        lines = LOG.read_text().splitlines() if LOG.exists() else []
        LOG.unlink(missing_ok=True)
        counts = collections.Counter(tuple(line.split()) for line in lines)
        for (word, *where), count in counts.items():
            if word == "begin":
                self.assertEqual(counts["end", *where], count, lines)
        self.assertEqual({word for word, *_ in counts}, {"begin", "end"}, lines)
        return sum(count for (word, *_), count in counts.items() if word == "begin")

    def test_are_each_worker_s_own_and_end(self):
        for name, way in WAYS.items():
            with self.subTest(name):
                got = cadre.map(module.use, range(50), state=module.State, **way)
                tasks = collections.Counter((pid, thread) for pid, thread, _ in got)
                self.assertEqual(sorted(n for *_, n in got), sorted(
                    n + 1 for count in tasks.values() for n in range(count)))
                self.assertLessEqual(self.told(), 3)

    def test_are_of_one_call(self):
        for name, way in WAYS.items():
            with self.subTest(name):
                for _ in range(2):
                    got = cadre.map(module.use, range(2), state=module.State, **way)
                    self.assertEqual(min(n for *_, n in got), 1)
                self.assertGreaterEqual(self.told(), 2)

    def test_of_streams_end_with_them(self):
        for way in WAYS.values():
            stream = cadre.imap(module.use, itertools.count(), window=4, state=module.State,
                                **way)
            self.assertEqual(len(list(itertools.islice(stream, 9))), 9)
            stream.close()
            self.told()
            got = list(cadre.imap_unordered(module.use, iter(range(9)), state=module.State, **way))
            self.assertEqual(len(got), 9)
            self.told()

    def test_of_pools(self):
        for way in WAYS.values():
            with cadre.Pool(state=module.plain, **way) as pool:
                self.assertGreater(min(pool.map(module.add, range(4))), 1)
                self.assertGreater(pool.submit(module.add, 1).result(60), 1)

    def test_of_reductions(self):
        for way in WAYS.values():
            got = cadre.reduce(max, range(9), fn=module.add, state=module.plain, **way)
            self.assertGreater(got, 1)

    def test_that_cannot_be_made_are_their_task_s_failure(self):
        for way in WAYS.values():
            with self.assertRaisesRegex(LookupError, "no state") as caught:
                cadre.map(module.use, range(3), state=module.fail, **way)
            self.assertEqual(caught.exception.__notes__, ["item 0: 0"])

    def test_of_maps_in_tasks_are_their_own(self):
        def outer(_):
            mine = cadre.current_task().state
            inner = cadre.map(lambda _: cadre.current_task().state, [0], backend="serial")
            other = cadre.map(module.add, [0], state=module.plain, backend="serial")
            return inner, other, cadre.current_task().state is mine
        self.assertEqual(cadre.map(outer, [0], state=module.plain, backend="serial"),
                         [([None], [2], True)])

    def test_are_none_without(self):
        self.assertEqual(cadre.map(lambda _: cadre.current_task().state, [1]), [None])

    def test_that_are_no_functions_are_refused(self):
        with self.assertRaisesRegex(TypeError, "state is 3, expected a function"):
            cadre.map(abs, [1], state=3)
        for more in ({"state": list}, {"persistent": True}):
            with self.assertRaisesRegex(ValueError, "keep_state is of"):
                cadre.map(abs, [1], keep_state=True, **more)

    def test_whose_close_raises_are_logged(self):
        class Odd:
            def close(self):
                raise OSError("not now")
        with self.assertLogs("cadre", "WARNING") as logs:
            self.assertEqual(cadre.map(lambda x: -x, [1], state=Odd, backend="serial"), [-1])
        self.assertIn("not now", logs.output[0])


class Kept(unittest.TestCase):
    def test_stay_from_call_to_call_and_end_with_the_worker(self):
        LOG.unlink(missing_ok=True)
        status, said = run(f"""
            import sys, cadre
            sys.path.append({scratch.name!r})
            import cadre_test_state as module
            with cadre.Pool(1, persistent=True, state=module.State, keep_state=True) as pool:
                print([n for *_, n in pool.map(module.use, range(3))])
                print([n for *_, n in pool.starmap(module.use, [(k,) for k in range(3)])])
                print([n for *_, n in pool.imap(module.use, range(2))])
            """)
        self.assertEqual((status, said), (0, "[1, 2, 3]\n[4, 5, 6]\n[7, 8]\n"))
        words = [line.split()[0] for line in LOG.read_text().splitlines()]
        LOG.unlink()
        self.assertEqual(words, ["begin", "end"])

    def test_are_told_apart_by_their_function(self):
        way = {"persistent": True, "workers": 1, "keep_state": True}
        self.assertEqual(cadre.map(module.add, [0], state=module.plain, **way), [2])
        self.assertEqual(cadre.map(module.add, [0], state=list, **way), [1])
        self.assertEqual(cadre.map(module.add, [0], state=module.plain, **way), [3])
        del way["keep_state"]
        self.assertEqual(cadre.map(module.add, [0], state=module.plain, **way), [2])


if __name__ == "__main__":
    unittest.main()
