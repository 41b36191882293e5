/* precision_without.c - average precision of weighted rows, without one row.
 * SPDX-License-Identifier: MIT
 *
 * Average precision sums, down the groups of equal scores, the positive weight d of a group
 * times P / c, where P is the positive weight and c all weight down to it. Without a row of
 * weight w, all groups from its own on have c - w, and P - w if it is positive. Since
 * 1 / (c - w) is the sum of (w / c)^j / c, what is needed of all groups behind is the sum
 * of d P / c and of d / c, times (c' / c)^j, c' being that of the row's own group: a
 * few sums, which change from group to group by a factor each. All values are worked out at
 * once, from the last group up. A row that has more than an eighth of all weight down to its
 * group is left to be worked out by itself; as each such row adds an eighth to the weight,
 * there can be only some.
 */
#include "stats/metrics/measure.h"

#include <stdlib.h>
#include <string.h>

enum { TERMS = 20, LARGE = 8 }; /* LARGE^-TERMS is below the spacing of doubles at 1 */

struct omission {
    double *value;           /* of each row */
    double *gain, *positive; /* of each group: d and P, */
    double *all;             /* c, */
    double *before; /* and the sum of d P / c over groups before; one more, of all */
};

/* Of the groups behind one. */
struct behind {
    double precision[TERMS], share[TERMS]; /* the sums of d P / c and d / c */
};

static void omission_close(void *opened)
{
    struct omission *const o = opened;

    free(o->value);
    free(o->gain);
    free(o->positive);
    free(o->all);
    free(o->before);
    free(o);
}

static double precision_of(const struct omission *o, size_t g)
{
    return o->gain[g] > 0 ? o->gain[g] * o->positive[g] / o->all[g] : 0;
}

static void count_groups(struct omission *o, const struct cdr_measure *m)
{
    for (size_t row = 0; row < m->n; row++) {
        o->all[m->group[row]] += m->weights[row];
        if (m->labels[row])
            o->gain[m->group[row]] += m->weights[row];
    }
    for (size_t g = 0; g < m->groups; g++) {
        o->positive[g] = o->gain[g] + (g > 0 ? o->positive[g - 1] : 0);
        o->all[g] += g > 0 ? o->all[g - 1] : 0;
        o->before[g + 1] = o->before[g] + precision_of(o, g);
    }
}

/* From behind group g + 1 to behind group g. */
static void step_up(struct behind *b, const struct omission *o, size_t g)
{
    if (!(o->all[g + 1] > 0))
        return;
    const double ratio = o->all[g] / o->all[g + 1];
    const double precision = precision_of(o, g + 1);
    const double share = o->gain[g + 1] / o->all[g + 1];
    double power = 1;

    for (unsigned j = 0; j < TERMS; j++, power *= ratio) {
        b->precision[j] = (b->precision[j] + precision) * power;
        b->share[j] = (b->share[j] + share) * power;
    }
}

static double series(const double *sum, double x)
{
    double value = 0;

    for (unsigned j = TERMS; j-- > 0;)
        value = value * x + sum[j];
    return value;
}

static double leave_out(const struct omission *o, const struct behind *b, size_t groups,
                        size_t g, double weight, bool positive)
{
    const double positives = o->positive[groups - 1], all = o->all[g];

    if (positives == 0)
        return 0;
    if (weight == 0)
        return o->before[groups] / positives;
    if (weight > all / LARGE || (positive && weight > positives / LARGE))
        return INFINITY;
    const double gain = o->gain[g] - (positive ? weight : 0);
    double sum = o->before[g] + series(b->precision, weight / all);
    if (gain > 0)
        sum += gain * (o->positive[g] - (positive ? weight : 0)) / (all - weight);
    if (!positive)
        return sum / positives;
    return (sum - weight * series(b->share, weight / all)) / (positives - weight);
}

/* m->order has the rows of the last group at its end. */
static void fill(struct omission *o, const struct cdr_measure *m)
{
    struct behind b = { { 0 }, { 0 } };
    size_t i = m->n;

    count_groups(o, m);
    for (size_t g = m->groups; g-- > 0;) {
        if (g + 1 < m->groups)
            step_up(&b, o, g);
        for (; i > 0 && m->group[m->order[i - 1]] == g; i--) {
            const uint32_t row = m->order[i - 1];
            o->value[row] =
                leave_out(o, &b, m->groups, g, m->weights[row], m->labels[row]);
        }
    }
}

static void *omission_open(const struct cdr_measure *m)
{
    struct omission *const o = calloc(1, sizeof *o);

    if (!o)
        return NULL;
    o->value = calloc(m->n, sizeof *o->value);
    o->gain = calloc(m->groups, sizeof *o->gain);
    o->positive = calloc(m->groups, sizeof *o->positive);
    o->all = calloc(m->groups, sizeof *o->all);
    o->before = calloc(m->groups + 1, sizeof *o->before);
    if (!o->value || !o->gain || !o->positive || !o->all || !o->before) {
        omission_close(o);
        return NULL;
    }
    fill(o, m);
    return o;
}

static double without(const void *opened, size_t row)
{
    return ((const struct omission *)opened)->value[row];
}

const struct cdr_omission cdr_precision_omission = { .open = omission_open,
                                                     .without = without,
                                                     .close = omission_close };
