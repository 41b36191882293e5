/* jackknife.h - the metric without each row in turn.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_STATS_JACKKNIFE_H
#define CDR_STATS_JACKKNIFE_H

#include "stats/metrics/study.h"

/* out[row], for all s->n rows, becomes the value without that row, of a study of one
 * column. Runs on the pool;
 * fails as cadre_map does, with CADRE_ENOMEM, and with CADRE_EDATA where a value is not
 * defined. */
int cdr_jackknife(double *out, const struct cdr_study *s, cadre_pool *pool,
                  cadre_error *err);

#endif
