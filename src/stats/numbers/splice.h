/* splice.h - sums of sequences that begin like one and end like another.
 * SPDX-License-Identifier: MIT
 *
 * Take a term out of a sequence, and what follows moves up: pairwise sums change all
 * over. But all sequences with a term taken out begin like the one with the last taken
 * out, and end like the one with the first taken out. With the sums of all blocks and
 * halves of those two at hand, each of the others costs the few blocks around its cut.
 */
#ifndef CDR_STATS_SPLICE_H
#define CDR_STATS_SPLICE_H

#include "stats/numbers/sums.h"

#include <stdbool.h>

struct cdr_splice {
    size_t n;            /* terms of the sequences */
    double *head, *tail; /* sums of parts: 1 is all, 2 k and 2 k + 1 the halves of k */
};

/* `terms` of `head` and of `tail` are the sequences to begin and to end like. False: no
 * memory. */
bool cdr_splice_open(struct cdr_splice *s, size_t n, cdr_terms *terms, const void *head,
                     const void *tail);
void cdr_splice_close(struct cdr_splice *s); /* also after a failed open */

/* cdr_sum_terms(terms, from, s->n), for terms that are those of the head before `cut`,
 * and from `resume` on those of the tail. */
double cdr_splice_sum(const struct cdr_splice *s, cdr_terms *terms, const void *from,
                      size_t cut, size_t resume);

/* The most usual case: the sums of n > 0 numbers but one. */
bool cdr_splice_open_but_one(struct cdr_splice *s, const double *x, size_t n);
double cdr_splice_sum_but_one(const struct cdr_splice *s, const double *x,
                              size_t without);

#endif
