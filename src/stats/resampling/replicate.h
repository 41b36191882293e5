/* replicate.h - the value of every resample.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_STATS_REPLICATE_H
#define CDR_STATS_REPLICATE_H

#include "stats/resampling/publish.h"

/* What gives values for a sample: the studies of one design, or of several that draw the
 * same; or a kernel. */
struct cdr_source {
    const struct cdr_design *design;
    size_t designs;                   /* 0: one */
    const cadre_statistic *statistic; /* NULL: the studies */
    const char *name;                 /* of the metric, in messages */
    const char *reason;               /* why it may not be defined */
    const char *remedy;               /* and what would help */
};

/* Where the values of a design go. */
struct cdr_values {
    double *replicates;
    double
        *errors; /* their jackknife standard errors, NaN where those are not defined or
                       0; NULL: not wanted */
};

/* Resamples from .. to - 1, to their places in the values of each design; either all want
 * errors or none. Seeding is not the default. Calls b->each, of one design. Fails as
 * cadre_map does. */
int cdr_replicate(const struct cdr_values *values, const struct cdr_source *source,
                  cadre_pool *pool, const cadre_bootstrap *b, uint64_t from,
                  uint64_t to, cadre_error *err);

/* The value of all rows: by a kernel, on the caller's thread. */
int cdr_evaluate(double *out, const struct cdr_source *source, cadre_error *err);

/* out[unit], for all units of a layer, becomes the value without that unit. */
int cdr_leave_out(double *out, const struct cdr_source *source, size_t layer,
                  cadre_pool *pool, cadre_error *err);

#endif
