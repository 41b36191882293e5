/* calibration.c - the expected calibration error, in bins of equal width or size.
 * SPDX-License-Identifier: MIT
 *
 * A sample is dealt into piles as it was drawn: one pile a bin for equal width, one a
 * score, the lowest first, for equal size. Bins are then runs of dealt rows. Order
 * matters: the scores of a bin are summed in it, and where a bin's edge goes through
 * equal scores it decides whose labels are on which side.
 */
#include "stats/metrics/measure.h"
#include "stats/numbers/ranking.h"
#include "stats/numbers/splice.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- which pile a row goes to ---- */

/* The last of the edges 0, step, 2 step, ... that is not above the score. */
static uint32_t bin_of(double score, unsigned bins)
{
    const double step = 1.0 / bins, guess = floor(score * bins);
    uint32_t bin = guess < bins ? (uint32_t)guess : bins - 1;

    while (bin > 0 && bin * step > score)
        bin--;
    while (bin < bins - 1 && (bin + 1) * step <= score)
        bin++;
    return bin;
}

static bool open_width(struct cdr_measure *m)
{
    m->groups = m->metric.bins;
    m->group = calloc(m->n, sizeof *m->group);
    for (size_t row = 0; m->group && row < m->n; row++)
        m->group[row] = bin_of(m->scores[row], m->metric.bins);
    return m->group != NULL;
}

static bool open_mass(struct cdr_measure *m)
{
    struct cdr_ranking r;

    if (!cdr_rank(&r, m->scores, m->n))
        return false;
    free(r.order);
    m->group = r.group;
    m->groups = r.groups;
    for (size_t row = 0; row < m->n; row++)
        m->group[row] = (uint32_t)(m->groups - 1 - m->group[row]);
    return true;
}

static bool open(struct cdr_measure *m)
{
    return m->metric.kind == CADRE_ECE_WIDTH ? open_width(m) : open_mass(m);
}

/* ---- dealing ---- */

static size_t room_needed(const struct cdr_measure *m)
{
    return (m->n + m->groups) * sizeof(uint32_t);
}

/* ends[k] becomes where in `dealt` pile k ends. */
static void deal(uint32_t *restrict dealt, uint32_t *restrict ends,
                 const struct cdr_measure *m, const uint32_t *restrict rows, size_t n)
{
    const uint32_t *restrict const group = m->group;
    uint32_t sum = 0;

    memset(ends, 0, m->groups * sizeof *ends);
    for (size_t i = 0; i < n; i++)
        ends[group[rows[i]]]++;
    for (size_t k = 0; k < m->groups; k++) {
        const uint32_t count = ends[k];
        ends[k] = sum;
        sum += count;
    }
    for (size_t i = 0; i < n; i++)
        dealt[ends[group[rows[i]]]++] = rows[i];
}

/* Where among n dealt rows a bin ends. */
static size_t bin_end(const struct cdr_measure *m, const uint32_t *ends, size_t n,
                      size_t bin)
{
    const unsigned bins = m->metric.bins;

    if (m->metric.kind == CADRE_ECE_WIDTH)
        return ends[bin];
    return bin + 1 < bins ? (size_t)floor((double)(bin + 1) * ((double)n / bins)) : n;
}

/* ---- the error ---- */

/* How far a bin's mean score is from its share of positives, weighted by its size;
 * `n` are the rows of all bins. */
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

static double bin_error(const struct cdr_measure *m, const uint32_t *rows, size_t count,
                        size_t n)
{
    if (count == 0)
        return 0;
    return error_of(cdr_sum_rows(m->scores, rows, count),
                    count_positive(m, rows, count), count, n);
}

static double value(const struct cdr_measure *m, const struct cdr_sample *s, void *room)
{
    uint32_t *const dealt = room, *const ends = dealt + m->n;
    double sum = 0;
    size_t first = 0, end;

    deal(dealt, ends, m, s->rows, s->n);
    for (size_t bin = 0; bin < m->metric.bins; bin++, first = end) {
        end = bin_end(m, ends, s->n, bin);
        sum += bin_error(m, dealt + first, end - first, s->n);
    }
    return sum;
}

/* ---- without one row ----
 *
 * Bins of equal width lose the row if it is theirs, and else stay as they are. Those of
 * equal size are cut anew, of n - 1 rows, and the rows behind the one left out move up
 * by a place: a bin before it has its rows as dealt, one after it those a place on. */

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
    b->before = bin_error(m, rows, b->reach - moves, m->n - 1);
    b->after = bin_error(m, rows + moves, b->reach - moves, m->n - 1);
    b->positive = count_positive(m, rows, b->reach);
    return cdr_splice_open_but_one(&b->splice, o->score + b->first, b->reach);
}

static bool open_bins(struct omission *o, const uint32_t *ends)
{
    const bool moves = o->m->metric.kind == CADRE_ECE_MASS;
    size_t first = 0, end;

    for (size_t bin = 0; bin < o->m->metric.bins; bin++, first = end) {
        struct bin *const b = &o->bin[bin];
        end = bin_end(o->m, ends, o->m->n - 1, bin);
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
    deal(o->dealt, ends, m, o->place, m->n);
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

static const struct cdr_omission omission = { .open = omission_open,
                                              .without = without,
                                              .close = omission_close };

const struct cdr_family cdr_calibration = {
    .open = open, .room = room_needed, .value = value, .omission = &omission
};
