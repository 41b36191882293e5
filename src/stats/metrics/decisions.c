/* decisions.c - accuracy, precision, recall and F1 at a threshold.
 * SPDX-License-Identifier: MIT
 */
#include "stats/metrics/measure.h"

#include <stdlib.h>

static bool open(struct cdr_measure *m)
{
    m->groups = 2;
    m->group = calloc(m->n, sizeof *m->group);
    for (size_t row = 0; m->group && row < m->n; row++)
        m->group[row] = m->scores[row] >= m->metric.threshold;
    return m->group != NULL;
}

/* Rows that are predicted positive, by their true class. */
static cdr_classes predicted(const struct cdr_measure *m, const cdr_classes *times)
{
    cdr_classes sum = 0;

    for (size_t row = 0; row < m->n; row++)
        sum += times[row] & -(cdr_classes)m->group[row];
    return sum;
}

static double share(double part, double of)
{
    return of > 0 ? part / of : 0;
}

static double value(const struct cdr_measure *m, const struct cdr_sample *s, void *room)
{
    const cdr_classes yes = predicted(m, s->times);
    const double right_yes = cdr_positive(yes), wrong_yes = cdr_negative(yes);
    const double positive = cdr_positive(s->classes);
    const double right_no = cdr_negative(s->classes) - wrong_yes;

    (void)room;
    switch (m->metric.kind) {
    case CADRE_PRECISION: return share(right_yes, right_yes + wrong_yes);
    case CADRE_RECALL: return share(right_yes, positive);
    case CADRE_F1: return share(2 * right_yes, positive + (right_yes + wrong_yes));
    default: return share(right_yes + right_no, (double)s->n);
    }
}

const struct cdr_family cdr_decisions = { .counts = true,
                                          .open = open,
                                          .value = value };
