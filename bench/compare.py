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
# How many rounds there are depends on what more of them could still tell. Each table has
# three (FEW in runner.py). Then those of cadre's rows go on, up to `--rounds`, whose rounds
# differ by more than CLOSE, or have the goal among them; and with them the peers that may
# yet be the best. A goal that all rounds miss, or reach, by a factor of FAR needs no more of
# them. So what ends a table is how close the rounds are to each other and how far the goal
# is from all of them, and never on which side of it they are: to stop is no way to a better
# verdict. `--every-round` runs them all.
#
# The best peer is chosen after the fact among many noisy figures, which flatters it:
# that bias is against cadre, and left in.
from dataclasses import dataclass, field
from statistics import median, quantiles

from runner import Failed, Missing

CLOSE = 0.015  # rounds that differ by less tell 3 % apart
FAR = 1.5  # so many times the goal, or the goal so many times it
RIVAL = 1.1  # a peer that takes so many times the best's time is not going to be the best


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
    goal_figure: float = 0  # of cadre's rows by themselves; 0: none
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
    going = list(zip(table.contestants, rows))
    for turn in range(runner.rounds):
        if turn >= runner.few:
            going = still_going(table, going)
        for contestant, row in going:
            if not row.get("trouble"):
                run_once(table, contestant, row, runner)
    judge(table, rows)
    return {"title": table.title, "unit": table.unit, "goal": table.goal,
            "note": table.note, "rows": rows}


def still_going(table, going):
    """Those that another round may tell more of, and those that they are compared with."""
    rows = [row for _, row in going if row["rounds"]]
    judge(table, rows)
    best = next((r for r in rows if r.get("best")), None)
    open_ones = [r["label"] for r in rows if r["kind"] == "cadre" and is_open(table, r, best)]
    return [(c, r) for c, r in going if r["label"] in open_ones or
            (open_ones and is_rival(r, best))]


def is_open(table, row, best):
    if best and not settled(ratios(row, best), table.goal_ratio):
        return True
    figures = [r["min"] for r in row["rounds"]]
    return bool(table.goal_figure) and not settled(figures, table.goal_figure)


def is_rival(row, best):
    return best and row["kind"] == "peer" and row.get("min", 0) <= RIVAL * best["min"]


def settled(rounds, goal):
    """Whether more rounds would tell no more: see above."""
    low, high = min(rounds), max(rounds)
    return is_far(rounds, goal) or (high <= low * (1 + CLOSE) and not low <= goal <= high)


def is_far(rounds, goal):
    return min(rounds) > FAR * goal or FAR * max(rounds) < goal


def options_of(table, contestant, runner):
    return {**table.options, **contestant.options, **(table.quick if runner.quick else {})}


def run_once(table, contestant, row, runner):
    words = ["--step-ns", runner.step_ns]
    if row["rounds"]:  # it was right in the first
        words += ["--check", 0]
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
    for row in peers:
        row["best"] = row is best
    for row in rows:
        if row["kind"] == "cadre" and "min" in row:
            row["ratio"], row["verdict"] = verdict(row, best, table.goal_ratio)


def verdict(row, best, goal):
    return reached(ratios(row, best), goal)


def ratios(row, other):
    """Of the rounds that both have."""
    return [a["min"] / b["min"] for a, b in zip(row["rounds"], other["rounds"])]


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
    ratio = f"{row['ratio']:.2f}" if row["ratio"] >= 0.1 else f"{row['ratio']:.2g}"
    return line + f"{ratio:>8}" + (f"  {WORDS[row['verdict']]}" if goal else "")


def show_figure(value):
    return f"{value:.0f}" if value >= 1000 else f"{value:.4g}"
