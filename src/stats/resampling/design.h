/* design.h - what is drawn, and what is worked out of it.
 * SPDX-License-Identifier: MIT
 *
 * Mostly one study of all rows. Where the metric is a weighted sum over strata there is
 * one for each stratum, of its rows alone, in ascending order. For a statistic of the
 * user's there is none.
 */
#ifndef CDR_STATS_DESIGN_H
#define CDR_STATS_DESIGN_H

#include "stats/metrics/study.h"
#include "stats/resampling/scheme.h"
#include "stats/resampling/seeding.h"

struct cdr_layer { /* a stratum, or all */
    struct cdr_scheme scheme;
    struct cdr_study study;
    double weight;
    uint8_t *labels; /* these two: copies of the stratum's rows, or NULL */
    double *columns;
};

struct cdr_design {
    bool studies; /* there are studies */
    bool sums;    /* the metric is a sum over layers */
    size_t layers;
    struct cdr_layer *layer;
    size_t bounds; /* parts that are drawn from, of all layers */
    uint32_t *bound;
};

/* scores: one column, or two for their difference. With b->stratum_weights, strata become
 * layers. CADRE_ENOMEM. */
int cdr_design_open(struct cdr_design *a, const cadre_bootstrap *b,
                    const double *const *scores, unsigned columns, cadre_error *err);
/* Without studies. */
int cdr_design_open_bare(struct cdr_design *a, const cadre_bootstrap *b,
                         cadre_error *err);
void cdr_design_close(struct cdr_design *a); /* also after a failed open */

/* The value of all rows. As cdr_study_point. */
int cdr_design_point(double *out, const struct cdr_design *a, cadre_error *err);

/* What every resample has, or NaN. */
double cdr_design_constant(const struct cdr_design *a);

#endif
