/* statistic.c - intervals of a statistic that a kernel computes.
 * SPDX-License-Identifier: MIT
 */
#include "stats/intervals/statistic.h"
#include "stats/check.h"
#include "stats/fail.h"

int cdr_bootstrap_kernel(cadre_interval *out, cadre_pool *pool,
                         const cadre_bootstrap *b, const cadre_statistic *statistic,
                         int method, int rule, int seeding,
                         const struct cdr_source *texts, cadre_error *err)
{
    struct cdr_resamples r = { .b = *b };
    int rc = cdr_design_open_bare(&r.design, b, err);

    if (!rc) {
        r.source = *texts;
        r.source.design = &r.design;
        r.source.statistic = statistic;
        cdr_resamples_begin(&r, b, method, rule, seeding);
        rc = cdr_resamples_run(out, &r, 1, pool, err);
    }
    cdr_resamples_close(&r);
    return rc;
}

static int check(const cadre_bootstrap *b, const cadre_statistic *s, int method,
                 cadre_error *err)
{
    if (!b || !s)
        return cdr_stats_fail(err, CADRE_EINVAL, "the %s is NULL",
                              b ? "statistic" : "bootstrap");
    if (!s->fn)
        return cdr_stats_fail(err, CADRE_EINVAL, "the statistic has no fn");
    if (!s->data && s->data_size > 0)
        return cdr_stats_fail(err, CADRE_EINVAL,
                              "data_size is %zu, but the statistic's data is NULL",
                              s->data_size);
    if (b->stratum_weights)
        return cdr_stats_fail(err, CADRE_EINVAL,
                              "stratum_weights are for metrics: the kernel of a "
                              "statistic weighs strata itself");
    if (method == CADRE_STUDENTIZED && (b->strata || b->clusters || b->by_label))
        return cdr_stats_fail(
            err, CADRE_EINVAL,
            "studentized intervals are for rows that are drawn one by "
            "one: use another method");
    const int rc = cdr_check_reserved("statistic.", s->reserved, 4, err);
    return rc ? rc : cdr_check_resampling(b, CDR_LEAST_ROWS, err);
}

int cadre_bootstrap_statistic(cadre_interval *out, cadre_pool *pool,
                              const cadre_bootstrap *b,
                              const cadre_statistic *statistic, int method,
                              cadre_error *err)
{
    int rc = cdr_check_method(out, method, err);

    if (!rc)
        rc = check(b, statistic, method, err);
    if (rc)
        return rc;
    const bool plain = !b->strata && !b->clusters && !b->by_label;
    const bool scipy = method != CADRE_STUDENTIZED && !b->clusters && !b->by_label;
    const struct cdr_source texts = {
        .name = statistic->name ? statistic->name : "statistic",
        .reason = "its kernel says so",
        .remedy = "a kernel that is defined for more rows"
    };
    return cdr_bootstrap_kernel(out, pool, b, statistic, method,
                                scipy ? CADRE_QUANTILE_SCIPY : CADRE_QUANTILE_NUMPY,
                                plain && method != CADRE_STUDENTIZED
                                    ? CADRE_SEEDING_SINGLE
                                    : CADRE_SEEDING_SPAWN,
                                &texts, err);
}
