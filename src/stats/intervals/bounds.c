/* bounds.c - the bounds of an interval.
 * SPDX-License-Identifier: MIT
 */
#include "stats/intervals/bounds.h"

#include <cadre/random.h>

#include <string.h>

static const char *const names[] = {
#define NAME(kind, value, name, text) [value] = name,
    CADRE_INTERVAL_METHODS(NAME)
#undef NAME
};

int cadre_interval_method_find(const char *name)
{
    for (int method = 0; name && method < CADRE_INTERVAL_METHOD_COUNT; method++)
        if (strcmp(name, names[method]) == 0)
            return method;
    return -1;
}

const char *cadre_interval_method_name(int method)
{
    return method >= 0 && method < CADRE_INTERVAL_METHOD_COUNT ? names[method] : NULL;
}

static double at(const struct cdr_resamples *r, double level)
{
    return cadre_quantile(r->sorted, r->usable, level, r->rule);
}

static double pivot_at(const struct cdr_resamples *r, double level)
{
    return cadre_quantile(r->pivots, r->usable, level, CADRE_QUANTILE_NUMPY);
}

/* Twice the point less the mean takes away the bias that the replicates show. */
static void normal(cadre_interval *out, const struct cdr_resamples *r)
{
    const double centre = 2 * out->point - r->mean;
    const double margin = cadre_normal_quantile(1 - r->tail) * out->standard_error;

    out->low = centre - margin;
    out->high = centre + margin;
}

void cdr_bounds(cadre_interval *out, const struct cdr_resamples *r)
{
    const double low = r->tail, high = 1 - r->tail;

    switch (out->method) {
    case CADRE_BASIC:
        out->low = 2 * out->point - at(r, high);
        out->high = 2 * out->point - at(r, low);
        break;
    case CADRE_BCA:
        out->low = at(r, out->low_level);
        out->high = at(r, out->high_level);
        break;
    case CADRE_NORMAL: normal(out, r); break;
    case CADRE_STUDENTIZED:
        out->low = out->point - pivot_at(r, high) * out->standard_error;
        out->high = out->point - pivot_at(r, low) * out->standard_error;
        break;
    default:
        out->low = at(r, low);
        out->high = at(r, high);
        break;
    }
    cdr_monte_carlo_errors(out, r);
    out->p_value = cdr_p_value(out, r);
}
