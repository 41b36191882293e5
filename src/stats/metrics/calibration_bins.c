/* calibration_bins.c - the bins of calibration errors: rows dealt into piles, and how far off a bin is.
 * SPDX-License-Identifier: MIT
 */
#include "stats/metrics/calibration.h"
#include "stats/numbers/sums.h"

#include <math.h>
#include <string.h>

void cdr_deal(uint32_t *restrict dealt, uint32_t *restrict ends,
              const struct cdr_measure *m, const uint32_t *restrict rows, size_t n)
{
    const uint32_t *restrict const group = m->group;
    uint32_t sum = 0;

    memset(ends, 0, m->groups * sizeof *ends);
    for (size_t i = 0; i < n; i++)
        ends[group[rows[i]]]++;
    for (size_t k = 0; k < m->groups; k++) {
        const uint32_t count = ends[k];
        ends[k] = sum;
        sum += count;
    }
    for (size_t i = 0; i < n; i++)
        dealt[ends[group[rows[i]]]++] = rows[i];
}

size_t cdr_mass_end(size_t n, unsigned bins, size_t bin)
{
    return bin + 1 < bins ? (size_t)floor((double)(bin + 1) * ((double)n / bins)) : n;
}

size_t cdr_bin_end(const struct cdr_measure *m, const uint32_t *ends, size_t n,
                   size_t bin)
{
    return cdr_bins_by_width(m->metric.kind) ? ends[bin]
                                             : cdr_mass_end(n, m->metric.bins, bin);
}

struct cdr_bin cdr_bin_of(const struct cdr_measure *m, const uint32_t *rows,
                          size_t count)
{
    uint64_t positive = 0;

    for (size_t i = 0; i < count; i++)
        positive += m->labels[rows[i]];
    return (struct cdr_bin){ count,
                             cdr_sum_rows(m->scores, rows, count) / (double)count,
                             (double)positive / (double)count };
}

double cdr_bin_error(const struct cdr_measure *m, const uint32_t *rows, size_t count,
                     size_t n)
{
    if (count == 0)
        return 0;
    const struct cdr_bin b = cdr_bin_of(m, rows, count);
    return (double)count / (double)n * fabs(b.mean - b.share);
}

static double square(double x)
{
    const volatile double two = 2; /* else a compiler makes it x * x, of other bits */

    return pow(x, two);
}

double cdr_bin_part(double *chance, int kind, const struct cdr_bin *b, size_t n)
{
    const double share = (double)b->count / (double)n;

    if (kind != CADRE_ECE_L2 && kind != CADRE_ECE_L2_DEBIASED)
        return share * fabs(b->mean - b->share);
    *chance += share * (b->mean * (1 - b->mean) / (double)b->count);
    return share * square(b->mean - b->share);
}

double cdr_bins_conclude(int kind, double sum, double chance)
{
    switch (kind) {
    case CADRE_ECE_L2: return sqrt(sum);
    case CADRE_ECE_L2_DEBIASED: return sqrt(fmax(sum - chance, 0));
    default: return sum;
    }
}

double cdr_edge_of(double below, double above, double place)
{
    const double share = place - floor(place);

    return share < 0.5 ? below + (above - below) * share
                       : above - (above - below) * (1 - share);
}
