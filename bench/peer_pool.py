#!/usr/bin/env python3
# peer_pool.py - the work as users of Python hand it to processes.
# SPDX-License-Identifier: MIT
#
#     peer_pool.py WAY SHAPE --n N --repetitions R [...]     square or wide, see work.h
#     peer_pool.py cold MIB REPETITIONS
#     peer_pool.py about
#
# The kernel is Python's own, not that of work.c: beside what it takes to hand an item to
# another process that does not matter. Pools are warm, but for `cold`.
#
# Exit status 77: a library is missing.
import multiprocessing
import resource
import sys
import time
from statistics import median

try:
    import joblib
except ImportError as error:
    print(error, file=sys.stderr)
    sys.exit(77)

WORKERS = 2
WIDE = 8


def square(x):
    return x * x


def square_all(x):
    return tuple(v * v for v in x)


def make_work(shape, n):
    if shape == "square":
        return square, [float(i) for i in range(n)]
    return square_all, [tuple(float(i + k) for k in range(WIDE)) for i in range(n)]


def drain(results):
    last = None
    for last in results:
        pass
    return last


def by_map(pool, kernel, items):
    return pool.map(kernel, items)[-1]


def by_imap(pool, kernel, items):
    return drain(pool.imap(kernel, items))


def by_joblib(_pool, kernel, items):
    call = joblib.delayed(kernel)
    return joblib.Parallel(n_jobs=WORKERS)(call(x) for x in items)[-1]


def report(name, times):
    print(f"{name}.min {min(times):.0f} ns")
    print(f"{name}.median {median(times):.0f} ns")


def work(way, shape, n, repetitions):
    run = {"map": by_map, "imap": by_imap, "joblib": by_joblib}[way]
    kernel, items = make_work(shape, n)
    times = []
    with multiprocessing.Pool(WORKERS) as pool:
        run(pool, kernel, items[:100])  # imports, processes
        cpu = time.process_time()
        for _ in range(repetitions):
            began = time.perf_counter()
            last = run(pool, kernel, items)
            times.append((time.perf_counter() - began) * 1e9)
            if last != kernel(items[-1]):
                sys.exit(f"{way} of {shape} differs from the plain loop's")
        cpu = time.process_time() - cpu
        pool.close()
        pool.join()
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu += usage.ru_utime + usage.ru_stime
    report(f"{shape}.{way}", times)
    print(f"{shape}.{way}.cpu {cpu / repetitions * 1e9:.0f} ns")


def start():
    began = time.perf_counter()
    with multiprocessing.Pool(WORKERS) as pool:
        pool.map(square, range(4))
        return (time.perf_counter() - began) * 1e9


def cold(mib, repetitions):
    memory = b"\1" * (mib << 20)
    report("cold", [start() for _ in range(repetitions)])
    assert len(memory) == mib << 20  # it is there until now


def main(way, *words):
    if way == "about":
        print(f"library multiprocessing of Python {sys.version.split()[0]}, joblib "
              f"{joblib.__version__}")
        print(f"compiler Python {sys.version.split()[0]}")
    elif way == "cold":
        cold(*map(int, words))
    else:
        options = dict(zip(words[1::2], words[2::2]))
        work(way, words[0], int(options["--n"]), int(options["--repetitions"]))


if __name__ == "__main__":
    main(*sys.argv[1:])
