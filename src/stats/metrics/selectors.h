/* selectors.h - thresholds on a curve.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_STATS_SELECTORS_H
#define CDR_STATS_SELECTORS_H

#include "stats/metrics/measure.h"

/* Of n points, each the rows down to one of the distinct scores, the highest first, the
 * number of the one whose score is chosen; SIZE_MAX where none is. */
size_t cdr_select(const cadre_selector *s, const struct cdr_points *points, size_t n);

/* Whether point k is one that a ROC curve keeps: not inside of a straight line. */
bool cdr_is_corner(const struct cdr_points *points, size_t n, size_t k);

int cdr_check_selector(const cadre_selector *s, cadre_error *err);

#endif
