/* roc_wide.c - the area under a ROC curve without ties, 64 rows at a time.
 * SPDX-License-Identifier: MIT
 *
 * Steps are bytes: they stay in caches, and 64 of them are in a vector, when it is found out
 * which end at a corner. Points come from them piece by piece, as the sum needs them.
 */
#include "stats/metrics/steps_wide.h"

#ifdef CDR_WIDE
#include <string.h>

#define WIDE CDR_WIDE_CODE

enum {
    AT_ONCE = 1024,        /* points in memory */
    SPARE = 2 * CDR_STEPS, /* what the last vectors write beyond */
    FAR = 1 << 15          /* from there 64 steps are far from 16 bits */
};

bool cdr_steps_are_wide(void)
{
    return cdr_is_wide() && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vbmi") &&
           __builtin_cpu_supports("avx512vbmi2");
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
    uint8_t counts[CDR_STEPS] = { 0 };

    for (size_t i = 0; i < n; i++)
        counts[i] = few[order[i]];
    return _mm512_loadu_si512(counts);
}

/* All steps, and zeros behind them. SIZE_MAX: a row was drawn too often. */
WIDE static size_t steps_of(uint8_t *restrict steps, const struct cdr_measure *m,
                            const uint8_t *restrict few)
{
    const size_t whole = m->n / CDR_STEPS * CDR_STEPS, left = m->n - whole;
    __m512i all = _mm512_setzero_si512();
    size_t n = 0;

    for (size_t i = 0; i < m->n; i += CDR_STEPS) {
        const __m512i counts = i < whole ? gather(few, m->order + i)
                                         : gather_rest(few, m->order + i, left);
        uint8_t *const at = steps + n;
        all = _mm512_or_si512(all, counts);
        _mm512_storeu_si512(at, cdr_make_steps(counts, m->marks + i, m->n - i, &n));
    }
    _mm512_storeu_si512(steps + n, _mm512_setzero_si512());
    return _mm512_test_epi8_mask(all, _mm512_set1_epi8((char)CDR_TOO_OFTEN)) ? SIZE_MAX
                                                                             : n;
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

    for (size_t i = 0; i < n; i += CDR_STEPS)
        corners += (size_t)__builtin_popcountll(corners_at(steps + i, i == 0));
    return corners;
}

/* ---- points ---- */

/* A point is two numbers of 16 bits, of which the lower one counts the negatives: both since some
 * base, that is moved up before they would be too large. */
struct curve {
    const uint8_t *steps;
    size_t n, at; /* steps: all, and read so far */
    size_t first; /* the first point that is here */
    size_t here;  /* how many are */
    uint32_t sum; /* of the steps read, as a point */
    bool too_far; /* between two of a block's points there are too many rows */
    cdr_classes base;
    struct cdr_divisor negatives, positives;
    uint32_t points[AT_ONCE + SPARE];
};

/* Of two bytes for each count of a point, the lower one. */
#define COUNTS_OF_POINTS 0x5555555555555555

/* What is before each eight of these steps, as points, from the sums in eights; adds all of
 * them to *sum. */
WIDE static inline __m512i before_eights(__m512i negatives, __m512i positives,
                                         uint32_t *sum)
{
    const __m512i last_bytes =
        _mm512_set_epi32(0, 0, 0, 0, 0, 0, 0, 0, 0x7f003f, 0x770037, 0x6f002f, 0x670027,
                         0x5f001f, 0x570017, 0x4f000f, 0x470007);
    const __m256i zero = _mm256_setzero_si256();
    const __m256i eight = _mm512_castsi512_si256(_mm512_maskz_permutex2var_epi8(
        COUNTS_OF_POINTS, negatives, last_bytes, positives));
    const __m256i before = _mm256_sub_epi32(_mm256_set1_epi32((int)*sum), eight);
    __m256i x = eight;

    x = _mm256_add_epi32(x, _mm256_alignr_epi32(x, zero, 7));
    x = _mm256_add_epi32(x, _mm256_alignr_epi32(x, zero, 6));
    x = _mm256_add_epi32(x, _mm256_alignr_epi32(x, zero, 4));
    *sum += (uint32_t)_mm_extract_epi32(_mm256_extracti128_si256(x, 1), 3);
    return _mm512_castsi256_si512(_mm256_add_epi32(x, before));
}

/* For part k of four, of sixteen steps: which bytes of two vectors its points are made of, and
 * where its two eights are among sixteen words. */
#define BYTES(k)                                                                       \
    _mm512_add_epi32(_mm512_set1_epi32(16 * (k) | (16 * (k) | CDR_STEPS) << 16),       \
                     _mm512_mullo_epi32(_mm512_set1_epi32(0x10001),                    \
                                        _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, \
                                                         7, 6, 5, 4, 3, 2, 1, 0)))
#define WORDS(k) _mm512_mask_set1_epi32(_mm512_set1_epi32(2 * (k)), 0xff00, 2 * (k) + 1)
#define PUT_PART(k)                                                                    \
    _mm512_storeu_si512(                                                               \
        c->points + n,                                                                 \
        _mm512_maskz_compress_epi32(                                                   \
            (__mmask16)(corners >> 16 * (k)),                                          \
            _mm512_add_epi32(_mm512_permutexvar_epi32(WORDS(k), before),               \
                             _mm512_maskz_permutex2var_epi8(                           \
                                 COUNTS_OF_POINTS, negatives, BYTES(k), positives)))); \
    n += (size_t)__builtin_popcount((uint16_t)(corners >> 16 * (k)))

