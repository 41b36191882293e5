/* areas.c - the areas under ROC and precision-recall curves, from their points.
 * SPDX-License-Identifier: MIT
 *
 * Two divisions a point take longer than all else here. Where a CPU multiplies and adds in
 * one step, quotients come from that, and are the same bits.
 */
#include "stats/metrics/areas.h"

#include <string.h>

/* The same as a cast, in what every CPU's vectors can do. */
static inline double exactly(uint32_t count)
{
    const uint64_t bits = UINT64_C(0x4330000000000000) | count; /* 2^52 + count */
    double sum;

    memcpy(&sum, &bits, sizeof sum);
    return sum - 0x1p52;
}

/* ---- rates of points ---- */

void cdr_rates_divided(double *restrict x, double *restrict y,
                       const cdr_classes *restrict points, size_t n, double negatives,
                       double positives)
{
    for (size_t i = 0; i < n; i++) {
        x[i] = exactly(cdr_negative(points[i])) / negatives;
        y[i] = exactly(cdr_positive(points[i])) / positives;
    }
}

#ifdef CDR_FUSED

/* The double next to a / b, of whole numbers below 2^32. The product with 1 / b is off by at
 * most 2^-52 of it, which the second line makes 2^-104; but a / b is no closer than 2^-86 of it
 * to where two doubles meet, as its distance to such a place is a fraction that has b
 * times a power of 2 below and is not 0. */
#define QUOTIENT(a, b, inverse) \
    __builtin_fma(__builtin_fma(-((a) * (inverse)), b, a), inverse, (a) * (inverse))

__attribute__((target("avx2,fma"))) void
cdr_rates_fused(double *restrict x, double *restrict y,
                const cdr_classes *restrict points, size_t n, double negatives,
                double positives)
{
    const double by_negatives = 1 / negatives, by_positives = 1 / positives;

    for (size_t i = 0; i < n; i++) {
        const double negative = exactly(cdr_negative(points[i]));
        const double positive = exactly(cdr_positive(points[i]));
        x[i] = QUOTIENT(negative, negatives, by_negatives);
        y[i] = QUOTIENT(positive, positives, by_positives);
    }
}

static void find_rates(double *restrict x, double *restrict y,
                       const cdr_classes *restrict points, size_t n, double negatives,
                       double positives)
{
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        cdr_rates_fused(x, y, points, n, negatives, positives);
    else
        cdr_rates_divided(x, y, points, n, negatives, positives);
}

#else
#define find_rates cdr_rates_divided
#endif

void cdr_roc_terms(double *restrict out, const void *from, size_t first, size_t n)
{
    const struct cdr_curve *const c = from;
    double x[CDR_BLOCK + 1], y[CDR_BLOCK + 1];

    find_rates(x, y, c->points + first, n + 1, c->negatives, c->positives);
    for (size_t i = 0; i < n; i++)
        out[i] = (x[i + 1] - x[i]) * (y[i + 1] + y[i]) / 2;
}

double cdr_roc_block(const void *from, size_t first, size_t n)
{
    return cdr_block_sum(cdr_roc_terms, from, first, n);
}

double cdr_roc_auc(const struct cdr_curve *c)
{
#ifdef CDR_WIDE
    if (cdr_is_wide())
        return cdr_sum_blocks(cdr_roc_block_wide, c, c->last);
#endif
    return cdr_sum_blocks(cdr_roc_block, c, c->last);
}

double cdr_standardised(double area, double limit)
{
    const double least = 0.5 * (limit * limit);

    return 0.5 * (1 + (area - least) / (limit - least));
}

struct partial {
    struct cdr_curve curve;
    double final; /* the last term, up to the limit */
};

static void partial_terms(double *restrict out, const void *from, size_t first,
                          size_t n)
{
    const struct partial *const p = from;

    cdr_roc_terms(out, &p->curve, first, n);
    if (first + n == p->curve.last)
        out[n - 1] = p->final;
}

double cdr_partial_auc(const struct cdr_curve *c, double limit)
{
    struct partial p = { .curve = *c };
    size_t stop = 1; /* the first point beyond the limit */

    while (stop < c->last && cdr_negative(c->points[stop]) / c->negatives <= limit)
        stop++;
    const double x0 = cdr_negative(c->points[stop - 1]) / c->negatives;
    const double x1 = cdr_negative(c->points[stop]) / c->negatives;
    const double y0 = cdr_positive(c->points[stop - 1]) / c->positives;
    const double y1 = cdr_positive(c->points[stop]) / c->positives;
    const double y = (y1 - y0) / (x1 - x0) * (limit - x0) + y0;
    p.curve.last = stop;
    p.final = (limit - x0) * (y + y0) / 2;
    return cdr_standardised(cdr_sum_terms(partial_terms, &p, stop), limit);
}

/* Recall falls, and a fall is at most 0. */
void cdr_precision_terms(double *restrict out, const void *from, size_t first, size_t n)
{
    const struct cdr_curve *const c = from;
    const cdr_classes *const points = c->points + (c->last - first - n);
    const double positives = c->positives;
    double recall[CDR_BLOCK + 1], precision[CDR_BLOCK + 1];

    for (size_t i = 0; i <= n; i++) {
        const double right = exactly(cdr_positive(points[i]));
        recall[i] = right / positives;
        precision[i] = right / (right + exactly(cdr_negative(points[i])));
    }
    for (size_t i = 0; i < n; i++)
        out[i] = (recall[n - i - 1] - recall[n - i]) * precision[n - i];
}

double cdr_average_precision(const struct cdr_curve *c)
{
    if (c->positives == 0)
        return 0;
    return cdr_average_precision_of(cdr_sum_terms(cdr_precision_terms, c, c->last));
}
