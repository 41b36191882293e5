/* decisions.c - what right and wrong predictions at a threshold say.
 * SPDX-License-Identifier: MIT
 */
#include "stats/metrics/decisions.h"
#include "stats/metrics/measure.h"

#include <math.h>
#include <stdlib.h>

static double share(double part, double of)
{
    return of > 0 ? part / of : 0;
}

static double matthews(const struct cdr_confusion *c)
{
    const double yes = c->tp + c->fp, no = c->fn + c->tn, n = yes + no;
    const double positive = c->tp + c->fn, negative = c->fp + c->tn;
    const double both = (c->tn + c->tp) * n - (negative * no + positive * yes);
    const double predicted = n * n - (no * no + yes * yes);
    const double labelled = n * n - (negative * negative + positive * positive);

    return predicted * labelled > 0 ? both / sqrt(labelled * predicted) : 0;
}

/* Not a number where chance alone would be right everywhere. */
static double kappa(const struct cdr_confusion *c)
{
    const double yes = c->tp + c->fp, no = c->fn + c->tn, n = yes + no;
    const double positive = c->tp + c->fn, negative = c->fp + c->tn;

    return 1 - (c->fp + c->fn) / (no * positive / n + yes * negative / n);
}

double cdr_decide(int kind, const struct cdr_confusion *c)
{
    const double positive = c->tp + c->fn, negative = c->fp + c->tn;

    switch (kind) {
    case CADRE_PRECISION: return share(c->tp, c->tp + c->fp);
    case CADRE_RECALL: return share(c->tp, positive);
    case CADRE_F1: return share(2 * c->tp, positive + (c->tp + c->fp));
    case CADRE_SPECIFICITY: return share(c->tn, negative);
    case CADRE_NPV: return share(c->tn, c->tn + c->fn);
    case CADRE_FPR: return share(c->fp, negative);
    case CADRE_FNR: return share(c->fn, positive);
    case CADRE_BALANCED_ACCURACY:
        return (share(c->tn, negative) + share(c->tp, positive)) / 2;
    case CADRE_MCC: return matthews(c);
    case CADRE_KAPPA: return kappa(c);
    default: return share(c->tp + c->tn, positive + negative);
    }
}

/* ---- of a sample ---- */

static bool open(struct cdr_measure *m)
{
    m->groups = 2;
    m->group = calloc(m->n, sizeof *m->group);
    for (size_t row = 0; m->group && row < m->n; row++)
        m->group[row] = m->scores[row] >= m->metric.threshold;
    return m->group != NULL;
}

/* Rows that are predicted positive, by their true class. */
static cdr_classes predicted(const struct cdr_measure *m, const struct cdr_sample *s)
{
    const uint32_t *const group = m->group;
    uint64_t all = 0, right = 0;

    for (size_t row = 0; s->few && row < m->n; row++) {
        const uint32_t times = s->few[row] & -group[row];
        all += times;
        right += times & -(uint32_t)m->labels[row];
    }
    for (size_t row = 0; !s->few && row < m->n; row++) {
        const uint32_t times = s->counted[row] & -group[row];
        all += times;
        right += times & -(uint32_t)m->labels[row];
    }
    return right << 32 | (all - right);
}

static double value(const struct cdr_measure *m, const struct cdr_sample *s, void *room)
{
    const cdr_classes yes = predicted(m, s);
    const struct cdr_confusion c = { .tp = cdr_positive(yes),
                                     .fp = cdr_negative(yes),
                                     .fn = cdr_positive(s->classes) - cdr_positive(yes),
                                     .tn =
                                         cdr_negative(s->classes) - cdr_negative(yes) };

    (void)room;
    return cdr_decide(m->metric.kind, &c);
}

/* ---- of weighted rows ---- */

/* The same without differences of squares, which are exact for counts only. */
static double matthews_weighted(const struct cdr_confusion *c)
{
    const double yes = c->tp + c->fp, no = c->fn + c->tn;
    const double positive = c->tp + c->fn, negative = c->fp + c->tn;
    const double spread = sqrt(positive * negative) * sqrt(yes * no);

    return spread > 0 ? (c->tp * c->tn - c->fp * c->fn) / spread : 0;
}

typedef double sums[2][2]; /* by prediction and label */

static double decide(const struct cdr_measure *m, sums sum)
{
    const struct cdr_confusion c = {
        .tp = sum[1][1], .fp = sum[1][0], .fn = sum[0][1], .tn = sum[0][0]
    };

    return m->metric.kind == CADRE_MCC ? matthews_weighted(&c)
                                       : cdr_decide(m->metric.kind, &c);
}

static double weighted(const struct cdr_measure *m, const double *weight, void *room)
{
    sums sum = { { 0 } };

    (void)room;
    for (size_t row = 0; row < m->n; row++)
        sum[m->group[row]][m->labels[row]] += weight[row];
    return decide(m, sum);
}

/* ---- without one row of weights ---- */

struct omission {
    const struct cdr_measure *m;
    sums sum;
};

static void *omission_open(const struct cdr_measure *m)
{
    struct omission *const o = calloc(1, sizeof *o);

    if (!o)
        return NULL;
    o->m = m;
    for (size_t row = 0; row < m->n; row++)
        o->sum[m->group[row]][m->labels[row]] += m->weights[row];
    return o;
}

static double without(const void *opened, size_t row)
{
    struct omission rest = *(const struct omission *)opened;
    const struct cdr_measure *const m = rest.m;

    double *const sum = &rest.sum[m->group[row]][m->labels[row]];

    if (m->weights[row] > *sum / 2) /* what is left is lost in its last bits */
        return INFINITY;
    *sum -= m->weights[row];
    return decide(m, rest.sum);
}

static const struct cdr_omission weighted_omission = { .open = omission_open,
                                                       .without = without,
                                                       .close = free };

const struct cdr_family cdr_decisions = { .counts = true,
                                          .open = open,
                                          .value = value,
                                          .weighted = weighted,
                                          .weighted_omission = &weighted_omission };
