/* p_value.c - the test that an interval makes.
 * SPDX-License-Identifier: MIT
 *
 * A value is refused at level p where it is outside of the interval of confidence 1 - p.
 * So its p-value is what the widest interval without it leaves in both tails: where the
 * value is among the replicates, by the same interpolation that makes the bounds. As the
 * replicates are finite in number it is never below 2 / (n + 1).
 */
#include "stats/intervals/bounds.h"

#include <cadre/random.h>

#include <math.h>

/* The lowest and the highest level whose quantile is x. */
struct levels {
    double low, high;
};

static struct levels levels_of(const double *sorted, size_t n, double x)
{
    size_t below = 0, not_above = n, middle;

    for (size_t high = n; below < high;) { /* how many are below */
        middle = below + (high - below) / 2;
        if (sorted[middle] < x)
            below = middle + 1;
        else
            high = middle;
    }
    for (size_t low = below; low < not_above;) { /* how many are not above */
        middle = low + (not_above - low) / 2;
        if (sorted[middle] <= x)
            low = middle + 1;
        else
            not_above = middle;
    }
    const double last = (double)(n - 1);
    if (below < not_above)
        return (struct levels){ (double)below / last, (double)(not_above - 1) / last };
    if (below == 0 || below == n)
        return (struct levels){ below > 0, below > 0 };
    const double share = (x - sorted[below - 1]) / (sorted[below] - sorted[below - 1]);
    const double level = ((double)(below - 1) + share) / last;
    return (struct levels){ level, level };
}

/* What level the bounds of an interval with that much in its tail are. */
static double unbent(const cadre_interval *out, double level)
{
    const double v = cadre_normal_quantile(level) - out->bias;
    const double shifted = isinf(v) ? v : v / (1 + out->acceleration * v);

    return isinf(v) ? (v > 0) : cadre_normal_cdf(shifted - out->bias);
}

static double two_sided(struct levels l, size_t n)
{
    const double least = 1 / ((double)n + 1);
    const double tail = fmin(l.high, 1 - l.low);

    return fmin(1, 2 * fmax(tail, least));
}

double cdr_p_value(const cadre_interval *out, const struct cdr_resamples *r)
{
    const double null = r->b.null;
    struct levels l;

    switch (out->method) {
    case CADRE_NORMAL: {
        const double away = fabs(2 * out->point - r->mean - null);
        return out->standard_error > 0
                   ? 2 * cadre_normal_cdf(-away / out->standard_error)
                   : away == 0;
    }
    case CADRE_STUDENTIZED:
        l = levels_of(r->pivots, r->usable, (out->point - null) / out->standard_error);
        break;
    case CADRE_BASIC: l = levels_of(r->sorted, r->usable, 2 * out->point - null); break;
    case CADRE_BCA:
        l = levels_of(r->sorted, r->usable, null);
        l = (struct levels){ unbent(out, l.low), unbent(out, l.high) };
        break;
    default: l = levels_of(r->sorted, r->usable, null); break;
    }
    return two_sided(l, r->usable);
}
