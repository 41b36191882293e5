/* bca.c - where BCa puts the bounds of an interval.
 * SPDX-License-Identifier: MIT
 *
 * B. Efron, Better Bootstrap Confidence Intervals (1987): levels are shifted by the
 * bias z0, the normal quantile of how many replicates are below the point, and bent by
 * the acceleration, a sixth of the skewness of the jackknife. The roundings are those
 * of scipy.stats.bootstrap. What is left out is what is drawn: a row, or a cluster. Where
 * parts are drawn from on their own, their jackknives add up as those of SciPy's samples.
 */
#include "stats/intervals/bca.h"
#include "stats/fail.h"
#include "stats/metrics/jackknife.h"
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

struct skewness {
    double second, third;
};

/* `weight`: of the layer in the metric. */
static void add_part(struct skewness *s, const double *without, size_t n, double weight)
{
    const struct influence u = { without, cadre_mean(without, n),
                                 (double)(n - 1) * weight };
    const double n2 = (double)((u128)n * n), n3 = (double)((u128)n * n * n);

    s->third += cdr_sum_terms(cubes, &u, n) / n3;
    s->second += cdr_sum_terms(squares, &u, n) / n2;
}

/* The values without each unit of a layer, by what is quickest. */
static int leave_out(double *without, const struct cdr_resamples *r, size_t layer,
                     cadre_pool *pool, cadre_error *err)
{
    const struct cdr_layer *const l = &r->design.layer[layer];

    if (!r->source.statistic && !l->scheme.begin)
        return cdr_jackknife(without, &l->study, pool, err);
    return cdr_leave_out(without, &r->source, layer, pool, err);
}

/* Rows of strata, in the order of units. */
static bool is_by_rows(const struct cdr_scheme *s)
{
    return s->begin && s->units == s->n;
}

static int accelerate_layer(struct skewness *sum, struct cdr_resamples *r, size_t layer,
                            cadre_pool *pool, cadre_error *err)
{
    const struct cdr_layer *const l = &r->design.layer[layer];
    const struct cdr_scheme *const s = &l->scheme;
    const bool quick = is_by_rows(s) && !r->source.statistic;
    double *const without = calloc(2 * s->units, sizeof *without);
    double *by_unit = without;
    int rc = without ? CADRE_OK : cdr_stats_no_memory(err, s->n);

    if (!rc)
        rc = quick ? cdr_jackknife(without, &l->study, pool, err)
                   : leave_out(without, r, layer, pool, err);
    if (!rc && quick)
        by_unit += s->units;
    for (size_t u = 0; !rc && u < s->units; u++) {
        by_unit[u] = without[quick ? s->row[u] : u];
        if (!isfinite(by_unit[u]) && !r->undefined) {
            r->undefined = CADRE_BCA_ROW;
            r->without = quick ? s->row[u] : u;
        }
    }
    for (size_t k = 0; !rc && k < s->parts; k++)
        if (!s->part[k].fixed)
            add_part(sum, by_unit + s->part[k].first, s->part[k].units,
                     r->design.sums ? l->weight : 1);
    free(without);
    return rc;
}

int cdr_bca_accelerate(struct cdr_resamples *r, cadre_pool *pool, cadre_error *err)
{
    struct skewness sum = { 0, 0 };
    int rc = CADRE_OK;

    for (size_t k = 0; !rc && k < r->design.layers; k++)
        rc = accelerate_layer(&sum, r, k, pool, err);
    r->acceleration = 1.0 / 6 * sum.third / pow(sum.second, 1.5);
    return rc;
}

/* ---- levels ---- */

static double level(const cadre_interval *out, double z)
{
    const double shifted = out->bias + z;

    return cadre_normal_cdf(out->bias + shifted / (1 - out->acceleration * shifted));
}

static int refuse(cadre_interval *out, int why, const struct cdr_resamples *r,
                  cadre_error *err)
{
    const char *const name = r->source.name;

    out->bca_undefined = why;
    out->low_level = out->high_level = (double)NAN;
    switch (why) {
    case CADRE_BCA_ONE_SIDED:
        return cdr_stats_fail(
            err, CADRE_EDATA,
            "BCa is not defined: all replicates of %s are on one side "
            "of its value, %.17g; use percentile",
            name, out->point);
    case CADRE_BCA_CONSTANT:
        return cdr_stats_fail(
            err, CADRE_EDATA,
            "BCa is not defined: %s is the same whichever row is left "
            "out; use percentile",
            name);
    default:
        return cdr_stats_fail(err, CADRE_EDATA,
                              "BCa is not defined: without row %zu, %s is not, because "
                              "%s; use percentile",
                              r->without, name, r->source.reason);
    }
}

int cdr_bca_levels(cadre_interval *out, const struct cdr_resamples *r, cadre_error *err)
{
    const double z = cadre_normal_quantile(r->tail);

    out->bias = bias(r, out->point);
    out->acceleration = r->acceleration;
    if (!isfinite(out->bias)) {
        out->acceleration = (double)NAN;
        return refuse(out, CADRE_BCA_ONE_SIDED, r, err);
    }
    if (r->undefined)
        return refuse(out, r->undefined, r, err);
    out->low_level = level(out, z);
    out->high_level = level(out, -z);
    if (isnan(out->low_level) || isnan(out->high_level) ||
        !isnan(cdr_design_constant(&r->design)))
        return refuse(out, CADRE_BCA_CONSTANT, r, err);
    return CADRE_OK;
}
