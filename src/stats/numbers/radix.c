/* radix.c - sorting by keys, byte by byte.
 * SPDX-License-Identifier: MIT
 *
 * From the lowest byte up, each pass keeping the order of the one before. A byte that all keys
 * share costs nothing.
 */
#include "stats/numbers/radix.h"

#include <math.h>
#include <string.h>

typedef size_t histograms[8][256];

uint64_t cdr_key_of(double x)
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

static void count(histograms h, const struct cdr_keyed *keyed, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (unsigned b = 0; b < 8; b++)
            h[b][byte(keyed[i].key, b)]++;
}

static void starts(size_t *histogram)
{
    size_t sum = 0;

    for (unsigned v = 0; v < 256; v++) {
        const size_t n = histogram[v];
        histogram[v] = sum;
        sum += n;
    }
}

struct cdr_keyed *cdr_radix_sort(struct cdr_keyed *keyed, struct cdr_keyed *spare,
                                 size_t n)
{
    struct cdr_keyed *from = keyed, *to = spare;
    histograms h = { { 0 } };

    count(h, keyed, n);
    for (unsigned b = 0; b < 8; b++) {
        if (h[b][byte(from->key, b)] == n)
            continue;
        starts(h[b]);
        for (size_t i = 0; i < n; i++)
            to[h[b][byte(from[i].key, b)]++] = from[i];
        struct cdr_keyed *const sorted = to;
        to = from;
        from = sorted;
    }
    return from;
}

/* ---- words ---- */

static void count_words(histograms h, const uint64_t *words, size_t n, unsigned from,
                        unsigned bytes)
{
    for (size_t i = 0; i < n; i++)
        for (unsigned b = 0; b < bytes; b++)
            h[b][byte(words[i] >> from, b)]++;
}

uint64_t *cdr_radix_sort_words(uint64_t *words, uint64_t *spare, size_t n,
                               unsigned from, unsigned bits)
{
    const unsigned bytes = (bits + 7) / 8;
    uint64_t *at = words, *to = spare;
    histograms h = { { 0 } };

    count_words(h, words, n, from, bytes);
    for (unsigned b = 0; b < bytes; b++) {
        if (h[b][byte(*at >> from, b)] == n)
            continue;
        starts(h[b]);
        for (size_t i = 0; i < n; i++)
            to[h[b][byte(at[i] >> from, b)]++] = at[i];
        uint64_t *const sorted = to;
        to = at;
        at = sorted;
    }
    return at;
}
