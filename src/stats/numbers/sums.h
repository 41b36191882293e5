/* sums.h - pairwise sums of numbers that are worked out on the way.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_STATS_SUMS_H
#define CDR_STATS_SUMS_H

#include <stddef.h>
#include <stdint.h>

enum { CDR_BLOCK = 128 };

/* Writes terms first .. first + n - 1 of a sum; n is at most CDR_BLOCK. */
typedef void cdr_terms(double *restrict out, const void *from, size_t first, size_t n);

/* cadre_sum of n terms, without room for all of them. */
double cdr_sum_terms(cdr_terms *terms, const void *from, size_t n);

/* The same of blocks that are summed as they are made: `block` returns the sum of terms
 * first .. first + n - 1, which is what cdr_block_sum is for terms. */
typedef double cdr_block(const void *from, size_t first, size_t n);
double cdr_sum_blocks(cdr_block *block, const void *from, size_t n);

/* For sums that share parts (splice.c): a sum of n > CDR_BLOCK terms is that of its left
 * half plus that of the rest, one of fewer is a block's. */
size_t cdr_left_half(size_t n);
double cdr_block_sum(cdr_terms *terms, const void *from, size_t first, size_t n);

/* The lanes that a block is summed in, added up. */
static inline double cdr_sum_lanes(const double lane[8])
{
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) +
           ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

/* cadre_sum of value[rows[0]], value[rows[1]], ... */
double cdr_sum_rows(const double *value, const uint32_t *rows, size_t n);

#endif
