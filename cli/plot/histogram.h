/* histogram.h - how replicates are distributed.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_HISTOGRAM_H
#define CDR_CLI_HISTOGRAM_H

#include <stddef.h>

#define CDR_BINS_MAX 80

struct cdr_histogram {
    double low, width; /* bin k is [low + k width, low + (k + 1) width) */
    size_t bins;
    size_t counts[CDR_BINS_MAX];
    size_t most;
};

/* Of n values, those that are not finite aside; all-zero if none are. Sorts a copy: 0,
 * or -1 without memory. */
int cdr_histogram_make(struct cdr_histogram *h, const double *values, size_t n);

#endif
