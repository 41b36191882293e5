#!/usr/bin/env python3
# parallel.py - cadre map and GNU parallel, on command lines that mean the same to both.
# SPDX-License-Identifier: MIT
"""Each line of parallel/lines.txt, with cadre map as P: what it prints and exits with is to be
what GNU parallel did, as parallel/expected.json has it. With --again GNU parallel runs beside
it, and has to do the same once more; with --update what it does is written down, for lines
of which that has not been done."""
import argparse
import concurrent.futures
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile

import run as golden

HERE = pathlib.Path(__file__).resolve().parent / "parallel"
SKIP = 77


def lines():
    return [line for line in (HERE / "lines.txt").read_text(encoding="utf-8").splitlines()
            if line and not line.startswith("#")]


def fill(folder):
    for name, text in {"f1": "1\n2\n3\n4\n5\n", "f2": "a\nb\nc\n", "empty": "",
                       "csv": "name,size\nx,1\ny,2\n", "tsv": "a\tb:c\nd\te\n",
                       "nul": "a b\0c\nd\0", "blank": "a\n\n \nb\n"}.items():
        (folder / name).write_text(text, encoding="utf-8")


def run(line, program, environment):
    with tempfile.TemporaryDirectory(prefix="cadre-parallel-") as name:
        folder = pathlib.Path(name)
        fill(folder)
        command = re.sub(r"(^|\| |; )P(?= )", lambda m: m[1] + program, line)
        child = subprocess.Popen(["sh", "-c", command], cwd=folder, env=environment,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL, start_new_session=True)
        try:
            out = child.communicate(timeout=60)[0]
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            return ["it did not end in time", -1]
        return [out.decode(errors="backslashreplace"), child.returncode]


def run_all(program, environment, which):
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(lambda line: run(line, program, environment), which))


def gnu_parallel(environment, home, which):
    """As it is without a person's configuration; None: it is not there."""
    program = shutil.which("parallel")
    if not program or b"GNU parallel" not in subprocess.run(
            [program, "--version"], stdout=subprocess.PIPE, check=False).stdout:
        return None
    (home / "will-cite").touch()
    return run_all(program, {**environment, "PARALLEL_HOME": str(home)}, which)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cadre", type=pathlib.Path, required=True, help="the program")
    parser.add_argument("--again", action="store_true", help="run GNU parallel, too")
    parser.add_argument("--update", action="store_true")
    args = parser.parse_args()
    environment = {**golden.environment(args.cadre.absolute()), "SHELL": "/bin/sh",
                   "PARALLEL_SHELL": "/bin/sh"}
    recorded = HERE / "expected.json"
    known = {row[0]: row[1:] for row in json.loads(recorded.read_text(encoding="utf-8"))}
    theirs = None
    if args.again or args.update:
        which = lines() if args.again else [line for line in lines() if line not in known]
        with tempfile.TemporaryDirectory(prefix="cadre-parallel-") as home:
            theirs = gnu_parallel(environment, pathlib.Path(home), which)
        if theirs is None:
            print("GNU parallel is not installed", file=sys.stderr)
            return SKIP
    if args.update:
        known.update(zip(which, theirs))
        rows = [json.dumps([line, *known[line]]) for line in lines()]
        recorded.write_text("[\n" + ",\n".join(rows) + "\n]\n", encoding="utf-8")
    wanted = [known.get(line, ["is not recorded: --update", -1]) for line in lines()]
    theirs = theirs if args.again else None
    ours = run_all(f"{args.cadre.absolute()} map --no-summary", environment, lines())
    print(f"1..{len(ours)}")
    failed = False
    for number, (line, want, got) in enumerate(zip(lines(), wanted, ours), 1):
        good = want == got and (theirs is None or theirs[number - 1] == want)
        failed = failed or not good
        print(f"{'ok' if good else 'not ok'} {number} - {line.replace('#', chr(92) + '#')}")
        if not good:
            print(f"# expected {want}\n# got {got}")
            if theirs is not None and theirs[number - 1] != want:
                print(f"# GNU parallel now: {theirs[number - 1]}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
