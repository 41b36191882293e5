/* bca.h - where BCa puts the bounds of an interval.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_STATS_BCA_H
#define CDR_STATS_BCA_H

#include "stats/resampling/resamples.h"

/* Sets bias, acceleration and the levels of *out, whose point is there. Fails as
 * cdr_jackknife does, and with CADRE_EDATA where the levels are not defined. */
int cdr_bca_levels(cadre_interval *out, const struct cdr_resamples *r, cadre_pool *pool,
                   cadre_error *err);

#endif
