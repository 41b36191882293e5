/* quantile.c - order statistics by the two roundings in use.
 * SPDX-License-Identifier: MIT
 *
 * Both rules put the q-quantile at (n - 1) q between neighbours; they differ in how
 * they get there, which shows in the last bits.
 */
#include <cadre/stats.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int ascending(const void *left, const void *right)
{
    const double a = *(const double *)left, b = *(const double *)right;

    if (a != a || b != b) /* NaN */
        return (a != a) - (b != b);
    return (a > b) - (a < b);
}

/* ---- sorting ----
 *
 * Replicates are some thousands, and sorting them by comparisons would take as long as many
 * resamples of few rows. So they are sorted byte by byte, as ranking.c does with scores; what
 * is equal stays in its order, and takes the memory of four arrays while it lasts. */

#define FEW  256
#define MANY ((size_t)1 << 20) /* from here on memory matters more */

struct keyed {
    uint64_t key; /* as an integer in the order of the numbers, NaN last */
    double x;
};

typedef size_t histograms[8][256];

static uint64_t key_of(double x)
{
    const uint64_t sign = UINT64_C(1) << 63;
    uint64_t bits;

    if (isnan(x))
        return UINT64_MAX;
    x += 0.0; /* -0.0 becomes 0.0 */
    memcpy(&bits, &x, sizeof bits);
    return bits & sign ? ~bits : bits | sign;
}

static unsigned byte(uint64_t key, unsigned b)
{
    return key >> 8 * b & 0xff;
}

static void starts(size_t *histogram)
{
    size_t sum = 0;

    for (unsigned v = 0; v < 256; v++) {
        const size_t count = histogram[v];
        histogram[v] = sum;
        sum += count;
    }
}

static void sort_by_bytes(double *x, struct keyed *from, struct keyed *to, size_t n)
{
    histograms h = { { 0 } };

    for (size_t i = 0; i < n; i++) {
        from[i] = (struct keyed){ key_of(x[i]), x[i] };
        for (unsigned b = 0; b < 8; b++)
            h[b][byte(from[i].key, b)]++;
    }
    for (unsigned b = 0; b < 8; b++) {
        if (h[b][byte(from->key, b)] == n)
            continue;
        starts(h[b]);
        for (size_t i = 0; i < n; i++)
            to[h[b][byte(from[i].key, b)]++] = from[i];
        struct keyed *const sorted = to;
        to = from;
        from = sorted;
    }
    for (size_t i = 0; i < n; i++)
        x[i] = from[i].x;
}

/* The C library's sort need not leave what is equal, 0 and -0, in its order. */
static void sort_few(double *x, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        const double one = x[i];
        size_t k = i;

        for (; k > 0 && ascending(&x[k - 1], &one) > 0; k--)
            x[k] = x[k - 1];
        x[k] = one;
    }
}

void cadre_sort(double *x, size_t n)
{
    struct keyed *const memory =
        n >= FEW && n <= MANY ? malloc(2 * n * sizeof *memory) : NULL;

    if (n < FEW)
        sort_few(x, n);
    else if (memory)
        sort_by_bytes(x, memory, memory + n, n);
    else
        qsort(x, n, sizeof *x, ascending);
    free(memory);
}

/* ---- quantiles ---- */

static double numpy_rule(const double *sorted, size_t n, double q)
{
    const double place = (double)(n - 1) * q, before = floor(place);

    if (place >= (double)(n - 1))
        return sorted[n - 1];
    const double a = sorted[(size_t)before], b = sorted[(size_t)before + 1];
    const double share = place - before;
    return share < 0.5 ? a + (b - a) * share : b - (b - a) * (1 - share);
}

static double scipy_rule(const double *sorted, size_t n, double q)
{
    const double place = q * (double)n + (1 - q); /* counted from 1 */
    size_t right = (size_t)place;
    const double share = right > 0 ? fmod(place, 1) : 0;
    const size_t left = right > 0 ? right - 1 : 0;

    if (right > n - 1)
        right = n - 1;
    return (1 - share) * sorted[left] + share * sorted[right];
}

double cadre_quantile(const double *sorted, size_t n, double q, int rule)
{
    if (n == 0 || !(q >= 0 && q <= 1) || isnan(sorted[n - 1]))
        return (double)NAN;
    return rule == CADRE_QUANTILE_SCIPY ? scipy_rule(sorted, n, q)
                                        : numpy_rule(sorted, n, q);
}
