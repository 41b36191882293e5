/* curves_without.c - the area under a curve without one row.
 * SPDX-License-Identifier: MIT
 *
 * Without a row of step k, the steps before stay what they are, step k gets smaller or
 * goes, and sums from k on count one row less. Of the points that the area is made of,
 * those up to k - 2 thus stay as they are; whether k - 1, k and k + 1 are corners has
 * to be seen anew; those from k + 2 on stay, with a row less, and perhaps some places
 * on. So whatever the row, the terms of its area are spliced (splice.h): from those of
 * all points as they are, and those of all points with a row less. There is one such
 * pair for each class of the row and number of places.
 */
#include "stats/metrics/areas.h"
#include "stats/numbers/splice.h"

#include <stdlib.h>

enum { PLACES_MOST = 2, PLACES = 2 * PLACES_MOST + 1 };

struct omission {
    const struct cdr_measure *m;
    bool roc;
    size_t steps;       /* a group of scores each, 1 .. steps */
    cdr_classes *step;  /* 0, the steps, 0 */
    cdr_classes *sum;   /* of steps 1 .. k */
    uint32_t *corners;  /* among sums 1 .. k */
    cdr_classes *point; /* sum 0, and those that are corners: 0 .. last */
    size_t last;
    struct cdr_splice splice[2][PLACES]; /* by class, and places + PLACES_MOST */
};

/* The points without a row. With `as_before` none of them or all, those are the ends of
 * a splice. */
struct rest {
    const struct omission *o;
    cdr_classes row;     /* one, in the half of its class */
    size_t as_before;    /* the last of the points that are as they were */
    cdr_classes anew[3]; /* the next ones */
    size_t n_anew;
    int places; /* point i behind those was point i - places */
};

/* ---- terms ---- */

static cdr_classes point(const struct rest *r, size_t i)
{
    const struct omission *const o = r->o;
    const ptrdiff_t was = (ptrdiff_t)i - r->places;

    if (i <= r->as_before)
        return o->point[i < o->last ? i : o->last];
    if (i <= r->as_before + r->n_anew)
        return r->anew[i - r->as_before - 1];
    return o->point[was > 0 ? was : 0] - r->row;
}

static struct cdr_curve curve_of(const struct rest *r)
{
    const cdr_classes all = r->o->sum[r->o->steps] - r->row;

    return (struct cdr_curve){ .last = (size_t)((ptrdiff_t)r->o->last + r->places),
                               .negatives = cdr_negative(all),
                               .positives = cdr_positive(all) };
}

static void terms_of_rest(double *restrict out, const void *from, size_t first,
                          size_t n)
{
    const struct rest *const r = from;
    struct cdr_curve c = curve_of(r);
    const size_t begin = r->o->roc ? first : c.last - first - n;
    cdr_classes points[CDR_BLOCK + 1];

    for (size_t i = 0; i <= n; i++)
        points[i] = point(r, begin + i);
    c.points = points;
    c.last = n;
    if (r->o->roc)
        cdr_roc_terms(out, &c, 0, n);
    else
        cdr_precision_terms(out, &c, 0, n);
}

/* ---- opening ---- */

static void count_steps(struct omission *o)
{
    const struct cdr_measure *const m = o->m;

    for (size_t row = 0; row < m->n; row++)
        o->step[m->group[row] + 1] += cdr_one(m->labels[row]);
    for (size_t k = 1; k <= o->steps; k++)
        o->sum[k] = o->sum[k - 1] + o->step[k];
}

/* Is there a corner after step k, were it this one and before `next`? */
static bool is_corner(const struct omission *o, size_t k, cdr_classes step,
                      cdr_classes next)
{
    return !o->roc || k == 1 || step != next;
}

static void find_corners(struct omission *o)
{
    for (size_t k = 1; k <= o->steps; k++) {
        const bool corner = is_corner(o, k, o->step[k], o->step[k + 1]);
        if (corner)
            o->point[++o->last] = o->sum[k];
        o->corners[k] = o->corners[k - 1] + corner;
    }
}

