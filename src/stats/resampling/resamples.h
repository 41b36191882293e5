/* resamples.h - the metric of every resample, and what all intervals say of them.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_STATS_RESAMPLES_H
#define CDR_STATS_RESAMPLES_H

#include "stats/metrics/study.h"

struct cdr_resamples {
    struct cdr_study study;
    double tail;    /* how much of the distribution is below the interval */
    double *sorted; /* the usable replicates, ascending */
    size_t usable;
};

/* Nothing is known yet. */
void cdr_interval_clear(cadre_interval *out);

/* Checks everything, and runs the resamples for one or two columns of scores (two: of
 * their difference). Clears *out, and sets all of it but the bounds and what is BCa's.
 * Fails with CADRE_EINVAL, CADRE_EDATA, CADRE_ENOMEM and as cadre_map does. */
int cdr_resamples_open(struct cdr_resamples *r, cadre_interval *out, cadre_pool *pool,
                       const cadre_bootstrap *b, const double *const *scores,
                       unsigned columns, cadre_error *err);
void cdr_resamples_close(struct cdr_resamples *r); /* also after a failed open */

#endif
