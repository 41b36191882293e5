/* bootstrap.c - intervals of a metric, of a difference, and of folds' means.
 * SPDX-License-Identifier: MIT
 */
#include "stats/check.h"
#include "stats/fail.h"
#include "stats/intervals/resamples.h"

#include <math.h>
#include <stdlib.h>

static int check_scores(const cadre_bootstrap *b, const double *scores,
                        const char *name, cadre_error *err)
{
    const size_t columns = b->class_of ? b->classes : 1;
    const cadre_rows rows = { .n = b->n,
                              .labels = b->labels,
                              .scores = scores,
                              .other = b->other,
                              .weights = b->weights };
    int rc;

    if (!b->class_of)
        return cdr_check_rows(&b->metric, &rows, name, err);
    if (!scores)
        return cdr_stats_fail(err, CADRE_EINVAL, "%s is NULL", name);
    rc = cdr_check_scores(&b->metric, name, scores, b->n * columns, err);
    if (rc || !b->weights)
        return rc;
    const cadre_metric mean = { .kind = CADRE_MEAN };
    const cadre_rows weighed = { .n = b->n, .scores = scores, .weights = b->weights };
    return cdr_check_rows(&mean, &weighed, name, err);
}

/* By rows one by one, from all: as SciPy. */
static bool is_plain(const cadre_bootstrap *b)
{
    return !b->clusters && !b->strata && !b->by_label;
}

static bool has_scipy_rule(const cadre_bootstrap *b, int method)
{
    return method != CADRE_STUDENTIZED && !b->clusters && !b->by_label &&
           !b->stratum_weights;
}

static int check_studentized(const cadre_bootstrap *b, int method, cadre_error *err)
{
    if (method != CADRE_STUDENTIZED || (is_plain(b) && !b->class_of))
        return CADRE_OK;
    return cdr_stats_fail(
        err, CADRE_EINVAL,
        "studentized intervals are for rows that are drawn one by one, "
        "of two classes: use another method");
}

static struct cdr_source source_of(const struct cdr_design *design, int method)
{
    const struct cdr_study *const study = &design->layer->study;
    struct cdr_source source = { .design = design,
                                 .name = cdr_study_name(study),
                                 .reason = cdr_study_reason(study),
                                 .remedy = "rows that vary more, or smaller scores" };

    if (study->two_classes)
        source.remedy = "more rows of the rarer class";
    if (method == CADRE_STUDENTIZED && !study->two_classes) {
        source.reason = "it is the same whichever row of the resample is left out";
        source.remedy = "another method";
    }
    return source;
}

/* Everything has been checked; *r is to be closed also after a failure. */
static int begin(struct cdr_resamples *r, const cadre_bootstrap *b,
                 const double *const *scores, unsigned columns, int method,
                 cadre_error *err)
{
    const bool single = columns == 1 && is_plain(b) && method != CADRE_STUDENTIZED;

    *r = (struct cdr_resamples){ .b = *b };
    const int rc = cdr_design_open(&r->design, b, scores, columns, err);
    if (rc)
        return rc;
    r->source = source_of(&r->design, method);
    cdr_resamples_begin(r, b, method,
                        columns == 1 && has_scipy_rule(b, method)
                            ? CADRE_QUANTILE_SCIPY
                            : CADRE_QUANTILE_NUMPY,
                        single ? CADRE_SEEDING_SINGLE : CADRE_SEEDING_SPAWN);
    return CADRE_OK;
}

static int run(cadre_interval *out, cadre_pool *pool, const cadre_bootstrap *b,
               const double *const *scores, unsigned columns, int method,
               cadre_error *err)
{
    struct cdr_resamples r;
    int rc = begin(&r, b, scores, columns, method, err);

    if (!rc)
        rc = cdr_resamples_run(out, &r, 1, pool, err);
    cdr_resamples_close(&r);
    return rc;
}

int cadre_bootstrap_interval(cadre_interval *out, cadre_pool *pool,
                             const cadre_bootstrap *b, const double *scores, int method,
                             cadre_error *err)
{
    int rc = cdr_check_method(out, method, err);

    if (!rc)
        rc = cdr_check_bootstrap(b, err);
    if (!rc)
        rc = check_scores(b, scores, "scores", err);
    if (!rc)
        rc = check_studentized(b, method, err);
    return rc ? rc : run(out, pool, b, &scores, 1, method, err);
}

int cadre_bootstrap_difference(cadre_interval *out, cadre_pool *pool,
                               const cadre_bootstrap *b, const double *scores_a,
                               const double *scores_b, cadre_error *err)
{
    const double *const scores[] = { scores_a, scores_b };
    int rc = cdr_check_method(out, b ? b->method : 0, err);

    if (!rc)
        rc = cdr_check_bootstrap(b, err);
    if (!rc)
        rc = check_scores(b, scores_a, "scores_a", err);
    if (!rc)
        rc = check_scores(b, scores_b, "scores_b", err);
    if (!rc)
        rc = check_studentized(b, b->method, err);
    return rc ? rc : run(out, pool, b, scores, 2, b->method, err);
}

/* ---- several together ---- */

/* As if it were alone. */
static cadre_bootstrap alone(const cadre_bootstrap *b, const cadre_quantity *q,
                             int method)
{
    cadre_bootstrap one = *b;

    one.metric = q->metric;
    one.replicates = q->replicates;
    one.method = method;
    return one;
}