/* Terms of precision are the other way round than points, and so are the ends. Where an
 * end goes beyond the points there are it makes no sense, and is not used. */
static bool open_splice(struct omission *o, uint8_t label, int places)
{
    const cdr_classes row = cdr_one(label);
    const struct rest none = {
        .o = o, .row = row, .as_before = SIZE_MAX, .places = places
    };
    const struct rest all = { .o = o, .row = row, .places = places };
    struct cdr_splice *const splice = &o->splice[label][places + PLACES_MOST];

    if ((ptrdiff_t)o->last + places < 1)
        return true;
    return cdr_splice_open(splice, curve_of(&all).last, terms_of_rest,
                           o->roc ? &none : &all, o->roc ? &all : &none);
}

static bool open_splices(struct omission *o)
{
    for (uint8_t label = 0; label < 2; label++)
        for (int places = -PLACES_MOST; places <= PLACES_MOST; places++)
            if (!open_splice(o, label, places))
                return false;
    return true;
}

static void omission_close(void *opened)
{
    struct omission *const o = opened;

    for (uint8_t label = 0; label < 2; label++)
        for (size_t p = 0; p < PLACES; p++)
            cdr_splice_close(&o->splice[label][p]);
    free(o->step);
    free(o->sum);
    free(o->corners);
    free(o->point);
    free(o);
}

static bool fill(struct omission *o)
{
    o->step = calloc(o->steps + 2, sizeof *o->step);
    o->sum = calloc(o->steps + 1, sizeof *o->sum);
    o->corners = calloc(o->steps + 1, sizeof *o->corners);
    o->point = calloc(o->steps + 1, sizeof *o->point);
    if (!o->step || !o->sum || !o->corners || !o->point)
        return false;
    count_steps(o);
    find_corners(o);
    return open_splices(o);
}

static void *omission_open(const struct cdr_measure *m)
{
    struct omission *const o = calloc(1, sizeof *o);

    if (!o)
        return NULL;
    o->m = m;
    o->roc = m->metric.kind == CADRE_ROC_AUC;
    o->steps = m->groups;
    if (fill(o))
        return o;
    omission_close(o);
    return NULL;
}

/* ---- leaving out ---- */

static void add(struct rest *r, bool is_there, cdr_classes sum)
{
    if (is_there)
        r->anew[r->n_anew++] = sum;
}

static struct rest leave_out(const struct omission *o, size_t row)
{
    const size_t k = (size_t)o->m->group[row] + 1, before = k > 2 ? k - 2 : 0;
    const size_t behind = k < o->steps ? k + 1 : k;
    struct rest r = { .o = o,
                      .row = cdr_one(o->m->labels[row]),
                      .as_before = o->corners[before] };
    const cdr_classes left = o->step[k] - r.row, next = o->step[k + 1];

    if (k > 1)
        add(&r, is_corner(o, k - 1, o->step[k - 1], left ? left : next), o->sum[k - 1]);
    add(&r, left && is_corner(o, k, left, next), o->sum[k] - r.row);
    if (k < o->steps) {
        const bool corner = o->corners[k + 1] > o->corners[k],
                   now_first = k == 1 && !left;
        add(&r, corner || now_first, o->sum[k + 1] - r.row);
    }
    r.places = (int)r.n_anew - (int)(o->corners[behind] - o->corners[before]);
    return r;
}

static double without(const void *opened, size_t row)
{
    const struct omission *const o = opened;
    const struct rest r = leave_out(o, row);
    const struct cdr_splice *const s =
        &o->splice[o->m->labels[row]][r.places + PLACES_MOST];
    const size_t seam = r.as_before + r.n_anew + 1; /* the first point behind */

    if (o->roc)
        return cdr_splice_sum(s, terms_of_rest, &r, r.as_before, seam);
    if (curve_of(&r).positives == 0)
        return 0;
    return cdr_average_precision_of(cdr_splice_sum(
        s, terms_of_rest, &r, s->n > seam ? s->n - seam : 0, s->n - r.as_before));
}

const struct cdr_omission cdr_curve_omission = { .open = omission_open,
                                                 .without = without,
                                                 .close = omission_close };
