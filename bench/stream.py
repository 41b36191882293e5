# stream.py - the subject `stream`: items through a bounded window, taken one by one.
# SPDX-License-Identifier: MIT
#
# Opening and closing the stream is part of a figure. A peer that is a hundred times
# slower runs fewer items: what it takes for one is the same.
from statistics import median

from compare import WORDS, Contestant, Table, measure_table, reached, show_figure, show_table
from runner import Failed

GOAL_NS = 12
GOAL_TIMES = 6
GOAL_STOP_MS = 10
NOISE_KB = 1024  # a byte kept of each item would be a hundred times as much
FEWER = {"n": 100000, "repetitions": 5}
FEW = {"n": 20000, "repetitions": 3}


def ours(label, way, kind="cadre"):
    return Contestant(label, "bench-stream", way, kind)


def tbb(label, way):
    return Contestant(f"oneTBB parallel_pipeline, {label}", "bench-tbb-stream", way,
                      options=FEWER)


ARRAY = ours("cadre, an array", "array")
SOURCE = ours("cadre, a source", "source")
RANGES = ours("cadre, a source of ranges", "range-source")
UNORDERED = [ours("cadre, an array", "unordered"),
             ours("cadre, a source", "unordered-source"),
             ours("cadre, a source of ranges", "unordered-range-source")]
LOOP = ours("plain loop", "loop", "also")
TBB = [tbb("4 tokens a thread", "ordered"), tbb("256 tokens", "ordered-many")]
TBB_UNORDERED = [tbb("4 tokens a thread", "unordered"), tbb("256 tokens", "unordered-many")]
HTSLIB = [Contestant("htslib thread pool, fed by a thread", "bench-htslib", "two-threads",
                     options=FEW),
          Contestant("htslib thread pool, fed by who takes", "bench-htslib", "one-thread",
                     options=FEW)]
GLIB = [Contestant("GLib thread pool, result queue", "bench-glib", "unordered",
                   options=FEW)]
QUICK = {"n": 2000, "repetitions": 2}


def through(title, shape, n, contestants, unit_ns=0, **goals):
    options = {"n": n, "repetitions": 10, **({"unit-ns": unit_ns} if unit_ns else {})}
    return Table(title, shape, options, QUICK, contestants, goal="", **goals)


ORDERED = through("8-byte items, in order", "square", 500000,
                  [ARRAY, SOURCE, RANGES, ours("cadre, an array, range kernel", "ranges", "also"),
                   ours("cadre, auto", "auto", "also"),
                   ours("cadre, no pool", "serial", "also"), *TBB, *HTSLIB, LOOP],
                 goal_ratio=1 / GOAL_TIMES, goal_figure=GOAL_NS)
TABLES = [
    ORDERED,
    through("8-byte items, in any order", "square", 500000,
            [*UNORDERED, *TBB_UNORDERED, *GLIB, LOOP]),
    through("64-byte items and results, in order", "wide", 500000,
            [ARRAY, SOURCE, RANGES, *TBB, *HTSLIB, LOOP]),
    through("64-byte items and results, in any order", "wide", 500000,
            [*UNORDERED, *TBB_UNORDERED, *GLIB, LOOP]),
    through("items of 1 us (at best the loop's time over the number of CPUs)", "even",
            20000,
            [ARRAY, SOURCE, ours("cadre, an array, in any order", "unordered"),
             *[Contestant(c.label, c.program, c.way) for c in [*TBB, *HTSLIB, *GLIB]],
             LOOP], unit_ns=1000),
    through("8-byte items through two kernels, one after the other, in order", "square",
            500000,
            [ours("cadre, a stream from a stream", "chained"),
             tbb("256 tokens", "chained"), ours("plain loops", "loop-twice", "also")]),
]

LONG = [  # what comes out, how, how many
    ("8-byte results, in order", "ordered", 100000000),
    ("8-byte results, in any order", "unordered", 10000000),
    ("results of 1 to 64 bytes, in order", "emitted", 3000000),
]
STOPS = [  # by whom, how, nanoseconds a task
    ("trivial kernel, stopped by a thread", "thread", 0),
    ("trivial kernel, by a signal handler", "signal", 0),
    ("tasks of 1 ms, by a thread", "thread", 1000000),
    ("tasks of 1 ms, by a signal handler", "signal", 1000000),
]


