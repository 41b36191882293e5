/* calibration_weighted.c - calibration errors of rows that have weights.
 * SPDX-License-Identifier: MIT
 *
 * Bins of equal size have the same weight each: a group of equal scores goes to the bin
 * that the middle of its weight is in.
 */
#include "stats/metrics/calibration.h"

#include <math.h>
#include <string.h>

/* Of a bin, or of a group of equal scores. */
struct sums {
    double weight, score, positive;
};

static void sum_groups(struct sums *groups, const struct cdr_measure *m,
                       const double *weight)
{
    for (size_t row = 0; row < m->n; row++) {
        struct sums *const g = &groups[m->group[row]];
        g->weight += weight[row];
        g->score += weight[row] * m->scores[row];
        g->positive += weight[row] * m->labels[row];
    }
}

static void sum_bins(struct sums *bins, const struct cdr_measure *m,
                     const struct sums *groups, double all)
{
    double sum = 0;

    for (size_t g = 0; g < m->groups; g++) {
        const double middle = (sum + groups[g].weight / 2) / all * m->metric.bins;
        const size_t last = m->metric.bins - 1;
        const size_t bin = middle < (double)last ? (size_t)middle : last;
        bins[bin].weight += groups[g].weight;
        bins[bin].score += groups[g].score;
        bins[bin].positive += groups[g].positive;
        sum += groups[g].weight;
    }
}

static double conclude(const struct cdr_measure *m, const struct sums *bins, double all)
{
    const int kind = m->metric.kind;
    double sum = 0;

    for (size_t b = 0; b < m->metric.bins; b++) {
        if (!(bins[b].weight > 0))
            continue;
        const double off =
            fabs(bins[b].score / bins[b].weight - bins[b].positive / bins[b].weight);
        if (kind == CADRE_MCE || kind == CADRE_MCE_MASS)
            sum = fmax(sum, off);
        else
            sum += bins[b].weight / all * (kind == CADRE_ECE_L2 ? off * off : off);
    }
    return kind == CADRE_ECE_L2 ? sqrt(sum) : sum;
}

double cdr_calibration_weighted(const struct cdr_measure *m, const double *weight,
                                void *room)
{
    struct sums *const bins = room, *const groups = bins + m->metric.bins;
    double all = 0;

    memset(room, 0, (m->metric.bins + m->groups) * sizeof *bins);
    sum_groups(groups, m, weight);
    for (size_t g = 0; g < m->groups; g++)
        all += groups[g].weight;
    if (cdr_bins_by_width(m->metric.kind))
        return conclude(m, groups, all);
    sum_bins(bins, m, groups, all);
    return conclude(m, bins, all);
}
