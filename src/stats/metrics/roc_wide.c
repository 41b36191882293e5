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
    AT_ONCE = 1024,       /* points in memory */
    SPARE = 2 * CDR_STEPS /* what the last vectors write beyond */
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

struct curve {
    const uint8_t *steps;
    size_t n, at; /* steps: all, and read so far */
    size_t first; /* the first point that is here */
    struct cdr_points_wide here;
    struct cdr_divisor negatives, positives;
    uint32_t negative[AT_ONCE + SPARE], positive[AT_ONCE + SPARE];
};

/* Makes point `first` the first one here, and makes as many more as there is room for. */
WIDE static void go_on(struct curve *c, size_t first)
{
    const size_t gone = first - c->first;

    c->here.n -= gone;
    c->first = first;
    memmove(c->negative, c->negative + gone, c->here.n * sizeof *c->negative);
    memmove(c->positive, c->positive + gone, c->here.n * sizeof *c->positive);
    for (; c->at < c->n && c->here.n <= AT_ONCE; c->at += CDR_STEPS) {
        const uint8_t *const steps = c->steps + c->at;
        cdr_put_points(&c->here, _mm512_loadu_si512(steps),
                       corners_at(steps, c->at == 0));
    }
}

/* ---- the area ---- */

/* Fewer than eight are the last ones, and added one by one. */
WIDE static double block(struct curve *c, size_t first, size_t n)
{
    if (first + n >= c->first + c->here.n)
        go_on(c, first);
    const uint32_t *const negative = c->negative + (first - c->first);
    const uint32_t *const positive = c->positive + (first - c->first);
    __m512d x = cdr_rates_wide(negative, &c->negatives), sums = _mm512_set1_pd(-0.0);
    double lane[CDR_LANES];
    size_t i = 0;

    for (; i + CDR_LANES <= n; i += CDR_LANES) {
        const __m512d after = cdr_rates_wide(negative + i + CDR_LANES, &c->negatives);
        const __m512d y = cdr_rates_wide(positive + i, &c->positives);
        sums = _mm512_add_pd(
            sums, _mm512_mul_pd(_mm512_sub_pd(cdr_next_wide(x, after), x), y));
        x = after;
    }
    double sum = cdr_sum_lanes_wide(sums);
    if (i == n)
        return sum;
    _mm512_storeu_pd(lane, /* of which the last is none */
                     _mm512_mul_pd(_mm512_sub_pd(cdr_next_wide(x, x), x),
                                   cdr_rates_wide(positive + i, &c->positives)));
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
    c.at = c.first = 0;
    c.here = (struct cdr_points_wide){ c.negative, c.positive, 1, 0 };
    c.negative[0] = c.positive[0] = 0;
    c.negatives = cdr_divisor_of(cdr_negative(s->classes));
    c.positives = cdr_divisor_of(cdr_positive(s->classes));
    *area = 0.0 + pairwise(&c, 0, count_corners(room, n));
    return true;
}

#else
typedef int cdr_roc_not_wide; /* a file has to have something in it */
#endif
