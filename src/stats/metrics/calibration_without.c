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

struct part {
    double error, chance; /* of a bin, as it is added up */
};

static struct part part_of(const struct cdr_measure *m, const struct cdr_bin *b)
{
    struct part p = { 0, 0 };

    if (b->count > 0)
        p.error = cdr_bin_part(&p.chance, m->metric.kind, b, m->n - 1);
    return p;
}

static struct part part_of_rows(const struct cdr_measure *m, const uint32_t *rows,
                                size_t count)
{
    const struct cdr_bin none = { 0 };
    const struct cdr_bin b = count > 0 ? cdr_bin_of(m, rows, count) : none;

    return part_of(m, &b);
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
    size_t first, reach; /* the dealt rows that may be in it */
    struct part before,
        after;                /* what it adds if it is before the row left out; after */
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
    const bool moves = !cdr_bins_by_width(m->metric.kind);

    if (b->reach == 0)
        return true;
    b->before = part_of_rows(m, rows, b->reach - moves);
    b->after = part_of_rows(m, rows + moves, b->reach - moves);
    b->positive = count_positive(m, rows, b->reach);
    return cdr_splice_open_but_one(&b->splice, o->score + b->first, b->reach);
}

static bool open_bins(struct omission *o, const uint32_t *ends)
{
    const bool moves = !cdr_bins_by_width(o->m->metric.kind);
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

static struct part part_without(const struct omission *o, const struct bin *b,
                                size_t row)
{
    const size_t n = b->reach - 1, place = o->place[row] - b->first;
    struct cdr_bin rest = { .count = n };

    if (n > 0) {
        rest.mean =
            cdr_splice_sum_but_one(&b->splice, o->score + b->first, place) / (double)n;
        rest.share = (double)(b->positive - o->m->labels[row]) / (double)n;
    }
    return part_of(o->m, &rest);
}

static double without(const void *opened, size_t row)
{
    const struct omission *const o = opened;
    const size_t place = o->place[row];
    double sum = 0, chance = 0;

    for (size_t bin = 0; bin < o->m->metric.bins; bin++) {
        const struct bin *const b = &o->bin[bin];
        const struct part p = place >= b->first + b->reach ? b->before
                              : place < b->first           ? b->after
                                                           : part_without(o, b, row);
        sum += p.error;
        chance += p.chance;
    }
    return cdr_bins_conclude(o->m->metric.kind, sum, chance);
}

const struct cdr_omission cdr_calibration_omission = { .open = omission_open,
                                                       .without = without,
                                                       .close = omission_close };
