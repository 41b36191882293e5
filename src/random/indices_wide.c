/* indices_wide.c - indices from draws of PCG64, eight draws at a time.
 * SPDX-License-Identifier: MIT
 *
 * For CPUs that multiply eight numbers of 52 bits at a time (AVX-512 IFMA). Eight steps of the
 * generator are a step of another such generator; a vector has eight of those, a step apart.
 * States of 128 bits are kept in three limbs, the lower two of 52 bits. The
 * multiplications read the lower 52 bits of each, so that bits above may be anything, once they
 * were carried over.
 */
#include "random/indices.h"

#ifdef CDR_INDICES_WIDE
#include <immintrin.h>

#define WIDE __attribute__((target("avx512f,avx512bw,avx512vl,avx512ifma")))

enum { LANES = 8, LIMB = 52, BLOCK = 16 /* vectors */ };

#define LOWER ((UINT64_C(1) << LIMB) - 1)

bool cdr_draws_are_wide(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512ifma");
}

struct limbs {
    __m512i low, middle, high;
};

WIDE static inline __m512i all(uint64_t x)
{
    return _mm512_set1_epi64((long long)x);
}

WIDE static inline struct limbs same_in_all(cdr_u128 x)
{
    return (struct limbs){ all((uint64_t)x & LOWER), all((uint64_t)(x >> LIMB) & LOWER),
                           all((uint64_t)(x >> 2 * LIMB)) };
}

/* ---- the generators ---- */

/* s * factor + term */
WIDE static inline struct limbs step(struct limbs s, const struct limbs *factor,
                                     const struct limbs *term)
{
    const __m512i zero = _mm512_setzero_si512();
    __m512i middle = _mm512_madd52hi_epu64(term->middle, s.low, factor->low);
    __m512i high = _mm512_madd52hi_epu64(term->high, s.low, factor->middle);
    __m512i more = _mm512_madd52hi_epu64(zero, s.middle, factor->low);
    struct limbs next;

    next.low = _mm512_madd52lo_epu64(term->low, s.low, factor->low);
    middle = _mm512_madd52lo_epu64(middle, s.low, factor->middle);
    middle =
        _mm512_add_epi64(middle, _mm512_madd52lo_epu64(zero, s.middle, factor->low));
    next.middle = _mm512_add_epi64(middle, _mm512_srli_epi64(next.low, LIMB));
    high = _mm512_madd52lo_epu64(high, s.low, factor->high);
    more = _mm512_madd52lo_epu64(more, s.middle, factor->middle);
    more = _mm512_add_epi64(more, _mm512_madd52lo_epu64(zero, s.high, factor->low));
    next.high = _mm512_add_epi64(_mm512_add_epi64(high, more),
                                 _mm512_srli_epi64(next.middle, LIMB));
    return next;
}

WIDE static inline __m512i output(struct limbs s)
{
    const __m512i lower = all(LOWER);
    const __m512i middle = _mm512_and_si512(s.middle, lower);
    const __m512i low = _mm512_or_si512(_mm512_and_si512(s.low, lower),
                                        _mm512_slli_epi64(middle, LIMB));
    const __m512i high = _mm512_or_si512(_mm512_srli_epi64(middle, 64 - LIMB),
                                         _mm512_slli_epi64(s.high, 2 * LIMB - 64));

    return _mm512_rorv_epi64(_mm512_xor_si512(high, low), _mm512_srli_epi64(high, 58));
}

/* Of steps 1 to 8 together: the state's factor, and the increment's. */
#define F1 CDR_PCG64_FACTOR
#define F2 (F1 * F1)
#define F4 (F2 * F2)
#define FACTORS(limb)                                                           \
    {                                                                           \
        limb(F1), limb(F2), limb(F2 *F1), limb(F4), limb(F4 *F1), limb(F4 *F2), \
            limb(F4 *F2 *F1), limb(F4 *F4)                                      \
    }
#define S2 (1 + F1)
#define S4 (S2 * (1 + F2))
#define SUMS(limb)                                                                 \
    {                                                                              \
        limb((cdr_u128)1), limb(S2), limb(S2 *F1 + 1), limb(S4), limb(S4 *F1 + 1), \
            limb(S4 *F2 + S2), limb((S4 * F2 + S2) * F1 + 1), limb(S4 *(1 + F4))   \
    }
#define LOW(x)    ((uint64_t)(x)&LOWER)
#define MIDDLE(x) ((uint64_t)((x) >> LIMB) & LOWER)
#define HIGH(x)   ((uint64_t)((x) >> 2 * LIMB))

static const uint64_t factors[3][LANES] = { FACTORS(LOW), FACTORS(MIDDLE),
                                            FACTORS(HIGH) };
static const uint64_t sums[3][LANES] = { SUMS(LOW), SUMS(MIDDLE), SUMS(HIGH) };

WIDE static inline struct limbs limbs_in(const uint64_t from[3][LANES])
{
    return (struct limbs){ _mm512_loadu_si512(from[0]), _mm512_loadu_si512(from[1]),
                           _mm512_loadu_si512(from[2]) };
}

