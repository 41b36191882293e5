/* resamples.h - a run of the bootstrap, and what all intervals say of it.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_STATS_RESAMPLES_H
#define CDR_STATS_RESAMPLES_H

#include "stats/resampling/replicate.h"

struct cdr_resamples {
    struct cdr_design design;
    struct cdr_source source;
    cadre_bootstrap b; /* with defaults filled in */
    int method;        /* as asked for */
    int rule;          /* an enum cadre_quantile_rule */
    double tail;       /* how much of the distribution is below the interval */
    double *replicates, *errors; /* in order; errors for studentized only */
    uint64_t drawn;              /* how many are there */
    double *sorted;              /* the usable ones, ascending */
    double *pivots;              /* studentized: the same of theirs */
    size_t usable;
    double mean; /* of the usable ones */
    /* BCa: */
    double acceleration;
    int undefined;  /* an enum cadre_bca_undefined */
    size_t without; /* the unit that it is not defined without */
    int rc;         /* CADRE_OK, or why there is no interval */
    bool done;      /* no more resamples are needed, or they would not help */
};

/* Nothing is known yet. */
void cdr_interval_clear(cadre_interval *out);

/* Fills in defaults. r->design and r->source are there already, and everything has been
 * checked; `seeding` is the default one. Frees nothing that it did not make. */
void cdr_resamples_begin(struct cdr_resamples *r, const cadre_bootstrap *b, int method,
                         int rule, int seeding);

/* Runs n of them, which draw the same resamples, and fills in out[0] .. out[n - 1]. Each is as
 * if it were alone: one that fails with CADRE_EDATA, as its rc says, leaves the others be.
 * Returns the rc of the first that fails, with *err, or what ended all of them: CADRE_ENOMEM,
 * and as cadre_map does. */
int cdr_resamples_run(cadre_interval *out, struct cdr_resamples *r, size_t n,
                      cadre_pool *pool, cadre_error *err);

/* Also after a failure; r->design too. */
void cdr_resamples_close(struct cdr_resamples *r);

int cdr_check_method(cadre_interval *out, int method, cadre_error *err);

#endif
