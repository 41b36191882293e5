/* roc_near.c - the area under a ROC curve of few rows without ties.
 * SPDX-License-Identifier: MIT
 *
 * All counts are in two vectors, and a permutation of bytes puts them in the order of the
 * scores. Where no more rows are drawn than a byte counts, points are bytes as well, and
 * nothing is written to memory that would have to be waited for. No branch depends on what was
 * drawn, but for how many times 32 points there are: a mispredicted one would also keep the CPU
 * from going on with the next column or resample.
 */
#include "stats/metrics/steps_wide.h"

#ifdef CDR_WIDE

#define WIDE CDR_WIDE_CODE

enum { AT_ONCE = 4 * CDR_LANES /* points */ };

WIDE static inline __m512i all_bytes_from(char first)
{
    const __m512i numbers = _mm512_set_epi64(
        0x3f3e3d3c3b3a3938, 0x3736353433323130, 0x2f2e2d2c2b2a2928, 0x2726252423222120,
        0x1f1e1d1c1b1a1918, 0x1716151413121110, 0x0f0e0d0c0b0a0908, 0x0706050403020100);

    return _mm512_add_epi8(numbers, _mm512_set1_epi8(first));
}

/* ---- steps of 64 rows ---- */

struct steps {
    __m512i of;     /* zeros behind the last */
    __mmask64 last; /* the bit of the last one; 0: there is none */
};

/* The rows from `first` on; `near` says which these are, and of which class. */
WIDE static inline struct steps steps_of(__m512i low, __m512i high,
                                         const struct cdr_measure *m, size_t first)
{
    const __m512i near = _mm512_loadu_si512(m->near + first);
    const __m512i counts = _mm512_permutex2var_epi8(low, near, high);
    const __m512i class =
        _mm512_and_si512(near, _mm512_set1_epi8((char)CDR_STEP_POSITIVE));
    const __m512i steps = _mm512_maskz_compress_epi8(
        _mm512_test_epi8_mask(counts, counts), _mm512_or_si512(counts, class));
    const __mmask64 all = _mm512_test_epi8_mask(steps, steps);

    return (struct steps){ steps, _kxor_mask64(all, _kshiftri_mask64(all, 1)) };
}

WIDE static inline bool are_none(const struct steps *s)
{
    return (uint8_t)_mm_cvtsi128_si32(_mm512_castsi512_si128(s->of)) == 0;
}

/* Those that end at a corner: that are not like the one behind. */
WIDE static inline uint64_t corners_of(const struct steps *s, __m512i behind)
{
    const __m512i next =
        _mm512_maskz_permutexvar_epi8(UINT64_MAX >> 1, all_bytes_from(1), s->of);

    return _mm512_cmpneq_epi8_mask(
        s->of,
        _mm512_mask_broadcastb_epi8(next, s->last, _mm512_castsi512_si128(behind)));
}

/* ---- points ---- */

/* Bytes: how many of either class are counted down to each. */
struct points {
    __m512i negative, positive;
};

/* Sums of 64 bytes, from the first on, that come after `before`, the same in each byte. */
WIDE static inline __m512i sums_of_bytes(__m512i x, __m512i before)
{
    const __m512i last_of_eights = _mm512_set1_epi64(0x3f372f271f170f07);
    const __m512i own = _mm512_set_epi64(
        7 * CDR_EACH_BYTE, 6 * CDR_EACH_BYTE, 5 * CDR_EACH_BYTE, 4 * CDR_EACH_BYTE,
        3 * CDR_EACH_BYTE, 2 * CDR_EACH_BYTE, CDR_EACH_BYTE, 0);
    const __m512i in_eights = cdr_sums_of_eights(x);
    const __m512i eights = _mm512_permutexvar_epi8(last_of_eights, in_eights);
    const __m512i before_eights = /* which begin with nothing */
        cdr_sums_of_eights(_mm512_slli_epi64(eights, 8));

    return _mm512_add_epi8(_mm512_add_epi8(in_eights, before),
                           _mm512_permutexvar_epi8(own, before_eights));
}