static int check_quantity(const cadre_bootstrap *b, const cadre_quantity *q, int method,
                          cadre_error *err)
{
    const cadre_bootstrap one = alone(b, q, method);
    int rc = cdr_check_reserved("quantity.", q->reserved, 4, err);

    if (!rc)
        rc = cdr_check_bootstrap(&one, err);
    if (!rc)
        rc = check_scores(&one, q->scores, q->scores_b ? "scores_a" : "scores", err);
    if (!rc && q->scores_b)
        rc = check_scores(&one, q->scores_b, "scores_b", err);
    return rc ? rc : check_studentized(&one, method, err);
}

static int check_quantities(const cadre_bootstrap *b, const cadre_quantity *q, size_t n,
                            int method, cadre_error *err)
{
    if (!b || !q || n == 0)
        return cdr_stats_fail(err, CADRE_EINVAL, "%s",
                              !b   ? "the bootstrap is NULL"
                              : !q ? "quantities is NULL"
                                   : "there are no quantities");
    if (b->replicates || b->errors || b->each)
        return cdr_stats_fail(
            err, CADRE_EINVAL,
            "replicates, errors and each are for one metric: give each "
            "quantity its replicates");
    for (size_t k = 0; k < n; k++) {
        int rc = check_quantity(b, &q[k], method, err);
        if (!rc && b->seeding == CADRE_SEEDING_DEFAULT &&
            !q[k].scores_b != !q[0].scores_b)
            rc = cdr_stats_fail(err, CADRE_EINVAL,
                                "single metrics and differences have different usual "
                                "seedings: say which one");
        if (rc && err)
            err->item = k;
        if (rc)
            return rc;
    }
    return CADRE_OK;
}

static int run_quantities(cadre_interval *out, struct cdr_resamples *r,
                          cadre_pool *pool, const cadre_bootstrap *b,
                          const cadre_quantity *q, size_t n, int method,
                          cadre_error *err)
{
    int rc = CADRE_OK;

    for (size_t k = 0; k < n && !rc; k++) {
        const cadre_bootstrap one = alone(b, &q[k], method);
        const double *const scores[] = { q[k].scores, q[k].scores_b };
        rc = begin(&r[k], &one, scores, q[k].scores_b ? 2 : 1, method, err);
    }
    if (rc)
        return rc;
    rc = cdr_resamples_run(out, r, n, pool, err);
    for (size_t k = n; rc == CADRE_EDATA && err && k-- > 0;)
        if (r[k].rc)
            err->item = k;
    return rc;
}

int cadre_bootstrap_intervals(cadre_interval *out, cadre_pool *pool,
                              const cadre_bootstrap *b,
                              const cadre_quantity *quantities, size_t n, int method,
                              cadre_error *err)
{
    struct cdr_resamples *r;
    int rc = cdr_check_method(out, method, err);

    for (size_t k = 1; out && k < n; k++)
        cdr_interval_clear(&out[k]);
    if (!rc)
        rc = check_quantities(b, quantities, n, method, err);
    if (rc)
        return rc;
    r = calloc(n, sizeof *r);
    if (!r)
        return cdr_stats_no_memory(err, b->n);
    rc = run_quantities(out, r, pool, b, quantities, n, method, err);
    for (size_t k = 0; k < n; k++)
        cdr_resamples_close(&r[k]);
    free(r);
    return rc;
}

/* ---- folds ---- */

int cadre_bootstrap_folds(cadre_interval *out, cadre_pool *pool,
                          const cadre_bootstrap *b, const double *values, size_t k,
                          cadre_error *err)
{
    int rc = cdr_check_method(out, b ? b->method : 0, err);

    if (!rc && !b)
        rc = cdr_stats_fail(err, CADRE_EINVAL, "the bootstrap is NULL");
    if (!rc)
        rc = cdr_check_folds(values, k, err);
    if (rc)
        return rc;
    const cadre_bootstrap folds = { .metric.kind = CADRE_MEAN,
                                    .n = k,
                                    .resamples = b->resamples,
                                    .confidence = b->confidence,
                                    .seed = b->seed,
                                    .seeding =
                                        b->seeding ? b->seeding : CADRE_SEEDING_SINGLE,
                                    .chunk = b->chunk,
                                    .replicates = b->replicates,
                                    .progress = b->progress,
                                    .progress_arg = b->progress_arg,
                                    .method = b->method,
                                    .until_error = b->until_error,
                                    .most_resamples = b->most_resamples,
                                    .each = b->each,
                                    .each_arg = b->each_arg,
                                    .null = b->null };
    struct cdr_resamples r = { .b = folds };
    rc = cdr_check_resampling(&folds, 2, err);
    if (rc)
        return rc;
    rc = cdr_design_open(&r.design, &folds, &values, 1, err);
    if (!rc) {
        r.source = (struct cdr_source){ .design = &r.design,
                                        .name = "mean",
                                        .reason = "the sum of the values is infinite",
                                        .remedy = "smaller values" };
        cdr_resamples_begin(&r, &folds, folds.method, CADRE_QUANTILE_NUMPY,
                            CADRE_SEEDING_SINGLE);
        rc = cdr_resamples_run(out, &r, 1, pool, err);
    }
    cdr_resamples_close(&r);
    return rc;
}
