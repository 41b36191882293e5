/* resamples.c - a run of the bootstrap, and what all intervals say of it.
 * SPDX-License-Identifier: MIT
 *
 * Resamples are drawn in rounds. Mostly there is one; where the run is to stop at a Monte
 * Carlo error there are as many again in each round as in all before. So the counts at
 * which it can stop are fixed, and what comes out depends on no worker.
 */
#include "stats/intervals/resamples.h"
#include "stats/check.h"
#include "stats/fail.h"
#include "stats/intervals/bca.h"
#include "stats/intervals/bounds.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DEGENERATE_MOST   0.05
#define DEFAULT_RESAMPLES 1000
#define DOUBLINGS_MOST    10

/* ---- beginning ---- */

void cdr_interval_clear(cadre_interval *out)
{
    const double nan = (double)NAN;

    *out = (cadre_interval){ .point = nan,
                             .low = nan,
                             .high = nan,
                             .standard_error = nan,
                             .low_error = nan,
                             .high_error = nan,
                             .p_value = nan };
}

int cdr_check_method(cadre_interval *out, int method, cadre_error *err)
{
    cdr_stats_clear(err);
    if (!out)
        return cdr_stats_fail(err, CADRE_EINVAL, "out is NULL");
    cdr_interval_clear(out);
    if (method >= 0 && method < CADRE_INTERVAL_METHOD_COUNT)
        return CADRE_OK;
    return cdr_stats_fail(err, CADRE_EINVAL, "no interval method has the number %d",
                          method);
}

void cdr_resamples_begin(struct cdr_resamples *r, const cadre_bootstrap *b, int method,
                         int rule, int seeding)
{
    r->b = *b;
    r->method = method;
    r->rule = rule;
    if (r->b.resamples == 0)
        r->b.resamples = DEFAULT_RESAMPLES;
    if (r->b.most_resamples == 0)
        r->b.most_resamples =
            r->b.resamples << DOUBLINGS_MOST >> DOUBLINGS_MOST == r->b.resamples
                ? r->b.resamples << DOUBLINGS_MOST
                : r->b.resamples;
    if (r->b.seeding == CADRE_SEEDING_DEFAULT)
        r->b.seeding = seeding;
    if (r->b.degenerate_most == 0)
        r->b.degenerate_most = DEGENERATE_MOST;
    if (r->b.degenerate_most < 0)
        r->b.degenerate_most = 0;
    r->tail = (1 - cdr_confidence(b->confidence)) / 2;
}

void cdr_resamples_close(struct cdr_resamples *r)
{
    cdr_design_close(&r->design);
    if (r->replicates != r->b.replicates)
        free(r->replicates);
    if (r->errors != r->b.errors)
        free(r->errors);
    free(r->sorted);
    free(r->pivots);
}

/* ---- memory ---- */

static bool grow(double **values, double *theirs, uint64_t n)
{
    size_t bytes;
    double *grown = NULL;

    if (theirs) {
        *values = theirs;
        return true;
    }
    if (!__builtin_mul_overflow(n, sizeof **values, &bytes))
        grown = realloc(*values, bytes);
    if (grown)
        *values = grown;
    return grown != NULL;
}

static int make_room(struct cdr_resamples *r, uint64_t n, cadre_error *err)
{
    const bool studentized = r->method == CADRE_STUDENTIZED;

    if (grow(&r->replicates, r->b.replicates, n) && grow(&r->sorted, NULL, n) &&
        (!studentized ||
         (grow(&r->errors, r->b.errors, n) && grow(&r->pivots, NULL, n))))
        return CADRE_OK;
    return cdr_stats_no_values(err, n);
}

/* ---- what the replicates say ---- */

/* What is not finite is not defined, and nor is a replicate without an error where those
 * are needed. */
static void mark_degenerate(struct cdr_resamples *r, uint64_t from)
{
    for (uint64_t i = from; i < r->drawn; i++)
        if (!isfinite(r->replicates[i]) || (r->errors && !(r->errors[i] > 0)))
            r->replicates[i] = (double)NAN;
}

static void keep_usable(struct cdr_resamples *r, double point)
{
    r->usable = 0;
    for (uint64_t i = 0; i < r->drawn; i++)
        if (!isnan(r->replicates[i])) {
            if (r->errors)
                r->pivots[r->usable] = (r->replicates[i] - point) / r->errors[i];
            r->sorted[r->usable++] = r->replicates[i];
        }
}

