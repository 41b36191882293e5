/* calibration_sorted.c - calibration errors without one row, from sorted scores.
 * SPDX-License-Identifier: MIT
 *
 * Where bins are made of groups of equal scores, or by quantiles, leaving out a row may move
 * every edge. A bin is a run of sorted rows all the same: bisection finds where it ends, and
 * running sums say what is in it. Those add up in another order than the rows were drawn in,
 * so that last bits may differ from the error of the rest by itself; edges are the same.
 *
 * Bins of equal width, of the largest error, only lose the row that is left out.
 */
#include "stats/metrics/calibration.h"

#include <math.h>
#include <stdlib.h>

struct omission {
    const struct cdr_measure *m;
    uint32_t *ends;     /* of each group: where it ends among the sorted rows */
    uint32_t *place;    /* of each row */
    double *score;      /* of each place; n */
    double *sum;        /* of the scores before a place; n + 1 */
    uint32_t *positive; /* rows before a place; n + 1 */
    double *off;        /* equal width: how far off each bin is */
};

static void omission_close(void *opened)
{
    struct omission *const o = opened;

    free(o->ends);
    free(o->place);
    free(o->score);
    free(o->sum);
    free(o->positive);
    free(o->off);
    free(o);
}

static double off_of(double sum, double positive, double count)
{
    return count > 0 ? fabs(positive / count - sum / count) : 0;
}

static size_t begin_of(const struct omission *o, size_t group)
{
    return group > 0 ? o->ends[group - 1] : 0;
}

static void sum_up(struct omission *o, const uint32_t *dealt)
{
    const struct cdr_measure *const m = o->m;

    for (size_t place = 0; place < m->n; place++) {
        const uint32_t row = dealt[place];
        o->place[row] = (uint32_t)place;
        o->score[place] = m->scores[row];
        o->sum[place + 1] = o->sum[place] + m->scores[row];
        o->positive[place + 1] = o->positive[place] + m->labels[row];
    }
    for (size_t bin = 0; o->off && bin < m->groups; bin++) {
        const size_t begin = begin_of(o, bin), end = o->ends[bin];
        o->off[bin] =
            off_of(o->sum[end] - o->sum[begin], o->positive[end] - o->positive[begin],
                   (double)(end - begin));
    }
}

static bool fill(struct omission *o)
{
    const struct cdr_measure *const m = o->m;
    const bool by_width = cdr_bins_by_width(m->metric.kind);
    uint32_t *const rows = calloc(m->n, sizeof *rows);
    uint32_t *const dealt = calloc(m->n, sizeof *dealt);

    o->ends = calloc(m->groups, sizeof *o->ends);
    o->place = calloc(m->n, sizeof *o->place);
    o->score = calloc(m->n, sizeof *o->score);
    o->sum = calloc(m->n + 1, sizeof *o->sum);
    o->positive = calloc(m->n + 1, sizeof *o->positive);
    o->off = by_width ? calloc(m->groups, sizeof *o->off) : NULL;
    const bool good = rows && dealt && o->ends && o->place && o->score && o->sum &&
                      o->positive && (o->off || !by_width);
    for (size_t row = 0; good && row < m->n; row++)
        rows[row] = (uint32_t)row;
    if (good) {
        cdr_deal(dealt, o->ends, m, rows, m->n);
        sum_up(o, dealt);
    }
    free(rows);
    free(dealt);
    return good;
}

static void *omission_open(const struct cdr_measure *m)
{
    struct omission *const o = calloc(1, sizeof *o);

    if (!o)
        return NULL;
    o->m = m;
    if (fill(o))
        return o;
    omission_close(o);
    return NULL;
}

/* ---- the rest: places after the gap move up by one ---- */

struct rest {
    const struct omission *o;
    size_t gap, n;
};

static double score_at(const struct rest *r, size_t place)
{
    return r->o->score[place + (place >= r->gap)];
}

static double sum_before(const struct rest *r, size_t place)
{
    return place <= r->gap ? r->o->sum[place]
                           : r->o->sum[place + 1] - r->o->score[r->gap];
}

