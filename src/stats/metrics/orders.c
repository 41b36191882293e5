/* orders.c - quantiles, trimmed means and ranks.
 * SPDX-License-Identifier: MIT
 *
 * The scores are sorted once. How often each group of equal ones is in a sample then says
 * what its k-th smallest is, and its ranks, without sorting again.
 */
#include "stats/metrics/measure.h"
#include "stats/numbers/ranking.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- opening ---- */

static bool rank(uint32_t **group, size_t *groups, const double *scores, size_t n)
{
    struct cdr_ranking r;

    if (!cdr_rank(&r, scores, n))
        return false;
    free(r.order);
    for (size_t row = 0; row < n; row++)
        r.group[row] = (uint32_t)(r.groups - 1 - r.group[row]);
    *group = r.group;
    *groups = r.groups;
    return true;
}

static bool open(struct cdr_measure *m)
{
    if (!rank(&m->group, &m->groups, m->scores, m->n))
        return false;
    if (m->metric.kind == CADRE_SPEARMAN)
        return rank(&m->other_group, &m->other_groups, m->other, m->n);
    m->term = calloc(m->groups, sizeof *m->term);
    for (size_t row = 0; m->term && row < m->n; row++)
        m->term[m->group[row]] = m->scores[row];
    return m->term != NULL;
}

static size_t room_needed(const struct cdr_measure *m, size_t most)
{
    (void)most;
    return (m->groups + m->other_groups) * (sizeof(double) + sizeof(uint32_t));
}

/* ---- quantiles ---- */

/* The k-th smallest and the next one, k from 0. */
static void neighbours(double pair[2], const struct cdr_measure *m,
                       const uint32_t *count, size_t k)
{
    size_t g = 0, sum = count[0];

    while (sum <= k)
        sum += count[++g];
    pair[0] = m->term[g];
    while (sum <= k + 1 && g + 1 < m->groups)
        sum += count[++g];
    pair[1] = m->term[g];
}

/* NumPy's rule for the q-quantile of n, of whose order statistics two are asked for. */
static double quantile_of(double pair[2], double place)
{
    const double share = place - floor(place), step = pair[1] - pair[0];

    return share < 0.5 ? pair[0] + step * share : pair[1] - step * (1 - share);
}

static double median_or_quantile(const struct cdr_measure *m, const uint32_t *count,
                                 size_t n)
{
    const double place = (double)(n - 1) * m->metric.level;
    double pair[2];

    if (m->metric.kind == CADRE_QUANTILE) {
        neighbours(pair, m, count, (size_t)place);
        return quantile_of(pair, place);
    }
    neighbours(pair, m, count, (n - 1) / 2);
    return n % 2 ? pair[0] : (pair[0] + pair[1]) / 2;
}

/* ---- trimmed means ---- */

/* The same number of rows goes at either end, as scipy.stats.trim_mean has it. The rest
 * is summed in ascending order. */
static double trimmed_mean(const struct cdr_measure *m, const uint32_t *count, size_t n)
{
    const size_t cut = (size_t)(m->metric.level * (double)n), last = n - cut;
    size_t sum = 0;
    double total = 0;

    for (size_t g = 0; g < m->groups && sum < last; g++) {
        const size_t from = sum > cut ? sum : cut, to = sum + count[g];
        const size_t end = to < last ? to : last;
        if (end > from)
            total += m->term[g] * (double)(end - from);
        sum = to;
    }
    return total / (double)(last - cut);
}

/* ---- ranks ---- */

/* Twice the rank of each group less n + 1: exact, and of sum 0 over the sample. */
static void centre_ranks(double *rank, const uint32_t *count, size_t groups, size_t n)
{
    double below = 0;

    for (size_t g = 0; g < groups; g++) {
        rank[g] = 2 * below + count[g] - (double)n;
        below += count[g];
    }
}

static void tally(uint32_t *count, size_t groups, const uint32_t *group,
                  const struct cdr_sample *s, size_t n)
{
    memset(count, 0, groups * sizeof *count);
    for (size_t row = 0; row < n; row++)
        count[group[row]] += s->counted[row];
}

static double spearman(const struct cdr_measure *m, const struct cdr_sample *s,
                       void *room)
{
    double *const x = room, *const y = x + m->groups;
    uint32_t *const count = (uint32_t *)(y + m->other_groups);
    double xx = 0, xy = 0, yy = 0;

    tally(count, m->groups, m->group, s, m->n);
    centre_ranks(x, count, m->groups, s->n);
    tally(count, m->other_groups, m->other_group, s, m->n);
    centre_ranks(y, count, m->other_groups, s->n);
    for (size_t row = 0; row < m->n; row++) {
        const double times = s->counted[row];
        const double rx = x[m->group[row]], ry = y[m->other_group[row]];
        xx += times * rx * rx;
        xy += times * rx * ry;
        yy += times * ry * ry;
    }
    return cdr_correlation(xy, xx, yy);
}

static double value(const struct cdr_measure *m, const struct cdr_sample *s, void *room)
{
    if (m->metric.kind == CADRE_SPEARMAN)
        return spearman(m, s, room);
    tally(room, m->groups, m->group, s, m->n);
    return m->metric.kind == CADRE_TRIMMED_MEAN ? trimmed_mean(m, room, s->n)
                                                : median_or_quantile(m, room, s->n);
}

/* ---- of weighted rows ---- */

/* The mean of the scores between those shares of the weight. */
static double mean_between(const struct cdr_measure *m, const double *weight,
                           double from, double to)
{
    double sum = 0, total = 0;

    for (size_t g = 0; g < m->groups && sum < to; g++) {
        const double begin = fmax(sum, from), end = fmin(sum + weight[g], to);
        if (end > begin)
            total += m->term[g] * (end - begin);
        sum += weight[g];
    }
    return total / (to - from);
}

