/* selectors.c - thresholds on a curve.
 * SPDX-License-Identifier: MIT
 *
 * Rates without a row of their class are NaN, but recall is 1 for the selectors that look
 * at precision and recall.
 */
#include "stats/metrics/selectors.h"
#include "stats/fail.h"

#include <math.h>
#include <string.h>

static const char *const names[] = {
#define NAME(kind, name, text) name,
    CADRE_SELECTORS(NAME)
#undef NAME
};

int cadre_selector_find(const char *name)
{
    for (int kind = 0; name && kind < CADRE_SELECTOR_COUNT; kind++)
        if (strcmp(name, names[kind]) == 0)
            return kind;
    return -1;
}

/* ---- rates ---- */

static double precision(const struct cdr_points *p, size_t k)
{
    const double right = cdr_positive_at(p, k);

    return right / (right + cdr_negative_at(p, k));
}

static double recall(const struct cdr_points *p, size_t n, size_t k)
{
    const double positives = cdr_positive_at(p, n - 1);

    return positives > 0 ? cdr_positive_at(p, k) / positives : 1;
}

static double false_rate(const struct cdr_points *p, size_t n, size_t k)
{
    return cdr_negative_at(p, k) / cdr_negative_at(p, n - 1);
}

static double true_rate(const struct cdr_points *p, size_t n, size_t k)
{
    return cdr_positive_at(p, k) / cdr_positive_at(p, n - 1);
}

bool cdr_is_corner(const struct cdr_points *p, size_t n, size_t k)
{
    if (k == 0 || k == n - 1)
        return true;
    return cdr_negative_at(p, k) - cdr_negative_at(p, k - 1) !=
               cdr_negative_at(p, k + 1) - cdr_negative_at(p, k) ||
           cdr_positive_at(p, k) - cdr_positive_at(p, k - 1) !=
               cdr_positive_at(p, k + 1) - cdr_positive_at(p, k);
}

/* ---- choices ---- */

/* From the lowest threshold up; the first of equal ones. */
static size_t max_f1(const struct cdr_points *points, size_t n)
{
    double best = -1;
    size_t chosen = n - 1;

    for (size_t k = n; k-- > 0;) {
        const double p = precision(points, k), r = recall(points, n, k);
        const double f = 2 * p * r / fmax(p + r, 1e-12);
        if (f > best) {
            best = f;
            chosen = k;
        }
    }
    return chosen;
}

static size_t target_recall(const struct cdr_points *points, size_t n, double target)
{
    for (size_t k = 0; k < n; k++)
        if (recall(points, n, k) >= target)
            return k;
    return SIZE_MAX;
}

static size_t target_precision(const struct cdr_points *points, size_t n, double target)
{
    for (size_t k = n; k-- > 0;)
        if (precision(points, k) >= target)
            return k;
    return SIZE_MAX;
}

static size_t target_fpr(const struct cdr_points *points, size_t n, double target)
{
    for (size_t k = n; k-- > 0;)
        if (cdr_is_corner(points, n, k) && false_rate(points, n, k) <= target)
            return k;
    return SIZE_MAX;
}

static size_t youden(const struct cdr_points *points, size_t n)
{
    double best = -2;
    size_t chosen = 0;

    for (size_t k = 0; k < n; k++) {
        const double gain = true_rate(points, n, k) - false_rate(points, n, k);
        if (isnan(gain))
            return 0;
        if (gain > best && cdr_is_corner(points, n, k)) {
            best = gain;
            chosen = k;
        }
    }
    return chosen;
}

size_t cdr_select(const cadre_selector *s, const struct cdr_points *points, size_t n)
{
    const double near = points->counts ? 0 : CDR_SAME_SHARE;

    switch (s->kind) {
    case CADRE_MAX_F1: return max_f1(points, n);
    case CADRE_TARGET_RECALL: return target_recall(points, n, s->target - near);
    case CADRE_TARGET_PRECISION: return target_precision(points, n, s->target - near);
    case CADRE_TARGET_FPR: return target_fpr(points, n, s->target + near);
    default: return youden(points, n);
    }
}

/* ---- checks ---- */

int cdr_check_selector(const cadre_selector *s, cadre_error *err)
{
    if (!s)
        return cdr_stats_fail(err, CADRE_EINVAL, "the selector is NULL");
    if (s->kind < 0 || s->kind >= CADRE_SELECTOR_COUNT)
        return cdr_stats_fail(err, CADRE_EINVAL, "no selector has the kind %d",
                              s->kind);
    const bool targeted = s->kind != CADRE_MAX_F1 && s->kind != CADRE_YOUDEN;
    const bool zero = s->kind == CADRE_TARGET_FPR && s->target == 0;
    if (targeted && !zero && !(s->target > 0 && s->target <= 1))
        return cdr_stats_fail(err, CADRE_EINVAL, "the target of %s is %g, expected %s",
                              names[s->kind],
                              isnan(s->target) ? fabs(s->target) : s->target,
                              s->kind == CADRE_TARGET_FPR ? "in [0, 1]" : "in (0, 1]");
    for (size_t i = 0; i < 2; i++)
        if (s->reserved[i])
            return cdr_stats_fail(
                err, CADRE_EINVAL,
                "selector.reserved[%zu] is not zero: this program was "
                "built for another version of cadre",
                i);
    return CADRE_OK;
}