WIDE static inline __m512i last_byte(__m512i x)
{
    return _mm512_permutexvar_epi8(_mm512_set1_epi8(CDR_STEPS - 1), x);
}

/* At all of 64 steps. */
WIDE static inline struct points sums_of(__m512i steps, struct points before)
{
    const __mmask64 positive = _mm512_movepi8_mask(steps);
    const __m512i counts =
        _mm512_and_si512(steps, _mm512_set1_epi8(CDR_STEP_POSITIVE - 1));

    return (struct points){
        sums_of_bytes(_mm512_maskz_mov_epi8(~positive, counts), before.negative),
        sums_of_bytes(_mm512_maskz_mov_epi8(positive, counts), before.positive)
    };
}

/* Picks those at corners out of the sums at 2 * 64 steps; n are at corners of the first 64. */
WIDE static inline void pick(__m512i out[2], __m512i first, __m512i then,
                             const uint64_t corners[2], size_t n)
{
    const uint64_t before = cdr_first_bits(n);
    const __m512i turned = _mm512_permutexvar_epi8(
        all_bytes_from((char)-(int)n), _mm512_maskz_compress_epi8(corners[1], then));

    out[0] = _mm512_mask_mov_epi8(_mm512_maskz_compress_epi8(corners[0], first),
                                  ~before, turned);
    out[1] = _mm512_maskz_mov_epi8(before, turned);
}

/* ---- the area ---- */

struct sums {
    __m512d lanes, rest, x; /* x: the rates before */
};

WIDE static inline __m512d rates(__m512i bytes, __m512i which,
                                 const struct cdr_divisor *b)
{
    const __m512d a = _mm512_cvtepu64_pd(_mm512_maskz_permutexvar_epi8(
        CDR_EACH_BYTE /* the first of a word */, which, bytes));

    return cdr_quotients_wide(a, b);
}

/* Of a column: the points at corners, and what their terms sum to. */
struct column {
    __m512i negative[2], positive[2]; /* of the first 64 points, and the others */
    size_t points;
    struct sums sums;
};

/* Adds eight terms, each of a point and the one before it, to the lanes or to the rest; takes
 * them off what is left. Behind the last point are zeros, and so are terms. */
WIDE static inline void add_terms(struct column *c, size_t half, __m512i which,
                                  __m512i *left, const struct cdr_divisor of[2])
{
    const __m512i eight = _mm512_set1_epi64(CDR_LANES);
    const __mmask8 whole = _mm512_cmpge_epi64_mask(*left, eight);
    const __m512d x = rates(c->negative[half], which, &of[0]);
    const __m512d y = rates(c->positive[half], which, &of[1]);
    const __m512d before = _mm512_castsi512_pd(_mm512_alignr_epi64(
        _mm512_castpd_si512(x), _mm512_castpd_si512(c->sums.x), CDR_LANES - 1));
    const __m512d terms = _mm512_mul_pd(_mm512_sub_pd(x, before), y);

    c->sums.lanes = _mm512_mask_add_pd(c->sums.lanes, whole, c->sums.lanes, terms);
    c->sums.rest =
        _mm512_mask_add_pd(c->sums.rest, _knot_mask8(whole), c->sums.rest, terms);
    c->sums.x = x;
    *left = _mm512_sub_epi64(*left, eight);
}

WIDE static inline double add_two(double sum, __m128d x)
{
    return sum + _mm_cvtsd_f64(x) + _mm_cvtsd_f64(_mm_unpackhi_pd(x, x));
}

/* A term of 0 changes no sum but one without terms, of which the sign does not matter: so all
 * lanes of the rest are added, but for the last, which is none. */
