/* draws.h - one stream of draws below a bound, read from anywhere.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_STATS_DRAWS_H
#define CDR_STATS_DRAWS_H

#include <cadre/cadre.h>
#include <cadre/random.h>

struct cdr_draws {
    cadre_rng first; /* where the stream begins */
    uint32_t bound;
    uint32_t limit;  /* a raw draw is refused if bound times it, cut to 32 bits, is
                        below: 2^32 mod bound */
    uint32_t block;  /* raw draws a block: a multiple of CDR_DRAWS_BATCH */
    uint64_t blocks; /* how many have been looked at */
    uint64_t *taken; /* blocks + 1: draws, that is raw ones not refused, before each
                        block; may be NULL */
};

enum { CDR_DRAWS_BATCH = 1024 };

/* The draws default_rng(seed).integers(0, bound), to be read from any of the first
 * `starts` multiples of `stride`. With more than one worker, and unless none can be
 * refused, looks at all raw draws up to there, on the pool. Fails as cadre_map does.
 */
int cdr_draws_open(struct cdr_draws *d, cadre_pool *pool, uint64_t seed, uint32_t bound,
                   uint64_t stride, uint64_t starts, cadre_error *err);
void cdr_draws_close(struct cdr_draws *d); /* also after a failed open */

/* The stream after `draw` draws. */
cadre_rng cdr_draws_after(const struct cdr_draws *d, uint64_t draw);

#endif
