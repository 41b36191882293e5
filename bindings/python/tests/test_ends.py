# test_ends.py - ways to run a program, and ways to end it with work on: nothing stays.
# SPDX-License-Identifier: MIT
"""Each program runs in a session of its own, with a deadline. After it: no process of it, by
a mark in their environment, and no shared memory with a name."""
import importlib.util
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest

import alone  # noqa: F401

DEADLINE = 60
MARK = "CADRE_TEST_MARK"
HAVE_CLOUDPICKLE = importlib.util.find_spec("cloudpickle") is not None


def marked(mark):
    """Processes that have it in their environment."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark.encode() in (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except OSError:
            pass  # it has ended, or is another user's
    return found


def left_behind(mark, pid):
    """What is there after a while of what a program made."""
    end = time.monotonic() + DEADLINE
    while (processes := marked(mark)) and time.monotonic() < end:
        time.sleep(0.01)
    for process in processes:
        os.kill(process, signal.SIGKILL)
    return processes, [name for name in os.listdir("/dev/shm")
                       if "cadre" in name or str(pid) in re.findall(r"\d+", name)]


class Programs(unittest.TestCase):
    def run_program(self, command, text=None, **more):
        """(status, output); it leaves nothing."""
        mark = f"{self.id()}-{os.getpid()}-{time.monotonic_ns()}"
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True, start_new_session=True,
                                   env={**os.environ, MARK: mark}, **more)
        try:
            said = process.communicate(text, timeout=DEADLINE)[0]
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            self.fail(f"still runs after {DEADLINE} s: {process.communicate()[0]}")
        self.assertEqual(left_behind(mark, process.pid), ([], []), said)
        return process.returncode, said


class Surroundings(Programs):
    PROGRAM = textwrap.dedent("""
        import cadre, itertools, sys
        factor = 3
        class Point:
            def __init__(self, x):
                self.x = x
        def scale(point):
            return Point(factor * point.x)
        def sums(x):
            return sum(cadre.map(lambda y: x * y, range(4)))

        points = [Point(x) for x in range(4)]
        ways = dict(auto={}, threads=dict(backend="threads", workers=2),
                    processes=dict(backend="processes", workers=2))
        if "cloudpickle" in sys.argv[1:]:
            ways["persistent"] = dict(persistent=True, workers=1)
        for name, way in ways.items():
            told = [p.x for p in cadre.map(scale, points, **way)]
            told += cadre.map(lambda p: p.x - factor, points, **way)
            told += cadre.map(sums, range(3), **way)
            told += itertools.islice(cadre.imap(lambda x: x + factor, itertools.count(), **way), 3)
            with cadre.Pool(**way) as pool:
                told.append(pool.submit(lambda: factor).result())
            try:
                cadre.map(lambda x: 1 // x, [1, 0], **way)
            except ZeroDivisionError as failure:
                told += failure.__notes__
            print(name, *told)

        """)
    TOLD = "0 3 6 9 -3 -2 -1 0 0 6 12 3 4 5 3 item 1: 0"
    LAUNCH = """
        import builtins, sys, types
        with open({path!r}) as file:
            text = file.read()
        """

    def check(self, command, text=None, persistent=False, **more):
        extra = ["cloudpickle"] if HAVE_CLOUDPICKLE and persistent else []
        names = ["auto", "threads", "processes"] + ["persistent"][:len(extra)]
        status, said = self.run_program([sys.executable, *command, *extra], text, **more)
        self.assertEqual(said, "".join(f"{name} {self.TOLD}\n" for name in names))
        self.assertEqual(status, 0)

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.path = self.folder / "program.py"
        self.path.write_text(self.PROGRAM)

    def test_a_string_on_the_command_line(self):
        self.check(["-c", "assert '__file__' not in globals()\n" + self.PROGRAM],
                   persistent=True)

    def test_standard_input(self):
        self.check(["-"], self.PROGRAM)

    def test_a_prompt(self):
        self.check(["-i", "-q", "-c", "import sys; sys.ps1 = sys.ps2 = ''\n"
                    f"exec(open({str(self.path)!r}).read())"], "raise SystemExit\n")

    def test_a_script_that_is_gone(self):
        self.path.write_text("import os; os.remove(__file__)\n" + self.PROGRAM)
        self.check([str(self.path)])

    def test_a_folder_that_is_gone(self):
        gone = self.folder / "gone"
        gone.mkdir()
        self.check(["-c", f"import os; os.rmdir({str(gone)!r})\n" + self.PROGRAM], cwd=gone,
                   persistent=True)

    def test_a_string_that_is_run_in_a_dictionary(self):
        self.path.write_text(self.PROGRAM.replace(  # no pickle finds a class there
            textwrap.dedent("""
            class Point:
                def __init__(self, x):
                    self.x = x
            """), "\nfrom types import SimpleNamespace\n"
            "def Point(x): return SimpleNamespace(x=x)\n"))
        launch = textwrap.dedent(self.LAUNCH.format(path=str(self.path)))
        self.check(["-c", launch + "exec(compile(text, '<cell>', 'exec'), "
                    "{'__name__': '__main__'})"])

    def test_a_notebook(self):
        """Cells are run one by one in a module that is __main__ and has no file."""
        launch = textwrap.dedent(self.LAUNCH.format(path=str(self.path)))
        self.check(["-c", launch + textwrap.dedent("""
            notebook = types.ModuleType("__main__")
            notebook.get_ipython = builtins.get_ipython = lambda: None
            sys.modules["__main__"] = notebook
            for number, cell in enumerate(text.split("\\n\\n")):
                exec(compile(cell, f"<ipython-input-{number}>", "exec"), notebook.__dict__)
            """)], persistent=True)

    def test_without_standard_streams(self):
        written = self.folder / "written"
        self.path.write_text("import os\nfor fd in range(3): os.close(fd)\n"
                             "def print(*words):\n"
                             f"    with open({str(written)!r}, 'a') as file:\n"
                             "        file.write(' '.join(map(str, words)) + '\\n')\n"
                             + self.PROGRAM)
        status, said = self.run_program([sys.executable, str(self.path)])
        self.assertEqual((status, said), (0, ""))
        self.assertEqual(written.read_text(), "".join(
            f"{name} {self.TOLD}\n" for name in ("auto", "threads", "processes")))


class Ends(Programs):
    """The interpreter's end, with work on. `begun` is waited for before that: a task says it
    through a pipe with a name."""

    HEAD = """
        import cadre, itertools, os, sys, threading
        begun = {path!r}
        say = f"import os, time; os.write(os.open({{begun!r}}, os.O_WRONLY), b'x'); time.sleep(600)"
        os.mkfifo(begun)
        pipe = os.open(begun, os.O_RDWR)
        def wait_for_it():
            os.read(pipe, 1)
        def in_a_thread(work):
            threading.Thread(target=work, daemon=True).start()
        """
    WAYS = {"processes": 'backend="processes", workers=2',
            "threads": 'backend="threads", workers=2',
            "persistent": "persistent=True, workers=2"}

    def check(self, text, status=0, said=""):
        with tempfile.TemporaryDirectory() as folder:
            head = textwrap.dedent(self.HEAD.format(path=f"{folder}/begun"))
            told = self.run_program([sys.executable, "-c", head + textwrap.dedent(text)])
        lines = [line for line in told[1].splitlines() if "forking with" not in line]
        self.assertEqual((told[0], "".join(line + "\n" for line in lines)), (status, said))

    def test_with_streams_left_half_way(self):
        for name, way in self.WAYS.items():
            for kept in ("kept = lambda: kept, results",
                         "sys.modules['cadre'].kept = results"):
                self.check(f"""
                    results = cadre.imap(str, itertools.count(), {way})
                    print(next(results))
                    {kept}
                    sys.exit(7)
                    """, 7, "0\n")
                if name != "threads":
                    break

    def test_with_a_pool_that_is_open(self):
        for way in self.WAYS.values():
            self.check(f"""
                pool = cadre.Pool({way})
                future = pool.submit(exec, say)
                wait_for_it()
                print(future.running())
                """, 0, "True\n")

    def test_with_a_map_in_a_daemon_thread(self):
        for way in self.WAYS.values():
            self.check(f"""
                in_a_thread(lambda: cadre.map(exec, [say] * 4, {way}))
                wait_for_it()
                """)

    def test_with_a_stream_in_a_daemon_thread(self):
        for way in self.WAYS.values():
            self.check(f"""
                def use():
                    for result in cadre.imap(str, itertools.count(), {way}):
                        os.write(pipe, b"x")
                        wait_for_it()
                        reached.set()
                reached = threading.Event()
                in_a_thread(use)
                reached.wait()
                """)

    def test_by_a_task(self):
        for name, way in self.WAYS.items():
            self.check(f"cadre.map(sys.exit, [5, 5], {way})\nprint('not here')", 5)
            if name != "threads":
                self.check(f"""
                    try:
                        cadre.map(os._exit, [5], {way})
                    except cadre.WorkerDied as died:
                        print(died.item, died.status)
                    """, 0, "0 5\n")

    def test_of_threads_by_a_task_is_the_program_s(self):
        self.check(f"cadre.map(os._exit, [5, 5], {self.WAYS['threads']})", 5)

    def test_without_any_notice(self):
        for way in self.WAYS.values():
            self.check(f"""
                in_a_thread(lambda: cadre.map(exec, [say] * 4, {way}))
                wait_for_it()
                os._exit(3)
                """, 3)
        self.check(f"""
            import signal
            in_a_thread(lambda: cadre.map(exec, [say] * 4, {self.WAYS['processes']}))
            wait_for_it()
            os.kill(os.getpid(), signal.SIGTERM)
            """, -signal.SIGTERM)

    def test_by_an_exception(self):
        self.check(f"""
            results = cadre.imap(str, itertools.count(), {self.WAYS['threads']})
            next(results)
            sys.stderr = open(os.devnull, "w")
            raise LookupError
            """, 1)

    def test_that_maps(self):
        for way in self.WAYS.values():
            self.check(f"""
                import atexit
                atexit.register(lambda: print(cadre.map(abs, [-1, 2], {way}),
                                              *cadre.imap(abs, iter([-3]), {way})))
                """, 0, "[1, 2] 3\n")


if __name__ == "__main__":
    unittest.main()
