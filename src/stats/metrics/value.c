/* value.c - the metric of some rows.
 * SPDX-License-Identifier: MIT
 */
#include "stats/check.h"
#include "stats/fail.h"
#include "stats/metrics/study.h"

#include <math.h>

static int check(const double *out, const cadre_metric *metric, const uint8_t *labels,
                 const double *scores, size_t n, cadre_error *err)
{
    int rc = out ? cdr_check_metric(metric, err)
                 : cdr_stats_fail(err, CADRE_EINVAL, "out is NULL");

    if (!rc)
        rc = cdr_check_labels(metric, labels, n, err);
    return rc ? rc : cdr_check_scores(metric, "scores", scores, n, err);
}

int cadre_metric_value(double *out, const cadre_metric *metric, const uint8_t *labels,
                       const double *scores, size_t n, cadre_error *err)
{
    struct cdr_study study;
    int rc;

    cdr_stats_clear(err);
    if (out)
        *out = (double)NAN;
    rc = check(out, metric, labels, scores, n, err);
    if (rc)
        return rc;
    rc = cdr_study_open(&study, metric, labels, &scores, 1, n, err);
    if (!rc)
        rc = cdr_study_point(out, &study, err);
    cdr_study_close(&study);
    return rc;
}
