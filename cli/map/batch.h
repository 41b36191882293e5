/* batch.h - how many arguments a job gets: one tuple, N of them, or as many as fit.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_MAP_BATCH_H
#define CDR_CLI_MAP_BATCH_H

#include "cli/map/template.h"

struct cdr_batch {
    struct cdr_inputs *inputs;
    const struct cdr_template *command;
    uint64_t most;  /* arguments of a job; 0: a tuple, or as many as fit */
    bool fill;      /* -m, -X: as many as fit */
    bool by_tuple;  /* -L: `most` counts tuples, not arguments */
    bool none;      /* -N0: a job for each tuple, without it */
    size_t longest; /* bytes of a command that is filled */
    unsigned jobs;  /* -m, -X: the last arguments are shared out among so many */

    struct cdr_args tuple; /* read, and not used up: from `used` on */
    size_t used;
    struct cdr_args rest; /* the last arguments, being shared out */
    size_t rest_used, share;
    bool ended;
};

int cdr_batch_init(struct cdr_batch *batch, const struct cdr_command_options *set,
                   struct cdr_failure *why);

/* The next job's arguments: 0, CDR_NO_MORE or an exit code. */
int cdr_batch_next(struct cdr_batch *batch, struct cdr_args *args,
                   struct cdr_failure *why);

/* Each job gets one tuple: that which the inputs have given last. */
bool cdr_batch_is_tuple(const struct cdr_batch *batch);
void cdr_batch_free(struct cdr_batch *batch);

#endif
