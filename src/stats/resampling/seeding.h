/* seeding.h - where the random numbers of each resample come from.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_STATS_SEEDING_H
#define CDR_STATS_SEEDING_H

#include "stats/resampling/draws.h"

#include <cadre/stats.h>

/* The parts that every resample draws from, one after another: from each as many numbers
 * below a bound as the bound says. */
struct cdr_bounds {
    size_t n;
    const uint32_t *bound;
    uint64_t
        batch; /* SINGLE: of so many resamples the first part, then the second ...; 0:
                       of all */
};

/* Where a stream is: PCG64, whose increment is the seed's. */
struct cdr_mark {
    uint64_t state[2];
    uint32_t has_half, half;
};

struct cdr_seeding {
    int kind;           /* an enum cadre_seeding, not the default */
    uint64_t first;     /* the resample that the first task draws */
    uint64_t resamples; /* tasks */
    cadre_seed root;
    size_t parts;
    uint32_t bound;          /* of the only part */
    bool marked;             /* SINGLE, of several parts: */
    struct cdr_mark *mark;   /* of each resample and part */
    struct cdr_draws single; /* SINGLE, of one part */
    int64_t *entropy;        /* DRAW63: of each resample */
};

/* What a worker keeps from resample to resample; begins as zeros. */
struct cdr_kept {
    uint64_t next; /* the resample whose draws come next from rng; 0: none */
    cadre_rng rng;
};

/* For resamples first .. first + resamples - 1. Fails as cadre_map does, which SINGLE
 * uses. */
int cdr_seeding_open(struct cdr_seeding *s, cadre_pool *pool, int kind, uint64_t seed,
                     const struct cdr_bounds *bounds, uint64_t first,
                     uint64_t resamples, cadre_error *err);
void cdr_seeding_close(struct cdr_seeding *s); /* also after a failed open */

/* The stream that draws part `part` of a task's resample. Parts are drawn in order. */
cadre_rng *cdr_seeding_stream(const struct cdr_seeding *s, uint64_t task, size_t part,
                              struct cdr_kept *kept);

#endif
