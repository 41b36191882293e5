/* seeding.h - the rows of each resample.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_STATS_SEEDING_H
#define CDR_STATS_SEEDING_H

#include "stats/resampling/draws.h"

#include <cadre/stats.h>

struct cdr_seeding {
    int kind; /* an enum cadre_seeding, not the default */
    size_t n;
    struct cdr_draws single; /* SINGLE */
    int64_t *entropy;        /* DRAW63: of each resample */
};

/* What a worker keeps from resample to resample; begins as zeros. */
struct cdr_kept {
    uint64_t next; /* the resample whose draws come next from rng; 0: none */
    cadre_rng rng;
};

/* Fails as cadre_map does, which SINGLE uses. */
int cdr_seeding_open(struct cdr_seeding *s, cadre_pool *pool, int kind, uint64_t seed,
                     size_t n, uint64_t resamples, cadre_error *err);
void cdr_seeding_close(struct cdr_seeding *s); /* also after a failed open */

/* The n rows of the task's resample. The job's seed is that given to open. */
void cdr_seeding_draw(const struct cdr_seeding *s, cadre_task *task,
                      struct cdr_kept *kept, uint32_t *rows);

#endif