static double positive_before(const struct rest *r, size_t place)
{
    const uint32_t *const positive = r->o->positive;

    if (place <= r->gap)
        return positive[place];
    return positive[place + 1] - (positive[r->gap + 1] - positive[r->gap]);
}

/* ---- groups that stay together ---- */

/* Whether the middle of a group is at or behind the limit. An empty one is a place. */
static bool is_behind(const struct rest *r, size_t group, size_t limit)
{
    const size_t begin = begin_of(r->o, group), end = r->o->ends[group];
    const bool loses = r->gap >= begin && r->gap < end;
    const size_t size = end - begin - loses, first = begin - (r->gap < begin);

    return first + (size > 0 ? (size - 1) / 2 : 0) >= limit;
}

static size_t tie_safe_end(const struct rest *r, size_t bin)
{
    const size_t limit = cdr_mass_end(r->n, r->o->m->metric.bins, bin);
    size_t low = 0, high = r->o->m->groups;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (is_behind(r, middle, limit))
            high = middle;
        else
            low = middle + 1;
    }
    const size_t end = begin_of(r->o, low);
    return end - (r->gap < end);
}

static double tie_safe(const struct rest *r)
{
    size_t first = 0, end;
    double sum = 0, chance;

    for (size_t bin = 0; bin < r->o->m->metric.bins; bin++, first = end) {
        end = tie_safe_end(r, bin);
        const double count = (double)(end - first);
        if (end <= first)
            continue;
        const struct cdr_bin b = {
            end - first, (sum_before(r, end) - sum_before(r, first)) / count,
            (positive_before(r, end) - positive_before(r, first)) / count
        };
        sum += cdr_bin_part(&chance, r->o->m->metric.kind, &b, r->n);
    }
    return sum;
}

/* ---- the largest error ---- */

/* The first place with a score above the edge. */
static size_t place_above(const struct rest *r, double edge)
{
    size_t low = 0, high = r->n;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (score_at(r, middle) > edge)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static size_t quantile_end(const struct rest *r, size_t bin)
{
    const double step = 1.0 / r->o->m->metric.bins;
    const double place = (double)(r->n - 1) * ((double)(bin + 1) * step * 100 / 100);

    if (bin + 1 == r->o->m->metric.bins)
        return r->n;
    if (place >= (double)(r->n - 1))
        return place_above(r, score_at(r, r->n - 1));
    return place_above(r, cdr_edge_of(score_at(r, (size_t)place),
                                      score_at(r, (size_t)place + 1), place));
}

static double largest_by_quantiles(const struct rest *r)
{
    double most = 0;
    size_t first = 0;

    for (size_t bin = 0; bin < r->o->m->metric.bins; bin++) {
        const size_t end = quantile_end(r, bin);
        if (end <= first)
            continue;
        most = fmax(most, off_of(sum_before(r, end) - sum_before(r, first),
                                 positive_before(r, end) - positive_before(r, first),
                                 (double)(end - first)));
        first = end;
    }
    return most;
}

static double largest_by_width(const struct omission *o, size_t row)
{
    const uint32_t own = o->m->group[row];
    const size_t begin = begin_of(o, own), end = o->ends[own];
    double most = off_of(o->sum[end] - o->sum[begin] - o->m->scores[row],
                         o->positive[end] - o->positive[begin] - o->m->labels[row],
                         (double)(end - begin - 1));

    for (size_t bin = 0; bin < o->m->groups; bin++)
        if (bin != own)
            most = fmax(most, o->off[bin]);
    return most;
}

static double without(const void *opened, size_t row)
{
    const struct omission *const o = opened;
    const struct rest r = { o, o->place[row], o->m->n - 1 };

    switch (o->m->metric.kind) {
    case CADRE_MCE: return largest_by_width(o, row);
    case CADRE_MCE_MASS: return largest_by_quantiles(&r);
    default: return tie_safe(&r);
    }
}

const struct cdr_omission cdr_calibration_sorted_omission = { .open = omission_open,
                                                              .without = without,
                                                              .close = omission_close };
