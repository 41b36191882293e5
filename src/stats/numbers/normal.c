/* normal.c - the standard normal distribution function.
 * SPDX-License-Identifier: MIT
 *
 * After ndtr, erf and erfc of the Cephes library (S. L. Moshier): one quotient of
 * polynomials near 0, two for the tails. The order of the operations is part of the
 * result.
 */
#include <cadre/stats.h>

#include <math.h>

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

/* Highest power first; those named Q begin with a 1 that is not written. */
static const double p_centre[] = {
    9.60497373987051638749e0, 9.00260197203842689217e1, 2.23200534594684319226e3,
    7.00332514112805075473e3, 5.55923013010394962768e4,
};
static const double q_centre[] = {
    3.35617141647503099647e1, 5.21357949780152679795e2, 4.59432382970980127987e3,
    2.26290000613890934246e4, 4.92673942608635921086e4,
};
static const double p_tail[] = {
    2.46196981473530512524e-10, 5.64189564831068821977e-1, 7.46321056442269912687e0,
    4.86371970985681366614e1,   1.96520832956077098242e2,  5.26445194995477358631e2,
    9.34528527171957607540e2,   1.02755188689515710272e3,  5.57535335369399327526e2,
};
static const double q_tail[] = {
    1.32281951154744992508e1, 8.67072140885989742329e1, 3.54937778887819891062e2,
    9.75708501743205489753e2, 1.82390916687909736289e3, 2.24633760818710981792e3,
    1.65666309194161350182e3, 5.57535340817727675546e2,
};
static const double p_far[] = {
    5.64189583547755073984e-1, 1.27536670759978104416e0, 5.01905042251180477414e0,
    6.16021097993053585195e0,  7.40974269950448939160e0, 2.97886665372100240670e0,
};
static const double q_far[] = {
    2.26052863220117276590e0, 9.39603524938001434673e0, 1.20489539808096656605e1,
    1.70814450747565897222e1, 9.60896809063285878198e0, 3.36907645100081516050e0,
};

static double horner(double value, const double *c, size_t n, double x)
{
    for (size_t i = 0; i < n; i++)
        value = value * x + c[i];
    return value;
}

#define P(c, x) horner((c)[0], (c) + 1, LENGTH(c) - 1, x)
#define Q(c, x) horner((x) + (c)[0], (c) + 1, LENGTH(c) - 1, x)

/* erf(x), |x| <= 1 */
static double erf_centre(double x)
{
    const double x2 = x * x;

    return x * P(p_centre, x2) / Q(q_centre, x2);
}

/* erfc(x), x >= 0 */
static double erfc_upper(double x)
{
    const double exp_range = 709.782712893383996843; /* exp(-that) is not yet 0 */

    if (x < 1.0)
        return 1.0 - erf_centre(x);
    if (-x * x < -exp_range)
        return 0.0;
    const double weight = exp(-x * x);
    if (x < 8.0)
        return weight * P(p_tail, x) / Q(q_tail, x);
    return weight * P(p_far, x) / Q(q_far, x);
}

double cadre_normal_cdf(double z)
{
    const double sqrt_half = 0.70710678118654752440;
    const double x = z * sqrt_half, size = fabs(x);

    if (isnan(z))
        return z;
    if (size < sqrt_half)
        return 0.5 + 0.5 * erf_centre(x);
    const double tail = 0.5 * erfc_upper(size);
    return x > 0 ? 1.0 - tail : tail;
}
