/* numbers.h - sums, quantiles, the normal distribution.
 * SPDX-License-Identifier: MIT
 *
 * Part of <cadre/stats.h>, which says what holds for all of it.
 */
#ifndef CADRE_STATS_NUMBERS_H
#define CADRE_STATS_NUMBERS_H

#include <cadre/cadre.h>

CADRE_BEGIN_DECLS

/* ---- sums and quantiles ---- */

/* NumPy's pairwise sum, and the mean it gives. Of no numbers the sum is 0, the mean
 * NaN. */
CADRE_API double cadre_sum(const double *x, size_t n);
CADRE_API double cadre_mean(const double *x, size_t n);

/* Variance and standard deviation with n - ddof in the denominator; NaN when that is
 * not positive. */
CADRE_API double cadre_variance(const double *x, size_t n, unsigned ddof);
CADRE_API double cadre_deviation(const double *x, size_t n, unsigned ddof);

enum cadre_quantile_rule {
    CADRE_QUANTILE_NUMPY = 0, /* numpy.quantile, method "linear" */
    CADRE_QUANTILE_SCIPY = 1  /* scipy.stats.quantile >= 1.17, same definition, other
                                 roundings: what its bootstrap uses */
};

/* The q-quantile of n values in ascending order. NaN when one is NaN (a NaN sorts
 * last), when q is outside of [0, 1] and when n is 0. */
CADRE_API double cadre_quantile(const double *sorted, size_t n, double q, int rule);

/* Ascending, NaN last; equal numbers, such as 0 and -0, stay in their order. Allocates at most
 * 32 MiB while it runs, and sorts more slowly without. */
CADRE_API void cadre_sort(double *x, size_t n);

/* The standard normal distribution function, in the arithmetic of the Cephes library
 * (S. L. Moshier) that SciPy's norm.cdf uses. Its inverse is cadre_normal_quantile. */
CADRE_API double cadre_normal_cdf(double z);

CADRE_END_DECLS
#endif
