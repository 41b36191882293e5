/* bands.c - curves with a band of intervals, one at each point of a grid.
 * SPDX-License-Identifier: MIT
 *
 * A resample's result is not a number but the whole of its curve, read at the grid. The
 * bands are quantiles of what the curves of all resamples are at each of its points.
 */
#include "stats/check.h"
#include "stats/fail.h"
#include "stats/resampling/sample.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#define DEFAULT_POINTS    101
#define DEFAULT_RESAMPLES 1000
#define DEGENERATE_MOST   0.05

struct bands {
    cadre_bootstrap b; /* with defaults filled in */
    struct cdr_design design;
    size_t points;
    double *values; /* of each resample, at each point */
};

static void clear(double *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (double)NAN;
}

static int read_curve(cadre_task *task, const void *item, void *result)
{
    const struct cdr_shared_inputs *const in = cdr_task_inputs(task);
    const struct cdr_layer *const layer = in->design->layer;
    struct cdr_workspace work;
    size_t n, part = 0;

    (void)item;
    if (!cdr_sample_take(&work, &n, task, in, 0, &part))
        return cdr_stats_no_scratch(task, layer->scheme.n * sizeof(uint32_t));
    if (n == SIZE_MAX)
        clear(result, in->places);
    else
        cdr_study_curve(result, in->places, &layer->study, &work, n);
    return 0;
}

/* ---- running ---- */

static int run(double *out, uint64_t n, const struct bands *a, int mode,
               const struct cdr_seeding *seeding, cadre_pool *pool, cadre_error *err)
{
    const struct cdr_shared_inputs in = {
        .design = &a->design, .seeding = seeding, .mode = mode, .places = a->points
    };
    const bool draws = mode == CDR_DRAW;
    cadre_job job = { .fn = read_curve,
                      .name = "bands of a curve",
                      .n = n,
                      .results = out,
                      .result_size = a->points * sizeof *out,
                      .shared = &in,
                      .shared_size = sizeof in,
                      .chunk = draws ? a->b.chunk : 0,
                      .progress = draws ? a->b.progress : NULL,
                      .progress_arg = a->b.progress_arg };
    void *memory = NULL;
    int rc = cdr_publish(&memory, &job, pool, err);

    if (!rc)
        rc = cdr_stats_map(pool, &job, err);
    cadre_free_shared(memory);
    return rc;
}

static int draw(struct bands *a, cadre_pool *pool, cadre_error *err)
{
    const cadre_bootstrap *const b = &a->b;
    const struct cdr_bounds bounds = { a->design.bounds, a->design.bound, b->batch };
    struct cdr_seeding seeding;
    size_t n;
    int rc;

    if (!__builtin_mul_overflow(b->resamples, a->points, &n))
        a->values = calloc(n, sizeof *a->values);
    if (!a->values)
        return cdr_stats_no_values(err, b->resamples);
    rc = cdr_seeding_open(&seeding, pool, b->seeding, b->seed, &bounds, 0, b->resamples,
                          err);
    if (!rc)
        rc = run(a->values, b->resamples, a, CDR_DRAW, &seeding, pool, err);
    cdr_seeding_close(&seeding);
    return rc;
}

/* ---- bands ---- */

void cadre_band_free(cadre_band *band)
{
    if (!band)
        return;
    free(band->x);
    free(band->y);
    free(band->low);
    free(band->high);
    *band = (cadre_band){ 0 };
}

static int open_band(cadre_band *out, const struct bands *a, cadre_error *err)
{
    out->n = a->points;
    out->x = calloc(out->n, sizeof *out->x);
    out->y = calloc(out->n, sizeof *out->y);
    out->low = calloc(out->n, sizeof *out->low);
    out->high = calloc(out->n, sizeof *out->high);
    if (!out->x || !out->y || !out->low || !out->high)
        return cdr_stats_no_memory(err, a->b.n);
    for (size_t k = 0; k < out->n; k++)
        out->x[k] = (double)k / (double)(out->n - 1);
    return CADRE_OK;
}

static int check_degenerate(const cadre_band *out, const cadre_bootstrap *b,
                            cadre_error *err)
{
    const double most = b->degenerate_most == 0  ? DEGENERATE_MOST
                        : b->degenerate_most < 0 ? 0
                                                 : b->degenerate_most;

    if (out->resamples > 0 && (double)out->degenerate <= most * (double)b->resamples)
        return CADRE_OK;
    return cdr_stats_fail(
        err, CADRE_EDATA,
        "%" PRIu64 " of %" PRIu64 " resamples are degenerate, more than %g %%: a "
        "curve is not defined where %s; more rows of the rarer class "
        "would help",
        out->degenerate, b->resamples, 100 * most, cdr_curve_reason(b->weights));
}