/* The next eight states, none of which waits for the one before. */
WIDE static struct limbs begin(cdr_u128 state, cdr_u128 increment)
{
    const struct limbs zero = same_in_all(0), factor = limbs_in(factors);
    const struct limbs sum = limbs_in(sums);
    struct limbs term = step(same_in_all(increment), &sum, &zero);

    term.low = _mm512_and_si512(term.low, all(LOWER)); /* it has been carried over */
    term.middle = _mm512_and_si512(term.middle, all(LOWER));
    return step(same_in_all(state), &factor, &term);
}

WIDE static inline uint64_t last_of(__m512i x)
{
    return (uint64_t)_mm_extract_epi64(_mm512_extracti32x4_epi32(x, 3), 1);
}

WIDE static cdr_u128 last_state(struct limbs s)
{
    return (cdr_u128)last_of(s.high) << 2 * LIMB |
           (cdr_u128)(last_of(s.middle) & LOWER) << LIMB | (last_of(s.low) & LOWER);
}

/* ---- indices ---- */

/* Both halves of each draw; says of which the product's lower half is below the bound. */
WIDE static inline __mmask16 reduce(uint32_t *out, __m512i draws, __m512i bound)
{
    const __mmask16 odd = 0xaaaa;
    const __m512i first = _mm512_mul_epu32(draws, bound);
    const __m512i second = _mm512_mul_epu32(_mm512_srli_epi64(draws, 32), bound);
    const __m512i lower =
        _mm512_mask_mov_epi32(first, odd, _mm512_slli_epi64(second, 32));

    _mm512_storeu_si512(
        out, _mm512_mask_mov_epi32(_mm512_srli_epi64(first, 32), odd, second));
    return _mm512_cmplt_epu32_mask(lower, bound);
}

/* Indices to be counted: vectors that draw and counts that are read and written make no use of the
 * same parts of a CPU, so that both take little more time than one. A block may still be drawn
 * again; what is counted meanwhile is the one before. */
struct tally {
    uint8_t *counts; /* NULL: nothing is to be counted */
    const uint32_t *next;
};

#define COUNT(k)      t->counts[t->next[k]]++
#define COUNT_FOUR(k) COUNT(k), COUNT((k) + 1), COUNT((k) + 2), COUNT((k) + 3)

static inline __attribute__((always_inline)) void count_vector(struct tally *t,
                                                               const uint32_t *end)
{
    if (!t->counts || end - t->next < 2 * LANES)
        return;
    COUNT_FOUR(0);
    COUNT_FOUR(4);
    COUNT_FOUR(8);
    COUNT_FOUR(12);
    t->next += 2 * LANES;
}

static inline __attribute__((always_inline)) void count_rest(struct tally *t,
                                                             const uint32_t *end)
{
    for (; t->counts && t->next < end; t->next++)
        t->counts[*t->next]++;
}

WIDE static inline __attribute__((always_inline)) uint32_t *
draw(cadre_rng *rng, uint32_t *out, const uint32_t *end, uint32_t bound,
     uint8_t *counts)
{
    const cdr_u128 increment = cdr_pcg64_increment(rng), one = CDR_PCG64_FACTOR;
    const cdr_u128 two = one * one, four = two * two;
    const struct limbs factor = same_in_all(four * four);
    const struct limbs term =
        same_in_all(increment * (1 + one) * (1 + two) * (1 + four));
    const __m512i bounds = _mm512_set1_epi32((int)bound);
    struct cdr_refusal r = { bound, bound };
    struct limbs next = begin(cdr_pcg64_state(rng), increment), last = next;
    struct tally tally = { counts, out };
    uint64_t raw[BLOCK * LANES];

    while (end - out >= 2 * LANES) {
        const size_t left = (size_t)(end - out) / (2 * LANES);
        const size_t n = left < BLOCK ? left : BLOCK;
        __mmask16 below = 0;
        for (size_t i = 0; i < n; i++) {
            const __m512i draws = output(next);
            last = next;
            next = step(next, &factor, &term);
            _mm512_storeu_si512(raw + i * LANES, draws);
            below |= reduce(out + 2 * i * LANES, draws, bounds);
            count_vector(&tally, out);
        }
        out = below ? cdr_reduce_draws(out, raw, n * LANES, &r, bound)
                    : out + 2 * n * LANES;
        rng->half = (uint32_t)(raw[n * LANES - 1] >> 32);
    }
    count_rest(&tally, out);
    cdr_pcg64_set(rng, last_state(last));
    return out;
}

WIDE uint32_t *cdr_pcg64_indices_wide(cadre_rng *rng, uint32_t *out,
                                      const uint32_t *end, uint32_t bound)
{
    return draw(rng, out, end, bound, NULL);
}

WIDE uint32_t *cdr_pcg64_counted_wide(cadre_rng *rng, uint32_t *out,
                                      const uint32_t *end, uint32_t bound,
                                      uint8_t *counts)
{
    return draw(rng, out, end, bound, counts);
}

#else
typedef int cdr_indices_not_wide; /* a file has to have something in it */
#endif
