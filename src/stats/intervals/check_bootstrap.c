/* check_bootstrap.c - what users may pass to resampling.
 * SPDX-License-Identifier: MIT
 */
#include "stats/check.h"
#include "stats/fail.h"

#include <inttypes.h>
#include <math.h>

#define LENGTH(array) (sizeof(array) / sizeof(array)[0])

/* ---- how many ---- */

static int check_resamples(const cadre_bootstrap *b, uint64_t resamples,
                           cadre_error *err)
{
    uint64_t product;

    if (__builtin_mul_overflow(resamples, sizeof(double), &product) ||
        product > PTRDIFF_MAX)
        return cdr_stats_fail(
            err, CADRE_EINVAL,
            "resamples is %" PRIu64 ": as many values do not fit in memory", resamples);
    if (__builtin_mul_overflow(resamples, b->n, &product))
        return cdr_stats_fail(err, CADRE_EINVAL,
                              "%" PRIu64
                              " resamples of %zu rows are more than 2^64 draws",
                              resamples, b->n);
    return CADRE_OK;
}

static int check_stopping(const cadre_bootstrap *b, cadre_error *err)
{
    if (!(b->until_error >= 0 && isfinite(b->until_error)))
        return cdr_stats_fail(err, CADRE_EINVAL,
                              "until_error is %g, expected a finite number, at least 0",
                              isnan(b->until_error) ? fabs(b->until_error)
                                                    : b->until_error);
    if (b->most_resamples && b->resamples && b->most_resamples < b->resamples)
        return cdr_stats_fail(err, CADRE_EINVAL,
                              "most_resamples is %" PRIu64 ", less than the %" PRIu64
                              " to begin with",
                              b->most_resamples, b->resamples);
    if (b->done && !b->replicates)
        return cdr_stats_fail(err, CADRE_EINVAL,
                              "done is %" PRIu64 ", but replicates is NULL: a run is "
                              "extended from the values it left there",
                              b->done);
    return check_resamples(b, b->most_resamples, err);
}

/* ---- how ---- */

static int check_choices(const cadre_bootstrap *b, cadre_error *err)
{
    int rc = cdr_check_confidence(b->confidence, err);

    if (rc)
        return rc;
    if (b->seeding < CADRE_SEEDING_DEFAULT || b->seeding > CADRE_SEEDING_DRAW63)
        return cdr_stats_fail(err, CADRE_EINVAL, "no seeding has the number %d",
                              b->seeding);
    if (isnan(b->degenerate_most) || b->degenerate_most > 1)
        return cdr_stats_fail(err, CADRE_EINVAL,
                              "degenerate_most is %g, expected at most 1",
                              fabs(b->degenerate_most));
    if (!isfinite(b->null))
        return cdr_stats_fail(err, CADRE_EINVAL, "null is %g, expected a finite number",
                              isnan(b->null) ? fabs(b->null) : b->null);
    return cdr_check_reserved("", b->reserved, LENGTH(b->reserved), err);
}

static size_t count_strata(const cadre_bootstrap *b)
{
    size_t strata = 0;
    uint32_t last = 0;

    for (bool more = true; more && strata <= b->n_weights; strata += more) {
        uint32_t next = UINT32_MAX;
        more = false;
        for (size_t row = 0; row < b->n; row++)
            if ((strata == 0 || b->strata[row] > last) && b->strata[row] <= next) {
                next = b->strata[row];
                more = true;
            }
        last = next;
    }
    return strata;
}

static int check_strata(const cadre_bootstrap *b, cadre_error *err)
{
    if (!b->stratum_weights)
        return CADRE_OK;
    if (!b->strata)
        return cdr_stats_fail(err, CADRE_EINVAL,
                              "there are stratum_weights, but strata is NULL");
    if (b->class_of)
        return cdr_stats_fail(err, CADRE_EINVAL,
                              "stratum_weights and class_of do not go together");
    if (count_strata(b) != b->n_weights)
        return cdr_stats_fail(
            err, CADRE_EINVAL, "%zu stratum_weights, but there are %s strata",
            b->n_weights, count_strata(b) > b->n_weights ? "more" : "fewer");
    for (size_t k = 0; k < b->n_weights; k++)
        if (!isfinite(b->stratum_weights[k]))
            return cdr_stats_fail(err, CADRE_EINVAL,
                                  "stratum_weights[%zu] is not a finite number", k);
    return CADRE_OK;
}

static int check_drawing(const cadre_bootstrap *b, cadre_error *err)
{
    if (b->by_label > 3)
        return cdr_stats_fail(err, CADRE_EINVAL, "by_label is %u, expected at most 3",
                              b->by_label);
    if (b->by_label && !b->labels)
        return cdr_stats_fail(err, CADRE_EINVAL, "by_label is %u, but labels is NULL",
                              b->by_label);
    for (size_t row = 0; b->by_label && row < b->n; row++)
        if (b->labels[row] > 1)
            return cdr_stats_fail(err, CADRE_EINVAL,
                                  "labels: row %zu is %u, expected 0 or 1", row,
                                  b->labels[row]);
    return check_strata(b, err);
}

/* ---- more than two classes ---- */

static int check_classes(const cadre_bootstrap *b, cadre_error *err)
{
    if (cadre_metric_needs(b->metric.kind) &
        (CADRE_NEEDS_NO_LABELS | CADRE_NEEDS_OTHER))
        return cdr_stats_fail(err, CADRE_EINVAL,
                              "%s has no classes: leave class_of out",
                              cadre_metric_name(b->metric.kind));
    if (b->classes < 2)
        return cdr_stats_fail(err, CADRE_EINVAL, "classes is %u, expected at least 2",
                              b->classes);
    for (size_t row = 0; row < b->n; row++)
        if (b->class_of[row] >= b->classes)
            return cdr_stats_fail(err, CADRE_EINVAL,
                                  "class_of: row %zu is %" PRIu32 ", expected below %u",
                                  row, b->class_of[row], b->classes);
    return CADRE_OK;
}

/* ---- all ---- */

int cdr_check_resampling(const cadre_bootstrap *b, size_t least, cadre_error *err)
{
    int rc;

    if (b->n < least)
        return cdr_stats_fail(
            err, CADRE_EINVAL,
            "%zu rows are too few for a bootstrap, expected at least %zu", b->n, least);
    if (b->n > UINT32_MAX)
        return cdr_stats_fail(err, CADRE_EINVAL, "%zu rows are more than %" PRIu32,
                              b->n, UINT32_MAX);
    rc = check_resamples(b, b->resamples, err);
    if (!rc)
        rc = check_choices(b, err);
    if (!rc)
        rc = check_stopping(b, err);
    return rc ? rc : check_drawing(b, err);
}

int cdr_check_bootstrap(const cadre_bootstrap *b, cadre_error *err)
{
    int rc = b ? cdr_check_metric(&b->metric, err)
               : cdr_stats_fail(err, CADRE_EINVAL, "the bootstrap is NULL");

    if (!rc)
        rc = cdr_check_resampling(b, CDR_LEAST_ROWS, err);
    if (rc)
        return rc;
    return b->class_of ? check_classes(b, err)
                       : cdr_check_labels(&b->metric, b->labels, b->n, err);
}
