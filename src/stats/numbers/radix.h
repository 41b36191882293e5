/* radix.h - sorting by keys, byte by byte.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_STATS_RADIX_H
#define CDR_STATS_RADIX_H

#include <stddef.h>
#include <stdint.h>

struct cdr_keyed {
    uint64_t key;
    union { /* what comes along */
        double x;
        uint32_t row;
    };
};

/* An integer for each number, in the order of the numbers; zeros have the same, and NaN the
 * highest. */
uint64_t cdr_key_of(double x);

/* Sort n of them, at least one, by key, equal ones as they were; `spare` has room for as
 * many. Of the two arrays, returns the one that ends up sorted. */
struct cdr_keyed *cdr_radix_sort(struct cdr_keyed *keyed, struct cdr_keyed *spare,
                                 size_t n);

/* The same by `bits` of words, from bit `from` on: words that are alike in those stay in order. */
uint64_t *cdr_radix_sort_words(uint64_t *words, uint64_t *spare, size_t n,
                               unsigned from, unsigned bits);

#endif
