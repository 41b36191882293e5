/* design.c - what is drawn, and what is worked out of it.
 * SPDX-License-Identifier: MIT
 */
#include "stats/resampling/design.h"
#include "stats/fail.h"

#include <math.h>
#include <stdlib.h>

/* ---- layers that are strata ---- */

struct gather {
    const cadre_bootstrap *b;
    const double *const *scores;
    unsigned columns;
};

static bool is_in(const cadre_bootstrap *b, size_t row, uint32_t stratum)
{
    return b->strata[row] == stratum;
}

static size_t copy_column(double *to, const double *from, const cadre_bootstrap *b,
                          uint32_t stratum)
{
    size_t n = 0;

    for (size_t row = 0; row < b->n; row++)
        if (is_in(b, row, stratum))
            to[n++] = from[row];
    return n;
}

/* Rows of the stratum, as a subject and clusters of their own. `clusters` has room for
 * all rows. */
static bool gather(struct cdr_layer *l, struct cdr_subject *subject, uint32_t *clusters,
                   const struct gather *g, uint32_t stratum)
{
    const cadre_bootstrap *const b = g->b;
    const double *const from[4] = { g->scores[0], g->columns > 1 ? g->scores[1] : NULL,
                                    b->other, b->weights };
    const double *to[4] = { NULL };
    size_t n = 0;

    for (size_t row = 0; row < b->n; row++)
        n += is_in(b, row, stratum);
    l->labels = calloc(n, 1);
    l->columns = calloc(4 * n, sizeof *l->columns);
    if (!l->labels || !l->columns)
        return false;
    for (size_t c = 0; c < 4; c++)
        if (from[c]) {
            copy_column(l->columns + c * n, from[c], b, stratum);
            to[c] = l->columns + c * n;
        }
    for (size_t row = 0, k = 0; row < b->n; row++)
        if (is_in(b, row, stratum)) {
            l->labels[k] = b->labels ? b->labels[row] : 0;
            clusters[k++] = b->clusters ? b->clusters[row] : 0;
        }
    *subject = (struct cdr_subject){ .metric = b->metric,
                                     .rows = { .n = n,
                                               .labels = b->labels ? l->labels : NULL,
                                               .scores = to[0],
                                               .other = to[2],
                                               .weights = to[3] },
                                     .second = to[1] };
    return true;
}

static int open_stratum(struct cdr_layer *l, const struct gather *g, uint32_t stratum,
                        uint32_t *clusters, cadre_error *err)
{
    const cadre_bootstrap *const b = g->b;
    struct cdr_subject subject;

    if (!gather(l, &subject, clusters, g, stratum))
        return cdr_stats_no_memory(err, b->n);
    const struct cdr_grouping grouping = { .n = subject.rows.n,
                                           .labels = l->labels,
                                           .by_label = b->by_label,
                                           .clusters = b->clusters ? clusters : NULL };
    if (!cdr_scheme_open(&l->scheme, &grouping))
        return cdr_stats_no_memory(err, b->n);
    return cdr_study_open(&l->study, &subject, err);
}

/* The next stratum behind `last`, in ascending order; the first where there is none. */
static uint32_t next_stratum(const cadre_bootstrap *b, bool first, uint32_t last)
{
    uint32_t next = UINT32_MAX;

    for (size_t row = 0; row < b->n; row++)
        if ((first || b->strata[row] > last) && b->strata[row] < next)
            next = b->strata[row];
    return next;
}

static int open_strata(struct cdr_design *a, const struct gather *g, cadre_error *err)
{
    const cadre_bootstrap *const b = g->b;
    uint32_t *const clusters = calloc(b->n, sizeof *clusters), stratum = 0;
    int rc = clusters ? CADRE_OK : cdr_stats_no_memory(err, b->n);

    a->sums = true;
    for (size_t k = 0; !rc && k < b->n_weights; k++) {
        stratum = next_stratum(b, k == 0, stratum);
        a->layer[k].weight = b->stratum_weights[k];
        rc = open_stratum(&a->layer[k], g, stratum, clusters, err);
    }
    free(clusters);
    return rc;
}

