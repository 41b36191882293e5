/* numbers.h - mean, median and the peak of a histogram, as NumPy and SciPy have them.
 * SPDX-License-Identifier: MIT
 *
 * The order of every addition is fixed, so that results can be compared bit by bit with
 * those of other programs.
 */
#ifndef ATOM_PROBE_NUMBERS_H
#define ATOM_PROBE_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* NumPy adds blocks of so many numbers one after another, each by halves. */
#define AP_SUM_BLOCK 8192

double ap_sum_block(const double *x, size_t n); /* of n <= AP_SUM_BLOCK */
double ap_sum(const double *x, size_t n);
double ap_mean(const double *x, size_t n); /* NaN of none */

/* Of n > 0 numbers, whose order is lost; of an even count the mean of the middle two. */
double ap_median(double *x, size_t n);

/* How a histogram is counted. */
enum ap_rule {
    AP_FAST = 0, /* by one multiplication; what equals the maximum is not counted */
    AP_EDGES = 1 /* by comparison with the edges; the last bin includes the maximum */
};

/* The bins of a histogram from the least to the greatest number. */
struct ap_bins {
    double low, high;
    size_t n; /* 0: all numbers are equal, or one is not finite */
};

#define AP_BINS_MAX ((size_t)1 << 24)

/* About as wide as `width`, at least ten. n > AP_BINS_MAX is too many to count. */
struct ap_bins ap_bins_make(const double *x, size_t n, double width);

double ap_bins_edge(const struct ap_bins *bins, size_t k); /* 0..n */

/* The centre of the highest local maximum that is neither the first nor the last bin; the
 * first of equals. False: there is none. counts has room for bins->n. */
bool ap_bins_peak(const struct ap_bins *bins, const double *x, size_t n, int rule,
                  uint32_t *counts, double *centre);

#endif
