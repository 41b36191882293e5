/* bca.c - where BCa puts the bounds of an interval.
 * SPDX-License-Identifier: MIT
 *
 * B. Efron, Better Bootstrap Confidence Intervals (1987): levels are shifted by the
 * bias z0, the normal quantile of how many replicates are below the point, and bent by
 * the acceleration, a sixth of the skewness of the jackknife. The roundings are those
 * of scipy.stats.bootstrap.
 */
#include "stats/intervals/bca.h"
#include "stats/fail.h"
#include "stats/intervals/jackknife.h"
#include "stats/numbers/sums.h"

#include <cadre/random.h>

#include <math.h>
#include <stdlib.h>

__extension__ typedef unsigned __int128 u128;

/* ---- bias ---- */

/* A replicate that equals the point counts half below it. */
static double bias(const struct cdr_resamples *r, double point)
{
    uint64_t below = 0, not_above = 0;

    for (size_t b = 0; b < r->usable; b++) {
        below += r->sorted[b] < point;
        not_above += r->sorted[b] <= point;
    }
    return cadre_normal_quantile((double)(below + not_above) /
                                 (double)(2 * (uint64_t)r->usable));
}

/* ---- acceleration ---- */

struct influence {
    const double *without;
    double mean, others;
};

static void cubes(double *restrict out, const void *from, size_t first, size_t n)
{
    const struct influence *const u = from;

    for (size_t i = 0; i < n; i++)
        out[i] = pow(u->others * (u->mean - u->without[first + i]), 3);
}

static void squares(double *restrict out, const void *from, size_t first, size_t n)
{
    const struct influence *const u = from;

    for (size_t i = 0; i < n; i++) {
        const double influence = u->others * (u->mean - u->without[first + i]);
        out[i] = influence * influence;
    }
}

/* NaN where all of the jackknife's values are equal. */
static double acceleration(const double *without, size_t n)
{
    const struct influence u = { without, cadre_mean(without, n), (double)(n - 1) };
    const double n2 = (double)((u128)n * n), n3 = (double)((u128)n * n * n);
    const double third = cdr_sum_terms(cubes, &u, n) / n3;
    const double second = cdr_sum_terms(squares, &u, n) / n2;

    return 1.0 / 6 * third / pow(second, 1.5);
}

static int accelerate(double *out, const struct cdr_study *s, cadre_pool *pool,
                      cadre_error *err)
{
    double *const without = calloc(s->n, sizeof *without);
    int rc;

    if (!without)
        return cdr_stats_no_memory(err, s->n);
    rc = cdr_jackknife(without, s, pool, err);
    if (!rc)
        *out = acceleration(without, s->n);
    free(without);
    return rc;
}

/* ---- levels ---- */

static double level(const cadre_interval *out, double z)
{
    const double shifted = out->bias + z;

    return cadre_normal_cdf(out->bias + shifted / (1 - out->acceleration * shifted));
}

int cdr_bca_levels(cadre_interval *out, const struct cdr_resamples *r, cadre_pool *pool,
                   cadre_error *err)
{
    const double z = cadre_normal_quantile(r->tail);
    int rc;

    out->bias = bias(r, out->point);
    out->acceleration = out->low_level = out->high_level = (double)NAN;
    if (!isfinite(out->bias))
        return cdr_stats_fail(
            err, CADRE_EDATA,
            "BCa is not defined: all replicates of %s are on one side "
            "of its value, %.17g; use percentile",
            cdr_study_name(&r->study), out->point);
    rc = accelerate(&out->acceleration, &r->study, pool, err);
    if (rc)
        return rc;
    out->low_level = level(out, z);
    out->high_level = level(out, -z);
    if (isnan(out->low_level) || isnan(out->high_level))
        return cdr_stats_fail(
            err, CADRE_EDATA,
            "BCa is not defined: %s is the same whichever row is left "
            "out; use percentile",
            cdr_study_name(&r->study));
    return CADRE_OK;
}
