# test_random_jobs.py - any job, on any workers: the results and errors of the builtin map.
# SPDX-License-Identifier: MIT
import functools
import os
import unittest

import alone  # noqa: F401
import cadre
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

# Each example is itself: the machine's speed decides nothing, and nothing is kept.
settings.register_profile("cadre", deadline=None, database=None, derandomize=True,
                          max_examples=int(os.environ.get("CADRE_TEST_EXAMPLES", 15)),
                          suppress_health_check=list(HealthCheck))
settings.load_profile("cadre")

BACKENDS = some.sampled_from(["serial", "threads", "processes", "auto"])
PLAIN = some.one_of(some.none(), some.booleans(), some.integers(), some.floats(),
                    some.text(max_size=20), some.binary(max_size=20))
VALUES = some.recursive(PLAIN, lambda inner: some.one_of(
    some.lists(inner, max_size=3), some.tuples(inner, inner),
    some.dictionaries(some.text(max_size=3), inner, max_size=3)), max_leaves=6)
OPTIONS = some.fixed_dictionaries({
    "backend": BACKENDS, "workers": some.sampled_from([None, 1, 2, 5]),
    "chunk": some.sampled_from([None, 1, 2, 7, 100]),
    "prefetch": some.sampled_from([None, 1, 3])})
WINDOWS = some.sampled_from([None, 1, 2, 5, 200])
ITEMS = some.lists(VALUES, max_size=40)


def same(x):
    return x


def shown(x):
    return type(x).__name__, repr(x), x


def fail_at(bad, x):
    if x in bad:
        raise KeyError(x)
    return 2 * x


class Jobs(unittest.TestCase):
    def assert_same(self, got, expected):
        self.assertEqual(repr(got), repr(expected))  # NaN is itself, and 0.0 is not -0.0
        self.assertEqual([type(x) for x in got], [type(x) for x in expected])

    @given(ITEMS, some.sampled_from([same, shown, repr]), OPTIONS)
    def test_map(self, items, fn, options):
        self.assert_same(cadre.map(fn, items, **options), list(map(fn, items)))

    @given(ITEMS, some.booleans(), WINDOWS, OPTIONS)
    def test_imap(self, items, by_number, window, options):
        given_ = items if by_number else iter(items)
        self.assert_same(list(cadre.imap(shown, given_, window=window, **options)),
                         list(map(shown, items)))

    @given(ITEMS, some.booleans(), WINDOWS, OPTIONS)
    def test_imap_unordered(self, items, by_number, window, options):
        given_ = items if by_number else iter(items)
        got = list(cadre.imap_unordered(repr, given_, window=window, **options))
        self.assertEqual(sorted(got), sorted(map(repr, items)))

    @given(some.lists(some.tuples(VALUES, VALUES), max_size=20), OPTIONS)
    def test_starmap_and_several_iterables(self, items, options):
        def pair(a, b):
            return b, a
        expected = [pair(*x) for x in items]
        self.assert_same(cadre.starmap(pair, items, **options), expected)
        self.assert_same(cadre.map(pair, [x for x, _ in items], (y for _, y in items),
                                   **options), expected)

    @given(some.lists(some.floats(allow_nan=False, allow_infinity=False), min_size=1,
                      max_size=60), some.sampled_from([None, 1, 4]), BACKENDS,
           some.integers(1, 5))
    def test_reduce_depends_on_the_items_alone(self, items, grain, backend, workers):
        def add(a, b):
            return a + b
        self.assertEqual(
            repr(cadre.reduce(add, items, grain=grain, backend=backend, workers=workers)),
            repr(cadre.reduce(add, items, grain=grain, backend="serial")))

    @given(some.integers(0, 40), some.sets(some.integers(0, 39), max_size=4), WINDOWS, OPTIONS)
    def test_the_lowest_failure_wins(self, n, bad, window, options):
        fn, first = functools.partial(fail_at, bad), min((x for x in bad if x < n), default=None)
        got = []
        try:
            for x in cadre.imap(fn, iter(range(n)), window=window, **options):
                got.append(x)
            failed = None
        except KeyError as failure:
            failed = failure.args[0]
        self.assertEqual(failed, first)
        self.assertEqual(got, [2 * x for x in range(n if first is None else first)])
        try:
            self.assertEqual(cadre.map(fn, range(n), **options), got)
            failed = None
        except KeyError as failure:
            failed, item = failure.args[0], failure.cadre_item
            self.assertEqual(item, first)
        self.assertEqual(failed, first)

    @given(some.integers(0, 30), some.sets(some.integers(0, 29), max_size=5), OPTIONS)
    def test_failures_returned(self, n, bad, options):
        got = cadre.map(functools.partial(fail_at, bad), range(n), on_error="return", **options)
        for x, result in enumerate(got):
            if x in bad:
                self.assertIsInstance(result, KeyError)
            else:
                self.assertEqual(result, 2 * x)


class Persistent(unittest.TestCase):
    @given(some.lists(PLAIN, max_size=40), some.sampled_from([1, 2]), WINDOWS)
    def test_imap(self, items, workers, window):
        self.assertEqual(list(cadre.imap(repr, items, persistent=True, workers=workers,
                                         window=window)), list(map(repr, items)))


if __name__ == "__main__":
    unittest.main()
