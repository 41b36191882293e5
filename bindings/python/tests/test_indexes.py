# test_indexes.py - indexes=: some of the items, known by their place among all.
# SPDX-License-Identifier: MIT
import itertools
import operator
import os
import threading
import unittest

import alone  # noqa: F401
import cadre
from test_state import module

CHOSEN = [0, 3, 4, 11, 29]
# None needs cloudpickle: what persistent workers call is in a module.
WAYS = {"auto": {}, "serial": {"backend": "serial"},
        "threads": {"backend": "threads", "workers": 2},
        "processes": {"backend": "processes", "workers": 2, "chunk": 2},
        "persistent": {"persistent": True, "workers": 2}}


class Results(unittest.TestCase):
    def test_are_those_of_the_whole(self):
        items = [k * 1.5 for k in range(30)]
        for name, way in WAYS.items():
            with self.subTest(name):
                whole = cadre.map(module.place, items, seed=5, backend="serial")
                for chosen in (CHOSEN, iter(CHOSEN), [], range(30), [29]):
                    chosen = list(chosen)
                    got = cadre.map(module.place, items, seed=5, indexes=iter(chosen), **way)
                    self.assertEqual(got, [whole[k] for k in chosen])

    def test_into_arrays(self):
        for way in WAYS.values():
            self.assertEqual(cadre.map(float, range(30), dtype=float, indexes=CHOSEN,
                                       **way).tolist(), CHOSEN)
            out = cadre.empty(5, int)
            cadre.map(abs, range(0, -30, -1), out=out, indexes=CHOSEN, **way)
            self.assertEqual(out.tolist(), CHOSEN)

    def test_of_any_items(self):
        import numpy
        for way in WAYS.values():
            for items in (tuple(range(30)), iter(range(30)), numpy.arange(30)):
                self.assertEqual(cadre.map(int, items, indexes=CHOSEN, **way), CHOSEN)
            self.assertEqual(cadre.map(pow, [2, 3, 4], [5, 6, 7], indexes=[0, 2], **way),
                             [32, 4**7])
            self.assertEqual(cadre.starmap(pow, [(2, 5), (3, 6)], indexes=[1], **way), [729])

    def test_that_auto_runs_in_parts(self):
        def work(x):
            end = threading.Event()
            end.wait(0.0005)
            return x, cadre.current_task().index
        seen = []
        got = cadre.map(work, range(600), indexes=range(1, 600, 2),
                        progress=lambda done, total, *_: seen.append((done, total)))
        self.assertEqual(got, [(k, k) for k in range(1, 600, 2)])
        self.assertEqual(seen[-1], (300, 300))


STREAMS = {**WAYS, "window": {"backend": "processes", "workers": 2, "window": 1},
           "threads in a window": {"backend": "threads", "workers": 2, "window": 2}}


