/* calibration.c - calibration errors, in bins of equal width or size.
 * SPDX-License-Identifier: MIT
 *
 * A sample is dealt into piles as it was drawn: one pile a bin for equal width, one a
 * score, the lowest first, for equal size. Bins are then runs of dealt rows. Order
 * matters: the scores of a bin are summed in it, and where a bin's edge goes through
 * equal scores it decides whose labels are on which side. The tie-safe error keeps a
 * group of equal scores together, in the bin that its middle is in.
 *
 * The largest error has bins of its own, as scikit-learn's calibration_curve: closed on
 * the right, of equal size by the quantiles of the sample, and summed in the order drawn.
 */
#include "stats/metrics/calibration.h"
#include "stats/numbers/ranking.h"
#include "stats/numbers/sums.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- which pile a row goes to ---- */

/* The last of the edges 0, step, 2 step, ... that is not above the score. */
static uint32_t bin_of(double score, unsigned bins)
{
    const double step = 1.0 / bins, guess = floor(score * bins);
    uint32_t bin = guess < bins ? (uint32_t)guess : bins - 1;

    while (bin > 0 && bin * step > score)
        bin--;
    while (bin < bins - 1 && (bin + 1) * step <= score)
        bin++;
    return bin;
}

/* How many of the inner edges step, 2 step, ... are below the score. */
static uint32_t bin_closed_right(double score, unsigned bins)
{
    const double step = 1.0 / bins, guess = floor(score * bins);
    uint32_t bin = guess < bins ? (uint32_t)guess : bins - 1;

    while (bin > 0 && bin * step >= score)
        bin--;
    while (bin < bins - 1 && (bin + 1) * step < score)
        bin++;
    return bin;
}

static bool open_width(struct cdr_measure *m)
{
    const unsigned bins = m->metric.bins;

    m->groups = bins;
    m->group = calloc(m->n, sizeof *m->group);
    for (size_t row = 0; m->group && row < m->n; row++)
        m->group[row] = m->metric.kind == CADRE_MCE
                            ? bin_closed_right(m->scores[row], bins)
                            : bin_of(m->scores[row], bins);
    return m->group != NULL;
}

static bool open_mass(struct cdr_measure *m)
{
    struct cdr_ranking r;

    if (!cdr_rank(&r, m->scores, m->n))
        return false;
    free(r.order);
    m->group = r.group;
    m->groups = r.groups;
    for (size_t row = 0; row < m->n; row++)
        m->group[row] = (uint32_t)(m->groups - 1 - m->group[row]);
    return true;
}

static bool open(struct cdr_measure *m)
{
    return cdr_bins_by_width(m->metric.kind) ? open_width(m) : open_mass(m);
}

/* Sums of the bins, then rows and ends of groups; of weights, three sums a group. */
static size_t room_needed(const struct cdr_measure *m, size_t most)
{
    const size_t bins = 3 * (size_t)m->metric.bins * sizeof(double);

    if (m->weighs)
        return bins + 3 * m->groups * sizeof(double);
    return bins + (most + m->groups) * sizeof(uint32_t);
}

/* ---- dealing ---- */

/* The same where groups of equal scores stay together. *group is the first that is not
 * in a bin before, and moves on. */
static size_t tie_safe_end(const struct cdr_measure *m, const uint32_t *ends, size_t n,
                           size_t bin, size_t *group)
{
    const size_t limit = cdr_mass_end(n, m->metric.bins, bin);
    size_t end = *group > 0 ? ends[*group - 1] : 0;

    for (; *group < m->groups; ++*group) {
        const size_t size = ends[*group] - end;
        if (size > 0 && end + (size - 1) / 2 >= limit)
            break;
        end += size;
    }
    return end;
}

/* ---- the expected error ---- */

static double expected(const struct cdr_measure *m, const struct cdr_sample *s,
                       uint32_t *dealt, uint32_t *ends)
{
    double sum = 0, chance = 0;
    size_t first = 0, end, group = 0;

    cdr_deal(dealt, ends, m, s->rows, s->n);
    for (size_t bin = 0; bin < m->metric.bins; bin++, first = end) {
        end = m->metric.kind == CADRE_ECE_TIES
                  ? tie_safe_end(m, ends, s->n, bin, &group)
                  : cdr_bin_end(m, ends, s->n, bin);
        if (end == first)
            continue;
        const struct cdr_bin b = cdr_bin_of(m, dealt + first, end - first);
        sum += cdr_bin_part(&chance, m->metric.kind, &b, s->n);
    }
    return cdr_bins_conclude(m->metric.kind, sum, chance);
}

/* ---- the largest error ---- */

static double quantile_of(const struct cdr_measure *m, const uint32_t *dealt, size_t n,
                          double q)
{
    const double place = (double)(n - 1) * q;

    if (place >= (double)(n - 1))
        return m->scores[dealt[n - 1]];
    return cdr_edge_of(m->scores[dealt[(size_t)place]],
                       m->scores[dealt[(size_t)place + 1]], place);
}

/* ends[k] becomes the bin of group k. */
static void bin_by_quantiles(const struct cdr_measure *m, const struct cdr_sample *s,
                             uint32_t *dealt, uint32_t *ends)
{
    const unsigned bins = m->metric.bins;
    const double step = 1.0 / bins;
    uint32_t begin = 0, bin = 0;

    cdr_deal(dealt, ends, m, s->rows, s->n);
    for (size_t k = 0; k < m->groups; k++) {
        const uint32_t end = ends[k];
        while (end > begin && bin + 1 < bins &&
               quantile_of(m, dealt, s->n, (bin + 1) * step * 100 / 100) <
                   m->scores[dealt[begin]])
            bin++;
        ends[k] = bin;
        begin = end;
    }
}

static double largest(const struct cdr_measure *m, const struct cdr_sample *s,
                      double *sums, uint32_t *dealt, uint32_t *ends)
{
    const size_t bins = m->metric.bins;
    const bool by_quantiles = m->metric.kind == CADRE_MCE_MASS;
    double most = 0;

    memset(sums, 0, 3 * bins * sizeof *sums);
    if (by_quantiles)
        bin_by_quantiles(m, s, dealt, ends);
    for (size_t i = 0; i < s->n; i++) {
        const uint32_t row = s->rows[i], group = m->group[row];
        double *const sum = sums + 3 * (by_quantiles ? ends[group] : group);
        sum[0] += m->scores[row];
        sum[1] += m->labels[row];
        sum[2] += 1;
    }
    for (size_t bin = 0; bin < bins; bin++) {
        const double *const sum = sums + 3 * bin;
        if (sum[2] > 0)
            most = fmax(most, fabs(sum[1] / sum[2] - sum[0] / sum[2]));
    }
    return most;
}

static double value(const struct cdr_measure *m, const struct cdr_sample *s, void *room)
{
    double *const sums = room;
    uint32_t *const dealt = (uint32_t *)(sums + 3 * (size_t)m->metric.bins);
    uint32_t *const ends = dealt + s->n;

    if (m->metric.kind == CADRE_MCE || m->metric.kind == CADRE_MCE_MASS)
        return largest(m, s, sums, dealt, ends);
    return expected(m, s, dealt, ends);
}

const struct cdr_family cdr_calibration = { .open = open,
                                            .room = room_needed,
                                            .value = value,
                                            .weighted = cdr_calibration_weighted,
                                            .omission = &cdr_calibration_omission,
                                            .weighted_omission =
                                                &cdr_calibration_weighted_omission };
