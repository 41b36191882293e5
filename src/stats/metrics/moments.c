/* moments.c - means, variances and products of columns.
 * SPDX-License-Identifier: MIT
 *
 * Sums are pairwise, in the order drawn, as NumPy makes them: mean, then the squares or
 * products of what is away from it.
 */
#include "stats/metrics/measure.h"
#include "stats/numbers/sums.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- sums over a sample ---- */

struct away {
    const double *x, *y;
    const uint32_t *rows;
    double mean_x, mean_y;
};

static void products(double *restrict out, const void *from, size_t first, size_t n)
{
    const struct away *const a = from;

    for (size_t i = 0; i < n; i++) {
        const uint32_t row = a->rows[first + i];
        out[i] = (a->x[row] - a->mean_x) * (a->y[row] - a->mean_y);
    }
}

static double product_of(const double *x, const double *y, double mean_x, double mean_y,
                         const struct cdr_sample *s)
{
    const struct away a = { x, y, s->rows, mean_x, mean_y };

    return cdr_sum_terms(products, &a, s->n);
}

static double mean_of(const double *x, const struct cdr_sample *s)
{
    return cdr_sum_rows(x, s->rows, s->n) / (double)s->n;
}

/* ---- two columns ---- */

/* Where all of n numbers are the same, their mean may be off by a last bit. */
static bool varies(double xx, double mean, double n)
{
    const double least = 0x1p-50 * mean;

    return xx > n * least * least;
}

/* Squares of such numbers neither vanish nor overflow, and nor do their sums. */
static bool is_safe(double xx, double yy)
{
    const double least = 0x1p-800, most = 0x1p800;

    return xx > least && yy > least && xx < most && yy < most;
}

/* What brings the largest of them to about 1. */
static double scale_of(const double *x, size_t n)
{
    double most = 0;

    for (size_t row = 0; row < n; row++)
        most = fmax(most, fabs(x[row]));
    return most > 0 ? ldexp(1, -ilogb(most) < 1023 ? -ilogb(most) : 1023) : 1;
}

/* The correlation of columns of tiny or huge numbers; rows NULL: of all of n, but for
 * `skipped`. */
static double scaled_correlation(const struct cdr_measure *m, const uint32_t *rows,
                                 size_t n, size_t skipped)
{
    const double a = scale_of(m->scores, m->n), b = scale_of(m->other, m->n);
    double x = 0, y = 0, xx = 0, xy = 0, yy = 0, count = 0;

    for (size_t i = 0; i < n; i++) {
        const size_t row = rows ? rows[i] : i;
        x += row != skipped ? m->scores[row] * a : 0;
        y += row != skipped ? m->other[row] * b : 0;
        count += row != skipped;
    }
    for (size_t i = 0; i < n; i++) {
        const size_t row = rows ? rows[i] : i;
        const double dx = row != skipped ? m->scores[row] * a - x / count : 0;
        const double dy = row != skipped ? m->other[row] * b - y / count : 0;
        xx += dx * dx;
        xy += dx * dy;
        yy += dy * dy;
    }
    return varies(xx, x / count, count) && varies(yy, y / count, count)
               ? cdr_correlation(xy, xx, yy)
               : (double)NAN;
}

static double related(const struct cdr_measure *m, const struct cdr_sample *s)
{
    const double *const x = m->scores, *const y = m->other;
    const double n = (double)s->n, mx = mean_of(x, s), my = mean_of(y, s);
    const double xx = product_of(x, x, mx, mx, s), xy = product_of(x, y, mx, my, s);

    if (m->metric.kind == CADRE_SLOPE)
        return varies(xx, mx, n) ? xy / xx : (double)NAN;
    const double yy = product_of(y, y, my, my, s);
    if (!is_safe(xx, yy))
        return scaled_correlation(m, s->rows, s->n, SIZE_MAX);
    return varies(xx, mx, n) && varies(yy, my, n) ? cdr_correlation(xy, xx, yy)
                                                  : (double)NAN;
}

/* ---- two groups ---- */

/* `room` gets the rows of label 1 from its beginning, and those of label 0 behind them,
 * each in the order drawn. */
