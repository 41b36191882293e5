/* averages.c - the mean, the Brier score and log loss.
 * SPDX-License-Identifier: MIT
 */
#include "stats/metrics/measure.h"
#include "stats/numbers/splice.h"

#include <math.h>
#include <stdlib.h>

static double squared_error(double p, uint8_t label)
{
    const double error = p - (double)label;

    return error * error;
}

/* Probabilities keep away from 0 and 1 by the spacing of doubles at 1. */
static double log_error(double p, uint8_t label)
{
    const double least = 0x1p-52;
    const double yes = fmin(fmax(p, least), 1 - least), no = 1 - yes;

    return -log((label ? yes : no) / (no + yes));
}

static bool open(struct cdr_measure *m)
{
    double (*const error)(double, uint8_t) =
        m->metric.kind == CADRE_BRIER ? squared_error : log_error;

    if (m->metric.kind == CADRE_MEAN)
        return true;
    m->term = calloc(m->n, sizeof *m->term);
    for (size_t row = 0; m->term && row < m->n; row++)
        m->term[row] = error(m->scores[row], m->labels[row]);
    return m->term != NULL;
}

static const double *terms_of(const struct cdr_measure *m)
{
    return m->term ? m->term : m->scores;
}

static double value(const struct cdr_measure *m, const struct cdr_sample *s, void *room)
{
    (void)room;
    return cdr_sum_rows(terms_of(m), s->rows, s->n) / (double)s->n;
}

struct weights {
    const double *term, *weight;
};

static void weigh(double *restrict out, const void *from, size_t first, size_t n)
{
    const struct weights *const w = from;

    for (size_t i = 0; i < n; i++)
        out[i] = w->term[first + i] * w->weight[first + i];
}

static double weighted(const struct cdr_measure *m, const double *weight, void *room)
{
    const struct weights w = { terms_of(m), weight };

    (void)room;
    return cdr_sum_terms(weigh, &w, m->n) / cadre_sum(weight, m->n);
}

/* ---- without one row ---- */

struct omission {
    const double *term;
    struct cdr_splice splice;
};

static void omission_close(void *opened)
{
    struct omission *const o = opened;

    cdr_splice_close(&o->splice);
    free(o);
}

static void *omission_open(const struct cdr_measure *m)
{
    struct omission *const o = calloc(1, sizeof *o);

    if (!o)
        return NULL;
    o->term = terms_of(m);
    if (cdr_splice_open_but_one(&o->splice, o->term, m->n))
        return o;
    omission_close(o);
    return NULL;
}

static double without(const void *opened, size_t row)
{
    const struct omission *const o = opened;

    return cdr_splice_sum_but_one(&o->splice, o->term, row) / (double)o->splice.n;
}

/* ---- without one row of weights: its weight becomes 0 ---- */

struct weighted_omission {
    const struct cdr_measure *m;
    struct cdr_splice sum, weight;
};

struct but_one {
    const struct weights *w;
    size_t row;
};

static void weigh_but_one(double *restrict out, const void *from, size_t first,
                          size_t n)
{
    const struct but_one *const b = from;

    weigh(out, b->w, first, n);
    if (b->row - first < n)
        out[b->row - first] = b->w->term[b->row] * 0.0;
}

static void weights_but_one(double *restrict out, const void *from, size_t first,
                            size_t n)
{
    const struct but_one *const b = from;

    for (size_t i = 0; i < n; i++)
        out[i] = first + i == b->row ? 0 : b->w->weight[first + i];
}

static void weighted_omission_close(void *opened)
{
    struct weighted_omission *const o = opened;

    cdr_splice_close(&o->sum);
    cdr_splice_close(&o->weight);
    free(o);
}

static void *weighted_omission_open(const struct cdr_measure *m)
{
    struct weighted_omission *const o = calloc(1, sizeof *o);
    const struct weights w = { terms_of(m), m->weights };
    const struct but_one all = { &w, SIZE_MAX };

    if (!o)
        return NULL;
    o->m = m;
    if (cdr_splice_open(&o->sum, m->n, weigh_but_one, &all, &all) &&
        cdr_splice_open(&o->weight, m->n, weights_but_one, &all, &all))
        return o;
    weighted_omission_close(o);
    return NULL;
}

static double weighted_without(const void *opened, size_t row)
{
    const struct weighted_omission *const o = opened;
    const struct weights w = { terms_of(o->m), o->m->weights };
    const struct but_one rest = { &w, row };

    return cdr_splice_sum(&o->sum, weigh_but_one, &rest, row, row + 1) /
           cdr_splice_sum(&o->weight, weights_but_one, &rest, row, row + 1);
}

static const struct cdr_omission weighted_omission = { .open = weighted_omission_open,
                                                       .without = weighted_without,
                                                       .close =
                                                           weighted_omission_close };

static const struct cdr_omission omission = { .open = omission_open,
                                              .without = without,
                                              .close = omission_close };

const struct cdr_family cdr_averages = { .open = open,
                                         .value = value,
                                         .weighted = weighted,
                                         .omission = &omission,
                                         .weighted_omission = &weighted_omission };
