# bootstrap.py - the subject `bootstrap`: a paired difference of ROC-AUCs.
# SPDX-License-Identifier: MIT
#
# Peers take so long that they run fewer resamples, and their times are scaled up to as
# many as cadre runs; a resample costs the same whichever it is. cadre also runs the
# peers' number once, only to compare the intervals, which must be the same bits.
from statistics import median

from runner import Failed, Missing

GOAL = 50
WAYS = [  # label, who, on how many workers
    ("cadre-stats, 1 worker", "cadre", "1"),
    ("cadre-stats, all CPUs", "cadre", "-1"),
    ("NumPy + scikit-learn, a loop", "loop", "1"),
    ("NumPy + scikit-learn, joblib", "joblib", "-1"),
]
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")}


class Bootstrap:
    name = "bootstrap"
    title = "paired difference of ROC-AUCs, bootstrap"

    def measure(self, runner):
        rows, resamples, fewer = (200, 40, 40) if runner.quick else (10000, 10000, 300)
        result = {"rows": rows, "resamples": resamples, "peer_resamples": fewer,
                  "ways": [{"label": w[0], "who": w[1], "workers": w[2], "rounds": []}
                           for w in WAYS]}
        for _ in range((runner.rounds + 1) // 2):
            for way in result["ways"]:
                if "trouble" not in way:
                    run_once(way, result, runner)
        for way in result["ways"]:
            if way["rounds"]:
                way["seconds"] = median(r["seconds"] for r in way["rounds"])
        return result

    def show(self, result):
        yield (f"{result['rows']} rows, {result['resamples']} resamples (seconds; goal: "
               f"{GOAL} times as fast as NumPy + scikit-learn, core for core)")
        ways = {(w["who"], w["workers"]): w for w in result["ways"]}
        width = max(len(w["label"]) for w in result["ways"]) + 2
        for way in result["ways"]:
            yield f"  {way['label']:{width}}" + show_way(way, ways)
        yield (f"  peers ran {result['peer_resamples']} resamples, and their times are "
               f"scaled up")
        yield ""


def run_once(way, result, runner):
    ours = way["who"] == "cadre"
    count = result["resamples"] if ours else result["peer_resamples"]
    try:
        if ours:
            run = ["bench-bootstrap", result["rows"], count, way["workers"], 1]
            same = runner.figures([*run[:2], result["peer_resamples"], *run[3:]])
            figures = {**runner.quietly(run), "low": same["low"], "high": same["high"]}
        else:
            figures = runner.quietly(["peer_bootstrap.py", way["who"], result["rows"],
                                      count, 1], ONE_THREAD)
    except Missing:
        way["trouble"] = "not built" if ours else "not installed"
        return
    except Failed as failure:
        way["trouble"] = "FAILED"
        runner.failures.append(str(failure))
        return
    scale = result["resamples"] / count / 1e9
    way["rounds"].append({"seconds": figures["bootstrap.min"] * scale})
    way["interval"] = [figures["low"], figures["high"]]


def show_way(way, ways):
    if "seconds" not in way:
        return f"{way.get('trouble', 'no figure'):>10}"
    line = f"{way['seconds']:10.3f}"
    peer = ways["loop" if way["workers"] == "1" else "joblib", way["workers"]]
    if way["who"] != "cadre" or "seconds" not in peer:
        return line
    ratio = peer["seconds"] / way["seconds"]
    same = "the same" if way["interval"] == peer["interval"] else "ANOTHER"
    return (line + f"  {ratio:6.1f} times as fast: {'met' if ratio >= GOAL else 'not met'}"
            f"; {same} interval")