class Streams(unittest.TestCase):
    def test_are_those_of_the_whole(self):
        items = [k * 1.5 for k in range(30)]
        whole = cadre.map(module.place, items, seed=5, backend="serial")
        for name, way in STREAMS.items():
            for given, choices in ((list, (CHOSEN, [])), (tuple, ([29],)),
                                   (iter, (CHOSEN, range(30)))):
                with self.subTest(name, given=given):
                    for chosen in choices:
                        wanted = [whole[k] for k in chosen]
                        got = cadre.imap(module.place, given(items), seed=5,
                                         indexes=iter(chosen), **way)
                        self.assertEqual(list(got), wanted)
                        got = cadre.imap_unordered(module.place, given(items), seed=5,
                                                   indexes=chosen, **way)
                        self.assertEqual(sorted(got), wanted)

    def test_have_lambdas_for_items(self):
        items = [lambda k=k: k for k in range(30)]
        for name in ("auto", "threads", "processes"):
            self.assertEqual(list(cadre.imap(lambda f: f(), items, indexes=CHOSEN,
                                             **WAYS[name])), CHOSEN)

    def test_of_several_iterables_and_endless_ones(self):
        for name, way in WAYS.items():
            with self.subTest(name):
                asked = []

                def items():
                    for x in itertools.count():
                        asked.append(x)
                        yield x
                self.assertEqual(list(cadre.imap(abs, items(), indexes=CHOSEN, **way)), CHOSEN)
                self.assertEqual(asked, list(range(30)))
                self.assertEqual(list(cadre.imap(pow, itertools.count(), [2] * 9,
                                                 indexes=[3, 8], **way)), [9, 64])

    def test_that_auto_runs_here_and_then_elsewhere(self):
        def work(x):
            threading.Event().wait(0.0005)
            return x, cadre.current_task().index
        for given in (list, iter):
            seen = []
            got = cadre.imap(work, given(range(600)), indexes=range(1, 600, 2),
                             progress=lambda done, total, *_: seen.append((done, total)))
            self.assertEqual(list(got), [(k, k) for k in range(1, 600, 2)])
            self.assertEqual(seen[-1], (300, 300))

    def test_fail_as_the_whole_does(self):
        for name, way in STREAMS.items():
            for given in (range(30), iter(range(30))):
                with self.subTest(name, given=type(given)):
                    got, results = cadre.imap(module.divide, given, indexes=[3, 20, 25],
                                              **way), []
                    with self.assertRaises(ZeroDivisionError) as caught:
                        results.extend(got)
                    self.assertEqual((caught.exception.cadre_item, caught.exception.__notes__,
                                      results), (20, ["item 20: 20"], [3]))
            for imap in (cadre.imap, cadre.imap_unordered):
                got = list(imap(module.divide, range(30), indexes=[3, 20, 25],
                                on_error="return", **way))
                failed, = (x for x in got if isinstance(x, Exception))
                self.assertEqual((failed.cadre_item, len(got)), (20, 3))
                with self.assertRaises(ZeroDivisionError) as caught:
                    list(imap(module.divide, iter(range(30)), indexes=[3, 20, 25], **way))
                self.assertEqual(caught.exception.cadre_item, 20)
        for way in (WAYS["processes"], WAYS["persistent"]):
            with self.assertRaisesRegex(cadre.WorkerDied, "item 7") as caught:
                list(cadre.imap(module.leave, iter(range(30)), indexes=[4, 7, 9], **way))
            self.assertEqual(caught.exception.item, 7)

    def test_of_iterables_that_end_or_fail(self):
        def items():
            yield from range(5)
            raise LookupError("no more")
        for name, way in WAYS.items():
            with self.subTest(name):
                self.assertEqual(list(cadre.imap(abs, items(), indexes=[1, 4], **way)), [1, 4])
                got = cadre.imap(abs, items(), indexes=[1, 5], **way)
                self.assertEqual(next(got), 1)
                with self.assertRaises(LookupError):
                    next(got)
                got = cadre.imap(abs, iter(range(5)), indexes=[1, 5], **way)
                self.assertEqual(next(got), 1)
                with self.assertRaisesRegex(ValueError, "5 is none of 5 items"):
                    next(got)
        with self.assertRaisesRegex(ValueError, "30 is none of 30 items"):
            cadre.imap(abs, range(30), indexes=[2, 30])


FOLDS = {**WAYS, "processes": {"backend": "processes", "workers": 2}}


class Reductions(unittest.TestCase):
    def test_combine_these_alone(self):
        items = [k * 1.5 for k in range(30)]
        whole = cadre.map(module.place, items, seed=5, backend="serial")
        for name, way in FOLDS.items():
            for grain in (None, 2, 40):
                with self.subTest(name, grain=grain):
                    for chosen in (CHOSEN, range(30)):
                        got = cadre.reduce(operator.add, items, seed=5, indexes=chosen,
                                           fn=module.places, grain=grain, **way)
                        self.assertEqual(got, [whole[k] for k in chosen])
                    self.assertEqual(cadre.reduce(operator.add, iter(items), initial=4,
                                                  indexes=[], grain=grain, **way), 4)

    def test_are_those_of_the_chosen_bit_for_bit(self):
        items = [0.1 * k for k in range(3000)]
        chosen = range(0, 3000, 2)
        expected = cadre.reduce(operator.add, items[::2], backend="serial")
        for way in FOLDS.values():
            self.assertEqual(cadre.reduce(operator.add, items, indexes=chosen, **way), expected)

    def test_name_the_item_among_all(self):
        for name, way in FOLDS.items():
            for grain in (1, 2):
                with self.subTest(name, grain=grain):
                    with self.assertRaises(ZeroDivisionError) as caught:
                        cadre.reduce(operator.add, range(30), fn=module.divide, grain=grain,
                                     indexes=[1, 3, 20, 25], **way)
                    self.assertEqual((caught.exception.cadre_item, caught.exception.__notes__),
                                     (20, ["item 20: 20"]))
        with self.assertRaisesRegex(ValueError, "30 is none of 30 items"):
            cadre.reduce(operator.add, range(30), indexes=[2, 30])

    def test_of_workers_that_die_do_so_too(self):
        for way in (FOLDS["processes"], FOLDS["persistent"]):
            for grain, notes in ((1, []), (2, ["or one of the 1 after it: a task combines 2"])):
                with self.assertRaisesRegex(cadre.WorkerDied, "item 7") as caught:
                    cadre.reduce(operator.add, range(30), fn=module.leave, grain=grain,
                                 indexes=[2, 5, 7, 9], **way)
                self.assertEqual((caught.exception.item,
                                  getattr(caught.exception, "__notes__", [])), (7, notes))


