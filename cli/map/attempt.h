/* attempt.h - run a command once: start it, read what it puts out, wait for its end.
 * SPDX-License-Identifier: MIT
 *
 * It knows nothing of who asked for it, nor of where what is put out goes: a worker of the
 * program's own (worker.c), or one on another rank (rank.c).
 */
#ifndef CDR_CLI_MAP_ATTEMPT_H
#define CDR_CLI_MAP_ATTEMPT_H

#include "cli/map/ending.h"
#include "cli/map/job.h"
#include "cli/map/process.h"

#define CDR_ATTEMPT_BUFFER 65536

struct cdr_attempt {
    const struct cdr_start_common *common;
    const struct cdr_ending *ending;
    const char *path;
    char *const *argv;
    char *const *env;
    double limit;         /* seconds that it may take; 0: as long as it likes */
    int nothing;          /* /dev/null, for a job without a block to read */
    bool ungroup;         /* it writes to the program's own output */
    _Atomic pid_t *group; /* its place in the guard's table */
    void *stack;          /* CDR_START_STACK bytes */
    char *buffer;         /* CDR_ATTEMPT_BUFFER bytes */
    bool piped;           /* standard output is a pipe, which may lose its reader */
    int wake;             /* a descriptor to wait for, too; or -1 */
    int look_ms; /* the most between two calls of `look`; -1: only when woken */

    /* It has put out bytes, on standard output (0) or standard error (1). */
    void (*take)(void *arg, int which, const char *bytes, size_t size);
    /* Whether it is to be ended; `wake` can be read, or it is time to look. */
    bool (*look)(void *arg);
    /* With `piped`: nobody reads what it has put out on standard output any more. */
    void (*gone)(void *arg);
    void *arg; /* of all three */
};

/* Blocks until it has ended, and notes in the job how: its end, but for the tries, its
 * reason, and the bytes that it has put out. Only the job's block is read. */
void cdr_attempt(const struct cdr_attempt *how, struct cdr_job *job);

#endif
