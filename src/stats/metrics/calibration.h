/* calibration.h - bins of a sample, and how far off they are.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_STATS_CALIBRATION_H
#define CDR_STATS_CALIBRATION_H

#include "stats/metrics/measure.h"

/* Of a bin. */
struct cdr_bin {
    size_t count;
    double mean;  /* of the scores */
    double share; /* of the positives */
};

/* Whether bins are of equal width, and known for each row; else they are of equal size. */
static inline bool cdr_bins_by_width(int kind)
{
    return kind == CADRE_ECE_WIDTH || kind == CADRE_MCE;
}

/* Rows by their group, in the order given within each. ends[k] becomes where in `dealt`
 * group k ends. */
void cdr_deal(uint32_t *restrict dealt, uint32_t *restrict ends,
              const struct cdr_measure *m, const uint32_t *restrict rows, size_t n);

/* Where a bin of equal size ends among n rows. */
size_t cdr_mass_end(size_t n, unsigned bins, size_t bin);

/* Where among n dealt rows a bin ends, for the bins of the expected error. */
size_t cdr_bin_end(const struct cdr_measure *m, const uint32_t *ends, size_t n,
                   size_t bin);

/* What the dealt rows of a bin, at least one, say. */
struct cdr_bin cdr_bin_of(const struct cdr_measure *m, const uint32_t *rows,
                          size_t count);

/* How far off a bin is, weighted by its share of n rows; 0 for an empty one. */
double cdr_bin_error(const struct cdr_measure *m, const uint32_t *rows, size_t count,
                     size_t n);

/* What a bin of at least one row adds to the error, and of the second kind what chance alone
 * adds to that; and what the sums of all bins come to. */
double cdr_bin_part(double *chance, int kind, const struct cdr_bin *b, size_t n);
double cdr_bins_conclude(int kind, double sum, double chance);

/* One of the inner edges of the bins of the largest error: the quantile q of n sorted scores, of
 * which the two next to it are asked for. */
double cdr_edge_of(double below, double above, double place);

/* In calibration_without.c and calibration_weighted.c. */
extern const struct cdr_omission cdr_calibration_omission,
    cdr_calibration_weighted_omission;
double cdr_calibration_weighted(const struct cdr_measure *m, const double *weight,
                                void *room);

#endif
