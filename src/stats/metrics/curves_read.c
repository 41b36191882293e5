/* curves_read.c - curves read at places.
 * SPDX-License-Identifier: MIT
 */
#include "stats/metrics/areas.h"

#include <math.h>

/* points[0] is (0, 0), points[last] has all rows. */
struct curve {
    const struct cdr_points *points;
    size_t last;
    double negatives, positives;
};

static double false_rate(const struct curve *c, size_t k)
{
    return cdr_negative_at(c->points, k) / c->negatives;
}

static double true_rate(const struct curve *c, size_t k)
{
    return cdr_positive_at(c->points, k) / c->positives;
}

/* On the line behind point k, where the false positive rate is x. */
static double between(const struct curve *c, size_t k, double x)
{
    const double y0 = true_rate(c, k);

    if (k == c->last)
        return y0;
    const double x0 = false_rate(c, k), x1 = false_rate(c, k + 1);
    return y0 + (x - x0) / (x1 - x0) * (true_rate(c, k + 1) - y0);
}

static void read_roc(double *out, size_t n, const struct curve *c)
{
    size_t k = 0; /* the last point that is not beyond x */

    for (size_t i = 0; i < n; i++) {
        const double x = (double)i / (double)(n - 1);
        while (k < c->last && false_rate(c, k + 1) <= x)
            k++;
        out[i] = between(c, k, x);
    }
}

/* Rows of weight 0 are no point. */
static bool is_empty(const struct curve *c, size_t k)
{
    return !(cdr_positive_at(c->points, k) + cdr_negative_at(c->points, k) > 0);
}

static void read_precision(double *out, size_t n, const struct curve *c)
{
    size_t k = 1; /* the first point with that recall */

    for (size_t i = 0; i < n; i++) {
        const double recall = (double)i / (double)(n - 1);
        while (k < c->last && (true_rate(c, k) < recall || is_empty(c, k)))
            k++;
        const double right = cdr_positive_at(c->points, k);
        out[i] = right / (right + cdr_negative_at(c->points, k));
    }
}

void cdr_points_read(double *out, size_t n, int kind, const struct cdr_points *points,
                     size_t last)
{
    const struct curve c = { points, last, cdr_negative_at(points, last),
                             cdr_positive_at(points, last) };

    if (!(c.negatives > 0 && c.positives > 0 && isfinite(c.negatives + c.positives)))
        for (size_t i = 0; i < n; i++)
            out[i] = (double)NAN;
    else if (kind == CADRE_PR_AUC)
        read_precision(out, n, &c);
    else
        read_roc(out, n, &c);
}
