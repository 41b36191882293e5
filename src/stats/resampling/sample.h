/* sample.h - a task's sample, in its worker's memory.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_STATS_SAMPLE_H
#define CDR_STATS_SAMPLE_H

#include "stats/resampling/publish.h"

/* Takes the rows that the task's number stands for, of layer number `layer`, into a workspace
 * for its study in all designs (without studies, into rows alone). `part` counts the parts drawn from so far, of
 * all layers. *n is SIZE_MAX where there would be more than 2^32 - 1 rows. False: no
 * memory. */
bool cdr_sample_take(struct cdr_workspace *work, size_t *n, cadre_task *task,
                     const struct cdr_shared_inputs *in, size_t layer, size_t *part);

#endif
