#!/usr/bin/env python3
# test_wheel.py - the README's lines for pip: a wheel with all in it, in a fresh environment.
# SPDX-License-Identifier: MIT
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
PROGRAM = """
import cadre, os
assert cadre.__file__.startswith(os.sys.prefix), cadre.__file__
here = os.getpid()
got = cadre.map(lambda x: (x * x, os.getpid() != here), range(5), backend="processes")
assert got == [(x * x, True) for x in range(5)], got
from cadre import stats
print(stats.measure("roc_auc", [0, 1, 0, 1], [.1, .9, .2, .8]))
try:
    cadre.map(abs, [1], backend="mpi")
except ImportError as failure:
    assert "make install" in str(failure), failure
    print("no ranks")
"""


def run(*words, **more):
    done = subprocess.run([str(word) for word in words], stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, **more)
    if done.returncode:
        raise AssertionError(f"{words}:\n{done.stdout}")
    return done.stdout


class Wheel(unittest.TestCase):
    def test_is_made_and_installed_by_pip(self):
        env = {name: value for name, value in os.environ.items()
               if not name.startswith(("PYTHON", "PIP_", "MESON"))}
        env["CCACHE_DISABLE"] = "1"  # nothing of this build is built again
        with tempfile.TemporaryDirectory() as scratch:
            place = pathlib.Path(scratch) / "env"
            run(sys.executable, "-m", "venv", "--system-site-packages", "--without-pip",
                place, env=env)
            source = pathlib.Path(scratch) / "source"
            shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(
                ".*", "build*", "tests", "data", "doc", "__pycache__"))
            python = place / "bin" / "python"
            pip = [python, "-m", "pip", "--disable-pip-version-check"]
            run(*pip, "wheel", "--no-build-isolation", "--no-deps", "--no-index",
                "--config-settings=setup-args=-Doptimization=0", "-w", scratch, source, env=env)
            wheel, = pathlib.Path(scratch).glob("cadre-*.whl")
            self.assertIn("-cp311-abi3-", wheel.name)
            names = zipfile.ZipFile(wheel).namelist()
            self.assertEqual([n for n in names if not n.startswith("cadre")], [])
            for part in ("_core.abi3.so", "py.typed", "__init__.pyi", "compat/smqtk.py"):
                self.assertIn(f"cadre/{part}", names)
            self.assertEqual([n for n in names if "mpi" in n], [])
            run(*pip, "install", "--no-deps", "--no-index", wheel, env=env)
            said = run(python, "-c", PROGRAM, env=env, cwd=scratch)
            self.assertEqual(said, "1.0\nno ranks\n")


if __name__ == "__main__":
    unittest.main()
