/* running.h - the programs that show what they are at.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_TOP_RUNNING_H
#define CDR_CLI_TOP_RUNNING_H

#include "cli/top/status.h"

/* A program, as it was at some moment. */
struct cdr_running {
    int64_t pid;
    double began;
    char command[CDR_STATUS_COMMAND];
    uint64_t count[CDR_STATUS_COUNTS];
    unsigned workers, busy;
    struct cdr_status_job *job; /* of each worker */
};

struct cdr_running_list {
    struct cdr_running *at;
    size_t n;
};

/* All of this user's, by their numbers; or (target) the one with that number, or that file:
 * then it must run. What dead programs have left is removed. */
int cdr_running_find(struct cdr_running_list *list, const char *target,
                     struct cdr_failure *why);
void cdr_running_free(struct cdr_running_list *list);

#endif
