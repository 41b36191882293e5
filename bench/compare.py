# compare.py - contestants doing the same work, in turn: figures, ratios, verdicts.
# SPDX-License-Identifier: MIT
#
# What the figures are. A round runs every contestant once, one after another (A B C,
# A B C, ...), so that what drifts on the machine hits all of them. Within a round a
# contestant repeats the work, and the *best* of these times is its figure: on a machine
# with other tenants disturbance only ever adds time, so the lowest is what the program
# does by itself. One lucky round proves nothing, so of the rounds the *median* counts.
# The `usual` column has the median of the medians instead: what one sees in practice.
#
# The ratio is taken round by round and then its median: the two figures of a round are
# neighbours in time. A goal that the median misses while a quarter of the rounds
# reach it is called level: the noise is larger than the difference.
#
# The best peer is chosen after the fact among many noisy figures, which flatters it:
# that bias is against cadre, and left in.
from dataclasses import dataclass, field
from statistics import median, quantiles

from runner import Failed, Missing


@dataclass
class Contestant:
    label: str
    program: str
    way: str
    # "cadre" is judged against the best "peer"; "also" is only shown.
    kind: str = "peer"
    options: dict = field(default_factory=dict)  # instead of the table's: slow ones do less


@dataclass
class Table:
    title: str
    shape: str
    options: dict
    quick: dict  # options to replace in a smoke test
    contestants: list
    unit: str = "ns an item"
    divide: float = 0  # nanoseconds a call by this; 0: by the number of items
    goal: str = "no slower than the best peer"  # "" for none
    goal_ratio: float = 1.0
    note: str = ""


@dataclass
class Comparison:
    """A subject made of tables in which everybody does the same work."""
    name: str
    title: str
    tables: list = field(default_factory=list)

    def measure(self, runner):
        return {"tables": [measure_table(t, runner) for t in self.tables]}

    def show(self, result):
        for table in result["tables"]:
            yield from show_table(table)


def measure_table(table, runner):
    rows = [{"label": c.label, "kind": c.kind, "options": options_of(table, c, runner),
             "rounds": []} for c in table.contestants]
    for _ in range(runner.rounds):
        for contestant, row in zip(table.contestants, rows):
            if not row.get("trouble"):
                run_once(table, contestant, row, runner)
    judge(table, rows)
    return {"title": table.title, "unit": table.unit, "goal": table.goal,
            "note": table.note, "rows": rows}


def options_of(table, contestant, runner):
    return {**table.options, **contestant.options, **(table.quick if runner.quick else {})}


def run_once(table, contestant, row, runner):
    words = ["--step-ns", runner.step_ns]
    for name, value in row["options"].items():
        words += [f"--{name}", value]
    divide = table.divide or row["options"]["n"]
    try:
        figures = runner.quietly([contestant.program, contestant.way, table.shape, *words])
    except Missing:
        row["trouble"] = "not installed"
        return
    except Failed as failure:
        row["trouble"] = "FAILED"
        runner.failures.append(str(failure))
        return
    name = f"{table.shape}.{contestant.way}."
    row["rounds"].append({k: figures[name + k] / divide for k in ("min", "median", "cpu")})


# ---- verdicts ----

def judge(table, rows):
    for row in rows:
        if row["rounds"]:
            for statistic in ("min", "median", "cpu"):
                row[statistic] = median(r[statistic] for r in row["rounds"])
    peers = [r for r in rows if r["kind"] == "peer" and "min" in r]
    if not peers:
        return
    best = min(peers, key=lambda r: r["min"])
    best["best"] = True
    for row in rows:
        if row["kind"] == "cadre" and "min" in row:
            row["ratio"], row["verdict"] = verdict(row, best, table.goal_ratio)


def verdict(row, best, goal):
    return reached([a["min"] / b["min"] for a, b in zip(row["rounds"], best["rounds"])],
                   goal)


def reached(rounds, goal):
    """The median of the rounds' figures, and whether that is at most the goal."""
    middle = median(rounds)
    quarter = quantiles(rounds, n=4)[0] if len(rounds) > 2 else min(rounds)
    if round(middle / goal, 2) <= 1:
        return middle, "met"
    return middle, "level" if round(quarter / goal, 2) <= 1 else "not met"


WORDS = {"met": "met", "not met": "not met",
         "level": "not met, but closer than the rounds are to each other"}


# ---- on paper ----

def show_table(table):
    goal = f"; goal: {table['goal']}" if table["goal"] else ""
    width = max(len(r["label"]) for r in table["rows"]) + 2
    yield f"{table['title']} ({table['unit']}{goal})"
    yield f"  {'':{width}}{'best':>10}{'usual':>10}{'CPU':>10}{'ratio':>8}"
    for row in table["rows"]:
        yield f"  {row['label']:{width}}" + show_row(row, table["goal"])
    if table["note"]:
        yield f"  {table['note']}"
    yield ""


def show_row(row, goal):
    if "min" not in row:
        return f"{row.get('trouble', 'no figure'):>10}"
    line = "".join(f"{show_figure(row[k]):>10}" for k in ("min", "median", "cpu"))
    if row.get("best"):
        return line + "          the best peer"
    if "ratio" not in row:
        return line
    return line + f"{row['ratio']:8.2f}" + (f"  {WORDS[row['verdict']]}" if goal else "")


def show_figure(value):
    return f"{value:.0f}" if value >= 1000 else f"{value:.4g}"
