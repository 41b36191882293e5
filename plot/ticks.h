/* ticks.h - where an axis has its ticks, and what stands at them.
 * SPDX-License-Identifier: MIT
 *
 * Pure arithmetic. Labels are short at any scale: what all of them have in common, a power
 * of ten or leading digits, goes into a note that stands once at the axis.
 */
#ifndef CDR_PLOT_TICKS_H
#define CDR_PLOT_TICKS_H

#include <stddef.h>

#define CDR_TICKS_MAX 24
#define CDR_MINOR_MAX 240

struct cdr_ticks {
    size_t n;
    double at[CDR_TICKS_MAX];
    char label[CDR_TICKS_MAX][32]; /* empty: none */
    size_t n_minor;
    double minor[CDR_MINOR_MAX]; /* shorter ticks, without labels */
    char note[100]; /* "×10⁻⁹ + 0.5": a value is its label times that power plus that */
};

/* About `wanted` ticks at round values on an axis from low to high, none below `first`
 * or above `last`. At least two where there is room for two. */
void cdr_ticks_linear(struct cdr_ticks *ticks, double low, double high, double first,
                      double last, int wanted);

/* The same on a logarithmic axis; 0 < low < high. */
void cdr_ticks_log(struct cdr_ticks *ticks, double low, double high, int wanted);

#endif
