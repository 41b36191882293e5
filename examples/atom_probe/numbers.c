/* numbers.c - mean, median and the peak of a histogram, as NumPy and SciPy have them.
 * SPDX-License-Identifier: MIT
 */
#include "numbers.h"

#include <math.h>
#include <string.h>

/* ---- sums ---- */

#define PLAIN   8   /* fewer are added one by one */
#define UNROLED 128 /* up to so many by eight running sums */

static double sum_plain(const double *x, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += x[i];
    return sum;
}

static double sum_unrolled(const double *x, size_t n)
{
    double r[8], sum;
    size_t i;

    memcpy(r, x, sizeof r);
    for (i = 8; i + 8 <= n; i += 8)
        for (size_t k = 0; k < 8; k++)
            r[k] += x[i + k];
    sum = ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7]));
    for (; i < n; i++)
        sum += x[i];
    return sum;
}

double ap_sum_block(const double *x, size_t n)
{
    size_t half;

    if (n < PLAIN)
        return sum_plain(x, n);
    if (n <= UNROLED)
        return sum_unrolled(x, n);
    half = n / 2 - n / 2 % 8;
    return ap_sum_block(x, half) + ap_sum_block(x + half, n - half);
}

double ap_sum(const double *x, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i += AP_SUM_BLOCK)
        sum += ap_sum_block(x + i, n - i < AP_SUM_BLOCK ? n - i : AP_SUM_BLOCK);
    return sum;
}

double ap_mean(const double *x, size_t n)
{
    return n > 0 ? ap_sum(x, n) / (double)n : NAN;
}

/* ---- median ---- */

static void swap(double *a, double *b)
{
    double t = *a;

    *a = *b;
    *b = t;
}

/* A pivot that no order of the input makes bad for long. */
static double pivot_of(const double *x, size_t low, size_t high, uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return x[low + (size_t)((*state >> 33) % (high - low + 1))];
}

/* Put the k-th smallest at x[k], no greater ones before it, no smaller ones after it. */
static double select_kth(double *x, size_t n, size_t k)
{
    size_t low = 0, high = n - 1;
    uint64_t state = n;

    while (low < high) {
        double pivot = pivot_of(x, low, high, &state);
        size_t i = low, j = high;

        while (i <= j) {
            while (x[i] < pivot)
                i++;
            while (pivot < x[j])
                j--;
            if (i > j)
                break;
            swap(&x[i++], &x[j]);
            if (j == 0)
                break;
            j--;
        }
        if (k <= j)
            high = j;
        else if (k >= i)
            low = i;
        else
            break; /* between the parts: equal to the pivot */
    }
    return x[k];
}

double ap_median(double *x, size_t n)
{
    double upper = select_kth(x, n, n / 2), lower = -INFINITY;

    if (n % 2 == 1)
        return upper;
    for (size_t i = 0; i < n / 2; i++)
        lower = x[i] > lower ? x[i] : lower;
    return (lower + upper) / 2;
}

/* ---- histogram ---- */

struct ap_bins ap_bins_make(const double *x, size_t n, double width)
{
    struct ap_bins bins = { .low = INFINITY, .high = -INFINITY };
    double range, wanted;

    for (size_t i = 0; i < n; i++) {
        bins.low = x[i] < bins.low ? x[i] : bins.low;
        bins.high = x[i] > bins.high ? x[i] : bins.high;
    }
    range = bins.high - bins.low;
    if (!(range > 0) || !isfinite(range))
        return bins;
    wanted = ceil(fmax(range, width) / width);
    bins.n = wanted < (double)AP_BINS_MAX ? (size_t)wanted : AP_BINS_MAX + 1;
    bins.n = bins.n < 10 ? 10 : bins.n;
    return bins;
}

double ap_bins_edge(const struct ap_bins *bins, size_t k)
{
    if (k == bins->n)
        return bins->high;
    return (double)k * ((bins->high - bins->low) / (double)bins->n) + bins->low;
}

static void count_fast(const struct ap_bins *bins, const double *x, size_t n,
                       uint32_t *counts)
{
    double scale = (double)bins->n / (bins->high - bins->low);

    for (size_t i = 0; i < n; i++) {
        size_t k;

        if (!(x[i] < bins->high))
            continue;
        k = (size_t)((x[i] - bins->low) * scale);
        counts[k < bins->n ? k : bins->n - 1]++;
    }
}

static void count_by_edges(const struct ap_bins *bins, const double *x, size_t n,
                           uint32_t *counts)
{
    double scale = (double)bins->n / (bins->high - bins->low);

    for (size_t i = 0; i < n; i++) {
        size_t k = (size_t)((x[i] - bins->low) * scale);

        k = k < bins->n ? k : bins->n - 1;
        while (k > 0 && x[i] < ap_bins_edge(bins, k))
            k--;
        while (k + 1 < bins->n && x[i] >= ap_bins_edge(bins, k + 1))
            k++;
        counts[k]++;
    }
}

/* A plateau counts once, at its middle. `end` is n where there is no peak. */
static size_t highest_peak(const uint32_t *counts, size_t n)
{
    size_t best = n;

    for (size_t i = 1; i + 1 < n; i++) {
        size_t ahead = i + 1, middle;

        if (counts[i - 1] >= counts[i])
            continue;
        while (ahead + 1 < n && counts[ahead] == counts[i])
            ahead++;
        middle = (i + ahead - 1) / 2;
        if (counts[ahead] < counts[i] && (best == n || counts[i] > counts[best]))
            best = middle;
        i = ahead - 1;
    }
    return best;
}

bool ap_bins_peak(const struct ap_bins *bins, const double *x, size_t n, int rule,
                  uint32_t *counts, double *centre)
{
    size_t p;

    memset(counts, 0, bins->n * sizeof *counts);
    if (rule == AP_EDGES)
        count_by_edges(bins, x, n, counts);
    else
        count_fast(bins, x, n, counts);
    p = highest_peak(counts, bins->n);
    if (p == bins->n)
        return false;
    *centre = 0.5 * (ap_bins_edge(bins, p) + ap_bins_edge(bins, p + 1));
    return true;
}
