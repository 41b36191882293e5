/* points.c - curves, and the thresholds on them, of all rows.
 * SPDX-License-Identifier: MIT
 */
#include "stats/check.h"
#include "stats/fail.h"
#include "stats/metrics/selectors.h"
#include "stats/metrics/study.h"
#include "stats/numbers/ranking.h"

#include <math.h>
#include <stdlib.h>

/* The rows down to each distinct score, the highest first, or what they weigh. Scores that
 * only rows of weight 0 have are not among them. */
struct points {
    size_t n;
    struct cdr_points down_to;
    cdr_classes *counts;
    double *negative, *positive, *score;
};

static void points_close(struct points *p)
{
    free(p->counts);
    free(p->negative);
    free(p->positive);
    free(p->score);
}

static void count_rows(struct points *p, const cadre_rows *rows, const uint32_t *group)
{
    for (size_t row = 0; row < rows->n; row++)
        p->counts[group[row]] += cdr_one(rows->labels[row]);
    for (size_t k = 1; k < p->n; k++)
        p->counts[k] += p->counts[k - 1];
}

static void weigh_rows(struct points *p, const cadre_rows *rows, const uint32_t *group)
{
    double negative = 0, positive = 0;
    size_t n = 0;

    for (size_t row = 0; row < rows->n; row++)
        (rows->labels[row] ? p->positive : p->negative)[group[row]] +=
            rows->weights[row];
    for (size_t k = 0; k < p->n; k++) {
        const bool is_point = p->negative[k] > 0 || p->positive[k] > 0;
        negative += p->negative[k];
        positive += p->positive[k];
        p->negative[n] = negative;
        p->positive[n] = positive;
        p->score[n] = p->score[k];
        n += is_point;
    }
    p->n = n;
}

static bool points_alloc(struct points *p, bool weighs)
{
    p->score = calloc(p->n, sizeof *p->score);
    if (weighs) {
        p->negative = calloc(p->n, sizeof *p->negative);
        p->positive = calloc(p->n, sizeof *p->positive);
    } else {
        p->counts = calloc(p->n, sizeof *p->counts);
    }
    return p->score && (weighs ? p->negative && p->positive : p->counts != NULL);
}

static bool points_open(struct points *p, const cadre_rows *rows)
{
    struct cdr_ranking r;

    *p = (struct points){ 0 };
    if (!cdr_rank(&r, rows->scores, rows->n))
        return false;
    p->n = r.groups;
    const bool good = points_alloc(p, rows->weights != NULL);
    for (size_t row = 0; good && row < rows->n; row++)
        p->score[r.group[row]] = rows->scores[row];
    if (good)
        (rows->weights ? weigh_rows : count_rows)(p, rows, r.group);
    p->down_to = (struct cdr_points){ p->counts, p->negative, p->positive };
    free(r.group);
    free(r.order);
    return good;
}

static int check(const void *out, const cadre_rows *rows, cadre_error *err)
{
    const cadre_metric metric = { .kind = CADRE_PR_AUC };
    double sum = 0;
    int rc;

    cdr_stats_clear(err);
    if (!out)
        return cdr_stats_fail(err, CADRE_EINVAL, "out is NULL");
    rc = cdr_check_rows(&metric, rows, "scores", err);
    for (size_t row = 0; !rc && rows->weights && row < rows->n; row++)
        sum += rows->weights[row];
    if (!rc && rows->weights && !(sum > 0 && isfinite(sum)))
        return cdr_stats_fail(
            err, CADRE_EDATA,
            "the weights sum to %s: a curve needs a finite sum above 0",
            sum > 0 ? "infinity" : "0");
    return rc;
}

static int check_kind(int curve, cadre_error *err)
{
    if (curve >= 0 && curve < CADRE_CURVE_COUNT)
        return CADRE_OK;
    return cdr_stats_fail(err, CADRE_EINVAL, "no curve has the number %d", curve);
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
    const double negatives = cdr_negative_at(&p->down_to, p->n - 1);
    const double positives = cdr_positive_at(&p->down_to, p->n - 1);

    put(out, 0 / negatives, 0 / positives, INFINITY);
    for (size_t k = 0; k < p->n; k++)
        if (cdr_is_corner(&p->down_to, p->n, k))
            put(out, cdr_negative_at(&p->down_to, k) / negatives,
                cdr_positive_at(&p->down_to, k) / positives, p->score[k]);
}

static void fill_pr(cadre_curve *out, const struct points *p)
{
    const double positives = cdr_positive_at(&p->down_to, p->n - 1);

    for (size_t k = p->n; k-- > 0;) {
        const double right = cdr_positive_at(&p->down_to, k);
        put(out, positives > 0 ? right / positives : 1,
            right / (right + cdr_negative_at(&p->down_to, k)), p->score[k]);
    }
    put(out, 0, 1, INFINITY);
}

