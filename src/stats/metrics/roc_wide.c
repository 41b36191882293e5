/* roc_wide.c - the area under a ROC curve without ties, 64 rows at a time.
 * SPDX-License-Identifier: MIT
 *
 * For CPUs with AVX-512 that pick bytes of a vector by a mask, too. Without ties a step of the
 * curve is a row, and fits into a byte: how often the row was drawn, and its class. Such bytes
 * are in caches, and 64 of them in a vector, when it is found out which steps end at a corner.
 * Points come from them piece by piece, as the sum needs them.
 *
 * A step goes either right or up. Of a step up the term of the area is 0, as both ends have the
 * same quotient of negatives; of a step to the right it is (x' - x) * (y + y) / 2, which is
 * (x' - x) * y to the bit, as nothing is so small that half of it would be rounded. Terms meet in
 * the order of sums.c: the bits are the same as in areas.c.
 */
#include "stats/metrics/areas.h"

#ifdef CDR_WIDE
#include "stats/numbers/sums.h"
#include <immintrin.h>
#include <string.h>

#define WIDE                                                                           \
    __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi,avx512vbmi2," \
                          "popcnt")))

enum {
    LANES = CDR_WIDE_SPARE,
    ROWS = 64,        /* a vector of bytes */
    POSITIVE = 0x80,  /* a step's class */
    TOO_OFTEN = 0xe0, /* a count of 32 or more: eight of them may not fit into a byte */
    AT_ONCE = 1024,   /* points in memory */
    SPARE = 2 * ROWS  /* what the last vectors write beyond */
};

bool cdr_steps_are_wide(void)
{
    return cdr_is_wide() && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vbmi") &&
           __builtin_cpu_supports("avx512vbmi2");
}

static inline uint64_t first_bits(size_t n)
{
    return n < 64 ? (UINT64_C(1) << n) - 1 : UINT64_MAX;
}

/* ---- steps ---- */

/* Two rows are read at a time, as CPUs read less often than they pick. */
WIDE static inline __m128i sixteen(const uint8_t *few, const uint32_t *order)
{
    uint64_t two[8];

    memcpy(two, order, sizeof two);
    __m128i x = _mm_cvtsi32_si128(few[(uint32_t)two[0]]);
    x = _mm_insert_epi8(x, few[two[0] >> 32], 1);
#define NEXT(k)                                             \
    x = _mm_insert_epi8(x, few[(uint32_t)two[k]], 2 * (k)); \
    x = _mm_insert_epi8(x, few[two[k] >> 32], 2 * (k) + 1)
    NEXT(1);
    NEXT(2);
    NEXT(3);
    NEXT(4);
    NEXT(5);
    NEXT(6);
    NEXT(7);
#undef NEXT
    return x;
}

/* The counts of 64 rows, as they lie on the way down the scores. */
WIDE static inline __m512i gather(const uint8_t *few, const uint32_t *order)
{
    __m512i x = _mm512_castsi128_si512(sixteen(few, order));

    x = _mm512_inserti32x4(x, sixteen(few, order + 16), 1);
    x = _mm512_inserti32x4(x, sixteen(few, order + 32), 2);
    return _mm512_inserti32x4(x, sixteen(few, order + 48), 3);
}

WIDE static inline __m512i gather_rest(const uint8_t *few, const uint32_t *order,
                                       size_t n)
{
    uint8_t counts[ROWS] = { 0 };

    for (size_t i = 0; i < n; i++)
        counts[i] = few[order[i]];
    return _mm512_loadu_si512(counts);
}

/* The steps of at most 64 rows, and zeros behind them; adds to *n how many there are. */
WIDE static inline __m512i make_steps(__m512i counts, const uint8_t *marks, size_t left,
                                      size_t *n)
{
    const __m512i mark = _mm512_maskz_loadu_epi8(first_bits(left), marks);
    const __mmask64 positive =
        _mm512_test_epi8_mask(mark, _mm512_set1_epi8(CDR_POSITIVE));
    const __mmask64 drawn = _mm512_test_epi8_mask(counts, counts);
    const __m512i class = _mm512_maskz_set1_epi8(positive, (char)POSITIVE);

    *n += (size_t)__builtin_popcountll(drawn);
    return _mm512_maskz_compress_epi8(drawn, _mm512_or_si512(counts, class));
}

