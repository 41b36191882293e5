#!/usr/bin/env python3
# check_peers.py - what cadre computes, and what other packages compute from the same data.
# SPDX-License-Identifier: MIT
#
#     check_peers.py --cadre PROGRAM [--sets N] [--r]
#
# Random data sets, many of them awkward, go through cadre bootstrap and compare, and
# through NumPy, SciPy and scikit-learn; with --r also through R's boot and pROC. Where the
# method is the same, so must be the result, but for what the tolerances below allow. All
# differences are printed as a table. Exit status 77: a package is missing.
import argparse
import csv
import json
import math
import pathlib
import shutil
import subprocess
import sys
import tempfile
import warnings

try:
    import numpy as np
    import scipy.stats
    import sklearn
    from sklearn import metrics
    from sklearn.calibration import calibration_curve
except ImportError as error:
    print(f"{error.name} is not installed")
    sys.exit(77)

import data_sets
from differences import Differences

HERE = pathlib.Path(__file__).resolve().parent
RESAMPLES = 100
SEED = 11
THRESHOLD = 0.5
METHODS = ("percentile", "basic", "bca")
FOLDS = 3

def f1_score(y, yes):
    """As scikit-learn has it from 1.4 on; before, it was off by a last bit, which ties with
    the point, and with them BCa's bias, depend on."""
    right = np.sum(yes & (y == 1))
    ours = 2 * right / max(1, np.sum(yes) + np.sum(y))
    assert abs(ours - metrics.f1_score(y, yes, zero_division=0)) < 1e-15
    return ours


def largest_error(y, s, strategy):
    share, mean = calibration_curve(y, s, n_bins=10, strategy=strategy)
    return np.max(np.abs(share - mean))


def scaled(s):
    """SciPy's norm of a column of denormals is a denormal, too, and has few digits."""
    most = np.max(np.abs(s))
    return s * 2.0 ** 600 * 2.0 ** 400 if 0 < most < 1e-290 else s


