/* bootstrap.c - the confidence interval of a metric.
 * SPDX-License-Identifier: MIT
 */
#include "stats/intervals/bca.h"
#include "stats/fail.h"
#include "stats/resampling/resamples.h"

static double at(const struct cdr_resamples *r, double level, int rule)
{
    return cadre_quantile(r->sorted, r->usable, level, rule);
}

static int bounds(cadre_interval *out, const struct cdr_resamples *r, cadre_pool *pool,
                  int method, cadre_error *err)
{
    double low = r->tail, high = 1 - r->tail;
    int rc = CADRE_OK;

    if (method == CADRE_BCA) {
        rc = cdr_bca_levels(out, r, pool, err);
        low = out->low_level;
        high = out->high_level;
    }
    if (rc)
        return rc;
    out->low = at(r, low, CADRE_QUANTILE_SCIPY);
    out->high = at(r, high, CADRE_QUANTILE_SCIPY);
    if (method == CADRE_BASIC) {
        const double mirrored = 2 * out->point - out->high;
        out->high = 2 * out->point - out->low;
        out->low = mirrored;
    }
    return CADRE_OK;
}

static int check_method(cadre_interval *out, int method, cadre_error *err)
{
    if (method >= CADRE_PERCENTILE && method <= CADRE_BCA)
        return CADRE_OK;
    if (out)
        cdr_interval_clear(out);
    return cdr_stats_fail(err, CADRE_EINVAL, "no interval method has the number %d",
                          method);
}

int cadre_bootstrap_interval(cadre_interval *out, cadre_pool *pool,
                             const cadre_bootstrap *b, const double *scores, int method,
                             cadre_error *err)
{
    struct cdr_resamples r;
    int rc = check_method(out, method, err);

    if (rc)
        return rc;
    rc = cdr_resamples_open(&r, out, pool, b, &scores, 1, err);
    if (!rc)
        rc = bounds(out, &r, pool, method, err);
    cdr_resamples_close(&r);
    return rc;
}