WIDE static inline double total(const struct sums *sums)
{
    double sum = cdr_sum_lanes_wide(sums->lanes);

    sum = add_two(sum, _mm512_castpd512_pd128(sums->rest));
    sum = add_two(sum, _mm512_extractf64x2_pd(sums->rest, 1));
    sum = add_two(sum, _mm512_extractf64x2_pd(sums->rest, 2));
    return 0.0 + (sum + _mm_cvtsd_f64(_mm512_extractf64x2_pd(sums->rest, 3)));
}

WIDE static inline void open(struct column *c, __m512i low, __m512i high,
                             const struct cdr_measure *m)
{
    const struct steps first = steps_of(low, high, m, 0);
    const struct steps then = steps_of(low, high, m, CDR_STEPS);
    const bool none_first = are_none(&first);
    const uint64_t corners[2] = { corners_of(&first, then.of) | !none_first,
                                  corners_of(&then, _mm512_setzero_si512()) |
                                      none_first };
    const size_t n = (size_t)__builtin_popcountll(corners[0]);
    const struct points none = { _mm512_setzero_si512(), _mm512_setzero_si512() };
    const struct points p = sums_of(first.of, none);
    const struct points last = { last_byte(p.negative), last_byte(p.positive) };
    const struct points q = sums_of(then.of, last);

    c->points = n + (size_t)__builtin_popcountll(corners[1]);
    c->sums =
        (struct sums){ _mm512_set1_pd(-0.0), _mm512_setzero_pd(), _mm512_setzero_pd() };
    pick(c->negative, p.negative, q.negative, corners, n);
    pick(c->positive, p.positive, q.positive, corners, n);
}

/* What two columns have to wait for they wait for together. */
WIDE static inline __attribute__((always_inline)) void
sum(struct column *a, struct column *b, bool two, const struct cdr_divisor of[2])
{
    const size_t n = two && b->points > a->points ? b->points : a->points;
    __m512i left = _mm512_set1_epi64((long long)a->points);
    __m512i other = two ? _mm512_set1_epi64((long long)b->points) : left;

    for (size_t half = 0; half * CDR_STEPS < n; half++) {
        __m512i which = _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0);
        for (size_t i = 0; i < CDR_STEPS && half * CDR_STEPS + i < n; i += AT_ONCE)
            for (size_t k = i; k < i + AT_ONCE; k += CDR_LANES) {
                add_terms(a, half, which, &left, of);
                if (two)
                    add_terms(b, half, which, &other, of);
                which = _mm512_add_epi64(which, _mm512_set1_epi64(CDR_LANES));
            }
    }
}

/* `b` and the second area are only there if `two` says so. */
WIDE static inline __attribute__((always_inline)) bool
areas_of(double *areas, const struct cdr_measure *a, const struct cdr_measure *b,
         const struct cdr_sample *s, bool two)
{
    const size_t more = a->n > CDR_STEPS ? a->n - CDR_STEPS : 0;
    const __m512i low = _mm512_maskz_loadu_epi8(cdr_first_bits(a->n), s->few);
    const __m512i high =
        _mm512_maskz_loadu_epi8(cdr_first_bits(more), s->few + CDR_STEPS);
    const struct cdr_divisor of[2] = { cdr_divisor_of(cdr_negative(s->classes)),
                                       cdr_divisor_of(cdr_positive(s->classes)) };
    struct column first, second;

    if (s->n > UINT8_MAX || _mm512_movepi8_mask(_mm512_or_si512(low, high)))
        return false;
    open(&first, low, high, a);
    if (two)
        open(&second, low, high, b);
    sum(&first, &second, two, of);
    areas[0] = total(&first.sums);
    if (two)
        areas[1] = total(&second.sums);
    return true;
}

WIDE bool cdr_roc_auc_near(double *area, const struct cdr_measure *m,
                           const struct cdr_sample *s)
{
    return areas_of(area, m, NULL, s, false);
}

WIDE bool cdr_roc_aucs_near(double areas[2], const struct cdr_measure *a,
                            const struct cdr_measure *b, const struct cdr_sample *s)
{
    return areas_of(areas, a, b, s, true);
}

#else
typedef int cdr_roc_not_near; /* a file has to have something in it */
#endif