# Of bits, only sums of products in another order, other roundings of quantiles (SciPy has
# changed them in 1.17) and logarithms are not the same: 1e-12, relative to the size.
CLASSIFIERS = {
    "roc_auc": lambda y, s: metrics.roc_auc_score(y, s),
    "pr_auc": lambda y, s: metrics.average_precision_score(y, s),
    "partial_auc": lambda y, s: metrics.roc_auc_score(y, s, max_fpr=0.1),
    "accuracy": lambda y, s: metrics.accuracy_score(y, s >= THRESHOLD),
    "precision": lambda y, s: metrics.precision_score(y, s >= THRESHOLD, zero_division=0),
    "recall": lambda y, s: metrics.recall_score(y, s >= THRESHOLD, zero_division=0),
    "f1": lambda y, s: f1_score(y, s >= THRESHOLD),
    "balanced_accuracy": lambda y, s: metrics.balanced_accuracy_score(y, s >= THRESHOLD),
    "specificity": lambda y, s: metrics.recall_score(y, s >= THRESHOLD, pos_label=0,
                                                     zero_division=0),
    "npv": lambda y, s: metrics.precision_score(y, s >= THRESHOLD, pos_label=0,
                                                zero_division=0),
    "fpr": lambda y, s: 1 - metrics.recall_score(y, s >= THRESHOLD, pos_label=0),
    "fnr": lambda y, s: 1 - metrics.recall_score(y, s >= THRESHOLD),
    "recall_at": lambda y, s: max(t for f, t, _ in zip(*metrics.roc_curve(
        y, s, drop_intermediate=False)) if 1 - f >= 0.9),
    "specificity_at": lambda y, s: max(1 - f for f, t, _ in zip(*metrics.roc_curve(
        y, s, drop_intermediate=False)) if t >= 0.9),
    "mcc": lambda y, s: metrics.matthews_corrcoef(y, s >= THRESHOLD),
    "kappa": lambda y, s: metrics.cohen_kappa_score(y, s >= THRESHOLD),
}
PROBABILITIES = {
    "brier": lambda y, s: np.mean((s - y) ** 2),
    "log_loss": lambda y, s: metrics.log_loss(y, s),
    "mce": lambda y, s: largest_error(y, s, "uniform"),
    "mce_equal_mass": lambda y, s: largest_error(y, s, "quantile"),
}
WEIGHTED = {
    "roc_auc": lambda y, s, w: metrics.roc_auc_score(y, s, sample_weight=w),
    "pr_auc": lambda y, s, w: metrics.average_precision_score(y, s, sample_weight=w),
    "partial_auc": lambda y, s, w: metrics.roc_auc_score(y, s, max_fpr=0.1, sample_weight=w),
    "accuracy": lambda y, s, w: metrics.accuracy_score(y, s >= THRESHOLD, sample_weight=w),
    "precision": lambda y, s, w: metrics.precision_score(y, s >= THRESHOLD, sample_weight=w,
                                                         zero_division=0),
    "recall": lambda y, s, w: metrics.recall_score(y, s >= THRESHOLD, sample_weight=w,
                                                   zero_division=0),
    "f1": lambda y, s, w: metrics.f1_score(y, s >= THRESHOLD, sample_weight=w,
                                           zero_division=0),
    "balanced_accuracy": lambda y, s, w: metrics.balanced_accuracy_score(
        y, s >= THRESHOLD, sample_weight=w),
    "mcc": lambda y, s, w: metrics.matthews_corrcoef(y, s >= THRESHOLD, sample_weight=w),
    "kappa": lambda y, s, w: metrics.cohen_kappa_score(y, s >= THRESHOLD, sample_weight=w),
    "mean": lambda y, s, w: np.average(s, weights=w),
}
WEIGHTED_PROBABILITIES = {
    "brier": lambda y, s, w: metrics.brier_score_loss(y, s, sample_weight=w),
    "log_loss": lambda y, s, w: metrics.log_loss(y, s, sample_weight=w),
}
COLUMNS = {
    "mean": np.mean,
    "median": np.median,
    "sd": lambda s: np.std(s, ddof=1),
    "variance": lambda s: np.var(s, ddof=1),
    "trimmed_mean": lambda s: scipy.stats.trim_mean(s, 0.1),
    "quantile": lambda s: np.quantile(s, 0.5),
}
PAIRS = {
    "pearson": lambda s, t: scipy.stats.pearsonr(scaled(s), scaled(t))[0],
    "spearman": lambda s, t: scipy.stats.spearmanr(s, t)[0],
    "slope": lambda s, t: scipy.stats.linregress(s, t)[0],
    "mean_difference": lambda s, t: np.mean(s) - np.mean(t),
}
RESAMPLED = ("roc_auc", "pr_auc", "f1", "mean", "pearson")


