#!/usr/bin/env python3
"""Ctrl-C between two runs of the program ends it as it ends a run.

usage: interrupt.py CADRE EARLY_INTERRUPT DATA

EARLY_INTERRUPT is loaded before the program's libraries, and sends SIGINT as the first map
is about to begin: too early to cancel that, and long before it would end by itself.
"""

import os
import subprocess
import sys

cadre, library, data = sys.argv[1:]
LONG = ["-n", "10000000"]
RUNS = [
    ["bootstrap", data, "--label", "malignant", "--score", "mean_radius", *LONG],
    ["bootstrap", data, "--label", "malignant", "--score", "mean_radius", *LONG,
     "--backend", "processes", "--method", "percentile"],
    ["compare", data, "--label", "malignant", "-a", "mean_radius", "-b", "mean_texture", *LONG],
]

print(f"1..{len(RUNS)}")
failed = 0
for number, run in enumerate(RUNS, 1):
    try:
        result = subprocess.run([cadre, *run, "--workers", "2"], timeout=120,
                                env={**os.environ, "LD_PRELOAD": library},
                                stdin=subprocess.DEVNULL, capture_output=True, text=True)
        good = result.returncode == 130 and result.stderr.endswith("interrupted\n")
        why = f"exit status {result.returncode}: {result.stderr!r}"
    except subprocess.TimeoutExpired:
        good, why = False, "it goes on"
    failed += not good
    print(f"{'ok' if good else 'not ok'} {number} - {' '.join(run[:1] + run[6:])}")
    if not good:
        print(f"# {why}")
sys.exit(1 if failed else 0)