static double grouped(const struct cdr_measure *m, const struct cdr_sample *s,
                      void *room)
{
    uint32_t *const rows = room;
    size_t ones = cdr_positive(s->classes), zeros = s->n - ones, one = 0, zero = ones;

    for (size_t i = 0; i < s->n; i++)
        rows[m->labels[s->rows[i]] ? one++ : zero++] = s->rows[i];
    const double of_ones = cdr_sum_rows(m->scores, rows, ones) / (double)ones;
    const double of_zeros = cdr_sum_rows(m->scores, rows + ones, zeros) / (double)zeros;
    return m->metric.kind == CADRE_GROUP_RATIO ? of_ones / of_zeros
                                               : of_ones - of_zeros;
}

/* ---- values ---- */

static bool is_grouped(int kind)
{
    return kind == CADRE_GROUP_DIFFERENCE || kind == CADRE_GROUP_RATIO;
}

static size_t room_needed(const struct cdr_measure *m, size_t most)
{
    return is_grouped(m->metric.kind) ? most * sizeof(uint32_t) : 0;
}

static double value(const struct cdr_measure *m, const struct cdr_sample *s, void *room)
{
    const int kind = m->metric.kind;

    if (is_grouped(kind))
        return grouped(m, s, room);
    if (kind == CADRE_MEAN_DIFFERENCE)
        return mean_of(m->scores, s) - mean_of(m->other, s);
    if (kind == CADRE_MEAN_RATIO)
        return mean_of(m->scores, s) / mean_of(m->other, s);
    if (kind == CADRE_PEARSON || kind == CADRE_SLOPE)
        return related(m, s);
    const double mean = mean_of(m->scores, s);
    const double variance =
        product_of(m->scores, m->scores, mean, mean, s) / (double)(s->n - 1);
    return kind == CADRE_VARIANCE ? variance : sqrt(variance);
}

/* ---- of weighted rows ---- */

static double weight_of(const struct cdr_measure *m, const double *weight,
                        uint8_t label, size_t skipped, size_t row)
{
    if (row == skipped || (label != 2 && m->labels[row] != label))
        return 0;
    return weight ? weight[row] : 1;
}

struct sums {
    double weight, x, y, xx, xy, yy; /* the last three about the means */
};

/* Rows whose label is `label` (2: all), but for row `skipped`. Without weights all are
 * 1. */
static struct sums sums_of(const struct cdr_measure *m, const double *weight,
                           uint8_t label, size_t skipped)
{
    struct sums s = { 0 };

    for (size_t row = 0; row < m->n; row++) {
        const double w = weight_of(m, weight, label, skipped, row);
        s.weight += w;
        s.x += w * m->scores[row];
        s.y += m->other ? w * m->other[row] : 0;
    }
    s.x /= s.weight;
    s.y /= s.weight;
    for (size_t row = 0; row < m->n; row++) {
        const double x = m->scores[row] - s.x, y = m->other ? m->other[row] - s.y : 0;
        const double w = weight_of(m, weight, label, skipped, row);
        s.xx += w * x * x;
        s.xy += w * x * y;
        s.yy += w * y * y;
    }
    return s;
}

static double pearson(const struct sums *s)
{
    return varies(s->xx, s->x, s->weight) && varies(s->yy, s->y, s->weight)
               ? cdr_correlation(s->xy, s->xx, s->yy)
               : (double)NAN;
}

static double slope(const struct sums *s)
{
    return varies(s->xx, s->x, s->weight) ? s->xy / s->xx : (double)NAN;
}

static double weighted(const struct cdr_measure *m, const double *weight, void *room)
{
    const int kind = m->metric.kind;
    const struct sums s = sums_of(m, weight, is_grouped(kind) ? 1 : 2, SIZE_MAX);

    (void)room;
    if (is_grouped(kind)) {
        const struct sums zeros = sums_of(m, weight, 0, SIZE_MAX);
        return kind == CADRE_GROUP_RATIO ? s.x / zeros.x : s.x - zeros.x;
    }
    switch (kind) {
    case CADRE_MEAN_DIFFERENCE: return s.x - s.y;
    case CADRE_MEAN_RATIO: return s.x / s.y;
    case CADRE_PEARSON: return pearson(&s);
    case CADRE_SLOPE: return slope(&s);
    case CADRE_VARIANCE: return s.xx / (s.weight - 1);
    default: return sqrt(s.xx / (s.weight - 1));
    }
}

