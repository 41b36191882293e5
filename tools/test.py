#!/usr/bin/env python3
# test.py - run tests and end with one line: N passed, N failed, N skipped.
# SPDX-License-Identifier: MIT
#
# usage: test.py BUILD [--leave-out FILE] [meson test arguments ...]
#
# Counts test points, not programs: most suites speak TAP, and each point counts. A
# program that speaks no TAP, or dies before it has said how many points it has, counts
# as one.
#
# A file for --leave-out has a line "PATTERN: REASON" for each kind of tests that cannot
# run here; the pattern is one of names, a regular expression. What is left out is
# printed, by name and with the reason, and not counted. A pattern that is of no test is
# an error, so that none outlives its test.
import argparse
import json
import pathlib
import re
import subprocess
import sys
import textwrap

POINT = re.compile(r"^(not )?ok\b(.*)", re.M)


def count(run):
    """(passed, failed, skipped) of one Meson test."""
    points = POINT.findall(run.get("stdout", ""))
    failed = sum(1 for bad, rest in points if bad and "# SKIP" not in rest)
    skipped = sum(1 for _, rest in points if "# SKIP" in rest)
    passed = len(points) - failed - skipped
    if not points:
        return {"OK": (1, 0, 0), "SKIP": (0, 0, 1)}.get(run["result"], (0, 1, 0))
    if run["result"] not in ("OK", "SKIP", "EXPECTEDFAIL") and failed == 0:
        failed = 1
    return passed, failed, skipped


def names_of(build, arguments):
    """The tests that Meson would run, by name."""
    told = subprocess.run(["meson", "test", "-C", build, "--list", *arguments],
                          capture_output=True, text=True, check=True).stdout
    # "project:suite / name", or the name alone where a project has no suites
    return [line.split(" / ")[-1].strip() for line in told.splitlines() if " / " in line]


def every_name(build):
    tests = subprocess.run(["meson", "introspect", build, "--tests"], capture_output=True,
                           text=True, check=True).stdout
    names = sorted(test["name"] for test in json.loads(tests))
    for name, other in zip(names, names[1:]):
        if name == other:
            sys.exit(f"test.py: two tests are called {name}: give one another name, since they "
                     "are run by their names")
    return set(names)


def leave_out(path, names, known):
    """The names that remain; says which do not, and why."""
    rules = []
    for line in pathlib.Path(path).read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            pattern, _, reason = line.partition(": ")
            if not any(re.fullmatch(pattern, name) for name in known):
                sys.exit(f"{path}: no test has a name like {pattern}")
            rules.append((re.compile(pattern), reason.strip()))
    remaining = list(names)
    for pattern, reason in rules:
        out = [name for name in remaining if pattern.fullmatch(name)]
        remaining = [name for name in remaining if name not in out]
        if out:
            print(textwrap.fill(f"left out, since {reason}: {', '.join(out)}", 100,
                                subsequent_indent="    ", break_on_hyphens=False))
    return remaining


def log_of(build, arguments):
    """Where Meson writes what came out: a set-up has a file of its own."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--setup")
    setup = parser.parse_known_args(arguments)[0].setup
    return pathlib.Path(build) / "meson-logs" / f"testlog{'-' + setup if setup else ''}.json"


def main():
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("build")
    parser.add_argument("--leave-out", metavar="FILE")
    options, arguments = parser.parse_known_args()
    names = []
    if options.leave_out:
        names = leave_out(options.leave_out, names_of(options.build, arguments),
                          every_name(options.build))
        if not names:
            sys.exit("test.py: no test is left")
    log = log_of(options.build, arguments)
    log.unlink(missing_ok=True) # what an earlier run left does not count
    status = subprocess.run(["meson", "test", "-C", options.build, "--print-errorlogs",
                             *arguments, *names]).returncode
    totals = [0, 0, 0]
    if log.exists():
        for line in log.read_text().splitlines():
            totals = [a + b for a, b in zip(totals, count(json.loads(line)))]
    passed, failed, skipped = totals
    if status and not failed:
        failed = 1  # Meson itself had something to say
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    sys.exit(1 if failed or not passed else 0)


main()
