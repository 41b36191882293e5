#!/usr/bin/env python3
# run.py - run the program as its users do, and compare what comes out with plain files.
# SPDX-License-Identifier: MIT
"""Golden-output tests of the program, as TAP.

A case is a folder in cases/:
    cmd                           a shell script; its exit status counts
    stdout.exact or stdout.glob   what it prints; no file: nothing
    stderr.exact or stderr.glob   the same for errors
    exit                          its exit status; no file: 0
In a .glob file * stands for any text, line ends among it. Exit status 77 skips a case; what
it has printed says why.

A script runs in a new, empty folder with cadre on its PATH and these variables:
    DATA    the folder data/           SOURCE   the project's folder
    PYTHON  this Python                CADRE    the program's path
"""
import argparse
import concurrent.futures
import difflib
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
SKIP = 77


def environment(cadre):
    """The caller's, without what would change the program's mind."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("CADRE_")}
    source = HERE.parent.parent
    env.update(PATH=f"{cadre.parent}{os.pathsep}{env.get('PATH', '')}", LC_ALL="C",
               DATA=str(source / "data"), SOURCE=str(source), PYTHON=sys.executable,
               CADRE=str(cadre))
    env["LSAN_OPTIONS"] = f"suppressions={HERE / 'leaks.txt'}:print_suppressions=0"
    return env


def run(case, cadre, timeout):
    """Returns stdout, stderr and the exit status; None for one that did not end."""
    with tempfile.TemporaryDirectory(prefix="cadre-cli-") as scratch:
        child = subprocess.Popen(["sh", str(case / "cmd")], cwd=scratch,
                                 env=environment(cadre), stdin=subprocess.DEVNULL,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 start_new_session=True)
        try:
            out, err = child.communicate(timeout=timeout)
            return out, err, child.returncode
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)  # the script and what it has started
            out, err = child.communicate()
            return out, err, None


def expected(case, stream):
    """The expected bytes, and whether they are a pattern."""
    for kind in ("exact", "glob"):
        path = case / f"{stream}.{kind}"
        if path.exists():
            return path.read_bytes(), kind == "glob"
    return b"", False


def matches(got, wanted, is_glob):
    if not is_glob:
        return got == wanted
    parts = [re.escape(part) for part in wanted.split(b"*")]
    return re.fullmatch(b".*".join(parts), got, re.DOTALL) is not None


def difference(stream, got, wanted):
    lines = [text.decode(errors="backslashreplace").splitlines() for text in (wanted, got)]
    return list(difflib.unified_diff(*lines, f"{stream} expected", f"{stream} got",
                                     lineterm=""))


def judge(case, out, err, status):
    """What is wrong, as lines; empty: nothing."""
    path = case / "exit"
    wanted = int(path.read_text()) if path.exists() else 0
    wrong = []
    if status is None:
        wrong.append("did not end in time")
    elif status != wanted:
        wrong.append(f"exit status {status}, expected {wanted}")
    for stream, got in (("stdout", out), ("stderr", err)):
        text, is_glob = expected(case, stream)
        if not matches(got, text, is_glob):
            wrong += difference(stream, got, text)
    return wrong


def put(path, data):
    if data:
        path.write_bytes(data)
    else:
        path.unlink(missing_ok=True)


def update(case, out, err, status):
    """Patterns stay as they are: a person has thought about them."""
    for stream, got in (("stdout", out), ("stderr", err)):
        if not (case / f"{stream}.glob").exists():
            put(case / f"{stream}.exact", got)
    put(case / "exit", f"{status}\n".encode() if status else b"")


def report(cases, run_one, look):
    """Run all and print TAP; the exit status. look(case, result) says what is wrong, as
    lines, or in one text why the case was skipped."""
    print(f"1..{len(cases)}")
    failed = False
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for number, (case, result) in enumerate(zip(cases, pool.map(run_one, cases)), 1):
            wrong = look(case, result)
            if isinstance(wrong, str):
                print(f"ok {number} - {case.name} # SKIP {wrong}")
                continue
            failed = failed or bool(wrong)
            print(f"{'not ok' if wrong else 'ok'} {number} - {case.name}")
            for line in wrong:
                print(f"# {line}")
            sys.stdout.flush()
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cadre", type=pathlib.Path, required=True, help="the program")
    parser.add_argument("--update", action="store_true",
                        help="make what comes out what is expected")
    parser.add_argument("--timeout", type=float, default=240, help="seconds for a case")
    parser.add_argument("names", nargs="*", help="only these cases")
    args = parser.parse_args()
    cadre = args.cadre.absolute()
    cases = sorted(path.parent for path in (HERE / "cases").glob("*/cmd")
                   if not args.names or path.parent.name in args.names)

    def look(case, result):
        out, err, status = result
        if status == SKIP:
            return out.decode().strip()
        if args.update and status is not None:
            update(case, out, err, status)
        return judge(case, out, err, status)

    return report(cases, lambda case: run(case, cadre, args.timeout), look)


if __name__ == "__main__":
    sys.exit(main())