/* All steps, and zeros behind them. SIZE_MAX: a row was drawn too often. */
WIDE static size_t steps_of(uint8_t *restrict steps, const struct cdr_measure *m,
                            const uint8_t *restrict few)
{
    const size_t whole = m->n / ROWS * ROWS, left = m->n - whole;
    __m512i all = _mm512_setzero_si512();
    size_t n = 0;

    for (size_t i = 0; i < m->n; i += ROWS) {
        const __m512i counts = i < whole ? gather(few, m->order + i)
                                         : gather_rest(few, m->order + i, left);
        uint8_t *const at = steps + n;
        all = _mm512_or_si512(all, counts);
        _mm512_storeu_si512(at, make_steps(counts, m->marks + i, m->n - i, &n));
    }
    _mm512_storeu_si512(steps + n, _mm512_setzero_si512());
    return _mm512_test_epi8_mask(all, _mm512_set1_epi8((char)TOO_OFTEN)) ? SIZE_MAX : n;
}

/* Those of 64 steps that end at a corner: the first of all, and those before another one. */
WIDE static inline uint64_t corners_at(const uint8_t *steps, bool first)
{
    const __m512i step = _mm512_loadu_si512(steps);

    return _mm512_cmpneq_epi8_mask(step, _mm512_loadu_si512(steps + 1)) | first;
}

WIDE static size_t count_corners(const uint8_t *steps, size_t n)
{
    size_t corners = 0;

    for (size_t i = 0; i < n; i += ROWS)
        corners += (size_t)__builtin_popcountll(corners_at(steps + i, i == 0));
    return corners;
}

/* ---- points ---- */

/* Numbers to divide by: 1 / b is about inverse + rest. */
struct divisor {
    double inverse, rest;
};

struct curve {
    const uint8_t *steps;
    size_t n, at;         /* steps: all, and read so far */
    cdr_classes sum;      /* of those */
    size_t first, points; /* the first point that is here, and how many are */
    struct divisor negatives, positives;
    uint32_t negative[AT_ONCE + SPARE], positive[AT_ONCE + SPARE];
};

/* Eight bytes at a time: the first, the first two, ..., all of them. */
WIDE static inline __m512i sums_of_eights(__m512i x)
{
    x = _mm512_add_epi8(x, _mm512_slli_epi64(x, 8));
    x = _mm512_add_epi8(x, _mm512_slli_epi64(x, 16));
    return _mm512_add_epi8(x, _mm512_slli_epi64(x, 32));
}

/* What is before each eight steps; adds all of them to *sum. */
WIDE static inline __m512i before_eights(__m512i negative, __m512i positive,
                                         cdr_classes *sum)
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
#define WORDS(k, class)                                                  \
    _mm512_mask_set1_epi32(_mm512_set1_epi32(4 * (k) + (class)), 0xff00, \
                           4 * (k) + 2 + (class))
#define PUT(to, sums, k, class)                                        \
    _mm512_storeu_si512(                                               \
        to, _mm512_maskz_compress_epi32(                               \
                (__mmask16)(corners >> 16 * (k)),                      \
                _mm512_add_epi32(                                      \
                    _mm512_permutexvar_epi32(WORDS(k, class), before), \
                    _mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(sums, k)))))
#define PUT_PART(k)                        \
    PUT(c->negative + n, negatives, k, 0); \
    PUT(c->positive + n, positives, k, 1); \
    n += (size_t)__builtin_popcount((uint16_t)(corners >> 16 * (k)))

/* The points at these corners of 64 steps. */
WIDE static inline void put_points(struct curve *c, __m512i steps, uint64_t corners)
{
    const __mmask64 positive = _mm512_movepi8_mask(steps);
    const __m512i counts = _mm512_and_si512(steps, _mm512_set1_epi8(POSITIVE - 1));
    __m512i negatives = _mm512_maskz_mov_epi8(~positive, counts);
    __m512i positives = _mm512_maskz_mov_epi8(positive, counts);
    const __m512i before = before_eights(negatives, positives, &c->sum);
    size_t n = c->points;

    negatives = sums_of_eights(negatives);
    positives = sums_of_eights(positives);
    PUT_PART(0);
    PUT_PART(1);
    PUT_PART(2);
    PUT_PART(3);
    c->points = n;
}

