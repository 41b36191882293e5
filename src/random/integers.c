/* integers.c - integers in a range, without bias and almost without division.
 * SPDX-License-Identifier: MIT
 *
 * A draw of W bits times the range is a number of 2 W bits; its upper half is the
 * result, uniform once draws are refused whose lower half is below 2^W mod range.
 * That remainder is less than the range itself, so few draws need it worked out.
 * Ranges are kept one type wider than the draws: 2^32 then needs no case of its own,
 * since cut to 32 bits it is 0, and nothing is below that.
 */
#include "random/indices.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

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

/* ---- blocks of PCG64 draws ----
 *
 * A step of the generator has to wait for the one before; but two steps at a time are a step
 * of another such generator, and two of those, a step apart, wait less. What they drew is
 * then multiplied in a loop without branches, which also says whether any draw of the block
 * may have to be refused. If so, which is rare for the bounds that samples have, the block
 * is gone through again, one by one.
 */

enum { BLOCK = 128 }; /* draws of 64 bits */

static void draw_block(cdr_u128 *state, cdr_u128 increment, uint64_t *raw, size_t n)
{
    const cdr_u128 factor = CDR_PCG64_FACTOR * CDR_PCG64_FACTOR;
    const cdr_u128 term = increment * CDR_PCG64_FACTOR + increment;
    cdr_u128 even = cdr_pcg64_step(*state, increment);
    cdr_u128 odd = cdr_pcg64_step(even, increment);
    size_t i = 0;

    for (; i + 2 < n; i += 2) {
        raw[i] = cdr_pcg64_output(even);
        raw[i + 1] = cdr_pcg64_output(odd);
        even = even * factor + term;
        odd = odd * factor + term;
    }
    raw[i] = cdr_pcg64_output(even);
    if (i + 1 < n)
        raw[i + 1] = cdr_pcg64_output(odd);
    *state = i + 1 < n ? odd : even;
}

/* Two draws at a time, as far as there are pairs of them; returns how many. *below gets the
 * highest bit if a draw of them may have to be refused. */
static size_t reduce_pairs(uint32_t *restrict out, const uint64_t *restrict raw,
                           size_t n, uint32_t bound, uint64_t *below)
{
    size_t i = 0;

#ifdef __SSE2__ /* which compilers do not find in the loop below */
    const __m128i times = _mm_set1_epi64x(bound), lower = _mm_set1_epi64x(UINT32_MAX);
    __m128i under = _mm_setzero_si128();

    for (; i + 2 <= n; i += 2) {
        const __m128i draws = _mm_loadu_si128((const __m128i *)(raw + i));
        const __m128i first = _mm_mul_epu32(draws, times);
        const __m128i second = _mm_mul_epu32(_mm_srli_epi64(draws, 32), times);
        under = _mm_or_si128(under, _mm_sub_epi64(_mm_and_si128(first, lower), times));
        under = _mm_or_si128(under, _mm_sub_epi64(_mm_and_si128(second, lower), times));
        _mm_storeu_si128(
            (__m128i *)(out + 2 * i),
            _mm_or_si128(_mm_srli_epi64(first, 32), _mm_andnot_si128(lower, second)));
    }
    *below |= (uint64_t)(_mm_movemask_pd(_mm_castsi128_pd(under)) != 0) << 63;
#else
    (void)out;
    (void)raw;
    (void)n;
    (void)bound;
    (void)below;
#endif
    return i;
}

/* Both halves of each draw. False: one of them may have to be refused. */
static bool reduce_block(uint32_t *restrict out, const uint64_t *restrict raw, size_t n,
                         uint32_t bound)
{
    uint64_t below = 0;

    for (size_t i = reduce_pairs(out, raw, n, bound, &below); i < n; i++) {
        const uint64_t first = (uint64_t)(uint32_t)raw[i] * bound;
        const uint64_t second = (raw[i] >> 32) * bound;
        below |=
            ((uint64_t)(uint32_t)first - bound) | ((uint64_t)(uint32_t)second - bound);
        out[2 * i] = (uint32_t)(first >> 32);
        out[2 * i + 1] = (uint32_t)(second >> 32);
    }
    return below >> 63 == 0;
}

uint32_t *cdr_pcg64_indices(cadre_rng *rng, uint32_t *out, const uint32_t *end,
                            uint64_t range)
{
    const cdr_u128 increment = cdr_pcg64_increment(rng);
    cdr_u128 state = cdr_pcg64_state(rng);
    struct cdr_refusal r = { (uint32_t)range, (uint32_t)range };
    uint64_t raw[BLOCK];

    while (end - out >= 2) {
        const size_t left = (size_t)(end - out) / 2, n = left < BLOCK ? left : BLOCK;
        draw_block(&state, increment, raw, n);
        rng->half = (uint32_t)(raw[n - 1] >> 32);
        if (range <= UINT32_MAX && reduce_block(out, raw, n, (uint32_t)range))
            out += 2 * n;
        else
            out = cdr_reduce_draws(out, raw, n, &r, range);
    }
    cdr_pcg64_set(rng, state);
    return out;
}

/* Fewer are drawn one by one. */
enum { FEW = 8 };

static uint32_t *fill(cadre_rng *rng, uint32_t *out, const uint32_t *end,
                      uint64_t range)
{
#ifdef CDR_INDICES_WIDE
    if (end - out >= CDR_INDICES_WIDE && range <= UINT32_MAX && cdr_draws_are_wide())
        out = cdr_pcg64_indices_wide(rng, out, end, (uint32_t)range);
#endif
    return end - out < FEW ? out : cdr_pcg64_indices(rng, out, end, range);
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
        out = fill(rng, out, end, range);
    while (out < end)
        *out++ = below32(rng, range);
}

void cadre_rng_indices_counted(cadre_rng *rng, uint32_t *out, uint8_t *counts, size_t n,
                               uint32_t bound)
{
    uint32_t *const end = out + n;
#ifdef CDR_INDICES_WIDE
    if (n >= CDR_INDICES_WIDE && bound > 1 && !rng->has_half &&
        rng->kind != CADRE_PHILOX && cdr_draws_are_wide())
        out = cdr_pcg64_counted_wide(rng, out, end, bound, counts);
#endif
    cadre_rng_indices(rng, out, (size_t)(end - out), bound);
    for (; out < end; out++)
        counts[*out]++;
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
