/* publish.h - what resampling reads, where workers of any kind see it.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_STATS_PUBLISH_H
#define CDR_STATS_PUBLISH_H

#include "stats/resampling/design.h"

/* What a task takes of its number. */
enum cdr_mode {
    CDR_DRAW,        /* a resample */
    CDR_ALL,         /* all rows */
    CDR_WITHOUT,     /* all but one unit of one layer: that of the task's number */
    CDR_DRAW_WITHOUT /* units + 1 tasks for a resample: of all of it, and without each of
                        its rows */
};

/* What all tasks look at. */
struct cdr_shared_inputs {
    const struct cdr_design *design;
    const struct cdr_seeding *seeding; /* NULL: nothing is drawn */
    int mode;                          /* an enum cdr_mode */
    bool errors; /* a task's result is two numbers, the second its standard error */
    const void *data; /* of a statistic */
    size_t data_size, room;
};

/* Where workers do not see the caller's memory, replace what it points to by copies in
 * memory that they do see, which is returned in *memory, to be freed by cadre_free_shared.
 * Elsewhere nothing happens. CADRE_ENOMEM. */
int cdr_publish(struct cdr_shared_inputs *in, void **memory, const cadre_pool *pool,
                cadre_error *err);

#endif
