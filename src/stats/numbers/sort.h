/* sort.h - numbers in ascending order, with as much memory as there is.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_STATS_SORT_H
#define CDR_STATS_SORT_H

#include "stats/numbers/radix.h"

/* cadre_sort with memory for 2 * most of these; NULL: for none. Bits do not depend on it. */
void cdr_sort_with(double *x, size_t n, struct cdr_keyed *memory, size_t most);

#endif
