#!/usr/bin/env python3
# check_circles.py - no circle of files in the library.
# SPDX-License-Identifier: MIT
#
# usage: check_circles.py LIBRARY.a
#
# A file depends on another when it calls a function that the other defines, or takes its
# address: as the symbols of the static library have it. A circle means that a function is
# in the wrong file.
import collections
import re
import subprocess
import sys

LINE = re.compile(r".*?\[(?:.*/)?(.+?)\.c\.o\]: (\S+) ([A-Za-z])")


def read(library):
    """{file: {other: [symbols]}} of one static library."""
    text = subprocess.run(["nm", "-A", "--format=posix", library], check=True,
                          capture_output=True, text=True).stdout
    defined, wanted = {}, collections.defaultdict(set)
    for match in map(LINE.match, text.splitlines()):
        if match and match[3] in "TDBRVW":
            defined[match[2]] = match[1]
        elif match and match[3] == "U":
            wanted[match[1]].add(match[2])
    edges = collections.defaultdict(lambda: collections.defaultdict(list))
    for file, symbols in wanted.items():
        for symbol in sorted(symbols & defined.keys()):
            if defined[symbol] != file:
                edges[file][defined[symbol]].append(symbol)
    return edges


def reachable(edges, start):
    seen, todo = set(), [start]
    while todo:
        for other in edges.get(todo.pop(), {}):
            if other not in seen:
                seen.add(other)
                todo.append(other)
    return seen


def circles(edges):
    """Sets of files that all depend on each other."""
    reach = {file: reachable(edges, file) for file in list(edges)}
    found = {frozenset(o for o in reach[f] if f in reach.get(o, ())) for f in reach
             if f in reach[f]}
    return sorted(sorted(circle) for circle in found)


def main():
    edges = read(sys.argv[1])
    found = circles(edges)
    for circle in found:
        print(f"{len(circle)} files need each other: {' '.join(circle)}")
        for file in circle:
            for other in sorted(set(edges[file]) & set(circle)):
                print(f"    {file} -> {other}: {' '.join(edges[file][other])}")
    print(f"{len(found)} circles in {len(edges)} files")
    sys.exit(1 if found or not edges else 0)


main()
