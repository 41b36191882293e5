/* guard.h - who ends the jobs when the program itself is gone.
 * SPDX-License-Identifier: MIT
 *
 * A small process of its own, in a session of its own, waits for the end of a pipe whose
 * other end only the program has. However the program ends, kill -9 included, the pipe
 * ends with it; the guard then kills every process group that the table names. The
 * table is in memory that both share. A job's group is written there by the job's
 * process before it becomes the command, so there is no moment in which it is missing.
 */
#ifndef CDR_CLI_MAP_GUARD_H
#define CDR_CLI_MAP_GUARD_H

#include "cli/base/failure.h"
#include <stdatomic.h>
#include <stddef.h>
#include <sys/types.h>

struct cdr_guard {
    pid_t pid;
    int pipe;             /* its end is ours */
    _Atomic pid_t *group; /* of each slot; 0: none. Relaxed: a word each, read by the
                             guard when nobody writes any more */
    size_t slots;
};

/* Before there are threads. */
int cdr_guard_open(struct cdr_guard *guard, size_t slots, struct cdr_failure *why);

/* No job may be running. */
void cdr_guard_close(struct cdr_guard *guard);

#endif
