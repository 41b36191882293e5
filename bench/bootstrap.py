# bootstrap.py - the subject `bootstrap`: a paired difference of ROC-AUCs.
# SPDX-License-Identifier: MIT
#
# Peers take so long that they run fewer resamples, and all times are of one resample; it
# costs the same whichever it is. They also run in the first round only, but for the loop at
# the size that goals speak of: to start them takes longer than what is measured. cadre also
# runs the number of the NumPy loop once, only to compare the intervals, which must be the
# same bits. The floor is what no bootstrap of indices can do without: drawing n of them, and
# one pass that counts the rows.
from statistics import median

from compare import settled
from runner import Failed, Missing

GOAL = 50
FLOOR = 2
WAYS = [  # label, who, on how many workers
    ("floor: n indices, one pass", "floor", "1"),
    ("cadre-stats, 1 worker", "cadre", "1"),
    ("cadre-stats, all CPUs", "cadre", "-1"),
    ("NumPy + scikit-learn, a loop", "loop", "1"),
    ("NumPy + scikit-learn, joblib", "joblib", "-1"),
    ("scipy.stats.bootstrap", "scipy", "1"),
    ("R boot, areas from ranks", "boot", "1"),
    ("R pROC, roc.test", "pROC", "1"),
]
GOAL_ROWS = 10000
SIZES = [  # rows, resamples of cadre's, of peers
    (100, 100000, 300),
    (GOAL_ROWS, 5000, 100),
    (1000000, 30, 2),
]
REPETITIONS, PEER_REPETITIONS = 3, 2  # in each round; a million rows once by peers
QUICK = [(200, 40, 10)]
PROGRAMS = {"boot": "peer_bootstrap.R", "pROC": "peer_bootstrap.R"}
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}


class Bootstrap:
    name = "bootstrap"
    title = "paired difference of ROC-AUCs, bootstrap"

    def measure(self, runner):
        return {"sizes": [measure_size(*size, runner)
                          for size in (QUICK if runner.quick else SIZES)]}

    def show(self, result):
        yield (f"microseconds a resample (goals at {GOAL_ROWS} rows: {GOAL} times as fast as "
               f"NumPy + scikit-learn, core for")
        yield f"core; at most {FLOOR} times the floor)"
        for size in result["sizes"]:
            yield from show_size(size)
        yield ""


def measure_size(rows, resamples, fewer, runner):
    size = {"rows": rows, "resamples": resamples, "peer_resamples": fewer,
            "ways": [{"label": w[0], "who": w[1], "workers": w[2], "rounds": []}
                     for w in WAYS]}
    for turn in range(runner.rounds):
        if turn >= runner.few and is_settled(size):
            break
        for way in size["ways"]:
            again = runner.every_round or goes_on(way, size)
            if "trouble" not in way and (turn == 0 or again):
                run_once(way, size, runner)
    for way in size["ways"]:
        if way["rounds"]:
            way["us"] = median(way["rounds"])
    return size


def goes_on(way, size):
    return is_ours(way) or (size["rows"] == GOAL_ROWS and way["who"] == "loop")


def is_ours(way):
    return way["who"] in ("cadre", "floor")


def is_settled(size):
    """As compare.py says, of the goals that one worker has."""
    rounds = {w["who"]: w["rounds"] for w in size["ways"] if w["workers"] == "1"}
    return size["rows"] != GOAL_ROWS or all(
        settled([a / b for a, b in zip(rounds["cadre"], rounds[who])], goal)
        for who, goal in (("loop", 1 / GOAL), ("floor", FLOOR))
        if rounds["cadre"] and rounds[who])


def run_once(way, size, runner):
    count = size["resamples"] if is_ours(way) else size["peer_resamples"]
    try:
        if way["who"] == "floor":
            figures = size["both"] = run_ours(way, size, runner)
        elif way["who"] == "cadre":
            both = size.pop("both", None)  # what measured the floor measured one worker too
            figures = both if both and way["workers"] == "1" else run_ours(way, size, runner)
        else:
            program = PROGRAMS.get(way["who"], "peer_bootstrap.py")
            repetitions = PEER_REPETITIONS if size["rows"] <= GOAL_ROWS else 1
            figures = runner.quietly([program, way["who"], size["rows"], count, repetitions],
                                     ONE_THREAD)
        if way["who"] == "cadre" and not way["rounds"]:
            way["interval"] = interval_of(way, size, runner)
    except Missing:
        way["trouble"] = "not built" if is_ours(way) else "not installed"
        return
    except Failed as failure:
        way["trouble"] = "FAILED"
        runner.failures.append(str(failure))
        return
    time = figures["floor.min" if way["who"] == "floor" else "bootstrap.min"]
    way["rounds"].append(time / count / 1e3)
    way.setdefault("interval", [figures.get("low"), figures.get("high")])


def run_ours(way, size, runner):
    return runner.quietly(["bench-bootstrap", size["rows"], size["resamples"],
                           way["workers"], 1 if runner.quick else REPETITIONS])


def interval_of(way, size, runner):
    """cadre's, of as many resamples as peers take."""
    figures = runner.figures(["bench-bootstrap", size["rows"], size["peer_resamples"],
                              way["workers"], 1])
    return [figures["low"], figures["high"]]


def show_size(size):
    ways = {(w["who"], w["workers"]): w for w in size["ways"]}
    width = max(len(w["label"]) for w in size["ways"]) + 2
    yield f"  {size['rows']} rows"
    for way in size["ways"]:
        yield f"    {way['label']:{width}}" + show_way(way, ways)


def is_same(ours, theirs):
    """NumPy before 2.3 sums more than 8192 terms in pieces, which moves a last bit."""
    return all(abs(a - b) <= 1e-14 for a, b in zip(ours, theirs))


def show_way(way, ways):
    if "us" not in way:
        return f"{way.get('trouble', 'no figure'):>14}"
    line = f"{way['us']:14.2f}"
    peer = ways["loop" if way["workers"] == "1" else "joblib", way["workers"]]
    if way["who"] != "cadre":
        return line
    if "us" in peer:
        same = "the same" if is_same(way["interval"], peer["interval"]) else "ANOTHER"
        line += f"  {peer['us'] / way['us']:6.1f} times as fast, {same} interval"
    if way["workers"] == "1" and "us" in ways["floor", "1"]:
        line += f"; {way['us'] / ways['floor', '1']['us']:.1f} times the floor"
    return line
