#!/usr/bin/env python3
# legs.py - run several checks one after another and end with the sum of what they count.
# SPDX-License-Identifier: MIT
#
# usage: legs.py TARGET...
#
# A leg is a target of the Makefile whose last line is "N passed, N failed" or "N passed,
# N failed, N skipped". All are run, whatever comes of the ones before; a leg that fails
# without such a line, or that neither passes nor skips anything, counts as one failure.
import re
import subprocess
import sys
import time

COUNTS = re.compile(r"(\d+) passed, (\d+) failed(?:, (\d+) skipped)?")


def line_of(passed, failed, skipped):
    return f"{passed} passed, {failed} failed" + (f", {skipped} skipped" if skipped else "")


def run(target):
    """(passed, failed, skipped); shows all that it prints."""
    last = ""
    leg = subprocess.Popen(["make", "--no-print-directory", target],
                           stdout=subprocess.PIPE, text=True, errors="replace")
    for line in leg.stdout:
        sys.stdout.write(line)
        sys.stdout.flush()
        if line.strip():
            last = line.strip()
    status = leg.wait()
    counts = COUNTS.fullmatch(last)
    passed, failed, skipped = (int(n or 0) for n in counts.groups()) if counts else (0, 0, 0)
    if failed == 0 and (status or not passed + skipped):
        failed = 1
    return passed, failed, skipped


def main():
    totals, said = [0, 0, 0], []
    for target in sys.argv[1:]:
        print(f"\n== make {target}", flush=True)
        begun = time.monotonic()
        counts = run(target)
        totals = [a + b for a, b in zip(totals, counts)]
        said.append(f"make {target}: {line_of(*counts)}, {time.monotonic() - begun:.0f} s")
    print("\n" + "\n".join(said))
    print(line_of(*totals))
    sys.exit(1 if totals[1] or not totals[0] else 0)


main()