class Stream:
    name = "stream"
    title = "items through a bounded window"

    def measure(self, runner):
        return {"tables": [measure_table(t, runner) for t in TABLES],
                "long": [measure_long(*row, runner) for row in LONG],
                "stop": [measure_stop(*row, runner) for row in STOPS]}

    def show(self, result):
        for table in result["tables"]:
            yield from show_table(table)
            if table["title"] == ORDERED.title:
                yield from show_goals(table)
        yield from show_long([r for r in result["long"] if "item_ns" in r])
        yield from show_stop([r for r in result["stop"] if r["rounds"]])


def quietly(argv, runner):
    try:
        return runner.quietly(["bench-endless", *argv])
    except Failed as failure:
        runner.failures.append(str(failure))
        return None


# ---- the goals in order ----

def show_goals(table):
    yield (f"  goals: at most {GOAL_NS} ns an item, and {GOAL_TIMES} times as fast as "
           f"oneTBB's pipeline")
    pipelines = [r for r in table["rows"] if "oneTBB" in r["label"] and "min" in r]
    best = min(pipelines, key=lambda r: r["min"], default=None)
    for row in table["rows"]:
        if row["kind"] == "cadre" and "min" in row:
            yield f"    {row['label']}: " + "; ".join(goals_of(row, best))
    yield ""


def goals_of(row, best):
    figure, word = reached([r["min"] for r in row["rounds"]], GOAL_NS)
    yield f"{show_figure(figure)} ns: {WORDS[word]}"
    if best:
        ratio, word = reached([a["min"] / b["min"] for a, b in
                               zip(row["rounds"], best["rounds"])], 1 / GOAL_TIMES)
        yield f"{1 / ratio:.1f} times as fast ({ratio:.3f} of the time): {WORDS[word]}"


# ---- memory ----

def measure_long(label, sort, n, runner):
    first, n = (1000, 10000) if runner.quick else (1000000, n)
    result = {"label": label, "sort": sort, "first": first, "n": n}
    figures = quietly(["memory", sort, first, n], runner)
    if figures:
        result.update(item_ns=figures["item"], first_kb=figures["first_kb"],
                      last_kb=figures["last_kb"])
    return result


def show_long(rows):
    if not rows:
        return
    yield "a long stream from a source (goal: the same memory however many items)"
    width = max(len(r["label"]) for r in rows) + 2
    yield f"  {'':{width}}{'ns an item':>12}{'after':>11} {'kB':>6}{'after':>13} {'kB':>6}"
    for r in rows:
        met = r["last_kb"] - r["first_kb"] <= NOISE_KB
        yield (f"  {r['label']:{width}}{r['item_ns']:12.4g}{r['first']:11} "
               f"{r['first_kb']:6.0f}{r['n']:13} {r['last_kb']:6.0f}"
               f"  {'met' if met else 'not met'}")
    yield (f"  the peak of the process's resident memory, one run each; the same means "
           f"{NOISE_KB} kB more at most")
    yield ""


# ---- stopping ----

def measure_stop(label, how, cost, runner):
    tries = 5 if runner.quick else 400
    result = {"label": label, "how": how, "cost_ns": cost, "tries": tries, "rounds": []}
    for _ in range(runner.few):
        figures = quietly(["stop", how, cost, tries, runner.step_ns], runner)
        if figures:
            result["rounds"].append(figures)
    return result


def show_stop(rows):
    if not rows:
        return
    yield (f"an endless stream is stopped (ms; goal: at most {GOAL_STOP_MS} ms, and what a "
           f"task takes)")
    width = max(len(r["label"]) for r in rows) + 2
    yield f"  {'':{width}}{'no more records':>20}{'all closed':>20}"
    yield f"  {'':{width}}" + f"{'median':>10}{'worst':>10}" * 2
    for r in rows:
        yield f"  {r['label']:{width}}" + show_times(r)
    yield (f"  of {rows[0]['tries']} times in each of {len(rows[0]['rounds'])} runs: the "
           f"median of their medians, and the worst of all")
    yield ""


def show_times(row):
    line = ""
    for what in ("next", "close"):
        middle = median(r[what + ".median"] for r in row["rounds"]) / 1e6
        worst = max(r[what + ".worst"] for r in row["rounds"]) / 1e6
        line += f"{show_figure(middle):>10}{show_figure(worst):>10}"
    met = worst <= GOAL_STOP_MS + row["cost_ns"] / 1e6
    return line + f"  {'met' if met else 'not met'}"
