/* histogram.c - how replicates are distributed.
 * SPDX-License-Identifier: MIT
 *
 * Bins are as wide as Freedman and Diaconis say: 2 IQR / n^(1/3). Metrics that count rows
 * take few values, evenly apart; bins must then be whole multiples of that distance, with
 * the values in their middles, or else some bins get two values and some get one, and the
 * picture shows a comb that is not there.
 */
#include "cli/plot/histogram.h"

#include <cadre/stats.h>
#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define BINS_MIN 10
#define LATTICE  2000 /* more steps than these are no steps */

/* The distance of the values if they are evenly apart, else 0. */
static double find_step(const double *sorted, size_t n)
{
    double range = sorted[n - 1] - sorted[0], noise = 1e-9 * range, step = range;

    for (size_t i = 1; i < n; i++) {
        double gap = sorted[i] - sorted[i - 1];

        if (gap > noise && gap < step)
            step = gap;
    }
    if (range <= 0 || range / step > LATTICE)
        return 0;
    for (size_t i = 1; i < n; i++) {
        double steps = (sorted[i] - sorted[0]) / step;

        if (fabs(steps - round(steps)) > 0.05)
            return 0;
    }
    return step;
}

/* No fewer bins than are worth looking at, no more than there is room for. */
static double find_width(const double *sorted, size_t n)
{
    double range = sorted[n - 1] - sorted[0];
    double iqr = cadre_quantile(sorted, n, 0.75, CADRE_QUANTILE_NUMPY) -
                 cadre_quantile(sorted, n, 0.25, CADRE_QUANTILE_NUMPY);
    double width = 2 * iqr / cbrt((double)n);

    return fmin(fmax(width, range / (CDR_BINS_MAX - 2)), range / BINS_MIN);
}

static void count(struct cdr_histogram *h, const double *sorted, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        double bin = floor((sorted[i] - h->low) / h->width);
        size_t k = bin > 0 ? (size_t)bin : 0;

        k = k < h->bins ? k : h->bins - 1;
        if (++h->counts[k] > h->most)
            h->most = h->counts[k];
    }
}

static void lay_bins(struct cdr_histogram *h, const double *sorted, size_t n)
{
    double low = sorted[0], range = sorted[n - 1] - low, step;

    if (range <= 0) { /* one value: one bin around it */
        h->width = low != 0 ? 0.002 * fabs(low) : 0.002;
        h->low = low - h->width / 2;
        h->bins = 1;
        return;
    }
    if (!isfinite(range)) { /* beyond what bins can tell apart */
        h->width = DBL_MAX;
        h->low = low;
        h->bins = 1;
        return;
    }
    h->width = find_width(sorted, n);
    h->low = low;
    step = find_step(sorted, n);
    if (step > 0) {
        h->width = step * ceil(h->width / step - 1e-6);
        h->low = low - step / 2;
        range += step;
    }
    h->bins = (size_t)ceil(range / h->width - 1e-6);
    h->bins = h->bins < CDR_BINS_MAX ? h->bins : CDR_BINS_MAX;
}

int cdr_histogram_make(struct cdr_histogram *h, const double *values, size_t n)
{
    double *sorted = calloc(n ? n : 1, sizeof *sorted);
    size_t finite = 0;

    *h = (struct cdr_histogram){ 0 };
    if (!sorted)
        return -1;
    for (size_t i = 0; i < n; i++)
        if (isfinite(values[i]))
            sorted[finite++] = values[i];
    cadre_sort(sorted, finite);
    if (finite > 0) {
        lay_bins(h, sorted, finite);
        count(h, sorted, finite);
    }
    free(sorted);
    return 0;
}
