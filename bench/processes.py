# processes.py - the subject `processes`: workers that are processes.
# SPDX-License-Identifier: MIT
#
# They are forked for each map and stream, which is part of every figure. Where a stream's
# caller stores records is kept from them (MADV_DONTFORK): its pages would be copied first.
# Python's are warm, and run a kernel of their own: its loop is not theirs to beat.
from statistics import median

from compare import (WORDS, Contestant, Table, measure_table, reached, settled, show_figure,
                     show_table)
from runner import Failed, Missing

GOAL_NS = 12
GOAL_TIMES = 500
LARGE_MIB = 1024


def python(label, way, n, kind="also"):
    return Contestant(label, "peer_pool.py", way, kind, {"n": n, "repetitions": 2})


QUICK = {"n": 2000, "repetitions": 2}
MAP = Table(
    "10 million items, a call for each", "square", {"n": 10000000, "repetitions": 10},
    {"n": 20000, "repetitions": 2},
    [Contestant("cadre, threads", "bench-cadre", "threads"),
     Contestant("cadre, processes, results in shared memory", "bench-cadre",
                "processes-shared", "cadre"),
     Contestant("cadre, processes, results elsewhere", "bench-cadre", "processes", "also"),
     python("Python, Pool.map", "map", 200000),
     Contestant("plain loop", "bench-cadre", "loop", "also")],
    goal="at most 1.3 times cadre's threads", goal_ratio=1.3)


def through(title, shape, **goals):
    return Table(
        title, shape, {"n": 1000000, "repetitions": 10}, QUICK,
        [Contestant("cadre, processes, an array", "bench-stream", "processes", "cadre"),
         Contestant("cadre, processes, a source", "bench-stream", "processes-source",
                    "cadre", {"repetitions": 5}),
         Contestant("cadre, threads, an array", "bench-stream", "array", "also"),
         python("Python, Pool.imap", "imap", 5000, "peer"),
         python("Python, joblib (not a stream)", "joblib", 20000)], goal="",
        goal_ratio=1 / GOAL_TIMES, **goals)


SMALL = through("8-byte items through a bounded window, in order", "square",
                goal_figure=GOAL_NS)
WIDE = through("64-byte items and results, the same", "wide")

# What, by whom, how; goal in milliseconds, or None; and what the goal is with memory in use, where
# all of it is time of Linux's: so many times a bare one.
STARTS = [
    ("a bare fork of one process", "cadre", "fork", None, None),
    ("a bare fork of one process, and its end", "cadre", "fork-end", None, None),
    ("a first map of four items, on two fresh workers", "cadre", "cold", 1, ("fork-end", 1.1)),
    ("the same with Python's Pool", "python", "cold", None, None),
    ("the same on persistent workers, started clean", "cadre", "cold-persistent", None, None),
    ("two bare processes are woken, and answer", "cadre", "round-trip", None, None),
    ("a map of 64 items on a persistent pool", "cadre", "persistent", 0.02, None),
    ("from a bare process's death to the next one", "cadre", "kill-fork", None, None),
    ("from a worker's death to its item's next run", "cadre", "death", 5, ("kill-fork", 1.3)),
    ("the same in a run that has lasted half a second", "cadre", "late-death", 5,
     ("kill-fork", 1.3)),
    ("the same on persistent workers", "cadre", "persistent-death", 5, None),
]


class Processes:
    name = "processes"
    title = "workers that are processes"

    def measure(self, runner):
        return {"tables": [measure_table(t, runner) for t in (MAP, SMALL, WIDE)],
                "starts": measure_starts(runner)}

    def show(self, result):
        for table in result["tables"]:
            yield from show_table(table)
            if table["title"] == SMALL.title:
                yield from show_goal(table, f"at most {GOAL_NS} ns an item", in_ns)
            if table["title"] == WIDE.title:
                yield from show_goal(table, f"{GOAL_TIMES} times as fast as Pool.imap",
                                     in_times)
        yield from show_starts(result["starts"])


# ---- streams ----

def in_ns(row, _imap):
    figure, word = reached([r["min"] for r in row["rounds"]], GOAL_NS)
    return f"{show_figure(figure)} ns: {WORDS[word]}"


