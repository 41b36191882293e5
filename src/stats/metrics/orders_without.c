/* orders_without.c - quantiles and trimmed means of weighted rows, without one row.
 * SPDX-License-Identifier: MIT
 *
 * Groups of equal scores, the lowest first, and the weight below each: without a row, that of
 * the groups above it is less by the row's. Where a share of the weight is reached is thus
 * found by bisection. A trimmed mean is the sum of the scores between two such places; sums
 * begin in the middle, so that what is far out at either end is in none that counts.
 */
#include "stats/metrics/measure.h"

#include <stdlib.h>

struct omission {
    const struct cdr_measure *m;
    double *below;   /* weight of the groups before */
    double *sum;     /* scores times weights of the groups before, less of those before
                        the middle; both have one more, of all */
    uint32_t *heavy; /* rows of each group that weigh anything */
    uint32_t *next;  /* group behind each that has any */
    size_t middle;
};

/* What is left. */
struct rest {
    const struct omission *o;
    size_t group; /* of the row that is left out */
    double weight, all;
};

static void omission_close(void *opened)
{
    struct omission *const o = opened;

    free(o->below);
    free(o->sum);
    free(o->heavy);
    free(o->next);
    free(o);
}

/* `below` has the weight of each group in the place behind it. */
static void sum_up(struct omission *o)
{
    const struct cdr_measure *const m = o->m;
    size_t next = m->groups;

    for (size_t row = 0; row < m->n; row++) {
        o->below[m->group[row] + 1] += m->weights[row];
        o->heavy[m->group[row]] += m->weights[row] > 0;
    }
    for (size_t g = m->groups; g-- > 0;) {
        o->next[g] = (uint32_t)next;
        next = o->heavy[g] > 0 ? g : next;
    }
    for (size_t g = 0; g < m->groups; g++) {
        o->sum[g + 1] = o->below[g + 1] * m->term[g]; /* of the group, for now */
        o->below[g + 1] += o->below[g];
    }
    while (o->middle + 1 < m->groups &&
           o->below[o->middle + 1] <= o->below[m->groups] / 2)
        o->middle++;
    double sum = 0;
    for (size_t g = o->middle; g-- > 0;) {
        const double own = o->sum[g + 1];
        o->sum[g + 1] = sum;
        sum -= own;
    }
    o->sum[0] = sum;
    sum = 0;
    for (size_t g = o->middle; g < m->groups; g++)
        o->sum[g + 1] = sum += o->sum[g + 1];
}

static void *omission_open(const struct cdr_measure *m)
{
    struct omission *const o = calloc(1, sizeof *o);

    if (!o)
        return NULL;
    o->m = m;
    o->below = calloc(m->groups + 1, sizeof *o->below);
    o->sum = calloc(m->groups + 1, sizeof *o->sum);
    o->heavy = calloc(m->groups, sizeof *o->heavy);
    o->next = calloc(m->groups, sizeof *o->next);
    if (!o->below || !o->sum || !o->heavy || !o->next) {
        omission_close(o);
        return NULL;
    }
    sum_up(o);
    return o;
}

/* ---- what is left ---- */

static double below(const struct rest *r, size_t g)
{
    return r->o->below[g] - (g > r->group ? r->weight : 0);
}

/* The first group up to which there is so much weight; the number of groups if there is none. */
static size_t group_at(const struct rest *r, double weight)
{
    size_t low = 0, high = r->o->m->groups;

    while (low < high) {
        const size_t g = low + (high - low) / 2;
        if (below(r, g + 1) >= weight)
            high = g;
        else
            low = g + 1;
    }
    return low;
}

static double score_at(const struct rest *r, double level)
{
    const struct omission *const o = r->o;
    const size_t g = group_at(r, (level - CDR_SAME_SHARE) * r->all);

    if (!(r->all > 0) || g == o->m->groups)
        return INFINITY;
    const double over = below(r, g + 1) / r->all - level;
    if (cdr_is_unsure(over) || cdr_is_unsure(below(r, g) / r->all - level))
        return INFINITY;
    size_t next = o->next[g];
    if (next == r->group && o->heavy[next] == 1 && r->weight > 0)
        next = o->next[next];
    if (over > CDR_SAME_SHARE || next == o->m->groups)
        return o->m->term[g];
    return (o->m->term[g] + o->m->term[next]) / 2;
}

/* The sum of scores times weights from the middle to there. */
static double sum_to(const struct rest *r, double weight)
{
    const struct omission *const o = r->o;
    const size_t at = group_at(r, weight), g = at < o->m->groups ? at : at - 1;
    const double lost = r->weight * o->m->term[r->group];
    double sum = o->sum[g];

    if (r->group >= o->middle && g > r->group)
        sum -= lost;
    if (r->group < o->middle && g <= r->group)
        sum += lost;
    return sum + (weight - below(r, g)) * o->m->term[g];
}

static double without(const void *opened, size_t row)
{
    const struct omission *const o = opened;
    const struct cdr_measure *const m = o->m;
    const struct rest r = { o, m->group[row], m->weights[row],
                            o->below[m->groups] - m->weights[row] };
    const double level = m->metric.kind == CADRE_MEDIAN ? 0.5 : m->metric.level;

    if (m->metric.kind != CADRE_TRIMMED_MEAN)
        return score_at(&r, level);
    const double from = level * r.all, to = (1 - level) * r.all;
    return (sum_to(&r, to) - sum_to(&r, from)) / (to - from);
}

const struct cdr_omission cdr_order_weighted_omission = { .open = omission_open,
                                                          .without = without,
                                                          .close = omission_close };
