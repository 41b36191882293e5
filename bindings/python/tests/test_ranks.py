# test_ranks.py - the ranks of an MPI program as workers: mpiexec -n 3 python SCRIPT.
# SPDX-License-Identifier: MIT
"""Each launch is a script of its own, with nothing in it that a script for one machine has
not; what rank 0 prints is held against what one process prints."""
import contextlib
import importlib
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest

import alone  # noqa: F401
import cadre

DEADLINE = 180
RANKS = 3


# The extension for another MPI than the package's, and what has a script use it.
EXTENSION = os.environ.get("CADRE_TEST_MPI")
PRELUDE = f"""
import importlib.util, sys
spec = importlib.util.spec_from_file_location("cadre._mpi", {EXTENSION!r})
sys.modules["cadre._mpi"] = importlib.util.module_from_spec(spec)
""" if EXTENSION else ""


def launcher():
    """The mpiexec of the MPI that the extension is built with."""
    exec(PRELUDE)
    importlib.import_module("cadre._mpi")
    loaded = pathlib.Path("/proc/self/maps").read_text(encoding="utf-8")
    name = "mpich" if "libmpich" in loaded else "openmpi"
    return shutil.which(f"mpiexec.{name}") or shutil.which("mpiexec")


@contextlib.contextmanager
def started(text, ranks):
    """(script, process) of the text, on that many ranks; 1: without a launcher."""
    environment = {**os.environ, "OMPI_ALLOW_RUN_AS_ROOT": "1",
                   "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
                   "OMPI_MCA_rmaps_base_oversubscribe": "1",
                   "OMPI_MCA_hwloc_base_binding_policy": "none",
                   "OMPI_MCA_mpi_yield_when_idle": "1",
                   "OMPI_MCA_btl_vader_single_copy_mechanism": "none"}
    environment.pop("PYTHONUNBUFFERED", None)  # ranks share one pipe: lines go there whole
    with tempfile.TemporaryDirectory() as folder:
        script = pathlib.Path(folder, "script.py")
        script.write_text(PRELUDE + textwrap.dedent(text))
        command = [sys.executable, str(script)]
        if ranks > 1:
            command[:0] = [launcher(), "-n", str(ranks)]
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                   text=True, start_new_session=True)
        try:
            yield script, process
        finally:
            if process.poll() is None:
                process.terminate()  # a test has failed: the launcher ends its ranks
                process.communicate()


def launch(text, ranks=RANKS):
    """(status, what is printed, errors) of the script, on that many ranks."""
    with started(text, ranks) as (_, process):
        return end_of(process)


def end_of(process):
    """(status, what is printed, errors), in time."""
    try:
        said, errors = process.communicate(timeout=DEADLINE)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        raise AssertionError(f"hangs: {process.communicate()}") from None
    return process.returncode, said, errors


def processes_of(script):
    """Command lines of the processes that run it."""
    lines = []
    for file in pathlib.Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = file.read_bytes()
        except OSError:
            continue  # it has just ended
        if str(script).encode() in line:
            lines.append(line)
    return lines


