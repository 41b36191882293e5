/* wide.c - the points of a ROC curve and the area under it, eight at a time.
 * SPDX-License-Identifier: MIT
 *
 * For CPUs with AVX-512, which pick elements of a vector by a mask. Points are whole numbers,
 * and each double comes from the same operations, in the same order, as in areas.c and
 * sums.c: the bits are the same.
 */
#include "stats/metrics/areas.h"

#ifdef CDR_WIDE
#include "stats/numbers/sums.h"
#include <immintrin.h>
#include <string.h>

#define WIDE __attribute__((target("avx512f,avx512bw,avx512vl,popcnt")))

enum { LANES = CDR_WIDE_SPARE };

bool cdr_is_wide(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("popcnt");
}

static inline uint64_t first_bits(size_t n)
{
    return n < 64 ? (UINT64_C(1) << n) - 1 : UINT64_MAX;
}

/* At most `left` elements. */
WIDE static inline __m512i load(const cdr_classes *from, size_t left)
{
    return left < LANES ? _mm512_maskz_loadu_epi64((__mmask8)first_bits(left), from)
                        : _mm512_loadu_si512(from);
}

/* Writes those of eight elements that the mask names, and zeros behind them; returns how many. */
WIDE static inline size_t keep(cdr_classes *out, __mmask8 which, __m512i x)
{
    _mm512_storeu_si512(out, _mm512_maskz_compress_epi64(which, x));
    return (size_t)__builtin_popcount(which);
}

/* ---- counts ---- */

/* Labels are 0 or 1. */
WIDE static inline __m512i sums_of_few(__m512i few, __m512i labels)
{
    const __m512i zero = _mm512_setzero_si512();

    return _mm512_sad_epu8(_mm512_and_si512(few, _mm512_sub_epi8(zero, labels)), zero);
}

WIDE uint64_t cdr_sum_few_wide(const uint8_t *few, const uint8_t *labels, size_t n)
{
    const __m512i one = _mm512_set1_epi8(1);
    __m512i sums = _mm512_setzero_si512();
    size_t i = 0;

    for (; i + 64 <= n; i += 64)
        sums = _mm512_add_epi64(
            sums, sums_of_few(_mm512_loadu_si512(few + i),
                              labels ? _mm512_loadu_si512(labels + i) : one));
    const __mmask64 there = first_bits(n - i);
    sums = _mm512_add_epi64(
        sums, sums_of_few(_mm512_maskz_loadu_epi8(there, few + i),
                          labels ? _mm512_maskz_loadu_epi8(there, labels + i) : one));
    return (uint64_t)_mm512_reduce_add_epi64(sums);
}

/* ---- points ---- */

/* Byte by byte: CPUs have no gathers of bytes, and those of words take longer. */
WIDE static inline __m128i sixteen(const uint8_t *few, const uint32_t *order)
{
    __m128i x = _mm_cvtsi32_si128(few[order[0]]);

#define NEXT(k) x = _mm_insert_epi8(x, few[order[k]], k)
    NEXT(1), NEXT(2), NEXT(3), NEXT(4), NEXT(5), NEXT(6), NEXT(7), NEXT(8);
    NEXT(9), NEXT(10), NEXT(11), NEXT(12), NEXT(13), NEXT(14), NEXT(15);
#undef NEXT
    return x;
}

/* The counts, as they lie on the way down the scores. */
WIDE static void gather(uint8_t *restrict out, const uint8_t *restrict few,
                        const uint32_t *restrict order, size_t n)
{
    size_t i = 0;

    for (; i + 16 <= n; i += 16)
        _mm_storeu_si128((__m128i *)(out + i), sixteen(few, order + i));
    for (; i < n; i++)
        out[i] = few[order[i]];
    memset(out + n, 0, LANES);
}

/* Of 64 rows, those at which a group ends that some row was counted of; `open` says whether
 * some row before was, of the group that goes on. Rows that end no group are ones in
 * `inside`; a bit that is added to such ones is carried to where the group ends. */
static inline uint64_t ends_of_steps(uint64_t counted, uint64_t ends, bool *open)
{
    const uint64_t inside = ~ends;
    uint64_t sum;
    const bool over = __builtin_add_overflow(inside, counted & inside, &sum);
    const bool over_too = __builtin_add_overflow(sum, (uint64_t)*open, &sum);

    *open = over || over_too;
    return ends & (sum | counted);
}

/* The sums of the first element, of the first two, ..., of all. */
WIDE static inline __m512i running_sums(__m512i x)
{
    const __m512i zero = _mm512_setzero_si512();

    x = _mm512_add_epi64(x, _mm512_alignr_epi64(x, zero, 7));
    x = _mm512_add_epi64(x, _mm512_alignr_epi64(x, zero, 6));
    return _mm512_add_epi64(x, _mm512_alignr_epi64(x, zero, 4));
}

/* Bits of 64 rows. */
struct rows {
    uint64_t positive, ends;
};

WIDE static inline struct rows rows_at(const uint8_t *counts, const uint8_t *marks,
                                       size_t left, bool *open)
{
    const __mmask64 there = first_bits(left);
    const __m512i count = _mm512_maskz_loadu_epi8(there, counts);
    const __m512i mark = _mm512_maskz_loadu_epi8(there, marks);
    const uint64_t ends = _mm512_test_epi8_mask(mark, _mm512_set1_epi8(CDR_GROUP_ENDS));

    return (struct rows){
        .positive = _mm512_test_epi8_mask(mark, _mm512_set1_epi8(CDR_POSITIVE)),
        .ends = ends_of_steps(_mm512_test_epi8_mask(count, count), ends, open)
    };
}