/* The points at these corners of 64 steps. */
WIDE static inline void put_points(struct curve *c, __m512i steps, uint64_t corners)
{
    const __mmask64 positive = _mm512_movepi8_mask(steps);
    const __m512i counts =
        _mm512_and_si512(steps, _mm512_set1_epi8(CDR_STEP_POSITIVE - 1));
    const __m512i negatives =
        cdr_sums_of_eights(_mm512_maskz_mov_epi8(~positive, counts));
    const __m512i positives =
        cdr_sums_of_eights(_mm512_maskz_mov_epi8(positive, counts));
    const __m512i before = before_eights(negatives, positives, &c->sum);
    size_t n = c->here;

    PUT_PART(0);
    PUT_PART(1);
    PUT_PART(2);
    PUT_PART(3);
    c->here = n;
}

static bool is_beyond(uint32_t point, uint32_t limit)
{
    return (point & UINT16_MAX) > limit || point >> 16 > limit;
}

/* The base becomes the first point. */
static void move_base(struct curve *c)
{
    const uint32_t by = c->points[0];

    c->base += (cdr_classes)(by >> 16) << 32 | (by & UINT16_MAX);
    c->sum -= by;
    for (size_t i = 0; i < c->here; i++)
        c->points[i] -= by;
}

/* Makes point `first` the first one here, and makes as many more as there is room for. */
WIDE static void go_on(struct curve *c, size_t first)
{
    const size_t gone = first - c->first;

    c->here -= gone;
    c->first = first;
    memmove(c->points, c->points + gone, c->here * sizeof *c->points);
    if (is_beyond(c->sum, FAR / 2))
        move_base(c);
    for (; c->at < c->n && c->here <= AT_ONCE && !is_beyond(c->sum, FAR);
         c->at += CDR_STEPS) {
        const uint8_t *const steps = c->steps + c->at;
        put_points(c, _mm512_loadu_si512(steps), corners_at(steps, c->at == 0));
    }
}

/* ---- the area ---- */

/* Without a base there is less to do, which the compiler is to know. */
WIDE static inline __m512d rates(__m256i counts, bool moved, uint32_t base,
                                 const struct cdr_divisor *b)
{
    if (moved)
        counts = _mm256_add_epi32(counts, _mm256_set1_epi32((int)base));
    return cdr_quotients_wide(_mm512_cvtepu32_pd(counts), b);
}

/* Of eight points each: their rates on either axis. */
WIDE static inline __m512d xs_at(const struct curve *c, const uint32_t *points,
                                 bool moved)
{
    const __m256i at = _mm256_loadu_si256((const __m256i *)points);

    return rates(_mm256_and_si256(at, _mm256_set1_epi32(UINT16_MAX)), moved,
                 cdr_negative(c->base), &c->negatives);
}

WIDE static inline __m512d ys_at(const struct curve *c, const uint32_t *points,
                                 bool moved)
{
    const __m256i at = _mm256_loadu_si256((const __m256i *)points);

    return rates(_mm256_srli_epi32(at, 16), moved, cdr_positive(c->base),
                 &c->positives);
}

WIDE static inline __m512d terms(__m512d x, __m512d after, __m512d y)
{
    return _mm512_mul_pd(_mm512_sub_pd(cdr_next_wide(x, after), x), y);
}

/* Fewer than eight are the last ones, and added one by one. */
WIDE static inline __attribute__((always_inline)) double
sum_terms(const struct curve *c, const uint32_t *points, size_t n, bool moved)
{
    __m512d x = xs_at(c, points, moved), y = ys_at(c, points, moved);
    __m512d sums = _mm512_set1_pd(-0.0);
    size_t i = 0;

    for (; i + CDR_LANES <= n; i += CDR_LANES) {
        const uint32_t *const next = points + i + CDR_LANES;
        const __m512d after = xs_at(c, next, moved);
        sums = _mm512_add_pd(sums, terms(x, after, y));
        x = after;
        y = ys_at(c, next, moved);
    }
    double sum = cdr_sum_lanes_wide(sums);
    if (i == n)
        return sum;
    const __m512d last = terms(x, x, y); /* its last lane is none */
    for (size_t k = 0; i + k < n; k++)
        sum += cdr_lane_wide(last, k);
    return sum;
}

WIDE static double block(struct curve *c, size_t first, size_t n)
{
    if (first + n >= c->first + c->here && !c->too_far)
        go_on(c, first);
    if (first + n >= c->first + c->here)
        c->too_far = true; /* and so it is for all blocks behind */
    if (c->too_far)
        return 0;
    const uint32_t *const points = c->points + (first - c->first);
    return c->base ? sum_terms(c, points, n, true) : sum_terms(c, points, n, false);
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
    struct curve c;

    if (m->groups < m->n || !s->few)
        return false;
    if (m->near)
        return cdr_roc_auc_near(area, m, s);
    const size_t n = steps_of(room, m, s->few);
    if (n == SIZE_MAX)
        return false;
    c.steps = room;
    c.n = n;
    c.at = c.first = c.sum = c.base = 0;
    c.here = 1;
    c.points[0] = 0;
    c.too_far = false;
    c.negatives = cdr_divisor_of(cdr_negative(s->classes));
    c.positives = cdr_divisor_of(cdr_positive(s->classes));
    *area = 0.0 + pairwise(&c, 0, count_corners(room, n));
    return !c.too_far;
}

#else
typedef int cdr_roc_not_wide; /* a file has to have something in it */
#endif
