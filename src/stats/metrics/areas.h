/* areas.h - the areas under ROC and precision-recall curves, from their points.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_STATS_AREAS_H
#define CDR_STATS_AREAS_H

#include "stats/metrics/measure.h"
#include "stats/numbers/sums.h"

/* points[0] is (0, 0); each of the others counts the rows down to some score. */
struct cdr_curve {
    const cdr_classes *points;
    size_t last;                 /* point */
    double negatives, positives; /* of all rows */
};

/* The points of a sample, in so many bytes; returns the last one's number. With `corners`,
 * those alone that ROC-AUC keeps. The second way is for every CPU, the third for those that
 * cdr_is_wide says, and samples with `few`. */
size_t cdr_points_room(const struct cdr_measure *m);
size_t cdr_points_of(cdr_classes *points, const struct cdr_measure *m,
                     const struct cdr_sample *s, bool corners);
size_t cdr_points_narrow(cdr_classes *points, const struct cdr_measure *m,
                         const struct cdr_sample *s, bool corners);
#if defined __x86_64__ && defined __GNUC__
#define CDR_WIDE
enum { CDR_WIDE_SPARE = 8 }; /* elements in a vector */
bool cdr_is_wide(void);
/* How often n rows were drawn in all; with labels, the positive ones of them. */
uint64_t cdr_sum_few_wide(const uint8_t *few, const uint8_t *labels, size_t n);
size_t cdr_points_wide(cdr_classes *points, const struct cdr_measure *m,
                       const struct cdr_sample *s, bool corners);
#endif

double cdr_roc_auc(const struct cdr_curve *c);
#ifdef CDR_WIDE
/* The same of a sample, at once, for CPUs that cdr_steps_are_wide says. False: this is for
 * samples with `few` alone, all of them below 32, and columns without ties; nor may rows of one
 * count and class follow each other by ten thousands. */
enum { CDR_STEPS_SPARE = 128 }; /* bytes behind a row's step each */
bool cdr_steps_are_wide(void);
bool cdr_roc_auc_wide(double *area, const struct cdr_measure *m,
                      const struct cdr_sample *s, void *room);
/* Its way for few rows, of one column and of two. */
bool cdr_roc_auc_near(double *area, const struct cdr_measure *m,
                      const struct cdr_sample *s);
bool cdr_roc_aucs_near(double areas[2], const struct cdr_measure *a,
                       const struct cdr_measure *b, const struct cdr_sample *s);
#endif
double cdr_average_precision(const struct cdr_curve *c);

/* Up to a false positive rate, the last point interpolated; standardised (D. McClish,
 * 1989) so that chance is 1/2 and the best 1. The points are corners. */
double cdr_partial_auc(const struct cdr_curve *c, double limit);
double cdr_standardised(double area, double limit);

/* The terms that these two sum, for cdr_sum_terms and a struct cdr_curve; there are
 * as many as c->last says. Those of ROC-AUC begin with the highest score: term i is
 * made of points i and i + 1. Those of average precision begin with the lowest: of
 * points last - i and last - i - 1. */
cdr_terms cdr_roc_terms, cdr_precision_terms;

/* The sum of a block of cdr_roc_terms, and the same for CPUs that cdr_is_wide says. */
cdr_block cdr_roc_block;
#ifdef CDR_WIDE
cdr_block cdr_roc_block_wide;
#endif

/* The curve of a sample at n places from 0 to 1: of average precision its precision at each
 * recall, else its true positive rate at each false one. All NaN without rows, or weights, of
 * both classes. The second is for rows of these weights; the third for points, of which the
 * first is (0, 0) and the last, number `last`, has all rows. */
void cdr_curve_read(double *out, size_t n, const struct cdr_measure *m,
                    const struct cdr_sample *s, void *room);
void cdr_curve_read_weighted(double *out, size_t n, const struct cdr_measure *m,
                             const double *weight, void *room);
void cdr_points_read(double *out, size_t n, int kind, const struct cdr_points *points,
                     size_t last);

/* x[i] and y[i] become the rates of n points. The second way is for CPUs with AVX2 and FMA, and
 * has the same bits for whole numbers below 2^32, above 0. */
void cdr_rates_divided(double *restrict x, double *restrict y,
                       const cdr_classes *restrict points, size_t n, double negatives,
                       double positives);
#if defined __x86_64__ && defined __GNUC__
#define CDR_FUSED
void cdr_rates_fused(double *restrict x, double *restrict y,
                     const cdr_classes *restrict points, size_t n, double negatives,
                     double positives);
#endif

/* The average precision that the sum of its terms says. */
static inline double cdr_average_precision_of(double sum)
{
    return -sum > 0 ? -sum : 0;
}

/* In files of their own. */
extern const struct cdr_omission cdr_curve_omission;
double cdr_curve_weighted(const struct cdr_measure *m, const double *weight,
                          void *room);

#endif