def in_times(row, imap):
    if not imap:
        return "no figure to compare with"
    ratio, word = reached([a["min"] / b["min"] for a, b in
                           zip(row["rounds"], imap["rounds"])], 1 / GOAL_TIMES)
    return f"{1 / ratio:.0f} times: {WORDS[word]}"


def show_goal(table, goal, judge):
    yield f"  goal: {goal}"
    imap = next((r for r in table["rows"] if "imap" in r["label"] and "min" in r), None)
    for row in table["rows"]:
        if row["kind"] == "cadre" and "min" in row:
            yield f"    {row['label']}: {judge(row, imap)}"
    yield ""


# ---- starts ----

def measure_starts(runner):
    large = 16 if runner.quick else LARGE_MIB
    pairs = zip(starts_beside(0, runner), starts_beside(large, runner))
    return [row for pair in pairs for row in pair]


def starts_beside(mib, runner):
    """A row for each of STARTS, in a program that has so much memory in use. To fill that
    takes long: one program measures all that are still to be measured, Python only once."""
    rows = [{"label": label, "who": who, "how": how, "mib": mib, "rounds": [],
             "goal_ms": None if mib and bare else goal, "bare": bare if mib else None}
            for label, who, how, goal, bare in STARTS]
    for turn in range(runner.rounds):
        going = [r for r in rows if "trouble" not in r and
                 (turn < runner.few or (r["goal_ms"] and not settled(lowest(r), r["goal_ms"])))]
        run_starts([r for r in going if r["who"] == "cadre"], mib, runner)
        if turn == 0 or runner.every_round:
            run_starts([r for r in going if r["who"] == "python"], mib, runner)
        set_goals(rows)
    return rows


def set_goals(rows):
    bare = {r["how"]: median(lowest(r)) for r in rows if r["who"] == "cadre" and r["rounds"]}
    for row in rows:
        if row["bare"] and row["bare"][0] in bare:
            row["goal_ms"] = row["bare"][1] * bare[row["bare"][0]]


def run_starts(rows, mib, runner):
    if not rows:
        return
    # Last, since their processes stay.
    ordered = sorted(rows, key=lambda r: r["how"] in ("round-trip", "persistent"))
    words = [word for r in ordered for word in (r["how"], tries_of(r, runner.quick))]
    program = "bench-processes" if rows[0]["who"] == "cadre" else "peer_pool.py"
    order = [mib, *words] if rows[0]["who"] == "cadre" else [words[0], mib, words[1]]
    try:
        figures = runner.quietly([program, *order])
    except Missing:
        for row in rows:
            row["trouble"] = "not installed"
        return
    except Failed as failure:
        runner.failures.append(str(failure))
        for row in rows:
            row["trouble"] = "FAILED"
        return
    for row in rows:
        row["rounds"].append({k: figures[f"{row['how']}.{k}"] / 1e6 for k in ("min", "median")})


def tries_of(row, quick):
    if quick or row["how"] == "late-death":
        return 3
    tries = 40 if row["who"] == "cadre" else 10
    return tries // 4 if row["mib"] else tries


def lowest(row):
    return [r["min"] for r in row["rounds"]]


def show_starts(rows):
    yield "what it takes to begin, and to begin again (ms)"
    width = max(len(r["label"]) for r in rows) + 2
    yield f"  {'':{width}}{'in use':>10}{'best':>10}{'usual':>10}{'goal':>8}"
    for row in rows:
        yield f"  {row['label']:{width}}{row['mib']:6} MiB" + show_start(row)
    yield "  best: the median of the rounds' lowest; usual: of their medians; goals with memory in"
    yield "  use: a first map 1.1 times a bare fork and its end, from a death 1.3 times a bare one"
    yield ""


def show_start(row):
    if not row["rounds"]:
        return f"{row.get('trouble', 'no figure'):>10}"
    best, usual = (median(r[k] for r in row["rounds"]) for k in ("min", "median"))
    line = f"{show_figure(best):>10}{show_figure(usual):>10}"
    if not row["goal_ms"]:
        return line
    _, word = reached(lowest(row), row["goal_ms"])
    return line + f"{show_figure(row['goal_ms']):>8}  {WORDS[word]}"
