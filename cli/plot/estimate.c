/* estimate.c - an estimate and its interval with digits that mean something.
 * SPDX-License-Identifier: MIT
 */
#include "cli/plot/estimate.h"
#include "plot/number.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>

#define DIGITS       3  /* of what has no error, and the least for small values */
#define DECIMALS_MAX 14 /* a double has no more to say */
#define LONG         6  /* decimals that are still read at a glance */
#define SMALL        -4 /* exponents from which zeros are in the way */
#define LARGE        7
#define NOISE        1e-12 /* of the value */
#define LEAST        1e-15 /* of metrics between 0 and 1 */

struct cdr_range cdr_range_of(int kind)
{
    switch (kind) {
    case CADRE_MCC:
    case CADRE_KAPPA:
    case CADRE_PEARSON:
    case CADRE_SPEARMAN: return (struct cdr_range){ -1, 1 };
    case CADRE_LOG_LOSS:
    case CADRE_DEVIATION:
    case CADRE_VARIANCE: return (struct cdr_range){ 0, INFINITY };
    case CADRE_GROUP_DIFFERENCE:
    case CADRE_GROUP_RATIO: return (struct cdr_range){ -INFINITY, INFINITY };
    default:
        return cadre_metric_needs(kind) & CADRE_NEEDS_NO_LABELS
                   ? (struct cdr_range){ -INFINITY, INFINITY }
                   : (struct cdr_range){ 0, 1 };
    }
}

static double size_of(const cadre_interval *x)
{
    double size = 0;

    if (isfinite(x->point))
        size = fabs(x->point);
    if (isfinite(x->low))
        size = fmax(size, fabs(x->low));
    return isfinite(x->high) ? fmax(size, fabs(x->high)) : size;
}

/* The error is zero, or what rounding makes of zero. */
static bool is_exact(const cadre_interval *x, double size, int kind)
{
    return !isfinite(x->standard_error) || x->standard_error <= NOISE * size ||
           (isfinite(cdr_range_of(kind).most) && x->standard_error <= LEAST);
}

static int clamp(int value, int least, int most)
{
    return value < least ? least : value > most ? most : value;
}

struct cdr_digits cdr_digits_of(const cadre_interval *x, int kind)
{
    double size = size_of(x);
    int exponent = cdr_number_exponent(size);
    /* The last digit's place. */
    int last = is_exact(x, size, kind) ? exponent - DIGITS
                                       : cdr_number_exponent(x->standard_error) - 1;
    struct cdr_digits digits = { .decimals = last < 0 ? -last : 0 };

    if (size > 0 && ((digits.decimals > LONG && exponent <= SMALL) ||
                     (exponent >= LARGE && last >= 0))) {
        digits.exponent = exponent;
        digits.decimals = clamp(exponent - last, 1, DECIMALS_MAX);
    } else {
        digits.decimals = clamp(digits.decimals, size < 10 ? DIGITS : 0, DECIMALS_MAX);
    }
    return digits;
}

void cdr_estimate_write(struct cdr_estimate *out, const cadre_interval *x,
                        struct cdr_digits digits)
{
    const double values[] = { x->point, x->low, x->high };
    char texts[3][40], power[24], times[32] = "";

    if (digits.exponent != 0)
        snprintf(times, sizeof times, "\u00d7%s",
                 cdr_number_power(power, sizeof power, digits.exponent));
    for (int i = 0; i < 3; i++)
        cdr_number_fixed(texts[i], sizeof texts[i],
                         cdr_number_scale(values[i], digits.exponent), digits.decimals);
    snprintf(out->point, sizeof out->point, "%s%s", texts[0], times);
    snprintf(out->interval, sizeof out->interval, "[%s, %s]%s", texts[1], texts[2],
             times);
}
