/* steps_wide.h - steps, points and terms of a ROC curve without ties, in vectors.
 * SPDX-License-Identifier: MIT
 *
 * For CPUs with AVX-512 that pick bytes of a vector by a mask, too. Without ties a step of the
 * curve is a row, and fits into a byte: how often the row was drawn, and its class.
 *
 * A step goes either right or up. Of a step up the term of the area is 0, as both ends have the
 * same quotient of negatives; of a step to the right it is (x' - x) * (y + y) / 2, which is
 * (x' - x) * y to the bit, as nothing is so small that half of it would be rounded. Terms meet in
 * the order of sums.c: the bits are the same as in areas.c.
 */
#ifndef CDR_STATS_STEPS_WIDE_H
#define CDR_STATS_STEPS_WIDE_H

#include "stats/metrics/areas.h"

#ifdef CDR_WIDE
#include <immintrin.h>

#define CDR_WIDE_CODE                                                                  \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vbmi2," \
                          "popcnt")))

enum {
    CDR_LANES = CDR_WIDE_SPARE, /* doubles in a vector */
    CDR_STEPS = 64,             /* bytes in a vector */
    CDR_STEP_POSITIVE = 0x80,   /* a step's class */
    CDR_TOO_OFTEN = 0xe0 /* counts of 32 or more: eight may not fit into a byte */
};

static inline uint64_t cdr_first_bits(size_t n)
{
    return n < 64 ? (UINT64_C(1) << n) - 1 : UINT64_MAX;
}

/* ---- steps ---- */

/* The steps of at most 64 rows, and zeros behind them; adds to *n how many there are. */
CDR_WIDE_CODE static inline __m512i cdr_make_steps(__m512i counts, const uint8_t *marks,
                                                   size_t left, size_t *n)
{
    const __m512i mark = _mm512_maskz_loadu_epi8(cdr_first_bits(left), marks);
    const __mmask64 positive =
        _mm512_test_epi8_mask(mark, _mm512_set1_epi8(CDR_POSITIVE));
    const __mmask64 drawn = _mm512_test_epi8_mask(counts, counts);
    const __m512i class = _mm512_maskz_set1_epi8(positive, (char)CDR_STEP_POSITIVE);

    *n += (size_t)__builtin_popcountll(drawn);
    return _mm512_maskz_compress_epi8(drawn, _mm512_or_si512(counts, class));
}

/* ---- points ---- */

/* How many of either class are counted down to each. The last vectors write beyond. */
struct cdr_points_wide {
    uint32_t *negative, *positive;
    size_t n;
    cdr_classes sum; /* of all steps so far */
};

/* Eight bytes at a time: the first, the first two, ..., all of them. */
CDR_WIDE_CODE static inline __m512i cdr_sums_of_eights(__m512i x)
{
    x = _mm512_add_epi8(x, _mm512_slli_epi64(x, 8));
    x = _mm512_add_epi8(x, _mm512_slli_epi64(x, 16));
    return _mm512_add_epi8(x, _mm512_slli_epi64(x, 32));
}

/* What is before each eight steps; adds all of them to *sum. */
CDR_WIDE_CODE static inline __m512i
cdr_before_eights(__m512i negative, __m512i positive, cdr_classes *sum)
{
    const __m512i zero = _mm512_setzero_si512();
    const __m512i eight =
        _mm512_or_si512(_mm512_sad_epu8(negative, zero),
                        _mm512_slli_epi64(_mm512_sad_epu8(positive, zero), 32));
    __m512i x = eight;

    x = _mm512_add_epi64(x, _mm512_alignr_epi64(x, zero, 7));
    x = _mm512_add_epi64(x, _mm512_alignr_epi64(x, zero, 6));
    x = _mm512_add_epi64(x, _mm512_alignr_epi64(x, zero, 4));
    const __m512i before = _mm512_set1_epi64((long long)*sum);
    const __m128i last = _mm512_extracti32x4_epi32(x, 3);
    *sum += (uint64_t)_mm_extract_epi64(last, 1);
    return _mm512_add_epi64(before, _mm512_sub_epi64(x, eight));
}