/* ---- without one row ----
 *
 * Sums about the means of all rows, less what the row adds to them; where that is nearly
 * all, the sums of the others. */

#define CANCELLED 1e-6

struct omission {
    const struct cdr_measure *m;
    struct sums all, group[2];
};

static void *omission_open(const struct cdr_measure *m)
{
    struct omission *const o = calloc(1, sizeof *o);

    if (!o)
        return NULL;
    o->m = m;
    o->all = sums_of(m, m->weights, 2, SIZE_MAX);
    for (uint8_t label = 0; is_grouped(m->metric.kind) && label < 2; label++)
        o->group[label] = sums_of(m, m->weights, label, SIZE_MAX);
    return o;
}

/* The mean of rows of that weight, without x and its weight. */
static double rest_of(double mean, double all, double x, double weight)
{
    return mean + (mean - x) * weight / (all - weight);
}

/* Where what is left is next to nothing beside x. */
static bool is_cancelled(double rest, double x)
{
    return fabs(rest) <= CANCELLED * fabs(x);
}

static double ratio_without(const struct omission *o, size_t row)
{
    const double w = o->m->weights ? o->m->weights[row] : 1;
    const double x = rest_of(o->all.x, o->all.weight, o->m->scores[row], w);
    const double y = rest_of(o->all.y, o->all.weight, o->m->other[row], w);

    if (is_cancelled(y, o->m->other[row])) {
        const struct sums rest = sums_of(o->m, o->m->weights, 2, row);
        return rest.x / rest.y;
    }
    return x / y;
}

static double groups_without(const struct omission *o, size_t row)
{
    const uint8_t label = o->m->labels[row];
    double mean[2] = { o->group[0].x, o->group[1].x };

    mean[label] = rest_of(mean[label], o->group[label].weight, o->m->scores[row],
                          o->m->weights ? o->m->weights[row] : 1);
    if (is_cancelled(mean[label], o->m->scores[row]))
        mean[label] = sums_of(o->m, o->m->weights, label, row).x;
    return o->m->metric.kind == CADRE_GROUP_RATIO ? mean[1] / mean[0]
                                                  : mean[1] - mean[0];
}

static double without(const void *opened, size_t row)
{
    const struct omission *const o = opened;
    const struct cdr_measure *const m = o->m;
    const double n = o->all.weight, w = m->weights ? m->weights[row] : 1;
    const double x = m->scores[row], y = m->other ? m->other[row] : 0;
    const double dx = x - o->all.x, dy = y - o->all.y, share = w * n / (n - w);
    struct sums rest = { .weight = n - w,
                         .x = rest_of(o->all.x, n, x, w),
                         .y = rest_of(o->all.y, n, y, w),
                         .xx = o->all.xx - share * dx * dx,
                         .xy = o->all.xy - share * dx * dy,
                         .yy = o->all.yy - share * dy * dy };

    if (is_grouped(m->metric.kind))
        return groups_without(o, row);
    if (rest.xx <= CANCELLED * o->all.xx ||
        (m->other && rest.yy <= CANCELLED * o->all.yy))
        rest = sums_of(m, m->weights, 2, row);
    switch (m->metric.kind) {
    case CADRE_MEAN_DIFFERENCE:
        return rest_of(o->all.x, n, x, w) -
               rest_of(o->all.y, n, y, w); /* not of a sum anew */
    case CADRE_MEAN_RATIO: return ratio_without(o, row);
    case CADRE_PEARSON:
        return m->weights || is_safe(rest.xx, rest.yy)
                   ? pearson(&rest)
                   : scaled_correlation(m, NULL, m->n, row);
    case CADRE_SLOPE: return slope(&rest);
    case CADRE_VARIANCE: return rest.xx / (rest.weight - 1);
    default: return sqrt(rest.xx / (rest.weight - 1));
    }
}

static const struct cdr_omission omission = { .open = omission_open,
                                              .without = without,
                                              .close = free };

const struct cdr_family cdr_moments = { .room = room_needed,
                                        .value = value,
                                        .weighted = weighted,
                                        .omission = &omission,
                                        .weighted_omission = &omission };
