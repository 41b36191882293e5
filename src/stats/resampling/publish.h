/* publish.h - what resampling reads, where workers of any kind see it.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_STATS_PUBLISH_H
#define CDR_STATS_PUBLISH_H

#include "stats/resampling/seeding.h"
#include "stats/metrics/study.h"

/* What all tasks look at. */
struct cdr_shared_inputs {
    const struct cdr_study *study;
    const struct cdr_seeding *seeding;
};

/* Where workers do not see the caller's memory, replace both by copies in memory that they
 * do see, which is returned in *memory, to be freed by cadre_free_shared. Elsewhere nothing
 * happens. CADRE_ENOMEM. */
int cdr_publish(struct cdr_shared_inputs *b, void **memory, const cadre_pool *pool,
                uint64_t resamples, cadre_error *err);

#endif