def quietly(function, *args):
    """What the peer says; NaN where it refuses."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            with np.errstate(all="ignore"):
                return float(function(*args))
        except ValueError:
            return math.nan


def number(value):
    return float(value) if value is not None else math.nan


class Set:
    """One data set, as a file."""

    def __init__(self, data, folder, cadre):
        self.data, self.cadre = data, cadre
        self.path = folder / f"{data.number:03}.csv"
        with open(self.path, "w", encoding="ascii", newline="") as file:
            out = csv.writer(file)
            out.writerow(["y", "a", "b", "w", "fold"])
            for row, (y, *numbers) in enumerate(zip(data.y, data.a, data.b, data.w)):
                out.writerow([int(y), *(repr(float(x)) for x in numbers), row % FOLDS])

    def ask(self, *args):
        """All that a command says, or None, and its message."""
        command = [self.cadre, *args[:1], str(self.path), *args[1:], "-f", "json"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return None if done.returncode else json.loads(done.stdout), done.stderr

    def run(self, *args):
        """The results of a command by metric, or None, and its message."""
        found, message = self.ask(*args)
        return found and {r["metric"]: r for r in found["results"]}, message

    def bootstrap(self, names, method, n=RESAMPLES, *more):
        return self.run("bootstrap", "--label", "y", "--score", "a", "--other", "b", "-m",
                        ",".join(names), "-n", str(n), "-s", str(SEED), "--seeding",
                        "single", "--method", method, *more)

    def bootstrap_each(self, names, method, n=RESAMPLES, *more):
        """All at once; one by one where that fails, without those that do."""
        results, _ = self.bootstrap(names, method, n, *more)
        if results is None and len(names) == 1:
            return {}
        if results is None:
            half = len(names) // 2
            results = self.bootstrap_each(names[:half], method, n, *more)
            results |= self.bootstrap_each(names[half:], method, n, *more)
        return results


# ---- one data set ----

def refused(one, found):
    """A file with what is not a finite number: no result, and a message that says where."""
    result, message = one.bootstrap(["roc_auc"], "percentile")
    found.claim("cadre", f"refuses {one.data.kind}",
                result is None and one.path.name in message)


def points(one, found):
    y, a, b = one.data.y, one.data.a, one.data.b
    wanted = {n: quietly(f, y, a) for n, f in CLASSIFIERS.items()}
    if one.data.probabilities:
        wanted |= {n: quietly(f, y, a) for n, f in PROBABILITIES.items()}
    wanted |= {n: quietly(f, a) for n, f in COLUMNS.items()}
    wanted |= {n: quietly(f, a, b) for n, f in PAIRS.items()}
    ours = one.bootstrap_each(list(wanted), "percentile", 1)
    for name, result in ours.items():  # not of those that are not defined here
        theirs = wanted[name]
        peer = "scikit-learn" if name in CLASSIFIERS or name in PROBABILITIES else "SciPy"
        found.compare(peer, name, number(result["point"]), theirs,
                      1e-15 if name in ("f1", "accuracy", "precision", "recall") else 1e-12)


def weighted(one, found):
    y, a, w = one.data.y, one.data.a, one.data.w
    functions = WEIGHTED | (WEIGHTED_PROBABILITIES if one.data.probabilities else {})
    ours = one.bootstrap_each(list(functions), "percentile", 1, "--weight", "w")
    for name, result in ours.items():
        found.compare("scikit-learn", f"{name}, weights", number(result["point"]),
                      quietly(functions[name], y, a, w), 1e-12)


# ---- curves ----

def roc_points(one, found, what, ours, weights):
    """Points that lie on lines are left out; which those are may depend on last bits of
    sums of weights, so that all points of the peer must be on our lines."""
    fpr, tpr, thresholds = metrics.roc_curve(one.data.y, one.data.a, sample_weight=weights,
                                             drop_intermediate=weights is None)
    if weights is None:
        found.claim("scikit-learn", f"{what}, as many points", len(fpr) == len(ours["x"]))
    at = {t: k for k, t in enumerate(thresholds[1:], 1)}  # the first is infinite
    places = [0] + [at.get(t, -1) for t in ours["threshold"][1:]]
    found.claim("scikit-learn", f"{what}, points", min(places) >= 0 and
                places[-1] == len(fpr) - 1)
    for key, theirs in ("x", fpr), ("y", tpr):
        for place, value in zip(places, ours[key]):
            found.compare("scikit-learn", f"{what}, {key}", value, theirs[place],
                          0 if weights is None else 1e-12)
    for begin, end in zip(places, places[1:]):
        for k in range(begin + 1, end):
            found.compare("scikit-learn", f"{what}, left out",
                          (fpr[k] - fpr[begin]) * (tpr[end] - tpr[begin]),
                          (tpr[k] - tpr[begin]) * (fpr[end] - fpr[begin]), 1e-12)


def pr_points(one, found, what, ours, weights):
    precision, recall, thresholds = metrics.precision_recall_curve(
        one.data.y, one.data.a, sample_weight=weights)
    found.claim("scikit-learn", f"{what}, points", ours["threshold"][:-1] ==
                list(thresholds))
    for key, theirs in ("x", recall), ("y", precision):
        for value, wanted in zip(ours[key], theirs):
            found.compare("scikit-learn", f"{what}, {key}", value, wanted,
                          0 if weights is None else 1e-12)


def curves(one, found):
    for what, weights, more in (("curve", None, ()), ("curve, weights", one.data.w,
                                                      ("--weight", "w"))):
        ours, message = one.ask("roc", "--label", "y", "--score", "a", "-n", "20",
                                "--points", "3", *more)
        if ours is None:
            found.claim("cadre", "curves: says why there are none",
                        "resamples are degenerate" in message)
            continue
        for curve in ours["curves"]:
            check_points = roc_points if curve["curve"] == "roc" else pr_points
            check_points(one, found, f"{curve['curve']} {what}", curve, weights)
        if weights is None:
            wilson(one, found, ours["operating_points"][0])


def wilson(one, found, point):
    y, yes = one.data.y, one.data.a >= point["threshold"]
    for name, label in ("recall", 1), ("specificity", 0):
        right = int(np.sum(yes[y == label] == label))
        interval = scipy.stats.binomtest(right, int(np.sum(y == label))).proportion_ci(
            method="wilson")
        for end in "low", "high":
            found.compare("SciPy", f"{name} at a threshold, {end}", point[f"{name}_{end}"],
                          getattr(interval, end), 1e-12)


# ---- intervals ----

def folds(one, found):
    """Means over folds: by SciPy's bootstrap of the folds' areas, and by normal quantiles."""
    parts = [np.arange(len(one.data.y)) % FOLDS == k for k in range(FOLDS)]
    values = np.array([quietly(metrics.roc_auc_score, one.data.y[p], one.data.a[p])
                       for p in parts])
    for method in ("percentile", "basic", "clt"):
        ours, _ = one.bootstrap(["roc_auc"], method, RESAMPLES, "--block", "fold")
        if ours is None:
            found.claim("cadre", "refuses a fold of one class", np.isnan(values).any())
            continue
        if method == "clt":
            margin = scipy.stats.norm.ppf(0.975) * scipy.stats.sem(values)
            low, high = np.mean(values) - margin, np.mean(values) + margin
        else:
            low, high = scipy.stats.bootstrap(
                (values,), np.mean, vectorized=False, method=method, n_resamples=RESAMPLES,
                random_state=np.random.default_rng(SEED)).confidence_interval
        for name, wanted in ("low", low), ("high", high):
            found.compare("SciPy", f"folds, {method}, {name}", number(ours["roc_auc"][name]),
                          wanted, 1e-12)


def differences(one, found):
    """Of two columns over the same resamples."""
    y, a, b = one.data.y, one.data.a, one.data.b

    def difference(labels, first, second):
        return (quietly(metrics.roc_auc_score, labels, second) -
                quietly(metrics.roc_auc_score, labels, first))

    before = None
    for method in METHODS:
        ours, _ = one.run("compare", "--label", "y", "--a", "a", "--b", "b", "-n",
                          str(RESAMPLES), "-s", str(SEED), "--seeding", "single",
                          "--method", method)
        if ours is None or ours["roc_auc"]["degenerate"]:
            break
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            before = scipy.stats.bootstrap(
                (y, a, b), difference, paired=True, vectorized=False, method=method,
                n_resamples=0 if before else RESAMPLES, bootstrap_result=before,
                random_state=np.random.default_rng(SEED))
        compare_interval(found, "roc_auc, difference", method, ours["roc_auc"], before)


def statistic(name, one):
    y, a, b = one.data.y, one.data.a, one.data.b
    if name in COLUMNS:
        return (a,), lambda s: quietly(COLUMNS[name], s)
    if name in PAIRS:
        return (a, b), lambda s, t: quietly(PAIRS[name], s, t)
    return (y, a), lambda l, s: quietly(CLASSIFIERS[name], l, s)


def intervals(one, found):
    ours = {m: one.bootstrap_each(list(RESAMPLED), m) for m in METHODS}
    for name in RESAMPLED:
        columns, function = statistic(name, one)
        before = None
        for method in METHODS:
            if name not in ours[method] or ours[method][name]["degenerate"]:
                break
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                before = scipy.stats.bootstrap(
                    columns, function, paired=True, vectorized=False, method=method,
                    n_resamples=0 if before else RESAMPLES, bootstrap_result=before,
                    random_state=np.random.default_rng(SEED))
            compare_interval(found, name, method, ours[method][name], before)


def compare_interval(found, name, method, ours, theirs):
    low, high = theirs.confidence_interval
    if method == "bca" and "bca_undefined" in ours:
        # A perfect area is 1 exactly here, and 1 less a last bit in some of SciPy's.
        found.claim("SciPy", "bca not defined", math.isnan(low) or
                    ours["standard_error"] == 0 or high - low <= 1e-12 or
                    theirs.standard_error < 1e-12)
        return
    what = f"{name}, {method}"
    found.compare("SciPy", what + ", low", number(ours["low"]), low, 1e-12)
    found.compare("SciPy", what + ", high", number(ours["high"]), high, 1e-12)
    if method == "percentile":
        found.compare("SciPy", f"{name}, standard error", number(ours["standard_error"]),
                      theirs.standard_error, 1e-12)


# ---- R ----

def delong(one):
    """What cadre says of DeLong: for R, which is asked once for all data sets."""
    single, _ = one.bootstrap(["roc_auc"], "delong")
    paired, _ = one.run("compare", "--label", "y", "--a", "a", "--b", "b", "--method",
                        "delong")
    normal, _ = one.run("bootstrap", "--label", "y", "--score", "a", "-n", str(RESAMPLES),
                        "--method", "normal", "--replicates",
                        str(one.path.with_suffix(".replicates")))
    return single, paired, normal


def ask_r(sets, folder, found):
    ours = {one.data.number: delong(one) for one in sets}
    done = subprocess.run(["Rscript", "--vanilla", str(HERE / "peers.R"), str(folder)],
                          capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"Rscript: {done.stderr}")
    for row in csv.DictReader((folder / "r.out").read_text().splitlines()):
        single, paired, normal = ours[int(row["set"])]
        compare_r(row, single, paired, normal, found)


def compare_r(row, single, paired, normal, found):
    theirs = {k: float(v) if v != "NA" else math.nan for k, v in row.items()}
    if single:
        ours = single["roc_auc"]
        found.compare("pROC", "area", ours["point"], theirs["area"], 1e-12)
        if ours["standard_error"] > 0:
            for key in ("standard_error", "low", "high"):
                value = ours[key]
                if key != "standard_error":  # pROC cuts bounds off at 0 and 1
                    value = min(1, max(0, value))
                found.compare("pROC", f"DeLong, {key}", value, theirs[key], 1e-11)
    if paired and number(paired["roc_auc"]["standard_error"]) > 1e-9:
        ours = paired["roc_auc"]
        found.compare("pROC", "DeLong, difference", ours["difference"],
                      theirs["difference"], 1e-12)
        found.compare("pROC", "DeLong, paired p", ours["p_value"], theirs["p"], 1e-9)
    if normal and not math.isnan(theirs["normal_low"]):  # boot has none without spread
        ours = normal["roc_auc"]
        found.compare("boot", "normal, low", ours["low"], theirs["normal_low"], 1e-12)
        found.compare("boot", "normal, high", ours["high"], theirs["normal_high"], 1e-12)


# ---- all ----

def check(options, folder):
    found, usable = Differences(), []
    for data in data_sets.make(options.sets):
        one = Set(data, folder, options.cadre)
        if not (np.isfinite(data.a).all() and np.isfinite(data.b).all()):
            refused(one, found)
            continue
        usable.append(one)
        for check_one in points, weighted, curves, intervals, folds, differences:
            check_one(one, found)
    if options.r:
        ask_r(usable, folder, found)
    return found


def main():
    parser = argparse.ArgumentParser(description="Compare cadre with its peers.")
    parser.add_argument("--cadre", required=True, help="the program")
    parser.add_argument("--sets", type=int, default=200, help="data sets (default: 200)")
    parser.add_argument("--r", action="store_true", help="with R's boot and pROC")
    options = parser.parse_args()
    if options.r and not shutil.which("Rscript"):
        print("Rscript is not installed")
        return 77
    with tempfile.TemporaryDirectory(prefix="cadre-peers-") as folder:
        found = check(options, pathlib.Path(folder))
    print(f"{options.sets} data sets; NumPy {np.__version__}, SciPy {scipy.__version__}, "
          f"scikit-learn {sklearn.__version__}")
    return 0 if found.show() else 1


if __name__ == "__main__":
    sys.exit(main())
