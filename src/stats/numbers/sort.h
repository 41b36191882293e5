/* sort.h - numbers in ascending order, with as much memory as there is.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_STATS_SORT_H
#define CDR_STATS_SORT_H

#include <stddef.h>
#include <stdint.h>

struct cdr_keyed {
    uint64_t key; /* as an integer in the order of the numbers, NaN last */
    double x;
};

/* cadre_sort with memory for 2 * most of these; NULL: for none. Bits do not depend on it. */
void cdr_sort_with(double *x, size_t n, struct cdr_keyed *memory, size_t most);

#endif
