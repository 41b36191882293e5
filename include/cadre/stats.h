/* stats.h - metrics of binary classifiers, and the bootstrap on top of cadre_map.
 * SPDX-License-Identifier: MIT
 *
 * Rows are labels (0 or 1, one byte each) and scores (double). Metrics and intervals
 * check their input: lengths, labels other than 0 and 1, scores that are not finite
 * (and, for metrics that need probabilities, not in [0, 1]); messages name the row,
 * counted from 0, and what is there: "labels: row 17 is 3, expected 0 or 1".
 *
 * Results do not depend on the pool, and agree bit for bit with NumPy, scikit-learn and
 * SciPy. Where those differ between versions, these rules hold: sums as in NumPy >= 2.3,
 * F1 as in scikit-learn >= 1.4, quantiles in bootstrap intervals as in SciPy >= 1.17,
 * and a ROC-AUC over one class is no number but a degenerate resample. Exceptions:
 * log loss and BCa's acceleration depend on the C library's log and pow in their last
 * bits.
 *
 * Link with -lcadre-stats (pkg-config cadre-stats).
 */
#ifndef CADRE_STATS_H
#define CADRE_STATS_H

#include <cadre/stats/numbers.h>
#include <cadre/stats/metric.h>
#include <cadre/stats/bootstrap.h>
#include <cadre/stats/inference.h>

#endif
