# test_program.py - cadre.stats has the figures of the program cadre, bit for bit.
# SPDX-License-Identifier: MIT
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import alone  # noqa: F401
import numpy as np
from cadre import stats

PROGRAM = os.environ["CADRE_PROGRAM"]


class Curves(unittest.TestCase):
    def test_of_weighted_rows(self):
        rng = np.random.default_rng(12)
        y = (rng.random(300) < 0.3).astype(int)
        score = np.round(rng.random(300) + 0.3 * y, 2)
        weight = np.where(rng.random(300) < 0.1, 0, rng.random(300))
        with tempfile.TemporaryDirectory() as folder:
            table = pathlib.Path(folder, "rows.csv")
            rows = (f"{a},{float(b)!r},{float(c)!r}\n" for a, b, c in zip(y, score, weight))
            table.write_text("y,score,weight\n" + "".join(rows))
            for options, weights in (([], None), (["--weight", "weight"], weight)):
                said = subprocess.run(
                    [PROGRAM, "roc", table, "--label", "y", "--score", "score", "--format",
                     "json", "--resamples", "20", *options],
                    check=True, stdout=subprocess.PIPE, text=True).stdout
                for curve, mine in zip(json.loads(said)["curves"],
                                       (stats.roc_curve(y, score, weights=weights),
                                        stats.pr_curve(y, score, weights=weights)),
                                       strict=True):
                    self.assertEqual((curve["x"], curve["y"]), (mine.x.tolist(), mine.y.tolist()))
                    self.assertEqual([float(x) for x in curve["threshold"]],
                                     mine.threshold.tolist())


if __name__ == "__main__":
    unittest.main()