/* The first score up to which at least that share of the weight is; where it is just that,
 * the middle between that and the next. */
static double score_at(const struct cdr_measure *m, const double *weight, double level,
                       double all)
{
    const double near = CDR_SAME_SHARE * all;
    double sum = 0;
    size_t g = 0, next;

    for (; g < m->groups; g++) {
        sum += weight[g];
        if (sum >= level * all - near && weight[g] > 0)
            break;
    }
    if (g == m->groups)
        return (double)NAN;
    for (next = g + 1; sum <= level * all + near && next < m->groups; next++)
        if (weight[next] > 0)
            return (m->term[g] + m->term[next]) / 2;
    return m->term[g];
}

static double weighted(const struct cdr_measure *m, const double *weight, void *room)
{
    double *const of_group = room, all = 0;

    memset(of_group, 0, m->groups * sizeof *of_group);
    for (size_t row = 0; row < m->n; row++) {
        of_group[m->group[row]] += weight[row];
        all += weight[row];
    }
    const double level = m->metric.kind == CADRE_MEDIAN ? 0.5 : m->metric.level;
    if (m->metric.kind == CADRE_TRIMMED_MEAN)
        return mean_between(m, of_group, level * all, (1 - level) * all);
    return score_at(m, of_group, level, all);
}

/* ---- without one row ----
 *
 * Rows in order, of which one is missing: the k-th of the rest is the k-th of all, or the
 * next one. */

struct omission {
    const struct cdr_measure *m;
    uint32_t *count; /* of each group */
    double *below;   /* rows in groups before */
    double *sum;     /* of scores in groups before, less those before the middle */
    size_t middle;   /* a group: what is far out at either end is in no sum near it */
};

static void omission_close(void *opened)
{
    struct omission *const o = opened;

    free(o->count);
    free(o->below);
    free(o->sum);
    free(o);
}

static void *omission_open(const struct cdr_measure *m)
{
    struct omission *const o = calloc(1, sizeof *o);

    if (!o)
        return NULL;
    o->m = m;
    o->count = calloc(m->groups, sizeof *o->count);
    o->below = calloc(m->groups + 1, sizeof *o->below);
    o->sum = calloc(m->groups + 1, sizeof *o->sum);
    if (!o->count || !o->below || !o->sum) {
        omission_close(o);
        return NULL;
    }
    for (size_t row = 0; row < m->n; row++)
        o->count[m->group[row]]++;
    for (size_t g = 0; g < m->groups; g++)
        o->below[g + 1] = o->below[g] + o->count[g];
    while (o->below[o->middle + 1] <= (double)(m->n / 2))
        o->middle++;
    for (size_t g = o->middle; g < m->groups; g++)
        o->sum[g + 1] = o->sum[g] + o->count[g] * m->term[g];
    for (size_t g = o->middle; g-- > 0;)
        o->sum[g] = o->sum[g + 1] - o->count[g] * m->term[g];
    return o;
}

/* The group that the k-th row is in. */
static size_t group_at(const struct omission *o, size_t k)
{
    size_t low = 0, high = o->m->groups; /* below[low] <= k < below[high] */

    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if (o->below[middle] <= (double)k)
            low = middle;
        else
            high = middle;
    }
    return low;
}

/* The k-th of the rows without one of the group that begins at `gone`. */
static double rest_at(const struct omission *o, size_t k, size_t gone)
{
    return o->m->term[group_at(o, k + (k >= gone))];
}

/* The sum of the first k rows, less that of those before the middle. */
static double sum_of(const struct omission *o, size_t k)
{
    if (k == 0)
        return o->sum[0];
    const size_t g = group_at(o, k - 1);
    return o->sum[g] + ((double)k - o->below[g]) * o->m->term[g];
}

static double trimmed_without(const struct omission *o, double score, size_t gone)
{
    const size_t n = o->m->n - 1, cut = (size_t)(o->m->metric.level * (double)n);
    const size_t first = cut + (cut > gone), last = n - cut + (n - cut > gone);
    const bool inside = gone >= first && gone < last;

    if (o->m->groups == 1)
        return score;
    return (sum_of(o, last) - sum_of(o, first) - (inside ? score : 0)) /
           (double)(n - 2 * cut);
}

static double without(const void *opened, size_t row)
{
    const struct omission *const o = opened;
    const struct cdr_measure *const m = o->m;
    const size_t gone = (size_t)o->below[m->group[row]], n = m->n - 1;
    const double place = (double)(n - 1) * m->metric.level;
    double pair[2];

    if (m->metric.kind == CADRE_TRIMMED_MEAN)
        return trimmed_without(o, m->scores[row], gone);
    const bool middle = m->metric.kind == CADRE_MEDIAN;
    const size_t k = middle ? (n - 1) / 2 : (size_t)place;
    pair[0] = rest_at(o, k, gone);
    pair[1] = k + 1 < n ? rest_at(o, k + 1, gone) : pair[0];
    if (middle)
        return n % 2 ? pair[0] : (pair[0] + pair[1]) / 2;
    return quantile_of(pair, place);
}

static const struct cdr_omission omission = { .open = omission_open,
                                              .without = without,
                                              .close = omission_close };

const struct cdr_family cdr_orders = { .tallies = true,
                                       .open = open,
                                       .room = room_needed,
                                       .value = value,
                                       .weighted = weighted,
                                       .omission = &omission,
                                       .weighted_omission =
                                           &cdr_order_weighted_omission };