WIDE static size_t points_of_all(cdr_classes *points, const uint8_t *counts,
                                 const uint8_t *marks, size_t n_rows)
{
    const __m512i last = _mm512_set1_epi64(LANES - 1);
    __m512i sum = _mm512_setzero_si512();
    bool open = false;
    size_t n = 1;

    points[0] = 0;
    for (size_t i = 0; i < n_rows; i += 64) {
        struct rows rows = rows_at(counts + i, marks + i, n_rows - i, &open);
        for (size_t k = i; k < i + 64 && k < n_rows; k += LANES) {
            const __m128i bytes = _mm_loadl_epi64((const __m128i *)(counts + k));
            const __m512i times = _mm512_cvtepu8_epi64(bytes);
            const __m512i sums = running_sums(_mm512_mask_slli_epi64(
                times, (__mmask8)rows.positive, times, CDR_POSITIVE));
            n += keep(points + n, (__mmask8)rows.ends, _mm512_add_epi64(sum, sums));
            sum = _mm512_add_epi64(sum, _mm512_permutexvar_epi64(last, sums));
            rows.positive >>= LANES;
            rows.ends >>= LANES;
        }
    }
    return n - 1;
}

/* Without the inner points between two equal steps. */
WIDE static size_t keep_corners(cdr_classes *points, size_t last)
{
    size_t n = 2;

    if (last <= 2)
        return last;
    const cdr_classes end = points[last];
    __m512i before = _mm512_set1_epi64((long long)(points[2] - points[1]));
    for (size_t k = 2; k < last; k += LANES) {
        const __mmask8 there = (__mmask8)first_bits(last - k);
        const __m512i at = load(points + k, last - k);
        const __m512i after = _mm512_sub_epi64(load(points + k + 1, last - k), at);
        n += keep(points + n,
                  _mm512_mask_cmpneq_epi64_mask(there, after,
                                                _mm512_alignr_epi64(after, before, 7)),
                  at);
        before = after;
    }
    points[n] = end;
    return n;
}

size_t cdr_points_wide(cdr_classes *points, const struct cdr_measure *m,
                       const struct cdr_sample *s, bool corners)
{
    uint8_t *const counts = (uint8_t *)(points + m->groups + 2 + LANES);

    gather(counts, s->few, m->order, m->n);
    const size_t last = points_of_all(points, counts, m->marks, m->n);
    return corners ? keep_corners(points, last) : last;
}

/* ---- the area ---- */

struct totals {
    __m512d negatives, by_negatives, positives, by_positives;
};

struct rates {
    __m512d x, y;
};

/* Whole numbers below 2^32 are the lower bits of doubles from 2^52 on. */
WIDE static inline __m512d exactly(__m512i count)
{
    const __m512d above = _mm512_set1_pd(0x1p52);
    const __m512i bits = _mm512_or_si512(count, _mm512_castpd_si512(above));

    return _mm512_sub_pd(_mm512_castsi512_pd(bits), above);
}

/* As areas.c does it. */
WIDE static inline __m512d quotient(__m512d a, __m512d b, __m512d inverse)
{
    const __m512d near = _mm512_mul_pd(a, inverse);

    return _mm512_fmadd_pd(_mm512_fnmadd_pd(near, b, a), inverse, near);
}

/* Of at most `left` points. */
WIDE static inline struct rates rates_at(const cdr_classes *points, size_t left,
                                         const struct totals *t)
{
    const __m512i point = load(points, left);
    const __m512i negative = _mm512_and_si512(point, _mm512_set1_epi64(UINT32_MAX));

    return (
        struct rates){ .x = quotient(exactly(negative), t->negatives, t->by_negatives),
                       .y = quotient(exactly(_mm512_srli_epi64(point, 32)),
                                     t->positives, t->by_positives) };
}

WIDE static inline __m512d next(__m512d at, __m512d after)
{
    return _mm512_castsi512_pd(
        _mm512_alignr_epi64(_mm512_castpd_si512(after), _mm512_castpd_si512(at), 1));
}

/* Twice of each: halves can wait for the sum, which is as exact. */
WIDE static inline __m512d double_terms(struct rates at, struct rates after)
{
    return _mm512_mul_pd(_mm512_sub_pd(next(at.x, after.x), at.x),
                         _mm512_add_pd(next(at.y, after.y), at.y));
}

/* Fewer than eight are the last ones, and added one by one. */
WIDE double cdr_roc_block_wide(const void *from, size_t first, size_t n)
{
    const struct cdr_curve *const c = from;
    const cdr_classes *const points = c->points + first;
    const struct totals t = { _mm512_set1_pd(c->negatives),
                              _mm512_set1_pd(1 / c->negatives),
                              _mm512_set1_pd(c->positives),
                              _mm512_set1_pd(1 / c->positives) };
    struct rates at = rates_at(points, n + 1, &t), after;
    __m512d sums = _mm512_set1_pd(-0.0);
    double lane[LANES];
    size_t i = 0;

    for (; i + LANES <= n; i += LANES) {
        after = rates_at(points + i + LANES, n + 1 - i - LANES, &t);
        sums = _mm512_add_pd(sums, double_terms(at, after));
        at = after;
    }
    _mm512_storeu_pd(lane, sums);
    double sum = cdr_sum_lanes(lane);
    _mm512_storeu_pd(lane, double_terms(at, at)); /* of which the last is none */
    for (size_t k = 0; i + k < n; k++)
        sum += lane[k];
    return sum / 2;
}

#else
typedef int cdr_not_wide; /* a file has to have something in it */
#endif
