/* normal.c - standard normal deviates, by inversion.
 * SPDX-License-Identifier: MIT
 *
 * The quantile function follows ndtri of the Cephes library (S. L. Moshier):
 * three quotients of polynomials, one for the middle and two for the tails. The
 * order of its operations is part of the result.
 */
#include "random/bits.h"

#include <math.h>

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

/* Highest power first; those named q_ begin with a 1 that is not written. */
static const double p_middle[] = {
    -5.99633501014107895267e1, 9.80010754185999661536e1,  -5.66762857469070293439e1,
    1.39312609387279679503e1,  -1.23916583867381258016e0,
};
static const double q_middle[] = {
    1.95448858338141759834e0,  4.67627912898881538453e0,  8.63602421390890590575e1,
    -2.25462687854119370527e2, 2.00260212380060660359e2,  -8.20372256168333339912e1,
    1.59056225126211695515e1,  -1.18331621121330003142e0,
};
static const double p_tail[] = {
    4.05544892305962419923e0,   3.15251094599893866154e1,   5.71628192246421288162e1,
    4.40805073893200834700e1,   1.46849561928858024014e1,   2.18663306850790267539e0,
    -1.40256079171354495875e-1, -3.50424626827848203418e-2, -8.57456785154685413611e-4,
};
static const double q_tail[] = {
    1.57799883256466749731e1,   4.53907635128879210584e1,   4.13172038254672030440e1,
    1.50425385692907503408e1,   2.50464946208309415979e0,   -1.42182922854787788574e-1,
    -3.80806407691578277194e-2, -9.33259480895457427372e-4,
};
static const double p_far[] = {
    3.23774891776946035970e0,  6.91522889068984211695e0,  3.93881025292474443415e0,
    1.33303460815807542389e0,  2.01485389549179081538e-1, 1.23716634817820021358e-2,
    3.01581553508235416007e-4, 2.65806974686737550832e-6, 6.23974539184983293730e-9,
};
static const double q_far[] = {
    6.02427039364742014255e0,  3.67983563856160859403e0,  1.37702099489081330271e0,
    2.16236993594496635890e-1, 1.34204006088543189037e-2, 3.28014464682127739104e-4,
    2.89247864745380683936e-6, 6.79019408009981274425e-9,
};

static inline double horner(double value, const double *c, size_t n, double x)
{
    for (size_t i = 0; i < n; i++)
        value = value * x + c[i];
    return value;
}

#define P(c, x) horner((c)[0], (c) + 1, LENGTH(c) - 1, x)
#define Q(c, x) horner((x) + (c)[0], (c) + 1, LENGTH(c) - 1, x)

/* The quantile of p in [exp(-2), 1 - exp(-2)]. */
static double middle(double p)
{
    const double sqrt_2pi = 2.50662827463100050242;
    const double t = p - 0.5, t2 = t * t;
    return (t + t * (t2 * P(p_middle, t2) / Q(q_middle, t2))) * sqrt_2pi;
}

/* Minus the quantile of p in (0, exp(-2)). */
static double tail(double p)
{
    const double x = sqrt(-2.0 * log(p)), z = 1.0 / x;
    const double first = x - log(x) / x;
    if (x < 8.0)
        return first - z * P(p_tail, z) / Q(q_tail, z);
    return first - z * P(p_far, z) / Q(q_far, z);
}

double cadre_normal_quantile(double p)
{
    const double exp_minus_2 = 0.13533528323661269189;
    if (!(p >= 0.0 && p <= 1.0))
        return (double)NAN;
    if (p == 0.0)
        return -(double)INFINITY;
    if (p == 1.0)
        return (double)INFINITY;
    const bool upper = p > 1.0 - exp_minus_2;
    const double below = upper ? 1.0 - p : p;
    if (below > exp_minus_2)
        return middle(below);
    return upper ? tail(below) : -tail(below);
}

double cadre_rng_normal(cadre_rng *rng)
{
    const double step = (double)(int64_t)(cdr_next64(rng) >> 12);
    return cadre_normal_quantile((step + 0.5) * 0x1p-52);
}
