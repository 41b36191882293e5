/* shuffle.h - --shuf: tuples of arguments in an order that a seed says.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_MAP_SHUFFLE_H
#define CDR_CLI_MAP_SHUFFLE_H

#include "cli/map/args.h"
#include <stdint.h>

/* All zero: empty. */
struct cdr_shuffle {
    struct cdr_args all; /* the tuples, one after another */
    uint64_t *first;     /* where each begins, and at the end where the last one ends */
    uint64_t *order;
    uint64_t n, room, at;
};

/* Append a tuple. False: no memory. */
bool cdr_shuffle_add(struct cdr_shuffle *shuffle, const struct cdr_args *tuple);

/* Set the order, NumPy's default_rng(seed).permutation(n). False: no memory. */
bool cdr_shuffle_mix(struct cdr_shuffle *shuffle, uint64_t seed);

/* The next tuple, and its place before, from 0. False: no more, or no memory. */
bool cdr_shuffle_next(struct cdr_shuffle *shuffle, struct cdr_args *tuple,
                      uint64_t *place);
void cdr_shuffle_free(struct cdr_shuffle *shuffle);

#endif
