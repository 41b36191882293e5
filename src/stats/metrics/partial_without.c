/* partial_without.c - areas from running sums, and single points of a curve, without one row.
 * SPDX-License-Identifier: MIT
 *
 * Without a row, all points of the curve from its score on have its weight less of its class,
 * and the area up to any of them loses what that row was in it, which two sums say. So
 * the point that is asked for is found by bisection. Areas are of all points, not only of
 * corners: they may differ from those by last bits. Counts are exact, and so are single
 * points, of rows without weights.
 */
#include "stats/metrics/areas.h"

#include <stdlib.h>

struct omission {
    const struct cdr_measure *m;
    size_t steps;
    double *counted[2]; /* weight of either class in steps 1 .. k; of none, 0 */
    double *area;       /* twice the area up to point k, in weight times weight */
};

static void omission_close(void *opened)
{
    struct omission *const o = opened;

    free(o->counted[0]);
    free(o->counted[1]);
    free(o->area);
    free(o);
}

static double weight_of(const struct cdr_measure *m, size_t row)
{
    return m->weights ? m->weights[row] : 1;
}

static void fill(struct omission *o)
{
    double *const negative = o->counted[0], *const positive = o->counted[1];

    for (size_t row = 0; row < o->m->n; row++)
        o->counted[o->m->labels[row]][o->m->group[row] + 1] += weight_of(o->m, row);
    for (size_t k = 1; k <= o->steps; k++) {
        negative[k] += negative[k - 1];
        positive[k] += positive[k - 1];
        o->area[k] = o->area[k - 1] +
                     (negative[k] - negative[k - 1]) * (positive[k] + positive[k - 1]);
    }
}

static void *omission_open(const struct cdr_measure *m)
{
    struct omission *const o = calloc(1, sizeof *o);

    if (!o)
        return NULL;
    o->m = m;
    o->steps = m->groups;
    o->counted[0] = calloc(o->steps + 1, sizeof *o->counted[0]);
    o->counted[1] = calloc(o->steps + 1, sizeof *o->counted[1]);
    o->area = calloc(o->steps + 1, sizeof *o->area);
    if (!o->counted[0] || !o->counted[1] || !o->area) {
        omission_close(o);
        return NULL;
    }
    fill(o);
    return o;
}

/* ---- the curve of the rest ---- */

struct rest {
    const struct omission *o;
    uint8_t label; /* of the row that is left out */
    double weight; /* its */
    size_t step;
    double total[2]; /* weight of either class that is left */
};

/* What is left of that class in steps 1 .. k. */
static double counted(const struct rest *r, unsigned label, size_t k)
{
    return r->o->counted[label][k] -
           (label == r->label && k >= r->step ? r->weight : 0);
}

static double share(const struct rest *r, unsigned label, size_t k)
{
    return counted(r, label, k) / r->total[label];
}

static double specificity(const struct rest *r, size_t k)
{
    return (r->total[0] - counted(r, 0, k)) / r->total[0];
}

static double area_to(const struct rest *r, size_t k)
{
    const double *const negative = r->o->counted[0], *const positive = r->o->counted[1];
    const size_t at = r->step;
    double lost = 0;

    if (k < at)
        return r->o->area[k];
    if (r->label == 0)
        lost = positive[at] + positive[at - 1];
    else
        lost = negative[at] - negative[at - 1] + 2 * (negative[k] - negative[at]);
    return r->o->area[k] - r->weight * lost;
}

typedef bool is_past(const struct rest *r, size_t k, double level);

static bool is_less_specific(const struct rest *r, size_t k, double level)
{
    return specificity(r, k) < level;
}

static bool has_recall(const struct rest *r, size_t k, double level)
{
    return !(share(r, 1, k) < level);
}

static bool is_beyond(const struct rest *r, size_t k, double level)
{
    return share(r, 0, k) > level;
}

/* The first point that is past; the last point if none of those before is. */
static size_t first_past(const struct rest *r, is_past *past, double level)
{
    size_t low = 0, high = r->o->steps;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (past(r, middle, level))
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

/* Whether it is hard to say that a point, or the one before, is past. */
static bool is_unsure_at(const struct rest *r, size_t k, double level,
                         double (*share_of)(const struct rest *, size_t))
{
    return r->o->m->weighs && (cdr_is_unsure(share_of(r, k) - level) ||
                               (k > 0 && cdr_is_unsure(share_of(r, k - 1) - level)));
}

static double recall(const struct rest *r, size_t k)
{
    return share(r, 1, k);
}

static double recall_at(const struct rest *r, double level)
{
    const double bound = level - (r->o->m->weighs ? CDR_SAME_SHARE : 0);
    const size_t k = first_past(r, is_less_specific, bound);

    if (is_unsure_at(r, k, level, specificity))
        return INFINITY;
    const bool is_last = k == r->o->steps && !is_less_specific(r, k, bound);

    return share(r, 1, is_last || k == 0 ? k : k - 1);
}

static double specificity_at(const struct rest *r, double level)
{
    const double bound = level - (r->o->m->weighs ? CDR_SAME_SHARE : 0);
    const size_t k = first_past(r, has_recall, bound);

    return is_unsure_at(r, k, level, recall) ? INFINITY : specificity(r, k);
}

static double partial_area(const struct rest *r, double limit)
{
    const size_t stop = first_past(r, is_beyond, limit);
    const double x0 = share(r, 0, stop - 1), x1 = share(r, 0, stop);
    const double y0 = share(r, 1, stop - 1), y1 = share(r, 1, stop);
    const double y = (y1 - y0) / (x1 - x0) * (limit - x0) + y0;
    const double whole = area_to(r, stop - 1) / (2 * r->total[0] * r->total[1]);

    return cdr_standardised(whole + (limit - x0) * (y + y0) / 2, limit);
}

static double without(const void *opened, size_t row)
{
    const struct omission *const o = opened;
    const double level = o->m->metric.level;
    struct rest r = { .o = o,
                      .label = o->m->labels[row],
                      .weight = weight_of(o->m, row),
                      .step = (size_t)o->m->group[row] + 1 };

    for (unsigned label = 0; label < 2; label++)
        r.total[label] = counted(&r, label, o->steps);
    switch (o->m->metric.kind) {
    case CADRE_ROC_AUC: return area_to(&r, o->steps) / (2 * r.total[0] * r.total[1]);
    case CADRE_PARTIAL_AUC: return partial_area(&r, level);
    case CADRE_RECALL_AT: return recall_at(&r, level);
    default: return specificity_at(&r, level);
    }
}

const struct cdr_omission cdr_partial_omission = { .open = omission_open,
                                                   .without = without,
                                                   .close = omission_close };
