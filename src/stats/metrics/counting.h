/* counting.h - how often each row was drawn, and the rows of either class.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_STATS_COUNTING_H
#define CDR_STATS_COUNTING_H

#include "stats/metrics/measure.h"

/* Adds n rows. */
void cdr_count(uint32_t *restrict counted, const uint32_t *restrict rows, size_t n);

/* Whether bytes were enough to count n rows of `of`. False: one of them has lost 256. */
bool cdr_has_counted(const uint8_t *few, size_t n, size_t of);

/* Counts them so, and says the same. */
bool cdr_count_few(uint8_t *restrict few, const uint32_t *restrict rows, size_t n,
                   size_t of);

/* The classes of a sample, of `of` rows with these labels, by its counts; and of n rows drawn. */
cdr_classes cdr_classes_of(const struct cdr_sample *s, const uint8_t *labels,
                           size_t of);
cdr_classes cdr_count_classes(const uint8_t *labels, const uint32_t *rows, size_t n);

#endif
