/* check.c - rows and metrics that users may pass.
 * SPDX-License-Identifier: MIT
 */
#include "stats/check.h"
#include "stats/fail.h"
#include "stats/metrics/measure.h"

#include <inttypes.h>
#include <math.h>

#define DEFAULT_CONFIDENCE 0.95
#define LENGTH(array)      (sizeof(array) / sizeof(array)[0])

int cdr_check_reserved(const char *of, const uint64_t *reserved, size_t n,
                       cadre_error *err)
{
    for (size_t i = 0; i < n; i++)
        if (reserved[i])
            return cdr_stats_fail(err, CADRE_EINVAL,
                                  "%sreserved[%zu] is not zero: this program was built "
                                  "for another version of cadre",
                                  of, i);
    return CADRE_OK;
}

/* "nan" for all of them: else it may come out as "-nan" */
static double plain(double x)
{
    return isnan(x) ? fabs(x) : x;
}

/* ---- metrics ---- */

static bool needs(int kind, unsigned what)
{
    return (cadre_metric_needs(kind) & what) != 0;
}

int cdr_check_metric(const cadre_metric *m, cadre_error *err)
{
    if (!m)
        return cdr_stats_fail(err, CADRE_EINVAL, "the metric is NULL");
    if (m->kind < 0 || m->kind >= CADRE_METRIC_COUNT)
        return cdr_stats_fail(err, CADRE_EINVAL, "no metric has the kind %d", m->kind);
    if (needs(m->kind, CADRE_NEEDS_THRESHOLD) && isnan(m->threshold))
        return cdr_stats_fail(err, CADRE_EINVAL, "the threshold is not a number");
    if (needs(m->kind, CADRE_NEEDS_BINS) && m->bins == 1)
        return cdr_stats_fail(err, CADRE_EINVAL, "bins is 1, expected at least 2");
    const double most = m->kind == CADRE_TRIMMED_MEAN ? 0.5 : 1;
    if (needs(m->kind, CADRE_NEEDS_LEVEL) && m->level != 0 &&
        !(m->level > 0 && m->level < most))
        return cdr_stats_fail(err, CADRE_EINVAL,
                              "the level of %s is %g, expected inside (0, %g)",
                              cadre_metric_name(m->kind), plain(m->level), most);
    return cdr_check_reserved("metric.", m->reserved, LENGTH(m->reserved), err);
}

/* ---- rows ---- */

static int check_count(size_t n, cadre_error *err)
{
    if (n == 0)
        return cdr_stats_fail(err, CADRE_EINVAL, "there are no rows");
    if (n > UINT32_MAX)
        return cdr_stats_fail(err, CADRE_EINVAL, "%zu rows are more than %" PRIu32, n,
                              UINT32_MAX);
    return CADRE_OK;
}

int cdr_check_labels(const cadre_metric *metric, const uint8_t *labels, size_t n,
                     cadre_error *err)
{
    int rc = check_count(n, err);

    if (!rc && !labels && !needs(metric->kind, CADRE_NEEDS_NO_LABELS))
        return cdr_stats_fail(err, CADRE_EINVAL, "labels is NULL, but %s needs them",
                              cadre_metric_name(metric->kind));
    for (size_t row = 0; !rc && labels && row < n; row++)
        if (labels[row] > 1)
            return cdr_stats_fail(err, CADRE_EINVAL,
                                  "labels: row %zu is %u, expected 0 or 1", row,
                                  labels[row]);
    return rc;
}

static int bad_score(const char *name, size_t row, double score, const char *expected,
                     cadre_error *err)
{
    return cdr_stats_fail(err, CADRE_EINVAL, "%s: row %zu is %.17g, expected %s", name,
                          row, plain(score), expected);
}

static int check_finite(const char *name, const double *x, size_t n, bool positive,
                        cadre_error *err)
{
    for (size_t row = 0; row < n; row++)
        if (!isfinite(x[row]) || (positive && x[row] < 0))
            return bad_score(
                name, row, x[row],
                positive ? "a finite number, at least 0" : "a finite number", err);
    return CADRE_OK;
}

int cdr_check_scores(const cadre_metric *metric, const char *name, const double *scores,
                     size_t n, cadre_error *err)
{
    const bool probabilities = needs(metric->kind, CADRE_NEEDS_PROBABILITIES);

    if (!scores)
        return cdr_stats_fail(err, CADRE_EINVAL, "%s is NULL", name);
    for (size_t row = 0; probabilities && row < n; row++)
        if (!(scores[row] >= 0 && scores[row] <= 1))
            return bad_score(name, row, scores[row], "a probability in [0, 1]", err);
    return check_finite(name, scores, n, false, err);
}

static int check_beside(const cadre_metric *metric, const cadre_rows *rows,
                        cadre_error *err)
{
    int rc = CADRE_OK;

    if (needs(metric->kind, CADRE_NEEDS_OTHER)) {
        if (!rows->other)
            return cdr_stats_fail(err, CADRE_EINVAL,
                                  "other is NULL, but %s needs a second column",
                                  cadre_metric_name(metric->kind));
        rc = check_finite("other", rows->other, rows->n, false, err);
    }
    if (rc || !rows->weights)
        return rc;
    if (!cdr_metric_weighs(metric->kind))
        return cdr_stats_fail(err, CADRE_EINVAL,
                              "%s has no form for rows with weights: leave weights out",
                              cadre_metric_name(metric->kind));
    return check_finite("weights", rows->weights, rows->n, true, err);
}

int cdr_check_rows(const cadre_metric *metric, const cadre_rows *rows, const char *name,
                   cadre_error *err)
{
    int rc;

    if (!rows)
        return cdr_stats_fail(err, CADRE_EINVAL, "the rows are NULL");
    rc = cdr_check_labels(metric, rows->labels, rows->n, err);
    if (!rc)
        rc = cdr_check_scores(metric, name, rows->scores, rows->n, err);
    if (!rc)
        rc = check_beside(metric, rows, err);
    return rc ? rc
              : cdr_check_reserved("rows.", rows->reserved, LENGTH(rows->reserved),
                                   err);
}

int cdr_check_folds(const double *values, size_t k, cadre_error *err)
{
    if (!values)
        return cdr_stats_fail(err, CADRE_EINVAL, "values is NULL");
    if (k < 2)
        return cdr_stats_fail(err, CADRE_EINVAL,
                              "%zu folds are too few, expected at least 2", k);
    return check_finite("values", values, k, false, err);
}

int cdr_check_confidence(double confidence, cadre_error *err)
{
    if (confidence == 0 || (confidence > 0 && confidence < 1))
        return CADRE_OK;
    return cdr_stats_fail(err, CADRE_EINVAL, "confidence is %g, expected inside (0, 1)",
                          plain(confidence));
}

double cdr_confidence(double confidence)
{
    return confidence == 0 ? DEFAULT_CONFIDENCE : confidence;
}

const char *cdr_curve_reason(const double *weights)
{
    return weights ? "a class is missing or weighs nothing" : "all labels are the same";
}
