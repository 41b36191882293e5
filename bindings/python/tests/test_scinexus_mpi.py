# test_scinexus_mpi.py - cadre.compat.scinexus on the ranks of mpi4py's executor.
# SPDX-License-Identifier: MIT
"""Started by itself: mpiexec -n 4 python -m mpi4py.futures test_scinexus_mpi.py. There, rank 0
runs the tests and the others serve."""
import os
import shutil
import subprocess
import sys
import unittest
import warnings
from unittest import mock

import alone  # noqa: F401

RANKS = 4
DEADLINE = 120
INSIDE = "CADRE_TEST_RANKS"


def double(x):
    return 2 * x


def told(_):
    from cadre.compat import scinexus
    return scinexus.get_rank(), scinexus.is_master_process()


class OnRanks(unittest.TestCase if INSIDE in os.environ else object):
    def setUp(self):
        from cadre.compat import scinexus
        self.scinexus = scinexus
        self.ways = scinexus.imap, scinexus.map, scinexus.as_completed

    def test_rank_0_asks_and_others_work(self):
        self.assertTrue(self.scinexus.USING_MPI)
        self.assertEqual(self.scinexus.SIZE, RANKS)
        self.assertEqual((self.scinexus.get_rank(), self.scinexus.get_size()), (0, RANKS))
        self.assertTrue(self.scinexus.is_master_process())
        for fn in self.ways:
            heard = list(fn(told, range(10), use_mpi=True))
            self.assertEqual(len(heard), 10)
            self.assertTrue(all(0 < rank < RANKS and not master for rank, master in heard))
        with mock.patch.object(sys, "argv", ["/x/server.py"]):
            self.assertFalse(self.scinexus.is_master_process())

    def test_results(self):
        for fn in self.ways:
            self.assertEqual(sorted(fn(double, range(10), use_mpi=True)),
                             list(range(0, 20, 2)))
            self.assertEqual(sorted(fn(double, (x for x in range(4)), use_mpi=True)),
                             [0, 2, 4, 6])
        self.assertEqual(self.scinexus.map(double, range(20), use_mpi=True, chunksize=5),
                         list(range(0, 40, 2)))
        self.assertEqual(self.scinexus.map(double, range(5)), [0, 2, 4, 6, 8])

    def test_arguments(self):
        for fn in self.ways:
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                for harmless in ("warn", "ignore"):
                    self.assertEqual(list(fn(double, [1], use_mpi=True,
                                             if_serial=harmless)), [2])
            with self.assertRaisesRegex(ValueError, "invalid choice"):
                list(fn(double, [1], use_mpi=True, if_serial="invalid"))
            with self.assertWarnsRegex(UserWarning, "max_workers too large"):
                self.assertEqual(list(fn(double, [1], RANKS + 10, use_mpi=True)), [2])


class Launched(object if INSIDE in os.environ else unittest.TestCase):
    def test_all_is_well(self):
        environment = {**os.environ, INSIDE: str(RANKS), "OMPI_ALLOW_RUN_AS_ROOT": "1",
                       "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
                       "OMPI_MCA_rmaps_base_oversubscribe": "1",
                       "OMPI_MCA_hwloc_base_binding_policy": "none",
                       "OMPI_MCA_mpi_yield_when_idle": "1",
                       "OMPI_MCA_btl_vader_single_copy_mechanism": "none"}
        launcher = shutil.which("mpiexec.openmpi") or shutil.which("mpiexec")
        done = subprocess.run([launcher, "-n", str(RANKS), sys.executable, "-m",
                               "mpi4py.futures", os.path.abspath(__file__), "OnRanks"],
                              env=environment, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=DEADLINE)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("Ran 3 tests", done.stderr)
        self.assertIn("\nOK\n", done.stderr)


if __name__ == "__main__":
    unittest.main()
