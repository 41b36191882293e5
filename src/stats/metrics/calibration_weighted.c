/* calibration_weighted.c - calibration errors of rows that have weights.
 * SPDX-License-Identifier: MIT
 *
 * Bins of equal size have the same weight each: a group of equal scores goes to the bin
 * that the middle of its weight is in.
 */
#include "stats/metrics/calibration.h"

#include <math.h>
#include <stdlib.h>
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

/* To the sum over bins, or the largest of them, one that is not empty. */
static double add_bin(double sum, int kind, const struct sums *b, double all)
{
    const double off = fabs(b->score / b->weight - b->positive / b->weight);

    if (kind == CADRE_MCE || kind == CADRE_MCE_MASS)
        return fmax(sum, off);
    return sum + b->weight / all * (kind == CADRE_ECE_L2 ? off * off : off);
}

static double conclude(const struct cdr_measure *m, const struct sums *bins, double all)
{
    double sum = 0;

    for (size_t b = 0; b < m->metric.bins; b++)
        if (bins[b].weight > 0)
            sum = add_bin(sum, m->metric.kind, &bins[b], all);
    return m->metric.kind == CADRE_ECE_L2 ? sqrt(sum) : sum;
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

/* ---- without one row: bins of equal width ---- */

struct omission {
    const struct cdr_measure *m;
    double all;
    struct sums *bins;
};

static void omission_close(void *opened)
{
    struct omission *const o = opened;

    free(o->bins);
    free(o);
}

static void *omission_open(const struct cdr_measure *m)
{
    struct omission *const o = calloc(1, sizeof *o);

    if (!o)
        return NULL;
    o->m = m;
    o->bins = calloc(m->groups, sizeof *o->bins);
    if (!o->bins) {
        free(o);
        return NULL;
    }
    sum_groups(o->bins, m, m->weights);
    for (size_t bin = 0; bin < m->groups; bin++)
        o->all += o->bins[bin].weight;
    return o;
}

static double without(const void *opened, size_t row)
{
    const struct omission *const o = opened;
    const struct cdr_measure *const m = o->m;
    const double weight = m->weights[row], all = o->all - weight;
    double sum = 0;

    for (size_t bin = 0; bin < m->groups; bin++) {
        struct sums b = o->bins[bin];
        if (bin == m->group[row]) {
            b.weight -= weight;
            b.score -= weight * m->scores[row];
            b.positive -= weight * m->labels[row];
        }
        if (b.weight > 0)
            sum = add_bin(sum, m->metric.kind, &b, all);
    }
    return sum;
}

const struct cdr_omission cdr_calibration_weighted_omission = {
    .open = omission_open, .without = without, .close = omission_close
};
