# automatic.py - the subject `auto`: is the automatic choice ever slower than the loop?
# SPDX-License-Identifier: MIT
#
# bench-auto compares the two in one process, in pairs; its ratio is the median of the
# pairs', and of the rounds the median counts again. Medians and not minima: here the
# question is what the choice costs as a rule, wake-ups included.
#
# That median is of many pairs already, so one round is the least here. A cell gets a second
# and a third unless its ratio is far from what is allowed, or its rounds agree (compare.py).
from statistics import median

from compare import is_far, settled
from runner import Failed

COSTS = [2, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8]
TOTALS = [2e4, 6e4, 2e5, 6e5, 2e6, 2e7, 2e8]
STATES = {
    "first": "first call on a pool just opened",
    "again": "call after call",
    "rested": "after a pause of 1 ms",
    "misled": "after a job of the same kernel with items of another cost",
}
ALLOWED = 1.05
SECONDS_A_CELL = 0.2


class Automatic:
    name = "auto"
    title = "the automatic choice against the plain loop"

    def measure(self, runner):
        keys = [(s, c, t) for s in STATES for c in COSTS for t in TOTALS
                if wanted(s, c, t, runner.quick)]
        rounds = {key: [] for key in keys}
        for turn in range((runner.rounds + 1) // 2):
            for key in keys:
                if turn == 0 or runner.every_round or is_open(rounds[key]):
                    run_cell(key, rounds[key], runner)
        return {"cells": [{"state": s, "cost_ns": c, "total_ns": t,
                           "ratio": median(r["ratio"] for r in rounds[s, c, t]),
                           "rounds": rounds[s, c, t]}
                          for s, c, t in keys if rounds[s, c, t]]}

    def show(self, result):
        for state, words in STATES.items():
            cells = {(c["cost_ns"], c["total_ns"]): c["ratio"]
                     for c in result["cells"] if c["state"] == state}
            if cells:
                yield from show_state(words, cells)


def wanted(state, cost, total, quick):
    if state == "misled" and cost < 5:
        return False  # the trivial kernel has only one cost
    if quick:
        return (cost, total) in ((2, 2e4), (1e3, 2e5), (1e5, 2e6))
    if total > 2e7:  # more of cheap items only takes longer
        return cost >= 1e6 and total >= 2 * cost
    return total >= 2 * cost


def is_open(rounds):
    ratios = [r["ratio"] for r in rounds]
    if len(ratios) == 1:  # which agrees with itself
        return not is_far(ratios, ALLOWED)
    return bool(ratios) and not settled(ratios, ALLOWED)


def run_cell(key, rounds, runner):
    state, cost, total = key
    apart = 3e6 if state in ("rested", "misled") else 1e6  # besides the call itself
    pairs = int(SECONDS_A_CELL * 1e9 / (2 * total + apart))
    pairs = 2 if runner.quick else max(3, min(101, pairs))
    try:
        rounds.append(runner.quietly(["bench-auto", state, int(cost), int(total),
                                      runner.step_ns, pairs]))
    except Failed as failure:
        runner.failures.append(str(failure))


# ---- on paper ----

def show_state(words, cells):
    totals = sorted({t for _, t in cells})
    yield f"{words}: times as fast as the loop"
    yield f"  {'item cost':10}" + "".join(f"{show_time(t):>9}" for t in totals)
    for cost in sorted({c for c, _ in cells}):
        line = ""
        for total in totals:
            ratio = cells.get((cost, total))
            text = f"{1 / ratio:.2f}" if ratio else ""
            line += f"{text:>8}" + ("!" if ratio and ratio > ALLOWED else " ")
        yield f"  {show_time(cost):10}{line}"
    slow = {key: ratio for key, ratio in cells.items() if ratio > ALLOWED}
    verdict = "met" if not slow else f"not met in {len(slow)} of {len(cells)} (!)"
    yield f"  goal: never more than 5 % slower than the loop: {verdict}"
    (cost, total), ratio = max(cells.items(), key=lambda item: item[1])
    yield (f"  worst: {show_time(cost)} items, {show_time(total)} in the loop: "
           f"{(ratio - 1) * 100:+.1f} % time")
    yield ""


def show_time(ns):
    for unit, size in (("s", 1e9), ("ms", 1e6), ("us", 1e3)):
        if ns >= size:
            return f"{ns / size:g} {unit}"
    return f"{ns:g} ns"
