/* inference.h - intervals and tests without resampling, and what to make of them.
 * SPDX-License-Identifier: MIT
 *
 * Part of <cadre/stats.h>, which says what holds for all of it. None of these waits;
 * all may be called from any thread. Of what a failed call computes, all is NaN.
 */
#ifndef CADRE_STATS_INFERENCE_H
#define CADRE_STATS_INFERENCE_H

#include <cadre/cadre.h>

CADRE_BEGIN_DECLS

/* ---- the area under the ROC curve (E. DeLong, D. DeLong, D. Clarke-Pearson, 1988) ---- */

typedef struct cadre_delong {
    double area[2];  /* of either column; with one column [1] is NaN */
    double estimate; /* area[0]; of two columns area[1] - area[0] */
    double variance, standard_error;
    double z, p_value; /* of the area being 1/2, of two columns the same; NaN where the
                          variance is 0 */
    double low, high;  /* estimate -+ a normal quantile times the standard error */
    uint64_t reserved[4]; /* zero, for now */
} cadre_delong;

/* One column of scores (b is NULL), or two on the same rows. confidence: inside (0, 1),
 * 0 is 0.95. O(n log n) time, O(n) memory. CADRE_EDATA without a row of either class. */
CADRE_API int cadre_delong_test(cadre_delong *out, const uint8_t *labels,
                                const double *a, const double *b, size_t n,
                                double confidence, cadre_error *err);

/* ---- folds ---- */

/* The mean of k >= 2 folds' metrics: standard error deviation / sqrt(k), bounds by the
 * central limit theorem. Folds share training rows, so these bounds are too narrow. */
typedef struct cadre_fold_mean {
    double mean, deviation, low, high;
} cadre_fold_mean;

CADRE_API int cadre_fold_interval(cadre_fold_mean *out, const double *values, size_t k,
                                  double confidence, cadre_error *err);

/* ---- what could have been found ---- */

typedef struct cadre_effect {
    double least; /* the smallest true effect that would be found with that power */
    double sigma; /* the standard error that the interval says */
} cadre_effect;

/* The minimum detectable effect of a test at level alpha, with that power, where the
 * interval [low, high] has that confidence. All three are inside (0, 1); 0 is 0.95, 0.05
 * and 0.8. CADRE_EDATA where the interval has no finite positive width. */
CADRE_API int cadre_detectable_effect(cadre_effect *out, double low, double high,
                                      double confidence, double alpha, double power,
                                      cadre_error *err);

/* ---- many tests ---- */

/* Name as users type it, and what it bounds. */
#define CADRE_ADJUSTMENTS(X)                                         \
    X(BONFERRONI, "bonferroni", "the chance of one false finding")   \
    X(HOLM, "holm", "the chance of one false finding, never weaker") \
    X(BENJAMINI_HOCHBERG, "bh", "the share of false findings among the finds")

enum cadre_adjustment {
#define CADRE_ADJUSTMENT_ENUM(kind, name, text) CADRE_##kind,
    CADRE_ADJUSTMENTS(CADRE_ADJUSTMENT_ENUM)
#undef CADRE_ADJUSTMENT_ENUM
        CADRE_ADJUSTMENT_COUNT
};

/* The kind called `name`, or -1. */
CADRE_API int cadre_adjustment_find(const char *name);

/* p-values of n > 0 tests, each in [0, 1], adjusted for their number, in the order given.
 * out may be p. */
CADRE_API int cadre_adjust_p_values(double *out, const double *p, size_t n, int kind,
                                    cadre_error *err);

/* ---- proportions and costs ---- */

/* Wilson's interval of `successes` out of n > 0. */
CADRE_API int cadre_proportion_interval(double *low, double *high, uint64_t successes,
                                        uint64_t n, double confidence,
                                        cadre_error *err);

/* The threshold on calibrated probabilities that costs least, where a share `prior` of
 * rows, in [0, 1], is positive; costs are positive. */
CADRE_API int cadre_cost_threshold(double *out, double prior, double false_positive,
                                   double false_negative, cadre_error *err);

CADRE_END_DECLS
#endif
