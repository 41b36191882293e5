/* sums.c - NumPy's pairwise sum, and what it builds on it.
 * SPDX-License-Identifier: MIT
 *
 * More than 128 numbers are halved, the left half being a multiple of 8, and each half
 * is summed by the same rule; at most 128 are summed in eight lanes. Which numbers
 * meet in which order is part of the result, so that order stays whatever the CPU
 * offers; eight lanes are what its vectors make of it.
 */
#include "stats/numbers/sums.h"

#include <cadre/stats.h>

#include <math.h>

static double few(const double *x, size_t n)
{
    double sum = -0.0;

    for (size_t i = 0; i < n; i++)
        sum += x[i];
    return sum;
}

/* 8 <= n <= CDR_BLOCK */
static double in_lanes(const double *x, size_t n)
{
    double lane[8];
    size_t i;

    for (size_t k = 0; k < 8; k++)
        lane[k] = x[k];
    for (i = 8; i + 8 <= n; i += 8)
        for (size_t k = 0; k < 8; k++)
            lane[k] += x[i + k];
    double sum = cdr_sum_lanes(lane);
    for (; i < n; i++)
        sum += x[i];
    return sum;
}

static double block_sum(const double *x, size_t n)
{
    return n < 8 ? few(x, n) : in_lanes(x, n);
}

size_t cdr_left_half(size_t n)
{
    return n / 2 - n / 2 % 8;
}

static double pairwise(const double *x, size_t n)
{
    if (n <= CDR_BLOCK)
        return block_sum(x, n);
    const size_t left = cdr_left_half(n);
    const double sum = pairwise(x, left);
    return sum + pairwise(x + left, n - left);
}

double cadre_sum(const double *x, size_t n)
{
    return 0.0 + pairwise(x, n); /* which makes a zero positive */
}

double cadre_mean(const double *x, size_t n)
{
    return cadre_sum(x, n) / (double)n;
}

/* ---- of terms ---- */

double cdr_block_sum(cdr_terms *terms, const void *from, size_t first, size_t n)
{
    double block[CDR_BLOCK];

    terms(block, from, first, n);
    return block_sum(block, n);
}

static double pairwise_blocks(cdr_block *block, const void *from, size_t first,
                              size_t n)
{
    if (n <= CDR_BLOCK)
        return block(from, first, n);
    const size_t left = cdr_left_half(n);
    const double sum = pairwise_blocks(block, from, first, left);
    return sum + pairwise_blocks(block, from, first + left, n - left);
}

double cdr_sum_blocks(cdr_block *block, const void *from, size_t n)
{
    return 0.0 + pairwise_blocks(block, from, 0, n);
}

struct of_terms {
    cdr_terms *terms;
    const void *from;
};

static double block_of_terms(const void *from, size_t first, size_t n)
{
    const struct of_terms *const t = from;

    return cdr_block_sum(t->terms, t->from, first, n);
}

double cdr_sum_terms(cdr_terms *terms, const void *from, size_t n)
{
    const struct of_terms t = { terms, from };

    return cdr_sum_blocks(block_of_terms, &t, n);
}

struct picked {
    const double *value;
    const uint32_t *rows;
};

static void pick(double *restrict out, const void *from, size_t first, size_t n)
{
    const struct picked *p = from;

    for (size_t i = 0; i < n; i++)
        out[i] = p->value[p->rows[first + i]];
}

double cdr_sum_rows(const double *value, const uint32_t *rows, size_t n)
{
    const struct picked p = { value, rows };

    return cdr_sum_terms(pick, &p, n);
}

/* ---- variance ---- */

struct spread {
    const double *x;
    double mean;
};

static void squares(double *restrict out, const void *from, size_t first, size_t n)
{
    const struct spread *s = from;

    for (size_t i = 0; i < n; i++) {
        const double away = s->x[first + i] - s->mean;
        out[i] = away * away;
    }
}

double cadre_variance(const double *x, size_t n, unsigned ddof)
{
    const struct spread s = { x, cadre_mean(x, n) };

    if (n <= ddof)
        return (double)NAN;
    return cdr_sum_terms(squares, &s, n) / (double)(n - ddof);
}

double cadre_deviation(const double *x, size_t n, unsigned ddof)
{
    return sqrt(cadre_variance(x, n, ddof));
}
