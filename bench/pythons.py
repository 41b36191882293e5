# pythons.py - the subject `python`: a function over items, in Python.
# SPDX-License-Identifier: MIT
#
# Peers that need much longer run a fiftieth of the items, and all of them in the first round
# only: their start takes longer than the work, and is not counted. Ratios are to the builtin
# map over a list; below 1 is faster.
import os
from statistics import median

from runner import Failed, Missing

WORKS = [  # name, what it is, items, repetitions
    ("trivial", "x * 0.5 over a million ints", 1000000, 3),
    ("1us", "1 us over 200 000 ints", 200000, 3),
    ("100us", "100 us over 2000 items", 2000, 2),
    ("10ms", "10 ms over 40 items", 40, 2),
    ("rows", "2000 NumPy rows of 1000 in and out", 2000, 3),
    ("shared", "sums over 100 MiB of shared input", 200, 2),
    ("stream", "1 us over a generator of 100 000", 100000, 2),
]
GOALS = ("goals: never slower than the builtin map by more than 5 %; on 2 CPUs 1.4 x it into "
         "a typed array, 1.8 x from 1 us on; 10 x imap and 50 x loky an item")


class Python:
    name = "python"
    title = "Python: a function over items, 2 workers"

    def measure(self, runner):
        package = os.path.join(os.path.dirname(os.path.abspath(runner.programs)), "bindings",
                               "python")
        result = {"works": []}
        for work, title, items, repetitions in WORKS[:1] if runner.quick else WORKS:
            told = {"title": title, "rounds": []}
            result["works"].append(told)
            if runner.quick:
                items, repetitions = max(4, items // 1000), 1
            for turn in range(runner.few):
                peers = 1 if turn == 0 or runner.every_round else 0
                try:
                    told["rounds"].append(runner.quietly(["peer_python.py", work, items,
                                                          repetitions, peers, package]))
                except Missing as missing:
                    told["trouble"] = f"not installed: {missing}"
                except Failed as failure:
                    told["trouble"] = "FAILED"
                    runner.failures.append(str(failure))
        return result

    def show(self, result):
        yield GOALS
        for work in result["works"]:
            yield f"  {work['title']}" + (f": {work['trouble']}" if "trouble" in work else "")
            if work["rounds"]:
                yield from show_work(work["rounds"])
        yield ""


def show_work(rounds):
    for name in rounds[0]:
        value = median(figures[name] for figures in rounds if name in figures)
        if name == "resident":
            yield f"    most memory of a worker, shared with its parent's {value / 1024:8.0f} MiB"
            continue
        ratio = value / median(figures["map"] for figures in rounds)
        yield f"    {name.replace('_', ' '):26}{value / 1e3:12.3f} us an item {ratio:9.3f}"
