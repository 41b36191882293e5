/* calibration_without.c - the expected calibration error without one row.
 * SPDX-License-Identifier: MIT
 *
 * Bins of equal width lose the row if it is theirs, and else stay as they are. Those of
 * equal size are cut anew, of n - 1 rows, and the rows behind the one left out move up
 * by a place: a bin before it has its rows as dealt, one after it those a place on.
 */
#include "stats/metrics/calibration.h"
#include "stats/numbers/splice.h"

#include <math.h>
#include <stdlib.h>

/* How far off a bin is, from the sum of its scores and its positives. */
static double error_of(double sum, uint64_t positive, size_t count, size_t n)
{
    const double mean = sum / (double)count;
    const double share = (double)positive / (double)count;

    return (double)count / (double)n * fabs(mean - share);
}

static uint64_t count_positive(const struct cdr_measure *m, const uint32_t *rows,
                               size_t count)
{
    uint64_t positive = 0;

    for (size_t i = 0; i < count; i++)
        positive += m->labels[rows[i]];
    return positive;
}

struct bin {
    size_t first, reach;      /* the dealt rows that may be in it */
    double before, after;     /* its error if it is before the row left out; after */
    uint64_t positive;        /* rows in reach */
    struct cdr_splice splice; /* scores in reach, but one */
};

struct omission {
    const struct cdr_measure *m;
    uint32_t *dealt, *place; /* rows; each row's place among them */
    double *score;           /* of dealt rows */
    struct bin *bin;
};

static bool open_bin(const struct omission *o, struct bin *b)
{
    const struct cdr_measure *const m = o->m;
    const uint32_t *const rows = o->dealt + b->first;
    const bool moves = m->metric.kind == CADRE_ECE_MASS;

    if (b->reach == 0)
        return true;
    b->before = cdr_bin_error(m, rows, b->reach - moves, m->n - 1);
    b->after = cdr_bin_error(m, rows + moves, b->reach - moves, m->n - 1);
    b->positive = count_positive(m, rows, b->reach);
    return cdr_splice_open_but_one(&b->splice, o->score + b->first, b->reach);
}

static bool open_bins(struct omission *o, const uint32_t *ends)
{
    const bool moves = o->m->metric.kind == CADRE_ECE_MASS;
    size_t first = 0, end;

    for (size_t bin = 0; bin < o->m->metric.bins; bin++, first = end) {
        struct bin *const b = &o->bin[bin];
        end = cdr_bin_end(o->m, ends, o->m->n - 1, bin);
        b->first = first;
        b->reach = end - first + moves;
        if (!open_bin(o, b))
            return false;
    }
    return true;
}

static void omission_close(void *opened)
{
    struct omission *const o = opened;

    for (size_t bin = 0; o->bin && bin < o->m->metric.bins; bin++)
        cdr_splice_close(&o->bin[bin].splice);
    free(o->bin);
    free(o->dealt);
    free(o->place);
    free(o->score);
    free(o);
}

static bool fill(struct omission *o, uint32_t *ends)
{
    const struct cdr_measure *const m = o->m;

    o->dealt = calloc(m->n, sizeof *o->dealt);
    o->place = calloc(m->n, sizeof *o->place);
    o->score = calloc(m->n, sizeof *o->score);
    o->bin = calloc(m->metric.bins, sizeof *o->bin);
    if (!ends || !o->dealt || !o->place || !o->score || !o->bin)
        return false;
    for (size_t row = 0; row < m->n; row++)
        o->place[row] = (uint32_t)row; /* until they are dealt */
    cdr_deal(o->dealt, ends, m, o->place, m->n);
    for (size_t place = 0; place < m->n; place++) {
        o->place[o->dealt[place]] = (uint32_t)place;
        o->score[place] = m->scores[o->dealt[place]];
    }
    return open_bins(o, ends);
}

static void *omission_open(const struct cdr_measure *m)
{
    uint32_t *const ends = calloc(m->groups, sizeof *ends);
    struct omission *o = calloc(1, sizeof *o);

    if (o) {
        o->m = m;
        if (!fill(o, ends)) {
            omission_close(o);
            o = NULL;
        }
    }
    free(ends);
    return o;
}

static double error_without(const struct omission *o, const struct bin *b, size_t row)
{
    const size_t n = b->reach - 1, place = o->place[row] - b->first;

    if (n == 0)
        return 0;
    return error_of(cdr_splice_sum_but_one(&b->splice, o->score + b->first, place),
                    b->positive - o->m->labels[row], n, o->m->n - 1);
}

static double without(const void *opened, size_t row)
{
    const struct omission *const o = opened;
    const size_t place = o->place[row];
    double sum = 0;

    for (size_t bin = 0; bin < o->m->metric.bins; bin++) {
        const struct bin *const b = &o->bin[bin];
        if (place >= b->first + b->reach)
            sum += b->before;
        else if (place < b->first)
            sum += b->after;
        else
            sum += error_without(o, b, row);
    }
    return sum;
}

const struct cdr_omission cdr_calibration_omission = { .open = omission_open,
                                                       .without = without,
                                                       .close = omission_close };
