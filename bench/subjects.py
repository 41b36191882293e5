# subjects.py - what is measured, against whom, and what is to be reached.
# SPDX-License-Identifier: MIT
#
# A subject is an object with a name, a title, measure(runner) that returns what JSON can
# hold, and show(result) that yields lines. One in which all do the same work is a
# Comparison: its tables are data, below. To add a contestant, add its way to the table
# `ways` of its program, and a line here.
from atom_probe import AtomProbe
from automatic import Automatic
from bootstrap import Bootstrap
from compare import Comparison, Contestant, Table
from processes import Processes
from pythons import Python
from ranks import Ranks
from shell import Shell
from stream import Stream

LOOP = Contestant("plain loop", "bench-cadre", "loop")
THREADS = Contestant("cadre, threads", "bench-cadre", "threads", "cadre")
STATIC = Contestant("cadre, threads, linked statically", "bench-cadre-static", "threads", "cadre")
AUTO = Contestant("cadre, auto", "bench-cadre", "auto", "cadre")
FRESH = Contestant("cadre, threads, kernel not seen before", "bench-cadre", "fresh", "also")
OPENMP = [Contestant("OpenMP dynamic,64", "bench-openmp", "dynamic-64"),
          Contestant("OpenMP guided", "bench-openmp", "guided"),
          Contestant("OpenMP static", "bench-openmp", "static")]
DYNAMIC = Contestant("OpenMP dynamic,1", "bench-openmp", "dynamic-1")
TBB = Contestant("oneTBB parallel_for", "bench-tbb", "auto")
TBB_SIMPLE = Contestant("oneTBB parallel_for, grain 1", "bench-tbb", "simple")

MAP = Comparison("map", "array map, trivial kernel", [
    Table("10 million items, a call for each", "square",
          {"n": 10000000, "repetitions": 10}, {"n": 20000, "repetitions": 2},
          [THREADS, STATIC, AUTO, *OPENMP, TBB, LOOP]),
    Table("10 million items, a call for neighbours at once", "square",
          {"n": 10000000, "repetitions": 10}, {"n": 20000, "repetitions": 2},
          [Contestant("cadre, threads, range kernel", "bench-cadre", "ranges", "cadre"),
           Contestant("OpenMP, each thread's share", "bench-openmp", "ranges"),
           Contestant("oneTBB parallel_for, ranges", "bench-tbb", "ranges")]),
])

SMALL_RIVALS = [THREADS, AUTO, *OPENMP, TBB,
                Contestant("plain loop", "bench-cadre", "loop", "also")]
SMALL = Comparison("small", "64 items, trivial kernel, warm pool", [
    Table("back to back", "square",
          {"n": 64, "calls": 1000, "repetitions": 20}, {"calls": 10, "repetitions": 2},
          SMALL_RIVALS, unit="us a call", divide=1e3),
    Table("1 ms after the last", "square",
          {"n": 64, "calls": 20, "repetitions": 15, "pause-us": 1000},
          {"calls": 2, "repetitions": 2}, SMALL_RIVALS, unit="us a call", divide=1e3,
          note="CPU includes what workers use during the pause"),
])


def skewed(title, shape, n, unit_ns, repetitions):
    return Table(title, shape, {"n": n, "unit-ns": unit_ns, "repetitions": repetitions},
                 {"n": min(n, 200), "unit-ns": unit_ns / 100, "repetitions": 1},
                 [THREADS, FRESH, DYNAMIC, *OPENMP, TBB, TBB_SIMPLE,
                  Contestant("plain loop", "bench-cadre", "loop", "also")],
                 unit="ms", divide=1e6)


SKEW = Comparison("skew", "items whose costs differ", [
    skewed("1 to 1000, at random: 4000 items from 100 ns to 100 us", "random", 4000, 100, 5),
    skewed("the same, ascending", "ascending", 4000, 100, 5),
    skewed("the same, descending", "descending", 4000, 100, 5),
    skewed("20000 items of 100 ns, but 400 late ones of 100 us", "clump", 20000, 100, 5),
    skewed("40 items of 2 ms, but one of 20 ms", "long", 40, 2000000, 5),
])

REDUCE = Comparison("reduce", "sum of 10 million squares", [
    Table("all of them (only cadre and parallel_deterministic_reduce always give the same "
          "bits)", "square", {"n": 10000000, "repetitions": 10},
          {"n": 20000, "repetitions": 2},
          [Contestant("cadre_reduce, fold", "bench-cadre", "reduce-fold", "cadre"),
           Contestant("cadre_reduce, a call for each", "bench-cadre", "reduce", "also"),
           Contestant("OpenMP reduction", "bench-openmp", "reduce"),
           Contestant("oneTBB parallel_reduce", "bench-tbb", "reduce"),
           Contestant("oneTBB parallel_deterministic_reduce", "bench-tbb", "reduce-same"),
           Contestant("plain loop", "bench-cadre", "reduce-loop", "also")],
          goal=""),
])


def crowded(title, way, n, unit_ns, repetitions=3):
    """As many workers as CPUs are the peer; more are judged by it."""
    def contestant(times, kind):
        each = "a worker" if times == 1 else f"{times} workers"
        return Contestant(f"{each} for each CPU", "bench-oversubscribed", f"{way}-{times}", kind)
    return Table(title, "even", {"n": n, "unit-ns": unit_ns, "repetitions": repetitions},
                 {"n": 500, "repetitions": 1},
                 [contestant(1, "peer"), contestant(8, "cadre"), contestant(32, "cadre")],
                 goal="at most 15 % less throughput than with a worker for each CPU",
                 goal_ratio=1 / 0.85)


OVERSUBSCRIBED = Comparison("oversubscribed", "more workers than CPUs", [
    crowded("map on threads, items of 100 ns", "map", 2000000, 100),
    crowded("ordered stream on threads, items of 1 us", "stream", 200000, 1000),
    crowded("ordered stream on threads, items of 10 us", "stream", 20000, 10000),
    crowded("map in forked processes, items of 1 us (forking is part of it)", "processes-map",
            1000000, 1000, repetitions=2),
    crowded("map in persistent processes, items of 1 us", "persistent-map", 200000, 1000),
    crowded("ordered stream in persistent processes, items of 10 us", "persistent-stream", 20000,
            10000),
])

SUBJECTS = [MAP, SMALL, SKEW, Automatic(), REDUCE, OVERSUBSCRIBED, Stream(), Processes(),
            Bootstrap(), AtomProbe(), Python(), Shell(), Ranks()]

# What each program stands for: printed at the top, with what is missing.
PROGRAMS = {
    "bench-cadre": "cadre",
    "bench-openmp": "OpenMP",
    "bench-tbb": "oneTBB",
    "bench-htslib": "htslib",
    "bench-glib": "GLib",
    "peer_pool.py": "multiprocessing",
    "peer_python.py": "cadre for Python",
    "peer_bootstrap.py": "NumPy, scikit-learn, joblib, SciPy",
    "peer_bootstrap.R": "R: boot, pROC",
    "peer_atom_probe.py": "NumPy, SciPy",
    "bench-mpi": "MPI",
    "peer_mpi.py": "mpi4py",
}