/* ---- one layer of all rows ---- */

static struct cdr_grouping grouping_of(const cadre_bootstrap *b)
{
    return (struct cdr_grouping){ .n = b->n,
                                  .labels = b->labels,
                                  .by_label = b->by_label,
                                  .strata = b->strata,
                                  .clusters = b->clusters };
}

static int open_all(struct cdr_design *a, const struct gather *g, cadre_error *err)
{
    const cadre_bootstrap *const b = g->b;
    const struct cdr_grouping grouping = grouping_of(b);
    const struct cdr_subject subject = { .metric = b->metric,
                                         .rows = { .n = b->n,
                                                   .labels = b->labels,
                                                   .scores = g->scores[0],
                                                   .other = b->other,
                                                   .weights = b->weights },
                                         .second = g->columns > 1 ? g->scores[1] : NULL,
                                         .class_of = b->class_of,
                                         .classes = b->classes };

    if (!cdr_scheme_open(&a->layer->scheme, &grouping))
        return cdr_stats_no_memory(err, b->n);
    return cdr_study_open(&a->layer->study, &subject, err);
}

/* ---- opening ---- */

static int list_bounds(struct cdr_design *a, cadre_error *err)
{
    size_t most = 0;

    for (size_t k = 0; k < a->layers; k++)
        most += a->layer[k].scheme.parts;
    a->bound = calloc(most, sizeof *a->bound);
    if (!a->bound)
        return cdr_stats_no_memory(err, most);
    for (size_t k = 0; k < a->layers; k++) {
        const struct cdr_scheme *const s = &a->layer[k].scheme;
        for (size_t p = 0; p < s->parts; p++)
            if (!s->part[p].fixed)
                a->bound[a->bounds++] = s->part[p].units;
    }
    return CADRE_OK;
}

static int open_layers(struct cdr_design *a, size_t layers, bool studies,
                       cadre_error *err)
{
    *a = (struct cdr_design){ .studies = studies };
    a->layer = calloc(layers, sizeof *a->layer);
    if (!a->layer)
        return cdr_stats_no_memory(err, layers);
    a->layers = layers;
    return CADRE_OK;
}

int cdr_design_open(struct cdr_design *a, const cadre_bootstrap *b,
                    const double *const *scores, unsigned columns, cadre_error *err)
{
    const struct gather g = { b, scores, columns };
    int rc = open_layers(a, b->stratum_weights ? b->n_weights : 1, true, err);

    if (!rc)
        rc = b->stratum_weights ? open_strata(a, &g, err) : open_all(a, &g, err);
    return rc ? rc : list_bounds(a, err);
}

int cdr_design_open_bare(struct cdr_design *a, const cadre_bootstrap *b,
                         cadre_error *err)
{
    const struct cdr_grouping grouping = grouping_of(b);
    const int rc = open_layers(a, 1, false, err);

    if (rc)
        return rc;
    if (!cdr_scheme_open(&a->layer->scheme, &grouping))
        return cdr_stats_no_memory(err, b->n);
    return list_bounds(a, err);
}

void cdr_design_close(struct cdr_design *a)
{
    for (size_t k = 0; k < a->layers; k++) {
        struct cdr_layer *const l = &a->layer[k];
        cdr_scheme_close(&l->scheme);
        if (a->studies)
            cdr_study_close(&l->study);
        free(l->labels);
        free(l->columns);
    }
    free(a->layer);
    free(a->bound);
}

/* ---- values ---- */

int cdr_design_point(double *out, const struct cdr_design *a, cadre_error *err)
{
    double sum = 0, value;
    int rc = CADRE_OK;

    for (size_t k = 0; !rc && k < a->layers; k++) {
        rc = cdr_study_point(&value, &a->layer[k].study, err);
        sum = a->sums ? sum + a->layer[k].weight * value : value;
    }
    *out = rc ? (double)NAN : sum;
    return rc;
}

double cdr_design_constant(const struct cdr_design *a)
{
    return a->studies && !a->sums ? a->layer->study.constant : (double)NAN;
}