int cadre_curve_of(cadre_curve *out, int curve, const cadre_rows *rows,
                   cadre_error *err)
{
    struct points p;
    int rc;

    if (out)
        *out = (cadre_curve){ 0 };
    rc = check(out, rows, err);
    if (!rc)
        rc = check_kind(curve, err);
    if (rc)
        return rc;
    if (points_open(&p, rows) && curve_open(out, p.n + 1)) {
        (curve == CADRE_CURVE_PR ? fill_pr : fill_roc)(out, &p);
    } else {
        cadre_curve_free(out);
        rc = cdr_stats_no_memory(err, rows->n);
    }
    points_close(&p);
    return rc;
}

int cadre_roc_curve(cadre_curve *out, const uint8_t *labels, const double *scores,
                    size_t n, cadre_error *err)
{
    const cadre_rows rows = { .n = n, .labels = labels, .scores = scores };

    return cadre_curve_of(out, CADRE_CURVE_ROC, &rows, err);
}

int cadre_pr_curve(cadre_curve *out, const uint8_t *labels, const double *scores,
                   size_t n, cadre_error *err)
{
    const cadre_rows rows = { .n = n, .labels = labels, .scores = scores };

    return cadre_curve_of(out, CADRE_CURVE_PR, &rows, err);
}

/* ---- curves at places ---- */

static int read_at(double *y, size_t places, int curve, const cadre_rows *rows,
                   cadre_error *err)
{
    const int kind = curve == CADRE_CURVE_PR ? CADRE_PR_AUC : CADRE_ROC_AUC;
    const struct cdr_subject subject = { .metric = { .kind = kind }, .rows = *rows };
    struct cdr_study study;
    void *memory = NULL;
    int rc = cdr_study_open(&study, &subject, err);

    if (!rc && !(memory = malloc(cdr_study_workspace_size(&study, rows->n))))
        rc = cdr_stats_no_memory(err, rows->n);
    if (!rc) {
        struct cdr_workspace work = cdr_study_workspace(&study, memory, rows->n);
        for (size_t row = 0; row < rows->n; row++)
            work.rows[row] = (uint32_t)row;
        cdr_study_curve(y, places, &study, &work, rows->n);
    }
    free(memory);
    cdr_study_close(&study);
    return rc;
}

int cadre_curve_at(double *y, size_t places, int curve, const cadre_rows *rows,
                   cadre_error *err)
{
    int rc = check(y, rows, err);

    if (!rc)
        rc = check_kind(curve, err);
    if (!rc && places < 2)
        rc = cdr_stats_fail(err, CADRE_EINVAL,
                            "places is %zu: a curve has at least two ends", places);
    if (!rc)
        rc = read_at(y, places, curve, rows, err);
    if (!rc && isnan(y[0]))
        rc = cdr_stats_fail(err, CADRE_EDATA,
                            "a curve is not defined for these rows: %s",
                            cdr_curve_reason(rows->weights));
    return rc;
}

/* ---- thresholds ---- */

/* Max F1 reports the value that it looks for. */
static void describe(cadre_operating_point *out, const cadre_selector *s,
                     const struct points *p, size_t k)
{
    const double right = cdr_positive_at(&p->down_to, k);
    const double wrong = cdr_negative_at(&p->down_to, k);
    const double positives = cdr_positive_at(&p->down_to, p->n - 1);
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

int cadre_select_threshold_of(cadre_operating_point *out,
                              const cadre_selector *selector, const cadre_rows *rows,
                              cadre_error *err)
{
    const double nan = (double)NAN;
    struct points p;
    int rc;

    if (out)
        *out = (cadre_operating_point){ nan, nan, nan, nan };
    rc = check(out, rows, err);
    if (!rc)
        rc = cdr_check_selector(selector, err);
    if (rc)
        return rc;
    if (points_open(&p, rows)) {
        const size_t chosen = cdr_select(selector, &p.down_to, p.n);
        if (chosen == SIZE_MAX)
            rc = cdr_stats_fail(err, CADRE_EDATA,
                                "no threshold reaches the target, %g: choose another",
                                selector->target);
        else
            describe(out, selector, &p, chosen);
    } else {
        rc = cdr_stats_no_memory(err, rows->n);
    }
    points_close(&p);
    return rc;
}

int cadre_select_threshold(cadre_operating_point *out, const cadre_selector *selector,
                           const uint8_t *labels, const double *scores, size_t n,
                           cadre_error *err)
{
    const cadre_rows rows = { .n = n, .labels = labels, .scores = scores };

    return cadre_select_threshold_of(out, selector, &rows, err);
}
