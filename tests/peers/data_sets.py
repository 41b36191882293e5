# data_sets.py - random labels and scores, many of them awkward.
# SPDX-License-Identifier: MIT
from dataclasses import dataclass

import numpy as np


@dataclass
class Data:
    number: int
    kind: str
    y: np.ndarray
    a: np.ndarray
    b: np.ndarray
    w: np.ndarray  # weights of the rows, some of them 0
    probabilities: bool = False


def labels(rng, n, share):
    """Both classes are there."""
    y = (rng.random(n) < share).astype(int)
    y[:2] = 0, 1
    return y


def plain(rng, n=60, share=0.4):
    y = labels(rng, n, share)
    return y, y + rng.normal(0, 1.2, n), y + rng.normal(0, 1.5, n)


def chances(rng):
    y = labels(rng, 50, 0.4)
    return y, np.clip(rng.beta(2, 2, 50) + 0.2 * y, 0, 1), rng.random(50)


def ties(rng):
    y, a, b = plain(rng)
    return y, np.round(2 * a) / 4, np.round(b)


def imbalance(rng):
    return plain(rng, 90, 0.08)


def tiny(rng):
    return plain(rng, int(rng.integers(10, 14)), 0.5)


def constant(rng):
    y, a, b = plain(rng, 30)
    return y, np.full_like(a, 0.5), b


def denormals(rng):
    y, a, b = plain(rng, 40)
    return y, a * 5e-320, b * 5e-324


def zeros(rng):
    """Both zeros are the same score."""
    y, a, b = plain(rng, 40)
    a = np.where(rng.random(40) < 0.5, np.copysign(0.0, a), a)
    return y, a, np.where(b > 0, 0.0, -0.0) + (b > 1)


def wide(rng):
    """From tiny to huge, but so that no sum of squares is infinite."""
    y, a, b = plain(rng, 40)
    return y, np.sign(a) * 10.0 ** (20 * a), b * 1e100


def perfect(rng):
    y, a, b = plain(rng, 30)
    return y, a + 50 * y, b


def infinite(rng):
    y, a, b = plain(rng, 20)
    a[7] = np.inf if rng.random() < 0.5 else -np.inf
    return y, a, b


def missing(rng):
    y, a, b = plain(rng, 20)
    a[3] = np.nan
    return y, a, b


def weights(number, n):
    """Whole ones, as if rows were there several times; and any."""
    rng = np.random.default_rng([2027, number])
    w = rng.integers(0, 4, n).astype(float)
    w = w * rng.random(n) if number % 2 else w
    w[:2] = 1
    return w


KINDS = (plain, chances, ties, imbalance, tiny, constant, denormals, zeros, wide, perfect,
         infinite, missing)


def make(n):
    for number in range(n):
        kind = KINDS[number % len(KINDS)]
        y, a, b = kind(np.random.default_rng([2026, number]))
        yield Data(number, kind.__name__, y, a, b, weights(number, len(y)), kind is chances)
