#!/usr/bin/env python3
# check_sizes.py - files of at most 450 lines (500 where they test or show something), functions
# of at most 80, most about ten.
# SPDX-License-Identifier: MIT
import os
import pathlib
import statistics
import sys

FILE, LARGER_FILE, FUNCTION, NINETY_PERCENT = 450, 500, 80, 40
MAY_BE_LARGER = {"examples", "bench", "tests"}


def functions(lines):
    """(first line, length of the body) of each function: braces in column one."""
    start = None
    for number, line in enumerate(lines, 1):
        if line.startswith("{"):
            start = number
        elif line.startswith("}") and start:
            if line.rstrip() == "}":
                yield start, number - start - 1
            start = None


def main():
    os.chdir(sys.argv[1])
    folders = ("include", "src", "mpi", "plot", "cli", "bindings", "examples", "bench",
               "tests", "tools")
    files = [p for d in folders for p in sorted(pathlib.Path(d).rglob("*"))
             if p.suffix in (".c", ".h", ".cc", ".cpp", ".hpp", ".py", ".sh")]
    found, lengths = [], []
    for path in files:
        lines = path.read_text().splitlines()
        most = LARGER_FILE if MAY_BE_LARGER & set(path.parts) else FILE
        if len(lines) > most:
            found.append(f"{path}: {len(lines)} lines, at most {most}")
        if path.suffix != ".c":
            continue
        for first, length in functions(lines):
            if path.parts[0] in ("src", "mpi", "cli", "bindings"):
                lengths.append(length)
            if length > FUNCTION:
                found.append(f"{path}:{first}: a function of {length} lines, at most {FUNCTION}")
    lengths.sort()
    ninth = lengths[len(lengths) * 9 // 10]
    if ninth > NINETY_PERCENT:
        found.append(f"one function in ten is longer than {ninth} lines, at most {NINETY_PERCENT}")
    print("\n".join(found) or f"{len(files)} files; {len(lengths)} functions, median "
          f"{statistics.median(lengths):.0f} lines, nine in ten up to {ninth}")
    sys.exit(1 if found else 0)


main()
