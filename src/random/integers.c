/* integers.c - integers in a range, without bias and almost without division.
 * SPDX-License-Identifier: MIT
 *
 * A draw of W bits times the range is a number of 2 W bits; its upper half is the
 * result, uniform once draws are refused whose lower half is below 2^W mod range.
 * That remainder is less than the range itself, so few draws need it worked out.
 * Ranges are kept one type wider than the draws: 2^32 then needs no case of its own,
 * since cut to 32 bits it is 0, and nothing is below that.
 */
#include "random/bits.h"

#define TWO_TO_32 (UINT64_C(1) << 32)

/* 1 < range <= 2^32 */
static inline uint32_t below32(cadre_rng *rng, uint64_t range)
{
    const uint32_t bound = (uint32_t)range;
    uint64_t product = cdr_next32(rng) * range;
    if ((uint32_t)product < bound) {
        const uint32_t limit = -bound % bound;
        while ((uint32_t)product < limit)
            product = cdr_next32(rng) * range;
    }
    return (uint32_t)(product >> 32);
}

/* 2^32 < range, and 0 for 2^64 */
static inline uint64_t below64(cadre_rng *rng, uint64_t range)
{
    if (range == 0)
        return cdr_next64(rng);
    cdr_u128 product = (cdr_u128)cdr_next64(rng) * range;
    if ((uint64_t)product < range) {
        const uint64_t limit = -range % range;
        while ((uint64_t)product < limit)
            product = (cdr_u128)cdr_next64(rng) * range;
    }
    return (uint64_t)(product >> 64);
}

uint64_t cadre_rng_below(cadre_rng *rng, uint64_t n)
{
    if (n == 1)
        return 0;
    return n - 1 < TWO_TO_32 ? below32(rng, n) : below64(rng, n);
}

/* ---- many at once ---- */

/* What the loop below knows of the lower half that it refuses: `limit` begins as the
 * bound, which is too strict and free, and becomes 2^32 mod bound when a draw
 * first falls under it. */
struct refusal {
    uint32_t bound, limit;
};

static inline bool refused(struct refusal *r, uint32_t low)
{
    if (low >= r->limit)
        return false;
    if (r->limit == r->bound)
        r->limit = -r->bound % r->bound;
    return low < r->limit;
}

static inline uint32_t *put(uint32_t *out, struct refusal *r, uint32_t draw,
                            uint64_t range)
{
    const uint64_t product = draw * range;
    if (!refused(r, (uint32_t)product))
        *out++ = (uint32_t)(product >> 32);
    return out;
}

/* Fills all places but perhaps the last; no half may be left from before. Inlined it
 * would have to share its registers, and be a fifth slower. */
__attribute__((noinline)) static uint32_t *
pcg64_indices(cadre_rng *rng, uint32_t *out, const uint32_t *end, uint64_t range)
{
    const cdr_u128 increment = cdr_pcg64_increment(rng);
    cdr_u128 state = cdr_pcg64_state(rng);
    struct refusal r = { (uint32_t)range, (uint32_t)range };
    uint64_t draw = (uint64_t)rng->half << 32;
    while (end - out >= 2) {
        draw = cdr_pcg64_next(&state, increment);
        out = put(out, &r, (uint32_t)draw, range);
        out = put(out, &r, (uint32_t)(draw >> 32), range);
    }
    rng->half = (uint32_t)(draw >> 32);
    cdr_pcg64_set(rng, state);
    return out;
}

void cadre_rng_indices(cadre_rng *rng, uint32_t *out, size_t n, uint32_t bound)
{
    if (bound == 1)
        for (size_t i = 0; i < n; i++)
            out[i] = 0;
    if (bound == 1 || n == 0)
        return;
    const uint64_t range = bound ? bound : TWO_TO_32;
    const uint32_t *const end = out + n;
    while (out < end && rng->has_half)
        *out++ = below32(rng, range);
    if (rng->kind != CADRE_PHILOX)
        out = pcg64_indices(rng, out, end, range);
    while (out < end)
        *out++ = below32(rng, range);
}

bool cadre_rng_integers(cadre_rng *rng, int64_t *out, size_t n, int64_t low,
                        int64_t high)
{
    enum { BATCH = 256 };
    if (low >= high)
        return false;
    const uint64_t range = (uint64_t)high - (uint64_t)low;
    if (range > TWO_TO_32) {
        for (size_t i = 0; i < n; i++)
            out[i] = (int64_t)((uint64_t)low + below64(rng, range));
        return true;
    }
    uint32_t batch[BATCH];
    for (size_t done = 0; done < n;) {
        const size_t some = n - done < BATCH ? n - done : BATCH;
        cadre_rng_indices(rng, batch, some, (uint32_t)range);
        for (size_t i = 0; i < some; i++, done++)
            out[done] = low + batch[i];
    }
    return true;
}
