/* indices.h - indices from draws of PCG64, many at once.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_RANDOM_INDICES_H
#define CDR_RANDOM_INDICES_H

#include "random/bits.h"

/* Fills all places but perhaps the last; no half may be left from before. */
uint32_t *cdr_pcg64_indices(cadre_rng *rng, uint32_t *out, const uint32_t *end,
                            uint64_t range);

/* The same for CPUs that cdr_draws_are_wide says. Fills as many as whole vectors make, and leaves
 * the rest. */
#if defined __x86_64__ && defined __GNUC__
#define CDR_INDICES_WIDE 64 /* from so many on it pays */
bool cdr_draws_are_wide(void);
uint32_t *cdr_pcg64_indices_wide(cadre_rng *rng, uint32_t *out, const uint32_t *end,
                                 uint32_t bound);
/* Also counts those that it fills in. */
uint32_t *cdr_pcg64_counted_wide(cadre_rng *rng, uint32_t *out, const uint32_t *end,
                                 uint32_t bound, uint8_t *counts);
#endif

/* What a loop over draws knows of the lower half that it refuses: `limit` begins as the
 * bound, which is too strict and free, and becomes 2^32 mod bound when a draw
 * first falls under it. */
struct cdr_refusal {
    uint32_t bound, limit;
};

static inline bool cdr_refused(struct cdr_refusal *r, uint32_t low)
{
    if (low >= r->limit)
        return false;
    if (r->limit == r->bound)
        r->limit = -r->bound % r->bound;
    return low < r->limit;
}

static inline uint32_t *cdr_put_draw(uint32_t *out, struct cdr_refusal *r,
                                     uint32_t draw, uint64_t range)
{
    const uint64_t product = draw * range;
    if (!cdr_refused(r, (uint32_t)product))
        *out++ = (uint32_t)(product >> 32);
    return out;
}

/* Both halves of each draw, one by one. */
static inline uint32_t *cdr_reduce_draws(uint32_t *out, const uint64_t *raw, size_t n,
                                         struct cdr_refusal *r, uint64_t range)
{
    for (size_t i = 0; i < n; i++) {
        out = cdr_put_draw(out, r, (uint32_t)raw[i], range);
        out = cdr_put_draw(out, r, (uint32_t)(raw[i] >> 32), range);
    }
    return out;
}

#endif
