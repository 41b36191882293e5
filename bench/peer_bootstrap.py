#!/usr/bin/env python3
# peer_bootstrap.py - the paired bootstrap of bootstrap.c, as Python users write it.
# SPDX-License-Identifier: MIT
#
#     peer_bootstrap.py loop|joblib|scipy ROWS RESAMPLES REPETITIONS
#     peer_bootstrap.py about
#
# Exit status 77: a library is missing.
import sys
import time

try:
    import joblib
    import numpy as np
    import scipy.stats
    import sklearn
    from sklearn.metrics import roc_auc_score
except ImportError as error:
    print(error, file=sys.stderr)
    sys.exit(77)


TAIL = (1 - 0.95) / 2  # which is not 0.025, by its last bit


def make_rows(n):
    rng = np.random.default_rng(7)
    labels = rng.integers(0, 2, size=n)
    a, b = rng.random(n), rng.random(n)
    return labels, a + 0.25 * labels, b + 0.375 * labels


def replicate(sequence, labels, a, b):
    rng = np.random.default_rng(sequence)
    i = rng.integers(0, labels.size, size=labels.size)
    return roc_auc_score(labels[i], b[i]) - roc_auc_score(labels[i], a[i])


def by_loop(rows, resamples):
    seeds = np.random.SeedSequence(42).spawn(resamples)
    return [replicate(s, *rows) for s in seeds]


def by_joblib(rows, resamples):
    seeds = np.random.SeedSequence(42).spawn(resamples)
    call = joblib.delayed(replicate)
    return joblib.Parallel(n_jobs=-1)(call(s, *rows) for s in seeds)


def by_scipy(rows, resamples):
    def difference(labels, a, b):
        return roc_auc_score(labels, b) - roc_auc_score(labels, a)
    result = scipy.stats.bootstrap(rows, difference, paired=True, vectorized=False,
                                   method="percentile", n_resamples=resamples,
                                   random_state=np.random.default_rng(42))
    return result.bootstrap_distribution


def main(way, rows, resamples, repetitions):
    run = {"loop": by_loop, "joblib": by_joblib, "scipy": by_scipy}[way]
    rows = make_rows(rows)
    run([column[:1000] for column in rows], 4)  # imports, processes
    times = []
    for _ in range(repetitions):
        began = time.perf_counter()
        low, high = np.quantile(run(rows, resamples), [TAIL, 1 - TAIL])
        times.append((time.perf_counter() - began) * 1e9)
    print(f"bootstrap.min {min(times):.0f} ns")
    print(f"bootstrap.median {np.median(times):.0f} ns")
    print(f"low {low:.17g} difference")
    print(f"high {high:.17g} difference")


if __name__ == "__main__":
    if sys.argv[1:] == ["about"]:
        print(f"library NumPy {np.__version__}, scikit-learn {sklearn.__version__}, SciPy "
              f"{scipy.__version__}, "
              f"joblib {joblib.__version__}")
        print(f"compiler Python {sys.version.split()[0]}")
    else:
        main(sys.argv[1], *map(int, sys.argv[2:]))
