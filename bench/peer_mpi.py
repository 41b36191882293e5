#!/usr/bin/env python3
# peer_mpi.py - the work as users of Python hand it to ranks: mpi4py.futures.
# SPDX-License-Identifier: MIT
#
#     mpiexec -n RANKS python3 -m mpi4py.futures peer_mpi.py map N CHUNK REPETITIONS
#     peer_mpi.py about
#
# Exit status 77: mpi4py is missing.
import sys
import time
from statistics import median

try:
    import mpi4py
except ImportError as error:
    print(error, file=sys.stderr)
    sys.exit(77)


def square(x):
    return x * x


def measure(n, chunk, repetitions):
    from mpi4py.futures import MPIPoolExecutor
    items, times = [float(i) for i in range(n)], []
    with MPIPoolExecutor() as pool:
        list(pool.map(square, items[:200], chunksize=chunk))
        for _ in range(repetitions):
            began = time.perf_counter()
            results = list(pool.map(square, items, chunksize=chunk))
            times.append((time.perf_counter() - began) / n * 1e9)
            if results[-1] != items[-1] ** 2:
                sys.exit("a wrong result")
    print(f"map.min {min(times):.1f} ns\nmap.median {median(times):.1f} ns")


if __name__ == "__main__":
    if sys.argv[1] == "about":
        print(f"library mpi4py {mpi4py.__version__}")
    else:
        measure(*map(int, sys.argv[2:5]))
