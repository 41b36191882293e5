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

#define SMALL 0x1p-14 /* a share of a weight */

/* Of a bin, or of a group of equal scores. */
struct sums {
    double weight, score, positive;
};

static struct sums plus(struct sums a, double sign, struct sums b)
{
    return (struct sums){ a.weight + sign * b.weight, a.score + sign * b.score,
                          a.positive + sign * b.positive };
}

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

/* In bins, the first of which begins at 0. */
static double place_of(const struct cdr_measure *m, double before, double all)
{
    return (before / all + CDR_SAME_SHARE) * m->metric.bins;
}

static void sum_bins(struct sums *bins, const struct cdr_measure *m,
                     const struct sums *groups, double all)
{
    double sum = 0;

    for (size_t g = 0; g < m->groups; g++) {
        const double middle = place_of(m, sum + groups[g].weight / 2, all);
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

/* ---- without one row ---- */

struct omission {
    const struct cdr_measure *m;
    double all;
    struct sums *bins;   /* or groups */
    struct sums *before; /* bins of equal size: groups before each */
    uint32_t *heavy;     /* rows before each that weigh anything */
};

static void omission_close(void *opened)
{
    struct omission *const o = opened;

    free(o->bins);
    free(o->before);
    free(o->heavy);
    free(o);
}

static void *omission_open(const struct cdr_measure *m)
{
    struct omission *const o = calloc(1, sizeof *o);

    if (!o)
        return NULL;
    o->m = m;
    o->bins = calloc(m->groups, sizeof *o->bins);
    o->before = calloc(m->groups + 1, sizeof *o->before);
    o->heavy = calloc(m->groups + 1, sizeof *o->heavy);
    if (!o->bins || !o->before || !o->heavy) {
        omission_close(o);
        return NULL;
    }
    sum_groups(o->bins, m, m->weights);
    for (size_t row = 0; row < m->n; row++)
        o->heavy[m->group[row] + 1] += m->weights[row] > 0;
    for (size_t g = 0; g < m->groups; g++) {
        o->before[g + 1] = plus(o->before[g], 1, o->bins[g]);
        o->heavy[g + 1] += o->heavy[g];
    }
    o->all = o->before[m->groups].weight;
    return o;
}

/* One of the weights is left out: it, its group, and what is left. */
struct rest {
    const struct omission *o;
    struct sums row;
    size_t group;
    double all;
};

/* Of a bin that has lost nearly all its weight, next to nothing is known; the same is true of
 * one that is a difference of much larger sums, if its own error counts. */
static bool is_lost(const struct rest *r, const struct sums *b, bool loses)
{
    const bool is_sum = r->o->m->metric.kind == CADRE_ECE_MASS ||
                        r->o->m->metric.kind == CADRE_ECE_TIES ||
                        r->o->m->metric.kind == CADRE_ECE_WIDTH;

    if (cdr_bins_by_width(r->o->m->metric.kind))
        return loses && b->weight < SMALL * r->row.weight;
    return !is_sum && b->weight < SMALL * r->all;
}

/* A bin of the groups first .. end - 1, added; infinite: no way to tell. */
static double add_groups(double sum, const struct rest *r, size_t first, size_t end)
{
    const bool loses = r->group >= first && r->group < end;
    struct sums b = cdr_bins_by_width(r->o->m->metric.kind)
                        ? r->o->bins[first]
                        : plus(r->o->before[end], -1, r->o->before[first]);

    if (r->o->heavy[end] - r->o->heavy[first] == (loses && r->row.weight > 0))
        return sum;
    if (loses)
        b = plus(b, -1, r->row);
    if (is_lost(r, &b, loses))
        return INFINITY;
    return b.weight > 0 ? add_bin(sum, r->o->m->metric.kind, &b, r->all) : sum;
}

/* Where the middle of a group is, in bins. */
static double middle_of(const struct rest *r, size_t g)
{
    const double before = r->o->before[g].weight - (g > r->group ? r->row.weight : 0);
    const double own = r->o->bins[g].weight - (g == r->group ? r->row.weight : 0);

    return place_of(r->o->m, before + own / 2, r->all);
}

/* The first group of a bin; SIZE_MAX: it is hard to say. */
static size_t begin_of(const struct rest *r, size_t bin)
{
    const double unsure = CDR_SAME_SHARE / 2 * r->o->m->metric.bins;
    size_t low = 0, high = r->o->m->groups;

    while (low < high) {
        const size_t g = low + (high - low) / 2;
        if (middle_of(r, g) >= (double)bin)
            high = g;
        else
            low = g + 1;
    }
    if ((low < r->o->m->groups && middle_of(r, low) - (double)bin < unsure) ||
        (low > 0 && (double)bin - middle_of(r, low - 1) < unsure))
        return SIZE_MAX;
    return low;
}

static double without(const void *opened, size_t row)
{
    const struct omission *const o = opened;
    const struct cdr_measure *const m = o->m;
    const double weight = m->weights[row];
    const bool by_width = cdr_bins_by_width(m->metric.kind);
    const struct rest r = { o,
                            { weight, weight * m->scores[row],
                              weight * m->labels[row] },
                            m->group[row],
                            o->all - weight };
    double sum = 0;
    size_t first = 0, end;

    for (size_t bin = 0; bin < m->metric.bins && !isinf(sum); bin++, first = end) {
        end = by_width                    ? bin + 1
              : bin + 1 == m->metric.bins ? m->groups
                                          : begin_of(&r, bin + 1);
        if (end == SIZE_MAX)
            return INFINITY;
        sum = add_groups(sum, &r, first, end);
    }
    return m->metric.kind == CADRE_ECE_L2 ? sqrt(sum) : sum;
}

const struct cdr_omission cdr_calibration_weighted_omission = {
    .open = omission_open, .without = without, .close = omission_close
};