class Ranks(unittest.TestCase):
    def test_do_what_persistent_workers_do(self):
        script = """
            import itertools, math, os, sys, time
            import cadre, operator

            def divide(x):
                return 6 // x

            def place(_):
                task = cadre.current_task()
                return task.index, float(task.rng.random())

            def nested(x):
                return sum(cadre.map(abs, range(-x, 0), persistent=True))

            def fall(x):
                return os._exit(4) if x == 2 else x

            def count(x):
                task = cadre.current_task()
                task.state.append(x)
                return len(task.state)

            way = dict(persistent=True, workers=2)
            pids = cadre.map(lambda _: os.getpid(), range(30), chunk=1, **way)
            print(os.getpid() in pids, len(set(pids)) <= 2)
            print(cadre.map(math.sqrt, [4, 9], **way), cadre.map(place, range(4), seed=3, **way))
            print(cadre.map(place, range(4), seed=3, indexes=[1, 3], **way))
            print(cadre.reduce(operator.add, range(1000), **way), cadre.map(nested, range(4), **way))
            stream = cadre.imap(operator.neg, itertools.count(), window=4, **way)
            print(*itertools.islice(stream, 9))
            stream.close()
            print(sorted(cadre.imap_unordered(abs, range(-9, 0), **way)))
            try:
                cadre.map(divide, [1, 2, 0, 3, 0], **way)
            except ZeroDivisionError as failure:
                print(failure.__notes__)
            got = cadre.map(divide, [1, 0], on_error="return", **way)
            print(got, got[1].cadre_item)
            got = cadre.map(fall, range(4), on_error="return", **way)
            print(got[:2], got[3], type(got[2]).__name__, got[2].item, got[2].status)
            got = cadre.map(lambda x: time.sleep(600) if x else x, [0, 1], timeout=1,
                            on_error="return", **way)
            print(got[0], type(got[1]).__name__)
            print(sum(cadre.map(count, range(4), state=list, keep_state=True, **way)) > 3)
            with cadre.Pool(**way) as pool:
                print(pool.submit(pow, 2, 10).result(), list(pool.map(abs, [-1, -2])))
            print(cadre.map(abs, [-1], backend="processes"), cadre.map(abs, [-1]))
            """
        self.maxDiff = None
        alone, together = launch(script, 1), launch(script)
        self.assertEqual(alone[0], 0, alone[2])
        self.assertEqual((together[0], together[1]), alone[:2], together[2])

    def test_end_with_the_program(self):
        status, said, errors = launch("""
            import itertools, sys, time
            import cadre
            print("every rank")
            sys.stdout.flush()
            pool = cadre.Pool(backend="mpi")
            print("rank 0", pool.workers)
            stream = cadre.imap(abs, itertools.count(), backend="mpi")
            next(stream)
            kept = lambda: (kept, stream)
            future = pool.submit(time.sleep, 600)
            while not future.running():
                time.sleep(0.01)
            sys.exit(7)
            """)
        self.assertEqual(status, 7, errors)
        self.assertEqual(sorted(said.splitlines()), ["every rank"] * RANKS + ["rank 0 2"])

    def test_end_with_ctrl_c(self):
        """What a terminal's Ctrl-C does: the signal goes to the launcher and what is in its
        group."""
        for call in ("cadre.map(work, range(8), persistent=True, chunk=1)",
                     "list(cadre.imap(work, itertools.count(), persistent=True))"):
            with started(f"""
                    import itertools, sys, time
                    import cadre
                    def work(x):
                        print("begun", flush=True)
                        time.sleep(600)
                    {call}
                    """, RANKS) as (script, process):
                self.assertEqual(process.stdout.readline(), "begun\n")
                os.killpg(process.pid, signal.SIGINT)
                _, _, errors = end_of(process)
                self.assertEqual(errors.count("Traceback"), errors.count("in <module>"), errors)
                self.assertNotIn("_shutdown", errors)
                end = time.monotonic() + DEADLINE
                while (left := processes_of(script)) and time.monotonic() < end:
                    os.sched_yield()
                self.assertEqual(left, [])

    def test_are_not_there_without_the_extension(self):
        program = """
            import sys
            sys.modules["cadre._mpi"] = None
            import cadre
            try:
                cadre.map(abs, [1], backend="mpi")
            except ImportError as failure:
                print(failure)
            print(cadre.map(abs, [-2], persistent=True, workers=1))
            """
        for ranks in (1, 2):
            status, said, errors = launch(program, ranks)
            self.assertEqual(status, 0, errors)
            self.assertEqual((said.count("pip"), said.count("make install"),
                              said.count("[2]")), (ranks, ranks, ranks))
        self.assertEqual(errors.count("every rank runs all of the program"), 2)

    def test_are_no_workers_of_a_program_that_is_alone(self):
        with self.assertRaisesRegex(ValueError, "mpiexec -n 4"):
            cadre.map(abs, [1], backend="mpi")


if __name__ == "__main__":
    unittest.main()
