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
    const struct cdr_design *design;   /* one, or `designs` that draw the same */
    size_t designs;                    /* 0: one */
    const struct cdr_seeding *seeding; /* NULL: nothing is drawn */
    int mode;                          /* an enum cdr_mode */
    bool errors; /* a task's result is two numbers, the second its standard error */
    const void *data; /* of a statistic */
    size_t data_size, room;
    size_t places; /* of a curve: how many it is read at */
};

/* The job's `shared` is such inputs. Where workers do not see what those point to, have it
 * point to a packed copy, which is returned in *memory, to be freed by cadre_free_shared.
 * CADRE_ENOMEM. */
int cdr_publish(void **memory, cadre_job *job, const cadre_pool *pool,
                cadre_error *err);

/* In a task: the inputs, unpacked where they were packed. */
static inline const struct cdr_shared_inputs *cdr_task_inputs(const cadre_task *task)
{
    const void *const unpacked = cadre_task_state(task);

    return unpacked ? unpacked : cadre_task_shared(task);
}

#endif
