/* delong.c - the variance of areas under ROC curves, without resampling.
 * SPDX-License-Identifier: MIT
 *
 * E. DeLong, D. DeLong, D. Clarke-Pearson, Comparing the Areas under Two or More
 * Correlated Receiver Operating Characteristic Curves (1988). A row's placement is the
 * share of rows of the other class that it is ahead of, ties counting half; the area is
 * their mean, and its variance that of either class's placements over how many there
 * are. Groups of equal scores, counted once from the lowest, give all of them at once.
 */
#include "stats/check.h"
#include "stats/fail.h"
#include "stats/numbers/ranking.h"

#include <cadre/random.h>

#include <math.h>
#include <stdlib.h>

struct placements {
    size_t positives, negatives;
    double *of_positive[2], *of_negative[2]; /* by column, in the order of the rows */
};

static void placements_close(struct placements *p)
{
    for (unsigned c = 0; c < 2; c++) {
        free(p->of_positive[c]);
        free(p->of_negative[c]);
    }
}

/* below[label][g]: twice the rows of that class below group g, plus those in it. */
static void count_below(double *below[2], const struct cdr_ranking *r,
                        const uint8_t *labels, size_t n)
{
    for (size_t row = 0; row < n; row++)
        below[labels[row]][r->group[row]] += 1;
    for (unsigned label = 0; label < 2; label++) {
        double sum = 0;
        for (size_t g = r->groups; g-- > 0;) { /* the last group is the lowest */
            const double here = below[label][g];
            below[label][g] = 2 * sum + here;
            sum += here;
        }
    }
}

static void place(struct placements *p, unsigned c, double *const below[2],
                  const struct cdr_ranking *r, const uint8_t *labels, size_t n)
{
    size_t positive = 0, negative = 0;

    for (size_t row = 0; row < n; row++) {
        const double ahead = below[1 - labels[row]][r->group[row]] / 2;
        if (labels[row])
            p->of_positive[c][positive++] = ahead / (double)p->negatives;
        else
            p->of_negative[c][negative++] = 1 - ahead / (double)p->positives;
    }
}

static int place_column(struct placements *p, unsigned c, const uint8_t *labels,
                        const double *scores, size_t n, cadre_error *err)
{
    struct cdr_ranking r = { 0 };
    double *below[2] = { calloc(n, sizeof(double)), calloc(n, sizeof(double)) };
    int rc = CADRE_ENOMEM;

    p->of_positive[c] = calloc(p->positives, sizeof(double));
    p->of_negative[c] = calloc(p->negatives, sizeof(double));
    if (below[0] && below[1] && p->of_positive[c] && p->of_negative[c] &&
        cdr_rank(&r, scores, n)) {
        count_below(below, &r, labels, n);
        place(p, c, below, &r, labels, n);
        rc = CADRE_OK;
    }
    free(below[0]);
    free(below[1]);
    free(r.group);
    free(r.order);
    return rc ? cdr_stats_no_memory(err, n) : CADRE_OK;
}

/* ---- variance ---- */

static double covariance(const double *x, const double *y, size_t n)
{
    const double mx = cadre_mean(x, n), my = cadre_mean(y, n);
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (x[i] - mx) * (y[i] - my);
    return n > 1 ? sum * (1.0 / (double)(n - 1)) : 0;
}

static double variance_of(double *const x[2], size_t n, unsigned columns)
{
    if (columns == 1)
        return covariance(x[0], x[0], n) / (double)n;
    return (covariance(x[0], x[0], n) - 2 * covariance(x[0], x[1], n) +
            covariance(x[1], x[1], n)) /
           (double)n;
}

static void conclude(cadre_delong *out, const struct placements *p, unsigned columns,
                     double confidence)
{
    const double normal = cadre_normal_quantile(0.5 + confidence / 2);

    for (unsigned c = 0; c < columns; c++)
        out->area[c] = cadre_mean(p->of_positive[c], p->positives);
    out->estimate = columns == 1 ? out->area[0] : out->area[1] - out->area[0];
    out->variance = fmax(variance_of(p->of_positive, p->positives, columns) +
                             variance_of(p->of_negative, p->negatives, columns),
                         0);
    out->standard_error = sqrt(out->variance);
    if (out->variance > 0) {
        out->z = (out->estimate - (columns == 1 ? 0.5 : 0)) / out->standard_error;
        out->p_value = 2 * (1 - cadre_normal_cdf(fabs(out->z)));
    }
    out->low = out->estimate - normal * out->standard_error;
    out->high = out->estimate + normal * out->standard_error;
}

/* ---- checks ---- */

static int check(const cadre_delong *out, const uint8_t *labels, const double *a,
                 const double *b, size_t n, double confidence, cadre_error *err)
{
    static const cadre_metric area = { .kind = CADRE_ROC_AUC };
    int rc = out ? CADRE_OK : cdr_stats_fail(err, CADRE_EINVAL, "out is NULL");

    if (!rc)
        rc = cdr_check_confidence(confidence, err);
    if (!rc)
        rc = cdr_check_labels(&area, labels, n, err);
    if (!rc)
        rc = cdr_check_scores(&area, b ? "scores_a" : "scores", a, n, err);
    return rc || !b ? rc : cdr_check_scores(&area, "scores_b", b, n, err);
}

int cadre_delong_test(cadre_delong *out, const uint8_t *labels, const double *a,
                      const double *b, size_t n, double confidence, cadre_error *err)
{
    const double nan = (double)NAN, *const scores[2] = { a, b };
    struct placements p = { 0 };
    int rc;

    cdr_stats_clear(err);
    if (out)
        *out = (cadre_delong){ { nan, nan }, nan, nan, nan, nan, nan, nan, nan, { 0 } };
    rc = check(out, labels, a, b, n, confidence, err);
    for (size_t row = 0; !rc && row < n; row++)
        p.positives += labels[row];
    p.negatives = n - p.positives;
    if (!rc && (p.positives == 0 || p.negatives == 0))
        rc = cdr_stats_fail(err, CADRE_EDATA,
                            "roc_auc is not defined for these rows: all labels are the "
                            "same");
    for (unsigned c = 0; !rc && c < 1 + (b != NULL); c++)
        rc = place_column(&p, c, labels, scores[c], n, err);
    if (!rc)
        conclude(out, &p, b ? 2 : 1, cdr_confidence(confidence));
    placements_close(&p);
    return rc;
}
