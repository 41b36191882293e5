/* check.c - what users may pass.
 * SPDX-License-Identifier: MIT
 */
#include "stats/check.h"
#include "stats/fail.h"

#include <inttypes.h>
#include <math.h>

#define LEAST_ROWS         10
#define DEFAULT_CONFIDENCE 0.95
#define LENGTH(array)      (sizeof(array) / sizeof(array)[0])

static int check_reserved(const char *of, const uint64_t *reserved, size_t n,
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

/* ---- metrics ---- */

static bool has_threshold(int kind)
{
    return kind >= CADRE_ACCURACY && kind <= CADRE_F1;
}

static bool has_bins(int kind)
{
    return kind == CADRE_ECE_WIDTH || kind == CADRE_ECE_MASS;
}

static bool of_probabilities(int kind)
{
    static const bool wanted[] = {
#define METRIC(kind, name, text, probability) probability,
        CADRE_METRICS(METRIC)
#undef METRIC
    };
    return wanted[kind];
}

int cdr_check_metric(const cadre_metric *m, cadre_error *err)
{
    if (!m)
        return cdr_stats_fail(err, CADRE_EINVAL, "the metric is NULL");
    if (m->kind < 0 || m->kind >= CADRE_METRIC_COUNT)
        return cdr_stats_fail(err, CADRE_EINVAL, "no metric has the kind %d", m->kind);
    if (has_threshold(m->kind) && isnan(m->threshold))
        return cdr_stats_fail(err, CADRE_EINVAL, "the threshold is not a number");
    if (has_bins(m->kind) && m->bins == 1)
        return cdr_stats_fail(err, CADRE_EINVAL, "bins is 1, expected at least 2");
    return check_reserved("metric.", m->reserved, LENGTH(m->reserved), err);
}

/* ---- rows ---- */

static int check_rows(size_t n, cadre_error *err)
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
    int rc = check_rows(n, err);

    if (!rc && !labels && metric->kind != CADRE_MEAN)
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
    if (isnan(score))
        score = fabs(score); /* else it may come out as "-nan" */
    return cdr_stats_fail(err, CADRE_EINVAL, "%s: row %zu is %.17g, expected %s", name,
                          row, score, expected);
}

int cdr_check_scores(const cadre_metric *metric, const char *name, const double *scores,
                     size_t n, cadre_error *err)
{
    const bool probabilities = of_probabilities(metric->kind);

    if (!scores)
        return cdr_stats_fail(err, CADRE_EINVAL, "%s is NULL", name);
    for (size_t row = 0; row < n; row++) {
        if (probabilities && !(scores[row] >= 0 && scores[row] <= 1))
            return bad_score(name, row, scores[row], "a probability in [0, 1]", err);
        if (!isfinite(scores[row]))
            return bad_score(name, row, scores[row], "a finite number", err);
    }
    return CADRE_OK;
}

int cdr_check_folds(const double *values, size_t k, cadre_error *err)
{
    if (!values)
        return cdr_stats_fail(err, CADRE_EINVAL, "values is NULL");
    if (k < 2)
        return cdr_stats_fail(err, CADRE_EINVAL,
                              "%zu folds are too few, expected at least 2", k);
    for (size_t i = 0; i < k; i++)
        if (!isfinite(values[i]))
            return bad_score("values", i, values[i], "a finite number", err);
    return CADRE_OK;
}

/* ---- the bootstrap ---- */

int cdr_check_confidence(double confidence, cadre_error *err)
{
    if (confidence == 0 || (confidence > 0 && confidence < 1))
        return CADRE_OK;
    return cdr_stats_fail(err, CADRE_EINVAL, "confidence is %g, expected inside (0, 1)",
                          isnan(confidence) ? fabs(confidence) : confidence);
}

double cdr_confidence(double confidence)
{
    return confidence == 0 ? DEFAULT_CONFIDENCE : confidence;
}

static int check_resamples(const cadre_bootstrap *b, cadre_error *err)
{
    uint64_t product;

    if (__builtin_mul_overflow(b->resamples, sizeof(double), &product) ||
        product > PTRDIFF_MAX)
        return cdr_stats_fail(err, CADRE_EINVAL,
                              "resamples is %" PRIu64
                              ": as many values do not fit in memory",
                              b->resamples);
    if (__builtin_mul_overflow(b->resamples, b->n, &product))
        return cdr_stats_fail(err, CADRE_EINVAL,
                              "%" PRIu64
                              " resamples of %zu rows are more than 2^64 draws",
                              b->resamples, b->n);
    return CADRE_OK;
}

static int check_choices(const cadre_bootstrap *b, cadre_error *err)
{
    const int rc = cdr_check_confidence(b->confidence, err);

    if (rc)
        return rc;
    if (b->seeding < CADRE_SEEDING_DEFAULT || b->seeding > CADRE_SEEDING_DRAW63)
        return cdr_stats_fail(err, CADRE_EINVAL, "no seeding has the number %d",
                              b->seeding);
    return check_reserved("", b->reserved, LENGTH(b->reserved), err);
}

int cdr_check_bootstrap(const cadre_bootstrap *b, cadre_error *err)
{
    if (!b)
        return cdr_stats_fail(err, CADRE_EINVAL, "the bootstrap is NULL");
    int rc = cdr_check_metric(&b->metric, err);
    if (!rc && b->n < LEAST_ROWS)
        return cdr_stats_fail(
            err, CADRE_EINVAL,
            "%zu rows are too few for a bootstrap, expected at least %d", b->n,
            LEAST_ROWS);
    if (!rc)
        rc = check_resamples(b, err);
    if (!rc)
        rc = check_choices(b, err);
    return rc ? rc : cdr_check_labels(&b->metric, b->labels, b->n, err);
}
