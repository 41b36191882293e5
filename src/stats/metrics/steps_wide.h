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

#define CDR_EACH_BYTE 0x0101010101010101

/* Eight bytes at a time: the first, the first two, ..., all of them, if that is below 256. */
CDR_WIDE_CODE static inline __m512i cdr_sums_of_eights(__m512i x)
{
    return _mm512_mullo_epi64(x, _mm512_set1_epi64(CDR_EACH_BYTE));
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
CDR_WIDE_CODE static inline __m512d cdr_quotients_wide(__m512d a,
                                                       const struct cdr_divisor *b)
{
    return _mm512_fmadd_pd(a, _mm512_set1_pd(b->inverse),
                           _mm512_mul_pd(a, _mm512_set1_pd(b->rest)));
}

CDR_WIDE_CODE static inline __m512d cdr_next_wide(__m512d at, __m512d after)
{
    return _mm512_castsi512_pd(
        _mm512_alignr_epi64(_mm512_castpd_si512(after), _mm512_castpd_si512(at), 1));
}

/* Not through memory: compilers may hold an array of eight doubles for aligned where it is not,
 * as in the frames that GCC's address sanitizer makes. */
CDR_WIDE_CODE static inline double cdr_lane_wide(__m512d x, size_t k)
{
    return _mm512_cvtsd_f64(_mm512_maskz_compress_pd((__mmask8)(1u << k), x));
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