/* For part k of four: where its two eights are among sixteen words. */
#define CDR_WORDS(k, class)                                              \
    _mm512_mask_set1_epi32(_mm512_set1_epi32(4 * (k) + (class)), 0xff00, \
                           4 * (k) + 2 + (class))
#define CDR_PUT(to, sums, k, class)                                        \
    _mm512_storeu_si512(                                                   \
        to, _mm512_maskz_compress_epi32(                                   \
                (__mmask16)(corners >> 16 * (k)),                          \
                _mm512_add_epi32(                                          \
                    _mm512_permutexvar_epi32(CDR_WORDS(k, class), before), \
                    _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(sums, k)))))
#define CDR_PUT_PART(k)                        \
    CDR_PUT(p->negative + n, negatives, k, 0); \
    CDR_PUT(p->positive + n, positives, k, 1); \
    n += (size_t)__builtin_popcount((uint16_t)(corners >> 16 * (k)))

/* The points at these corners of 64 steps. */
CDR_WIDE_CODE static inline void cdr_put_points(struct cdr_points_wide *p,
                                                __m512i steps, uint64_t corners)
{
    const __mmask64 positive = _mm512_movepi8_mask(steps);
    const __m512i counts =
        _mm512_and_si512(steps, _mm512_set1_epi8(CDR_STEP_POSITIVE - 1));
    __m512i negatives = _mm512_maskz_mov_epi8(~positive, counts);
    __m512i positives = _mm512_maskz_mov_epi8(positive, counts);
    const __m512i before = cdr_before_eights(negatives, positives, &p->sum);
    size_t n = p->n;

    negatives = cdr_sums_of_eights(negatives);
    positives = cdr_sums_of_eights(positives);
    CDR_PUT_PART(0);
    CDR_PUT_PART(1);
    CDR_PUT_PART(2);
    CDR_PUT_PART(3);
    p->n = n;
}

/* ---- terms ---- */

/* Numbers to divide by: 1 / b is about inverse + rest. */
struct cdr_divisor {
    double inverse, rest;
};

/* The remainder is exact, and at most 2^-53: the sum is off by 2^-105 of it. */
CDR_WIDE_CODE static inline struct cdr_divisor cdr_divisor_of(double b)
{
    const double inverse = 1 / b;

    return (struct cdr_divisor){ inverse, __builtin_fma(-inverse, b, 1) * inverse };
}

/* The double next to a / b, as QUOTIENT in areas.c is: before it is rounded, it is off by at
 * most 2^-104 of it, by the divisor and by the rounding of the product with the rest. */
CDR_WIDE_CODE static inline __m512d cdr_rates_wide(const uint32_t *counts,
                                                   const struct cdr_divisor *b)
{
    const __m512d a = _mm512_cvtepu32_pd(_mm256_loadu_si256((const __m256i *)counts));

    return _mm512_fmadd_pd(a, _mm512_set1_pd(b->inverse),
                           _mm512_mul_pd(a, _mm512_set1_pd(b->rest)));
}

CDR_WIDE_CODE static inline __m512d cdr_next_wide(__m512d at, __m512d after)
{
    return _mm512_castsi512_pd(
        _mm512_alignr_epi64(_mm512_castpd_si512(after), _mm512_castpd_si512(at), 1));
}

/* As cdr_sum_lanes does it. */
CDR_WIDE_CODE static inline double cdr_sum_lanes_wide(__m512d x)
{
    const __m512d twos = _mm512_add_pd(x, _mm512_permute_pd(x, 0x55));
    const __m256d low = _mm512_castpd512_pd256(twos);
    const __m256d high = _mm512_extractf64x4_pd(twos, 1);
    const __m128d left =
        _mm_add_pd(_mm256_castpd256_pd128(low), _mm256_extractf128_pd(low, 1));
    const __m128d right =
        _mm_add_pd(_mm256_castpd256_pd128(high), _mm256_extractf128_pd(high, 1));

    return _mm_cvtsd_f64(_mm_add_pd(left, right));
}

#endif
#endif
