/* monte_carlo.c - how far off more resamples would put the bounds.
 * SPDX-License-Identifier: MIT
 *
 * The share of replicates below a quantile has a binomial error; the replicates that far
 * before and behind it say what it makes of the bound. BCa's levels err as well, with the
 * share below the point, which is not independent: both are shares of the same
 * replicates. Normal bounds err with the mean and the deviation of the replicates.
 */
#include "stats/intervals/bounds.h"

#include <cadre/random.h>

#include <math.h>

#define WIDTHS \
    2.0 /* standard errors to either side, for a difference that is no chance */

/* Half of the distance between the order statistics around a level, in standard errors
 * of `spread`; infinite beyond the replicates. */
static double error_at(const double *sorted, size_t n, double level, double spread)
{
    const double from = level - WIDTHS * spread, to = level + WIDTHS * spread;

    if (!(from > 0 && to < 1))
        return INFINITY;
    return (cadre_quantile(sorted, n, to, CADRE_QUANTILE_NUMPY) -
            cadre_quantile(sorted, n, from, CADRE_QUANTILE_NUMPY)) /
           (2 * WIDTHS);
}

static double plain_error(const double *sorted, size_t n, double level)
{
    return error_at(sorted, n, level, sqrt(level * (1 - level) / (double)n));
}

/* ---- BCa ---- */

static double density(double z)
{
    return exp(-z * z / 2) / sqrt(2 * acos(-1.0));
}

static double bca_error(const cadre_interval *out, const struct cdr_resamples *r,
                        double level, double z)
{
    const double share = cadre_normal_cdf(out->bias), shifted = out->bias + z;
    const double bent = 1 - out->acceleration * shifted;
    const double gain = density(out->bias + shifted / bent) * (1 + 1 / (bent * bent)) /
                        density(out->bias);
    const double both = fmin(level, share) - level * share;
    const double variance =
        level * (1 - level) + gain * gain * share * (1 - share) - 2 * gain * both;

    return error_at(r->sorted, r->usable, level,
                    sqrt(fmax(variance, 0) / (double)r->usable));
}

/* ---- normal ---- */

struct spread {
    double second, third, fourth; /* central moments of the replicates */
};

static struct spread spread_of(const struct cdr_resamples *r)
{
    struct spread s = { 0, 0, 0 };

    for (size_t i = 0; i < r->usable; i++) {
        const double away = r->sorted[i] - r->mean, square = away * away;
        s.second += square;
        s.third += square * away;
        s.fourth += square * square;
    }
    s.second /= (double)r->usable;
    s.third /= (double)r->usable;
    s.fourth /= (double)r->usable;
    return s;
}

/* Of 2 point - mean + z deviation. */
static double normal_error(const struct spread *s, size_t n, double z)
{
    const double of_square = (s->fourth - s->second * s->second) / (4 * s->second);
    const double both = s->third / (2 * sqrt(s->second));

    if (s->second == 0)
        return 0;
    return sqrt(fmax(s->second + z * z * of_square - 2 * z * both, 0) / (double)n);
}

/* ---- studentized ---- */

static double studentized_error(const cadre_interval *out,
                                const struct cdr_resamples *r, double level,
                                double bound)
{
    const double pivot = plain_error(r->pivots, r->usable, level) * out->standard_error;
    const struct spread s = spread_of(r);
    const double of_deviation =
        s.second > 0
            ? sqrt((s.fourth / (s.second * s.second) - 1) / 4 / (double)r->usable)
            : 0;

    return hypot(pivot, (bound - out->point) * of_deviation);
}

void cdr_monte_carlo_errors(cadre_interval *out, const struct cdr_resamples *r)
{
    const double low = r->tail, high = 1 - r->tail, z = cadre_normal_quantile(r->tail);
    struct spread s;

    switch (out->method) {
    case CADRE_BASIC: /* mirrored: the upper quantile makes the lower bound */
        out->low_error = plain_error(r->sorted, r->usable, high);
        out->high_error = plain_error(r->sorted, r->usable, low);
        break;
    case CADRE_BCA:
        out->low_error = bca_error(out, r, out->low_level, z);
        out->high_error = bca_error(out, r, out->high_level, -z);
        break;
    case CADRE_NORMAL:
        s = spread_of(r);
        out->low_error = normal_error(&s, r->usable, z);
        out->high_error = normal_error(&s, r->usable, -z);
        break;
    case CADRE_STUDENTIZED:
        out->low_error = studentized_error(out, r, high, out->low);
        out->high_error = studentized_error(out, r, low, out->high);
        break;
    default:
        out->low_error = plain_error(r->sorted, r->usable, low);
        out->high_error = plain_error(r->sorted, r->usable, high);
        break;
    }
}