/* Makes point `first` the first one here, and makes as many more as there is room for. */
WIDE static void go_on(struct curve *c, size_t first)
{
    const size_t gone = first - c->first;

    c->points -= gone;
    c->first = first;
    memmove(c->negative, c->negative + gone, c->points * sizeof *c->negative);
    memmove(c->positive, c->positive + gone, c->points * sizeof *c->positive);
    for (; c->at < c->n && c->points <= AT_ONCE; c->at += ROWS) {
        const uint8_t *const steps = c->steps + c->at;
        put_points(c, _mm512_loadu_si512(steps), corners_at(steps, c->at == 0));
    }
}

/* ---- the area ---- */

/* The remainder is exact, and at most 2^-53: the sum is off by 2^-105 of it. */
WIDE static inline struct divisor divisor_of(double b)
{
    const double inverse = 1 / b;

    return (struct divisor){ inverse, __builtin_fma(-inverse, b, 1) * inverse };
}

/* The double next to a / b, as QUOTIENT in areas.c is: before it is rounded, it is off by at most
 * 2^-104 of it, by the divisor and by the rounding of the product with the rest. */
WIDE static inline __m512d rates(const uint32_t *counts, const struct divisor *b)
{
    const __m512d a = _mm512_cvtepu32_pd(_mm256_loadu_si256((const __m256i *)counts));

    return _mm512_fmadd_pd(a, _mm512_set1_pd(b->inverse),
                           _mm512_mul_pd(a, _mm512_set1_pd(b->rest)));
}

WIDE static inline __m512d next(__m512d at, __m512d after)
{
    return _mm512_castsi512_pd(
        _mm512_alignr_epi64(_mm512_castpd_si512(after), _mm512_castpd_si512(at), 1));
}

/* As cdr_sum_lanes does it. */
WIDE static inline double sum_lanes(__m512d x)
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

/* Fewer than eight are the last ones, and added one by one. */
WIDE static double block(struct curve *c, size_t first, size_t n)
{
    if (first + n >= c->first + c->points)
        go_on(c, first);
    const uint32_t *const negative = c->negative + (first - c->first);
    const uint32_t *const positive = c->positive + (first - c->first);
    __m512d x = rates(negative, &c->negatives), sums = _mm512_set1_pd(-0.0);
    double lane[LANES];
    size_t i = 0;

    for (; i + LANES <= n; i += LANES) {
        const __m512d after = rates(negative + i + LANES, &c->negatives);
        const __m512d y = rates(positive + i, &c->positives);
        sums = _mm512_add_pd(sums, _mm512_mul_pd(_mm512_sub_pd(next(x, after), x), y));
        x = after;
    }
    double sum = sum_lanes(sums);
    if (i == n)
        return sum;
    _mm512_storeu_pd(lane, /* of which the last is none */
                     _mm512_mul_pd(_mm512_sub_pd(next(x, x), x),
                                   rates(positive + i, &c->positives)));
    for (size_t k = 0; i + k < n; k++)
        sum += lane[k];
    return sum;
}

static double pairwise(struct curve *c, size_t first, size_t n)
{
    if (n <= CDR_BLOCK)
        return block(c, first, n);
    const size_t left = cdr_left_half(n);
    const double sum = pairwise(c, first, left);
    return sum + pairwise(c, first + left, n - left);
}

WIDE bool cdr_roc_auc_wide(double *area, const struct cdr_measure *m,
                           const struct cdr_sample *s, void *room)
{
    const size_t n = m->groups == m->n && s->few ? steps_of(room, m, s->few) : SIZE_MAX;
    struct curve c;

    if (n == SIZE_MAX)
        return false;
    c.steps = room;
    c.n = n;
    c.at = c.sum = c.first = 0;
    c.points = 1;
    c.negative[0] = c.positive[0] = 0;
    c.negatives = divisor_of(cdr_negative(s->classes));
    c.positives = divisor_of(cdr_positive(s->classes));
    *area = 0.0 + pairwise(&c, 0, count_corners(room, n));
    return true;
}

#else
typedef int cdr_roc_not_wide; /* a file has to have something in it */
#endif
