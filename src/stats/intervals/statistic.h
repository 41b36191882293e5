/* statistic.h - intervals of what a kernel computes, for kernels of users and our own.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_STATS_STATISTIC_H
#define CDR_STATS_STATISTIC_H

#include "stats/intervals/resamples.h"

/* Everything has been checked. `texts` has what messages say. */
int cdr_bootstrap_kernel(cadre_interval *out, cadre_pool *pool,
                         const cadre_bootstrap *b, const cadre_statistic *statistic,
                         int method, int rule, int seeding,
                         const struct cdr_source *texts, cadre_error *err);

#endif
