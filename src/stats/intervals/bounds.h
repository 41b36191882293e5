/* bounds.h - the bounds of an interval, how sure they are, and the test they make.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_STATS_BOUNDS_H
#define CDR_STATS_BOUNDS_H

#include "stats/intervals/resamples.h"

/* Sets low, high, their errors and the p-value by out->method. All else of *out is
 * there. */
void cdr_bounds(cadre_interval *out, const struct cdr_resamples *r);

/* By bounds.c, for those that show only themselves: */
double cdr_p_value(const cadre_interval *out, const struct cdr_resamples *r);
void cdr_monte_carlo_errors(cadre_interval *out, const struct cdr_resamples *r);

#endif
