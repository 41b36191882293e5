#!/usr/bin/env python3
# test.py - run the test suites and end with one line: N passed, N failed, N skipped.
# SPDX-License-Identifier: MIT
#
# usage: test.py BUILD [meson test arguments ...]
#
# Counts test points, not programs: most suites speak TAP, and each point counts. A
# program that speaks no TAP, or dies before it has said how many points it has, counts
# as one.
import json
import re
import subprocess
import sys

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


def main():
    build, arguments = sys.argv[1], sys.argv[2:]
    command = ["meson", "test", "-C", build, "--print-errorlogs", *arguments]
    status = subprocess.run(command).returncode
    totals = [0, 0, 0]
    with open(build + "/meson-logs/testlog.json") as log:
        for line in log:
            totals = [a + b for a, b in zip(totals, count(json.loads(line)))]
    passed, failed, skipped = totals
    if status and not failed:
        failed = 1  # Meson itself had something to say
    print(f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else ""))
    sys.exit(1 if failed or not passed else 0)


main()
