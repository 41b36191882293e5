/* curves.c - ROC-AUC, average precision, and single points of a curve.
 * SPDX-License-Identifier: MIT
 *
 * Both go down the scores. A step of the curve is a group of equal scores that the
 * sample has rows of: so many negative, so many positive. Its points are the running
 * sums of the steps, the first being (0, 0). Steps and points are worked out in the
 * same array, and no branch depends on the data: which rows are in a sample is chance,
 * and a mispredicted branch costs more than ten steps. Going down the scores means
 * reading counts from all over the place, so that those are bytes, and what is known of a
 * row beside its count lies in the order of the scores.
 *
 * ROC-AUC drops every inner point between two equal steps, as scikit-learn does:
 * a straight line needs no point, but with one more or less the sum would be rounded
 * otherwise. The point after the first step always stays.
 */
#include "stats/metrics/areas.h"
#include "stats/numbers/ranking.h"

#include <stdlib.h>

static bool mark(struct cdr_measure *m)
{
    m->marks = calloc(m->n, sizeof *m->marks);
    for (size_t i = 0; m->marks && i < m->n; i++) {
        const uint32_t row = m->order[i];
        const bool ends = i + 1 == m->n || m->group[m->order[i + 1]] != m->group[row];
        m->marks[i] = (uint8_t)((ends ? CDR_GROUP_ENDS : 0) |
                                (m->labels[row] ? CDR_POSITIVE : 0));
    }
    return m->marks != NULL;
}

static bool open(struct cdr_measure *m)
{
    struct cdr_ranking r;

    if (!cdr_rank(&r, m->scores, m->n))
        return false;
    m->group = r.group;
    m->order = r.order;
    m->groups = r.groups;
    return mark(m);
}

/* A point before the steps, and an empty step behind them; of weights, two of each. */
static size_t room_needed(const struct cdr_measure *m, size_t most)
{
    (void)most;
    return (m->groups + 2) * (m->weighs ? 2 * sizeof(double) : sizeof(cdr_classes));
}

/* ---- steps ---- */

/* One of `few` and `counted` is NULL, which the compiler is to know. */
static inline __attribute__((always_inline)) size_t
make_steps(cdr_classes *restrict steps, const struct cdr_measure *m,
           const uint8_t *restrict few, const uint32_t *restrict counted, bool ties)
{
    const uint32_t *restrict const order = m->order;
    const uint8_t *restrict const marks = m->marks;
    const size_t rows = m->n;
    cdr_classes step = 0;
    size_t n = 0;

    for (size_t i = 0; i < rows; i++) {
        const cdr_classes times = few ? few[order[i]] : counted[order[i]];
        const cdr_classes ends = marks[i] & CDR_GROUP_ENDS;
        step += times << (marks[i] & CDR_POSITIVE);
        steps[n] = step;
        n += ties ? ends & (step != 0) : step != 0;
        step &= ties ? ends - 1 : 0;
    }
    return n;
}

static size_t steps_of(cdr_classes *steps, const struct cdr_measure *m,
                       const struct cdr_sample *s)
{
    if (!s->few)
        return make_steps(steps, m, NULL, s->counted, true);
    return m->groups < m->n ? make_steps(steps, m, s->few, NULL, true)
                            : make_steps(steps, m, s->few, NULL, false);
}

/* ---- points: both return the last one's number ---- */

/* `points` holds the steps from 1 on, and gets the points from 0 on. */
static size_t points_of_all(cdr_classes *points, size_t steps)
{
    points[0] = 0;
    for (size_t k = 1; k <= steps; k++)
        points[k] += points[k - 1];
    return steps;
}

static size_t points_at_corners(cdr_classes *points, size_t steps)
{
    cdr_classes sum = points[1];
    size_t n = 2;

    points[0] = 0;
    points[steps + 1] = 0;
    for (size_t k = 2; k <= steps; k++) {
        const cdr_classes step = points[k], next = points[k + 1];
        sum += step;
        points[n] = sum;
        n += step != next;
    }
    return n - 1;
}

/* ---- single points of a curve of all steps ---- */

/* The highest recall with at least that specificity. */
static double recall_at(const struct cdr_curve *c, double specificity)
{
    size_t k = c->last;

    while (k > 0 &&
           (c->negatives - cdr_negative(c->points[k])) / c->negatives < specificity)
        k--;
    return cdr_positive(c->points[k]) / c->positives;
}

/* The highest specificity with at least that recall. */
static double specificity_at(const struct cdr_curve *c, double recall)
{
    size_t k = 0;

    while (k < c->last && cdr_positive(c->points[k]) / c->positives < recall)
        k++;
    return (c->negatives - cdr_negative(c->points[k])) / c->negatives;
}

/* ---- whole curves, at places ---- */

void cdr_curve_read(double *out, size_t n, const struct cdr_measure *m,
                    const struct cdr_sample *s, void *room)
{
    cdr_classes *const points = room;
    const size_t last = points_of_all(points, steps_of(points + 1, m, s));

    cdr_points_read(out, n, m->metric.kind, &(struct cdr_points){ .counts = points },
                    last);
}

/* ---- values ---- */

static double value(const struct cdr_measure *m, const struct cdr_sample *s, void *room)
{
    cdr_classes *const points = room;
    const size_t steps = steps_of(points + 1, m, s);
    const bool corners =
        m->metric.kind == CADRE_ROC_AUC || m->metric.kind == CADRE_PARTIAL_AUC;
    const struct cdr_curve c = { .points = points,
                                 .last = corners ? points_at_corners(points, steps)
                                                 : points_of_all(points, steps),
                                 .negatives = cdr_negative(s->classes),
                                 .positives = cdr_positive(s->classes) };

    switch (m->metric.kind) {
    case CADRE_ROC_AUC: return cdr_roc_auc(&c);
    case CADRE_PARTIAL_AUC: return cdr_partial_auc(&c, m->metric.level);
    case CADRE_RECALL_AT: return recall_at(&c, m->metric.level);
    case CADRE_SPECIFICITY_AT: return specificity_at(&c, m->metric.level);
    default: return cdr_average_precision(&c);
    }
}

const struct cdr_family cdr_curves = { .counts = true,
                                       .open = open,
                                       .room = room_needed,
                                       .value = value,
                                       .weighted = cdr_curve_weighted,
                                       .omission = &cdr_curve_omission,
                                       .weighted_omission = &cdr_partial_omission };