class Errors(unittest.TestCase):
    def test_name_the_item_among_all(self):
        for way in WAYS.values():
            with self.assertRaises(ZeroDivisionError) as caught:
                cadre.map(module.divide, range(30), indexes=[3, 20, 25], **way)
            self.assertEqual((caught.exception.cadre_item, caught.exception.__notes__),
                             (20, ["item 20: 20"]))
            got = cadre.map(module.divide, range(30), indexes=[3, 20, 25], on_error="return",
                            **way)
            self.assertEqual((got[0], got[2], got[1].cadre_item), (3, 25, 20))

    def test_of_workers_do_so_too(self):
        for way in (WAYS["processes"], WAYS["persistent"]):
            with self.assertRaisesRegex(cadre.WorkerDied, "item 7") as caught:
                cadre.map(os._exit, range(3, 30), indexes=[7, 9], **way)
            self.assertEqual((caught.exception.item, caught.exception.status), (7, 10))
            got = cadre.map(module.leave, range(30), indexes=[4, 7, 9], on_error="return",
                            **way)
            self.assertEqual((got[0], got[2], got[1].item), (4, 9, 7))

    def test_of_iterables_count_if_they_are_before(self):
        def items():
            yield from range(5)
            raise LookupError("no more")
        for way in WAYS.values():
            self.assertEqual(cadre.map(abs, items(), indexes=[1, 4], **way), [1, 4])
            with self.assertRaises(LookupError):
                cadre.map(abs, items(), indexes=[1, 5], **way)

    def test_of_the_indexes(self):
        for indexes, error, words in (([3, 3], ValueError, "3 comes after 3"),
                                      ([4, 3], ValueError, "3 comes after 4"),
                                      ([-1], ValueError, "-1 is negative"),
                                      ([1.0], TypeError, "1.0 is not an integer"),
                                      ([True], TypeError, "True is not an integer"),
                                      ([2, 30], ValueError, "30 is none of 30 items")):
            with self.assertRaisesRegex(error, words):
                cadre.map(abs, range(30), indexes=indexes)
        with self.assertRaises(TypeError):
            cadre.map(abs, range(30), indexes=3)


class Going(unittest.TestCase):
    def test_on_where_another_has_stopped(self):
        """Each round does what fell the time before; in the end all is as without a fall."""
        whole = cadre.map(module.place, range(12), seed=9, backend="serial")
        falls = cadre.empty(12, int)

        def fall_once(x):
            if x % 3 == 1 and not falls[x]:
                falls[x] = 1
                os._exit(1)
            return module.place(x)
        left, results = range(12), {}
        for _ in itertools.count():
            got = cadre.map(fall_once, range(12), seed=9, indexes=left, backend="processes",
                            workers=2, on_error="return")
            done = dict(zip(left, got))
            results.update((k, v) for k, v in done.items() if not isinstance(v, Exception))
            left = [k for k, v in done.items() if isinstance(v, Exception)]
            if not left:
                break
        self.assertEqual([results[k] for k in range(12)], whole)
        self.assertEqual(int(falls.sum()), 4)


if __name__ == "__main__":
    unittest.main()
