/* bca.h - where BCa puts the bounds of an interval.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_STATS_BCA_H
#define CDR_STATS_BCA_H

#include "stats/intervals/resamples.h"

/* Works out r->acceleration by the jackknife, or r->undefined. Fails as cadre_map does. */
int cdr_bca_accelerate(struct cdr_resamples *r, cadre_pool *pool, cadre_error *err);

/* Sets bias, acceleration and the levels of *out, whose point is there. CADRE_EDATA, and
 * out->bca_undefined, where they are not defined. */
int cdr_bca_levels(cadre_interval *out, const struct cdr_resamples *r,
                   cadre_error *err);

#endif
