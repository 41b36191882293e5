# test_pool.py - Pool: maps with options kept, and an Executor as the standard has it.
# SPDX-License-Identifier: MIT
import concurrent.futures
import operator
import os
import threading
import time
import unittest

import alone  # noqa: F401
import cadre


class Executor(unittest.TestCase):
    def test_submits_closures(self):
        for backend in ("processes", "threads", "serial", "auto"):
            with cadre.Pool(2, backend) as pool:
                lock = threading.Lock()
                futures = [pool.submit(lambda i=i: (i, lock.locked())) for i in range(20)]
                self.assertEqual([f.result(60) for f in futures],
                                 [(i, False) for i in range(20)])

    def test_passes_arguments(self):
        with cadre.Pool(1) as pool:
            self.assertEqual(pool.submit(dict, [(1, 2)], a=3).result(60), {1: 2, "a": 3})

    def test_raises_what_was_raised(self):
        with cadre.Pool(2) as pool:
            self.assertIsInstance(pool.submit(operator.truediv, 1, 0).exception(60),
                                  ZeroDivisionError)
            self.assertIsInstance(pool.submit(os._exit, 3).exception(60), cadre.WorkerDied)
            self.assertEqual(pool.submit(len, "abc").result(60), 3)

    def test_an_exception_may_be_a_result(self):
        with cadre.Pool(1) as pool:
            self.assertIsInstance(pool.submit(KeyError, 1).result(60), KeyError)

    def test_waiting_futures_can_be_cancelled(self):
        release, wait = os.pipe()
        with cadre.Pool(1, "processes") as pool:
            first = pool.submit(os.read, release, 1)
            while not first.running():
                time.sleep(0)
            second = pool.submit(len, "")
            third = pool.submit(len, "")
            self.assertTrue(second.cancel())
            pool.shutdown(wait=False, cancel_futures=True)
            os.write(wait, b"x")
            self.assertEqual(first.result(60), b"x")
            self.assertTrue(third.cancelled())
            done, _ = concurrent.futures.wait([first, second, third], 60)
            self.assertEqual(len(done), 3)
        os.close(release)
        os.close(wait)

    def test_takes_nothing_after_its_end(self):
        with cadre.Pool(1) as pool:
            pass
        for use in (lambda: pool.submit(len, ""), lambda: pool.map(len, [""]),
                    lambda: pool.imap(len, [""])):
            with self.assertRaises(RuntimeError):
                use()

    def test_map_is_lazy_out_and_eager_in(self):
        with cadre.Pool(2, "processes") as pool:
            results = pool.map(pow, [2, 3], [5, 6], chunksize=2)
            self.assertEqual(next(results), 32)
            self.assertEqual(list(results), [729])

    def test_map_times_out(self):
        with cadre.Pool(1, "processes") as pool:
            with self.assertRaises(TimeoutError):
                list(pool.map(time.sleep, [60], timeout=0.05))

    def test_as_completed(self):
        with cadre.Pool(2, "processes") as pool:
            futures = {pool.submit(pow, i, 2): i for i in range(6)}
            for future in concurrent.futures.as_completed(futures, 60):
                self.assertEqual(future.result(), futures[future] ** 2)


class Maps(unittest.TestCase):
    def test_have_the_pool_s_options(self):
        with cadre.Pool(2, "processes", seed=7, on_error="return") as pool:
            self.assertEqual(pool.workers, 2)
            got = pool.starmap(operator.truediv, [(1, 2), (1, 0)])
            self.assertEqual(got[0], 0.5)
            self.assertIsInstance(got[1], ZeroDivisionError)
            self.assertEqual(list(pool.imap(abs, [-1])), [1])
            self.assertEqual(list(pool.imap_unordered(abs, [-1])), [1])
            self.assertEqual(pool.reduce(operator.add, range(5), fn=abs, initial=1), 11)


if __name__ == "__main__":
    unittest.main()
