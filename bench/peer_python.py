#!/usr/bin/env python3
# peer_python.py - Python's ways to map a function, cadre's among them.
# SPDX-License-Identifier: MIT
#
# usage: peer_python.py about | peer_python.py WORK ITEMS REPETITIONS PEERS PACKAGE
#
# PEERS 0: the builtin map and cadre alone.
# Prints the best of the repetitions of each way in nanoseconds an item, and for the work
# "shared" the most memory that a worker had, the parent's that it shares among it. Results
# are compared with the builtin map's before anything is timed. Exit status 77: a library is
# missing, or cadre's package was not built.
import multiprocessing
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor

WORK = sys.argv[1]
sys.path[:0] = sys.argv[5:]
try:
    import joblib
    import numpy
    if WORK != "about":
        import cadre
except ImportError as missing:
    print(missing, file=sys.stderr)
    sys.exit(77)

WORKERS = 2


def trivial(x):
    return x * 0.5


def spin(seconds):
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        pass
    return seconds


def us1(x):
    return sum(range(40)) * x


def us100(_):
    return spin(100e-6)


def ms10(_):
    return spin(10e-3)


def row(values):
    return values * 2.0


def touch(k):
    return float(BIG[k::1000].sum())


def generated(n):
    yield from range(n)


FUNCTIONS = {"trivial": trivial, "1us": us1, "100us": us100, "10ms": ms10, "rows": row,
             "shared": touch, "stream": us1}
BIG = None


def cadre_ways(fn, items, n):
    if WORK == "stream":
        yield "cadre.imap", lambda: list(cadre.imap(fn, generated(n)))
        yield "cadre.imap processes", lambda: list(cadre.imap(
            fn, generated(n), backend="processes", workers=WORKERS, window=4096))
        return
    yield "cadre.map", lambda: cadre.map(fn, items, workers=WORKERS)
    yield "cadre.map processes", lambda: cadre.map(fn, items, workers=WORKERS,
                                                   backend="processes")
    if WORK == "rows":
        out = cadre.empty(items.shape)
        yield "cadre.map out=", lambda: cadre.map(fn, items, out=out, workers=WORKERS,
                                                  backend="processes")
    elif WORK == "trivial":
        yield "cadre.map dtype=", lambda: cadre.map(fn, items, dtype=float,
                                                    workers=WORKERS, backend="processes")


def peer_ways(fn, items, n):
    pool = multiprocessing.Pool(WORKERS)
    if WORK != "stream":
        yield "Pool.map", lambda: pool.map(fn, items)
    yield "Pool.imap", lambda: drain(pool.imap(fn, items))
    yield "joblib loky", lambda: joblib.Parallel(WORKERS)(joblib.delayed(fn)(x)
                                                          for x in items)
    executor = ProcessPoolExecutor(WORKERS)
    yield "ProcessPoolExecutor.map", lambda: drain(executor.map(fn, items))
    executor.shutdown()
    pool.terminate()


def drain(results):
    for _ in results:
        pass


def best(run, repetitions):
    times = []
    for _ in range(repetitions):
        began = time.perf_counter()
        run()
        times.append(time.perf_counter() - began)
    return min(times)


def measure(name, run, n, repetitions):
    print(f"{name.replace(' ', '_')} {best(run, repetitions) / n * 1e9:.1f} ns", flush=True)


def main():
    global BIG
    if WORK == "about":
        print(f"library joblib {joblib.__version__}, NumPy {numpy.__version__}, Python "
              f"{sys.version.split()[0]}")
        return
    n, repetitions, peers = map(int, sys.argv[2:5])
    fn = FUNCTIONS[WORK]
    items = numpy.ones((n, 1000)) if WORK == "rows" else list(range(n))
    if WORK == "shared":
        BIG = numpy.ones(100 * 2**17)  # 100 MiB
    expected = numpy.array(list(map(fn, items)))
    measure("map", lambda: list(map(fn, items)), n, repetitions)
    for name, run in cadre_ways(fn, items, n):
        if not numpy.array_equal(run(), expected):
            sys.exit(f"{name}: other results than those of the builtin map")
        measure(name, run, n, repetitions)
    if WORK == "shared":
        print(f"resident {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss} KiB")
    if not peers:
        return
    few = n if WORK in ("100us", "10ms", "shared") else max(1, n // 50)
    some = items[:few]
    for name, run in peer_ways(fn, some, few):
        measure(name, run, few, 1)


if __name__ == "__main__":
    main()
