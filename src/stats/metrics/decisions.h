/* decisions.h - right and wrong predictions, and what they say.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_STATS_DECISIONS_H
#define CDR_STATS_DECISIONS_H

/* Rows, or their weights: predicted positive or not, rightly or not. */
struct cdr_confusion {
    double tp, fp, fn, tn;
};

/* `kind` is a metric with a threshold. */
double cdr_decide(int kind, const struct cdr_confusion *c);

#endif
