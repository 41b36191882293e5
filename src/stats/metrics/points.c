/* points.c - curves, and the thresholds on them, of all rows.
 * SPDX-License-Identifier: MIT
 */
#include "stats/check.h"
#include "stats/fail.h"
#include "stats/metrics/selectors.h"
#include "stats/numbers/ranking.h"

#include <math.h>
#include <stdlib.h>

/* The rows down to each distinct score, the highest first. */
struct points {
    size_t n;
    cdr_classes *down_to;
    double *score;
};

static void points_close(struct points *p)
{
    free(p->down_to);
    free(p->score);
}

static bool points_open(struct points *p, const uint8_t *labels, const double *scores,
                        size_t n)
{
    struct cdr_ranking r;

    *p = (struct points){ 0 };
    if (!cdr_rank(&r, scores, n))
        return false;
    p->n = r.groups;
    p->down_to = calloc(p->n, sizeof *p->down_to);
    p->score = calloc(p->n, sizeof *p->score);
    const bool good = p->down_to && p->score;
    for (size_t row = 0; good && row < n; row++) {
        p->down_to[r.group[row]] += cdr_one(labels[row]);
        p->score[r.group[row]] = scores[row];
    }
    for (size_t k = 1; good && k < p->n; k++)
        p->down_to[k] += p->down_to[k - 1];
    free(r.group);
    free(r.order);
    return good;
}

static int check(const void *out, const uint8_t *labels, const double *scores, size_t n,
                 cadre_error *err)
{
    const cadre_metric metric = { .kind = CADRE_PR_AUC };
    const cadre_rows rows = { .n = n, .labels = labels, .scores = scores };

    cdr_stats_clear(err);
    if (!out)
        return cdr_stats_fail(err, CADRE_EINVAL, "out is NULL");
    return cdr_check_rows(&metric, &rows, "scores", err);
}

/* ---- curves ---- */

void cadre_curve_free(cadre_curve *curve)
{
    if (!curve)
        return;
    free(curve->x);
    free(curve->y);
    free(curve->threshold);
    *curve = (cadre_curve){ 0 };
}

static bool curve_open(cadre_curve *out, size_t most)
{
    out->x = calloc(most, sizeof *out->x);
    out->y = calloc(most, sizeof *out->y);
    out->threshold = calloc(most, sizeof *out->threshold);
    return out->x && out->y && out->threshold;
}

static void put(cadre_curve *c, double x, double y, double threshold)
{
    c->x[c->n] = x;
    c->y[c->n] = y;
    c->threshold[c->n++] = threshold;
}

static void fill_roc(cadre_curve *out, const struct points *p)
{
    const cdr_classes all = p->down_to[p->n - 1];
    const double negatives = cdr_negative(all), positives = cdr_positive(all);

    put(out, 0 / negatives, 0 / positives, INFINITY);
    for (size_t k = 0; k < p->n; k++)
        if (cdr_is_corner(p->down_to, p->n, k))
            put(out, cdr_negative(p->down_to[k]) / negatives,
                cdr_positive(p->down_to[k]) / positives, p->score[k]);
}

static void fill_pr(cadre_curve *out, const struct points *p)
{
    const double positives = cdr_positive(p->down_to[p->n - 1]);

    for (size_t k = p->n; k-- > 0;) {
        const double right = cdr_positive(p->down_to[k]);
        put(out, positives > 0 ? right / positives : 1,
            right / (right + cdr_negative(p->down_to[k])), p->score[k]);
    }
    put(out, 0, 1, INFINITY);
}

static int curve(cadre_curve *out, const uint8_t *labels, const double *scores,
                 size_t n, void (*fill)(cadre_curve *, const struct points *),
                 cadre_error *err)
{
    struct points p;
    int rc;

    if (out)
        *out = (cadre_curve){ 0 };
    rc = check(out, labels, scores, n, err);
    if (rc)
        return rc;
    if (points_open(&p, labels, scores, n) && curve_open(out, p.n + 1)) {
        fill(out, &p);
    } else {
        cadre_curve_free(out);
        rc = cdr_stats_no_memory(err, n);
    }
    points_close(&p);
    return rc;
}

int cadre_roc_curve(cadre_curve *out, const uint8_t *labels, const double *scores,
                    size_t n, cadre_error *err)
{
    return curve(out, labels, scores, n, fill_roc, err);
}

int cadre_pr_curve(cadre_curve *out, const uint8_t *labels, const double *scores,
                   size_t n, cadre_error *err)
{
    return curve(out, labels, scores, n, fill_pr, err);
}

/* ---- thresholds ---- */

/* Max F1 reports the value that it looks for. */
static void describe(cadre_operating_point *out, const cadre_selector *s,
                     const struct points *p, size_t k)
{
    const double right = cdr_positive(p->down_to[k]);
    const double wrong = cdr_negative(p->down_to[k]);
    const double positives = cdr_positive(p->down_to[p->n - 1]);
    const bool of_rates = s->kind == CADRE_TARGET_FPR || s->kind == CADRE_YOUDEN;

    out->threshold = p->score[k];
    out->precision = right / (right + wrong);
    out->recall = positives > 0 ? right / positives : of_rates ? 0 : 1;
    if (of_rates)
        out->f1 = right > 0 ? 2 * right / (positives + (right + wrong)) : 0;
    else
        out->f1 = 2 * out->precision * out->recall /
                  fmax(out->precision + out->recall, 1e-12);
}

int cadre_select_threshold(cadre_operating_point *out, const cadre_selector *selector,
                           const uint8_t *labels, const double *scores, size_t n,
                           cadre_error *err)
{
    const double nan = (double)NAN;
    struct points p;
    int rc;

    if (out)
        *out = (cadre_operating_point){ nan, nan, nan, nan };
    rc = check(out, labels, scores, n, err);
    if (!rc)
        rc = cdr_check_selector(selector, err);
    if (rc)
        return rc;
    if (points_open(&p, labels, scores, n)) {
        const size_t chosen = cdr_select(selector, p.down_to, p.n);
        if (chosen == SIZE_MAX)
            rc = cdr_stats_fail(err, CADRE_EDATA,
                                "no threshold reaches the target, %g: choose another",
                                selector->target);
        else
            describe(out, selector, &p, chosen);
    } else {
        rc = cdr_stats_no_memory(err, n);
    }
    points_close(&p);
    return rc;
}