/* A resample has values at all points or at none. */
static int summarise(cadre_band *out, const struct bands *a, cadre_error *err)
{
    const double tail = (1 - cdr_confidence(a->b.confidence)) / 2;
    double *const column = calloc(a->b.resamples, sizeof *column);

    if (!column)
        return cdr_stats_no_values(err, a->b.resamples);
    for (size_t k = 0; k < a->points; k++) {
        out->resamples = 0;
        for (uint64_t i = 0; i < a->b.resamples; i++)
            if (!isnan(a->values[i * a->points + k]))
                column[out->resamples++] = a->values[i * a->points + k];
        cadre_sort(column, out->resamples);
        out->low[k] =
            cadre_quantile(column, out->resamples, tail, CADRE_QUANTILE_NUMPY);
        out->high[k] =
            cadre_quantile(column, out->resamples, 1 - tail, CADRE_QUANTILE_NUMPY);
    }
    out->degenerate = a->b.resamples - out->resamples;
    free(column);
    return check_degenerate(out, &a->b, err);
}

/* ---- checks ---- */

static int check(const cadre_bootstrap *b, const double *scores, int curve,
                 size_t points, cadre_error *err)
{
    const cadre_rows rows = {
        .n = b->n, .labels = b->labels, .scores = scores, .weights = b->weights
    };
    int rc;

    if (curve < 0 || curve >= CADRE_CURVE_COUNT)
        return cdr_stats_fail(err, CADRE_EINVAL, "no curve has the number %d", curve);
    if (points == 1)
        return cdr_stats_fail(err, CADRE_EINVAL,
                              "points is 1: a curve has at least two ends");
    if (b->class_of || b->stratum_weights || b->until_error != 0 || b->done)
        return cdr_stats_fail(err, CADRE_EINVAL,
                              "bands are for rows of two classes, not for sums over "
                              "strata, and for a number of resamples that is known");
    rc = cdr_check_bootstrap(b, err);
    return rc ? rc : cdr_check_rows(&b->metric, &rows, "scores", err);
}

static void fill_in(cadre_bootstrap *b)
{
    if (b->resamples == 0)
        b->resamples = DEFAULT_RESAMPLES;
    if (b->seeding == CADRE_SEEDING_DEFAULT)
        b->seeding = CADRE_SEEDING_SPAWN;
}

static int make(cadre_band *out, struct bands *a, const double *scores,
                cadre_pool *pool, cadre_error *err)
{
    int rc = cdr_design_open(&a->design, &a->b, &scores, 1, err);

    if (!rc)
        rc = open_band(out, a, err);
    if (!rc)
        rc = run(out->y, 1, a, CDR_ALL, NULL, NULL, err);
    if (!rc && isnan(out->y[0]))
        rc = cdr_stats_fail(err, CADRE_EDATA,
                            "a curve is not defined for these rows: %s",
                            cdr_curve_reason(a->b.weights));
    if (!rc)
        rc = draw(a, pool, err);
    return rc ? rc : summarise(out, a, err);
}

int cadre_bootstrap_curve(cadre_band *out, cadre_pool *pool, const cadre_bootstrap *b,
                          const double *scores, int curve, size_t points,
                          cadre_error *err)
{
    struct bands a = { .points = points ? points : DEFAULT_POINTS };
    int rc;

    cdr_stats_clear(err);
    if (!out || !b)
        return cdr_stats_fail(err, CADRE_EINVAL, "%s is NULL",
                              out ? "the bootstrap" : "out");
    *out = (cadre_band){ 0 };
    a.b = *b;
    a.b.metric = (cadre_metric){ .kind = curve == CADRE_CURVE_PR ? CADRE_PR_AUC
                                                                 : CADRE_ROC_AUC };
    rc = check(&a.b, scores, curve, points, err);
    if (rc)
        return rc;
    fill_in(&a.b);
    rc = make(out, &a, scores, pool, err);
    if (rc)
        cadre_band_free(out);
    free(a.values);
    cdr_design_close(&a.design);
    return rc;
}
