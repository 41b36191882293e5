/* value.c - the metric of some rows.
 * SPDX-License-Identifier: MIT
 */
#include "stats/check.h"
#include "stats/fail.h"
#include "stats/metrics/study.h"

#include <math.h>

int cadre_metric_of(double *out, const cadre_metric *metric, const cadre_rows *rows,
                    cadre_error *err)
{
    struct cdr_study study;
    int rc;

    cdr_stats_clear(err);
    if (!out)
        return cdr_stats_fail(err, CADRE_EINVAL, "out is NULL");
    *out = (double)NAN;
    rc = cdr_check_metric(metric, err);
    if (!rc)
        rc = cdr_check_rows(metric, rows, "scores", err);
    if (rc)
        return rc;
    const struct cdr_subject subject = { .metric = *metric, .rows = *rows };
    rc = cdr_study_open(&study, &subject, err);
    if (!rc)
        rc = cdr_study_point(out, &study, err);
    cdr_study_close(&study);
    return rc;
}

int cadre_metric_value(double *out, const cadre_metric *metric, const uint8_t *labels,
                       const double *scores, size_t n, cadre_error *err)
{
    const cadre_rows rows = { .n = n, .labels = labels, .scores = scores };

    return cadre_metric_of(out, metric, &rows, err);
}
