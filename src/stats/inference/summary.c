/* summary.c - intervals from few numbers: folds, proportions, effects, costs.
 * SPDX-License-Identifier: MIT
 */
#include "stats/check.h"
#include "stats/fail.h"

#include <cadre/random.h>

#include <inttypes.h>
#include <math.h>

#define DEFAULT_ALPHA 0.05
#define DEFAULT_POWER 0.8

/* ---- folds ---- */

int cadre_fold_interval(cadre_fold_mean *out, const double *values, size_t k,
                        double confidence, cadre_error *err)
{
    const double nan = (double)NAN;
    int rc = out ? cdr_check_confidence(confidence, err)
                 : cdr_stats_fail(err, CADRE_EINVAL, "out is NULL");

    if (out)
        *out = (cadre_fold_mean){ nan, nan, nan, nan };
    if (!rc)
        rc = cdr_check_folds(values, k, err);
    if (rc)
        return rc;
    const double normal = cadre_normal_quantile(0.5 + cdr_confidence(confidence) / 2);
    out->mean = cadre_mean(values, k);
    out->deviation = cadre_deviation(values, k, 1);
    const double margin = normal * out->deviation / sqrt((double)k);
    out->low = out->mean - margin;
    out->high = out->mean + margin;
    cdr_stats_clear(err);
    return CADRE_OK;
}

/* ---- effects ---- */

static int check_share(double share, const char *name, cadre_error *err)
{
    if (share == 0 || (share > 0 && share < 1))
        return CADRE_OK;
    return cdr_stats_fail(err, CADRE_EINVAL, "%s is %g, expected inside (0, 1)", name,
                          isnan(share) ? fabs(share) : share);
}

int cadre_detectable_effect(cadre_effect *out, double low, double high,
                            double confidence, double alpha, double power,
                            cadre_error *err)
{
    const double width = high - low;
    int rc = out ? cdr_check_confidence(confidence, err)
                 : cdr_stats_fail(err, CADRE_EINVAL, "out is NULL");

    if (out)
        *out = (cadre_effect){ (double)NAN, (double)NAN };
    if (!rc)
        rc = check_share(alpha, "alpha", err);
    if (!rc)
        rc = check_share(power, "power", err);
    if (!rc && !(width > 0 && isfinite(width)))
        rc = cdr_stats_fail(err, CADRE_EDATA,
                            "the interval from %g to %g has no positive finite width: "
                            "no effect can be told from it",
                            low, high);
    if (rc)
        return rc;
    alpha = alpha == 0 ? DEFAULT_ALPHA : alpha;
    power = power == 0 ? DEFAULT_POWER : power;
    out->sigma =
        width / (2 * cadre_normal_quantile((1 + cdr_confidence(confidence)) / 2));
    out->least = (cadre_normal_quantile(1 - alpha / 2) + cadre_normal_quantile(power)) *
                 out->sigma;
    cdr_stats_clear(err);
    return CADRE_OK;
}

/* ---- proportions ---- */

int cadre_proportion_interval(double *low, double *high, uint64_t successes, uint64_t n,
                              double confidence, cadre_error *err)
{
    int rc = low && high ? cdr_check_confidence(confidence, err)
                         : cdr_stats_fail(err, CADRE_EINVAL, "low or high is NULL");

    if (!rc)
        *low = *high = (double)NAN;
    if (!rc && (n == 0 || successes > n))
        rc = cdr_stats_fail(err, CADRE_EINVAL,
                            "%" PRIu64 " successes of %" PRIu64 " are no proportion",
                            successes, n);
    if (rc)
        return rc;
    const double z = cadre_normal_quantile(0.5 + cdr_confidence(confidence) / 2);
    const double of = (double)n, share = (double)successes / of, wide = 1 + z * z / of;
    const double centre = (share + z * z / (2 * of)) / wide;
    const double margin =
        z * sqrt(share * (1 - share) / of + z * z / (4 * of * of)) / wide;
    *low = fmin(fmax(centre - margin, 0), 1);
    *high = fmin(fmax(centre + margin, 0), 1);
    cdr_stats_clear(err);
    return CADRE_OK;
}

/* ---- costs ---- */

int cadre_cost_threshold(double *out, double prior, double false_positive,
                         double false_negative, cadre_error *err)
{
    if (!out)
        return cdr_stats_fail(err, CADRE_EINVAL, "out is NULL");
    *out = (double)NAN;
    if (!(prior >= 0 && prior <= 1))
        return cdr_stats_fail(err, CADRE_EINVAL, "prior is %g, expected in [0, 1]",
                              isnan(prior) ? fabs(prior) : prior);
    if (!(false_positive > 0 && false_negative > 0 && isfinite(false_positive) &&
          isfinite(false_negative)))
        return cdr_stats_fail(err, CADRE_EINVAL,
                              "the costs are %g and %g, expected positive and finite",
                              false_positive, false_negative);
    const double alarm = false_positive * (1 - prior);
    *out = prior == 0 ? 1 : prior == 1 ? 0 : alarm / (alarm + false_negative * prior);
    cdr_stats_clear(err);
    return CADRE_OK;
}
