# test_indexes.py - indexes=: some of the items, known by their place among all.
# SPDX-License-Identifier: MIT
import itertools
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
