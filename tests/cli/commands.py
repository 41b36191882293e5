#!/usr/bin/env python3
# commands.py - run command lines of the program, and compare what comes out with a text.
# SPDX-License-Identifier: MIT
"""Many small cases in one file, as TAP.

    == the name of a case
    $ a command, for sh; several lines of "$ " are one script
    what it prints
    ! what it says on standard error; * stands for any text
    ? its exit status, unless it is 0
    # a remark

A line of output ends in a line end; `\\c` at the end of a line says that it does not. Each
case runs in a new, empty folder, with cadre on its PATH and CADRE its path.
"""
import argparse
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

import run as golden


class Case:
    def __init__(self, name):
        self.name = name
        self.script, self.out, self.err, self.status = [], [], [], 0


def parse(path):
    case = None
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if line.startswith("== "):
            case = Case(line[3:])
            yield case
        elif line.startswith("# "):
            continue
        elif not case:
            if line:
                sys.exit(f"{path}:{number}: there is no case yet")
        elif line.startswith("$ "):
            case.script.append(line[2:])
        elif line.startswith("! "):
            case.err.append(line[2:])
        elif line.startswith("? "):
            case.status = int(line[2:])
        else:
            case.out.append(line)


def wanted_output(case):
    lines = list(case.out)
    while lines and lines[-1] == "":
        lines.pop()
    text = "".join(line + "\n" for line in lines)
    return text.replace("\\c\n", "").replace("\\e\n", "\n")


def run(case, cadre, timeout):
    with tempfile.TemporaryDirectory(prefix="cadre-map-") as scratch:
        environment = golden.environment(cadre)
        environment["SHELL"] = "/bin/sh"
        environment["HOME"] = scratch
        child = subprocess.Popen(["sh", "-c", "\n".join(case.script)], cwd=scratch,
                                 env=environment, stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 start_new_session=True)
        try:
            out, err = child.communicate(timeout=timeout)
            return out.decode(errors="backslashreplace"), err.decode(), child.returncode
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            out, err = child.communicate()
            return out.decode(errors="backslashreplace"), err.decode(), None


def judge(case, out, err, status):
    wrong = []
    if status is None:
        wrong.append("did not end in time")
    elif status != case.status:
        wrong.append(f"exit status {status}, expected {case.status}")
    if out != wanted_output(case):
        wrong += ["standard output, expected:"] + wanted_output(case).splitlines()
        wrong += ["got:"] + out.splitlines()
    pattern = "".join(line + "\n" for line in case.err)
    parts = [re.escape(part) for part in pattern.split("*")]
    if not re.fullmatch(".*".join(parts), err, re.DOTALL):
        wrong += ["standard error, expected:"] + case.err + ["got:"] + err.splitlines()
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cadre", type=pathlib.Path, required=True, help="the program")
    parser.add_argument("--timeout", type=float, default=120, help="seconds for a case")
    parser.add_argument("--only", help="only cases whose name has this in it")
    parser.add_argument("files", nargs="+", type=pathlib.Path)
    args = parser.parse_args()
    cadre = args.cadre.absolute()
    cases = [case for path in args.files for case in parse(path)
             if not args.only or args.only in case.name]
    return golden.report(cases, lambda case: run(case, cadre, args.timeout),
                         lambda case, result: judge(case, *result))


if __name__ == "__main__":
    sys.exit(main())
