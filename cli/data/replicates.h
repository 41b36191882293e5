/* replicates.h - replicates of an earlier run, from the file of --replicates.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_REPLICATES_H
#define CDR_CLI_REPLICATES_H

#include "cli/base/failure.h"
#include <stddef.h>

/* Of one score, metric and group. */
struct cdr_replicate_list {
    char *key[3];   /* score, metric, group; the last empty without groups */
    double *values; /* in order; NaN where degenerate */
    size_t n, room;
};

struct cdr_replicate_file {
    struct cdr_replicate_list *lists;
    size_t n;
};

/* 0, or CDR_EXIT_INPUT for what is no such file. Also after a failure it is to be freed. */
int cdr_replicates_read(struct cdr_replicate_file *out, const char *path,
                        struct cdr_failure *why);
void cdr_replicates_free(struct cdr_replicate_file *f);

/* NULL: there are none; group may be NULL. */
const struct cdr_replicate_list *cdr_replicates_find(const struct cdr_replicate_file *f,
                                                     const char *score,
                                                     const char *metric,
                                                     const char *group);

#endif