static int check_degenerate(const struct cdr_resamples *r, const cadre_interval *out,
                            cadre_error *err)
{
    const double most = r->b.degenerate_most;
    const bool too_many = most == 0.5
                              ? r->usable < r->drawn / 2
                              : (double)out->degenerate > most * (double)r->drawn;

    if (!too_many && r->usable > 0)
        return CADRE_OK;
    return cdr_stats_fail(err, CADRE_EDATA,
                          "%" PRIu64 " of %" PRIu64
                          " resamples are degenerate, more than "
                          "%g %%: %s is not defined where %s; %s would help",
                          out->degenerate, r->drawn, 100 * most, r->source.name,
                          r->source.reason, r->source.remedy);
}

static int summarise(cadre_interval *out, struct cdr_resamples *r, cadre_error *err)
{
    keep_usable(r, out->point);
    out->resamples = r->usable;
    out->degenerate = r->drawn - r->usable;
    out->standard_error = isnan(cdr_design_constant(&r->design))
                              ? cadre_deviation(r->sorted, r->usable, 1)
                              : 0;
    r->mean = cadre_mean(r->sorted, r->usable);
    cadre_sort(r->sorted, r->usable);
    if (r->pivots)
        cadre_sort(r->pivots, r->usable);
    return check_degenerate(r, out, err);
}

/* ---- running ---- */

/* Where every resample has the same value, a sum's last bit is no spread. */
static bool is_constant(cadre_interval *out, const struct cdr_resamples *r)
{
    const double constant = cdr_design_constant(&r->design);

    if (isnan(constant) || r->source.statistic)
        return false;
    out->low = out->high = constant;
    out->low_error = out->high_error = 0;
    out->p_value = r->b.null == constant ? 1 : 1 / ((double)r->usable + 1);
    return true;
}

static int conclude(cadre_interval *out, struct cdr_resamples *r, cadre_error *err)
{
    int rc = summarise(out, r, err);

    if (rc)
        return rc;
    out->method = r->method == CADRE_BCA_IF_DEFINED ? CADRE_BCA : r->method;
    if (out->method == CADRE_BCA) {
        rc = cdr_bca_levels(out, r, err);
        if (rc && r->method == CADRE_BCA)
            return rc;
        if (rc)
            out->method = CADRE_PERCENTILE;
        cdr_stats_clear(err);
    }
    if (!is_constant(out, r))
        cdr_bounds(out, r);
    return CADRE_OK;
}

static bool is_done(const cadre_interval *out, const struct cdr_resamples *r)
{
    const double error = r->b.until_error;

    if (error == 0 || r->drawn >= r->b.most_resamples)
        return true;
    return out->low_error <= error && out->high_error <= error;
}

static int draw_to(struct cdr_resamples *r, uint64_t to, cadre_pool *pool,
                   cadre_error *err)
{
    const uint64_t from = r->drawn > r->b.done ? r->drawn : r->b.done;
    const uint64_t before = r->drawn;
    cadre_bootstrap round = r->b;
    int rc = make_room(r, to, err);

    round.resamples = to;
    if (!rc && from < to)
        rc = cdr_replicate(r->replicates, r->errors, &r->source, pool, &round, from, to,
                           err);
    if (rc)
        return rc;
    r->drawn = to;
    mark_degenerate(r, before);
    return CADRE_OK;
}

int cdr_resamples_run(cadre_interval *out, struct cdr_resamples *r, cadre_pool *pool,
                      cadre_error *err)
{
    uint64_t to = r->b.resamples;
    int rc = cdr_evaluate(&out->point, &r->source, err);

    if (!rc && (r->method == CADRE_BCA || r->method == CADRE_BCA_IF_DEFINED))
        rc = cdr_bca_accelerate(r, pool, err);
    while (!rc) {
        rc = draw_to(r, to, pool, err);
        if (!rc)
            rc = conclude(out, r, err);
        if (rc || is_done(out, r))
            break;
        to = to > r->b.most_resamples / 2 ? r->b.most_resamples : 2 * to;
    }
    if (rc)
        out->low = out->high = out->low_error = out->high_error = out->p_value =
            (double)NAN;
    return rc;
}
