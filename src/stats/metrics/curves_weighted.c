/* curves_weighted.c - areas and points of curves, of rows that have weights.
 * SPDX-License-Identifier: MIT
 *
 * Weights of either class, summed in the order of the rows within a group of equal
 * scores, and then down the groups.
 */
#include "stats/metrics/areas.h"

#include <math.h>
#include <string.h>

struct sums {
    size_t groups;
    double *negative, *positive; /* in groups up to each; one more, the first, is 0 */
};

static struct sums sums_of(const struct cdr_measure *m, const double *weight,
                           void *room)
{
    const struct sums s = { m->groups, room, (double *)room + m->groups + 1 };

    memset(room, 0, 2 * (m->groups + 1) * sizeof(double));
    for (size_t row = 0; row < m->n; row++)
        (m->labels[row] ? s.positive : s.negative)[m->group[row] + 1] += weight[row];
    for (size_t k = 1; k <= m->groups; k++) {
        s.negative[k] += s.negative[k - 1];
        s.positive[k] += s.positive[k - 1];
    }
    return s;
}

/* Up to a false positive rate of `limit`. */
static double area(const struct sums *s, double limit)
{
    const double all_negative = s->negative[s->groups];
    const double all_positive = s->positive[s->groups];
    double sum = 0, x = 0, y = 0;

    for (size_t k = 1; k <= s->groups && x < limit; k++) {
        double to_x = s->negative[k] / all_negative;
        double to_y = s->positive[k] / all_positive;
        if (to_x > limit) {
            to_y = y + (to_y - y) * (limit - x) / (to_x - x);
            to_x = limit;
        }
        sum += (to_x - x) * (to_y + y) / 2;
        x = to_x;
        y = to_y;
    }
    return sum;
}

static double average_precision(const struct sums *s)
{
    const double positives = s->positive[s->groups];
    double sum = 0;

    for (size_t k = 1; positives > 0 && k <= s->groups; k++) {
        const double gain = (s->positive[k] - s->positive[k - 1]) / positives;
        if (gain > 0)
            sum += gain * s->positive[k] / (s->positive[k] + s->negative[k]);
    }
    return sum;
}

static double recall_at(const struct sums *s, double specificity)
{
    const double negatives = s->negative[s->groups];
    size_t k = s->groups;

    while (k > 0 &&
           (negatives - s->negative[k]) / negatives < specificity - CDR_SAME_SHARE)
        k--;
    return s->positive[k] / s->positive[s->groups];
}

static double specificity_at(const struct sums *s, double recall)
{
    const double negatives = s->negative[s->groups];
    size_t k = 0;

    while (k < s->groups &&
           s->positive[k] / s->positive[s->groups] < recall - CDR_SAME_SHARE)
        k++;
    return (negatives - s->negative[k]) / negatives;
}

void cdr_curve_read_weighted(double *out, size_t n, const struct cdr_measure *m,
                             const double *weight, void *room)
{
    const struct sums s = sums_of(m, weight, room);
    const struct cdr_points points = { .negative = s.negative, .positive = s.positive };

    cdr_points_read(out, n, m->metric.kind, &points, s.groups);
}

double cdr_curve_weighted(const struct cdr_measure *m, const double *weight, void *room)
{
    const struct sums s = sums_of(m, weight, room);
    const double level = m->metric.level;

    switch (m->metric.kind) {
    case CADRE_ROC_AUC: return area(&s, 1);
    case CADRE_PARTIAL_AUC: return cdr_standardised(area(&s, level), level);
    case CADRE_RECALL_AT: return recall_at(&s, level);
    case CADRE_SPECIFICITY_AT: return specificity_at(&s, level);
    default: return average_precision(&s);
    }
}
