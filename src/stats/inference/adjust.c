/* adjust.c - p-values of many tests, adjusted for their number.
 * SPDX-License-Identifier: MIT
 */
#include "stats/fail.h"

#include <cadre/stats.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[] = {
#define NAME(kind, name, text) name,
    CADRE_ADJUSTMENTS(NAME)
#undef NAME
};

int cadre_adjustment_find(const char *name)
{
    for (int kind = 0; name && kind < CADRE_ADJUSTMENT_COUNT; kind++)
        if (strcmp(name, names[kind]) == 0)
            return kind;
    return -1;
}

struct ranked {
    double p;
    size_t place;
};

static int ascending(const void *left, const void *right)
{
    const struct ranked *const a = left, *const b = right;

    if (a->p != b->p)
        return a->p < b->p ? -1 : 1;
    return a->place < b->place ? -1 : 1;
}

static double unit(double p)
{
    return p < 1 ? p : 1;
}

/* From the largest down: none exceeds the one above. */
static void benjamini_hochberg(double *out, const struct ranked *r, size_t n)
{
    double least = INFINITY;

    for (size_t k = n; k > 0; k--) {
        least = fmin(least, r[k - 1].p * (double)n / (double)k);
        out[r[k - 1].place] = unit(least);
    }
}

/* From the smallest up: none is below the one before. */
static void holm(double *out, const struct ranked *r, size_t n)
{
    double most = 0;

    for (size_t k = 0; k < n; k++) {
        most = fmax(most, r[k].p * (double)(n - k));
        out[r[k].place] = unit(most);
    }
}

static int check(const double *out, const double *p, size_t n, int kind,
                 cadre_error *err)
{
    if (!out || !p)
        return cdr_stats_fail(err, CADRE_EINVAL, "%s is NULL", out ? "p" : "out");
    if (n == 0)
        return cdr_stats_fail(err, CADRE_EINVAL, "there are no p-values");
    if (kind < 0 || kind >= CADRE_ADJUSTMENT_COUNT)
        return cdr_stats_fail(err, CADRE_EINVAL, "no adjustment has the number %d",
                              kind);
    for (size_t i = 0; i < n; i++)
        if (!(p[i] >= 0 && p[i] <= 1))
            return cdr_stats_fail(err, CADRE_EINVAL,
                                  "p-value %zu is %g, expected in [0, 1]", i,
                                  isnan(p[i]) ? fabs(p[i]) : p[i]);
    return CADRE_OK;
}

int cadre_adjust_p_values(double *out, const double *p, size_t n, int kind,
                          cadre_error *err)
{
    struct ranked *r;
    int rc = check(out, p, n, kind, err);

    if (rc)
        return rc;
    r = calloc(n, sizeof *r);
    if (!r)
        return cdr_stats_fail(err, CADRE_ENOMEM, "no memory for %zu p-values", n);
    for (size_t i = 0; i < n; i++)
        r[i] = (struct ranked){ p[i], i };
    qsort(r, n, sizeof *r, ascending);
    if (kind == CADRE_HOLM)
        holm(out, r, n);
    else if (kind == CADRE_BENJAMINI_HOCHBERG)
        benjamini_hochberg(out, r, n);
    for (size_t i = 0; kind == CADRE_BONFERRONI && i < n; i++)
        out[i] = unit(p[i] * (double)n);
    free(r);
    cdr_stats_clear(err);
    return CADRE_OK;
}
