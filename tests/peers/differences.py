# differences.py - how far results are apart, as a table.
# SPDX-License-Identifier: MIT
import math


class Row:
    def __init__(self, tolerance):
        self.tolerance = tolerance
        self.n = self.same = self.beyond = 0
        self.most = 0.0
        self.worst = None


class Differences:
    """Rows by peer and quantity."""

    def __init__(self):
        self.rows = {}
        self.claims = {}

    def compare(self, peer, what, ours, theirs, tolerance):
        """Relative to the size, or to 1 where that is less. Both NaN is the same."""
        ours, theirs = float(ours), float(theirs)
        row = self.rows.setdefault((peer, what), Row(tolerance))
        row.n += 1
        if ours == theirs or (math.isnan(ours) and math.isnan(theirs)):
            row.same += 1
            return
        size = max(abs(ours), abs(theirs))
        difference = abs(ours - theirs) / size if size > 1 else abs(ours - theirs)
        if math.isnan(difference):
            difference = math.inf
        if difference > row.most:
            row.most, row.worst = difference, (ours, theirs)
        row.beyond += difference > tolerance

    def claim(self, peer, what, holds):
        """Something that holds or does not."""
        row = self.claims.setdefault((peer, what), [0, 0])
        row[0] += 1
        row[1] += not holds

    def show(self):
        """Prints all; true if nothing is beyond its tolerance."""
        good = bool(self.rows)
        print(f"{'peer':13}{'what':42}{'compared':>9}{'same bits':>10}{'most apart':>12}"
              f"{'allowed':>9}")
        for (peer, what), row in sorted(self.rows.items()):
            print(f"{peer:13}{what:42}{row.n:9}{row.same:10}{row.most:12.1e}"
                  f"{row.tolerance:9.0e}" +
                  (f"  {row.beyond} BEYOND, such as {row.worst}" if row.beyond else ""))
            good = good and not row.beyond
        for (peer, what), (n, broken) in sorted(self.claims.items()):
            print(f"{peer:13}{what:42}{n:9}" + (f"  {broken} NOT SO" if broken else ""))
            good = good and not broken
        return good
