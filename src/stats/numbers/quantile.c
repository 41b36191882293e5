/* quantile.c - order statistics by the two roundings in use.
 * SPDX-License-Identifier: MIT
 *
 * Both rules put the q-quantile at (n - 1) q between neighbours; they differ in how
 * they get there, which shows in the last bits.
 */
#include <cadre/stats.h>

#include <math.h>

static double numpy_rule(const double *sorted, size_t n, double q)
{
    const double place = (double)(n - 1) * q, before = floor(place);

    if (place >= (double)(n - 1))
        return sorted[n - 1];
    const double a = sorted[(size_t)before], b = sorted[(size_t)before + 1];
    const double share = place - before;
    return share < 0.5 ? a + (b - a) * share : b - (b - a) * (1 - share);
}

static double scipy_rule(const double *sorted, size_t n, double q)
{
    const double place = q * (double)n + (1 - q); /* counted from 1 */
    size_t right = (size_t)place;
    const double share = right > 0 ? fmod(place, 1) : 0;
    const size_t left = right > 0 ? right - 1 : 0;

    if (right > n - 1)
        right = n - 1;
    return (1 - share) * sorted[left] + share * sorted[right];
}

double cadre_quantile(const double *sorted, size_t n, double q, int rule)
{
    if (n == 0 || !(q >= 0 && q <= 1) || isnan(sorted[n - 1]))
        return (double)NAN;
    return rule == CADRE_QUANTILE_SCIPY ? scipy_rule(sorted, n, q)
                                        : numpy_rule(sorted, n, q);
}
