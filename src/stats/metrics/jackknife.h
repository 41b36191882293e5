/* jackknife.h - the metric without each row in turn.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_STATS_JACKKNIFE_H
#define CDR_STATS_JACKKNIFE_H

#include "stats/metrics/study.h"

/* out[row], for all s->n rows, becomes the value without that row, NaN where it is not
 * defined. Runs on the pool; fails as cadre_map does, and with CADRE_ENOMEM. */
int cdr_jackknife(double *out, const struct cdr_study *s, cadre_pool *pool,
                  cadre_error *err);

/* The standard error that the values without each of n rows say; NaN where fewer than two
 * are defined, and where they do not vary. Changes the values. False: no memory. */
bool cdr_jackknife_error(double *error, double *without, size_t n);

/* The same of a sample of the rows, n of them in the order drawn, for a study without
 * classes. False: no memory. */
bool cdr_resample_error(double *error, const struct cdr_study *s, const uint32_t *rows,
                        size_t n);

#endif
