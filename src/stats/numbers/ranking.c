/* ranking.c - scores in order, in groups of equal ones.
 * SPDX-License-Identifier: MIT
 *
 * A radix sort, byte by byte from the lowest, of keys whose order as integers is that
 * of the scores from the highest down. A byte that all keys share costs nothing.
 */
#include "stats/numbers/ranking.h"

#include <stdlib.h>
#include <string.h>

struct keyed {
    uint64_t key;
    uint32_t row;
};

static uint64_t descending(double score)
{
    const uint64_t sign = UINT64_C(1) << 63;
    uint64_t bits;

    score += 0.0; /* -0.0 becomes 0.0 */
    memcpy(&bits, &score, sizeof bits);
    return bits & sign ? bits : ~(bits ^ sign);
}

typedef uint32_t histograms[8][256];

static unsigned byte(uint64_t key, unsigned b)
{
    return key >> 8 * b & 0xff;
}

static void fill(struct keyed *k, histograms h, const double *scores, size_t n)
{
    for (size_t row = 0; row < n; row++) {
        k[row] = (struct keyed){ descending(scores[row]), (uint32_t)row };
        for (unsigned b = 0; b < 8; b++)
            h[b][byte(k[row].key, b)]++;
    }
}

static void starts(uint32_t *histogram)
{
    uint32_t sum = 0;

    for (unsigned v = 0; v < 256; v++) {
        const uint32_t count = histogram[v];
        histogram[v] = sum;
        sum += count;
    }
}

/* Of the two arrays, returns the one that ends up sorted. */
static struct keyed *sort(struct keyed *from, struct keyed *to, histograms h, size_t n)
{
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
    return from;
}

static void number(struct cdr_ranking *r, const struct keyed *sorted, size_t n)
{
    r->groups = 0;
    for (size_t i = 0; i < n; i++) {
        r->groups += i > 0 && sorted[i].key != sorted[i - 1].key;
        r->group[sorted[i].row] = (uint32_t)r->groups;
        r->order[i] = sorted[i].row;
    }
    r->groups++;
}

bool cdr_rank(struct cdr_ranking *out, const double *scores, size_t n)
{
    histograms h = { { 0 } };
    struct keyed *const keys = calloc(n, sizeof *keys);
    struct keyed *const spare = calloc(n, sizeof *spare);

    out->group = calloc(n, sizeof *out->group);
    out->order = calloc(n, sizeof *out->order);
    const bool good = keys && spare && out->group && out->order;
    if (good) {
        fill(keys, h, scores, n);
        number(out, sort(keys, spare, h, n), n);
    } else {
        free(out->group);
        free(out->order);
        out->group = out->order = NULL;
    }
    free(keys);
    free(spare);
    return good;
}
