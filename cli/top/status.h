/* status.h - what a program is at, in a file that others may look into.
 * SPDX-License-Identifier: MIT
 *
 * The file is mapped: who runs jobs stores a few words in it, and makes no call for that; who
 * looks maps it, too, and disturbs nobody. It is locked as long as its program lives, so a
 * file without a lock is one that was left behind.
 */
#ifndef CDR_CLI_TOP_STATUS_H
#define CDR_CLI_TOP_STATUS_H

#include "cli/base/failure.h"
#include "cli/map/job.h"
#include <stdatomic.h>

#define CDR_STATUS_MAGIC   "cadretop"
#define CDR_STATUS_VERSION 1
#define CDR_STATUS_COMMAND 240 /* bytes of a command, its NUL byte among them */
#define CDR_STATUS_INPUT   104 /* ... of an input */

/* What a worker runs. */
struct cdr_status_job {
    uint64_t number; /* 0: nothing */
    double since;    /* seconds since 1970 */
    uint64_t tries;
    char input[CDR_STATUS_INPUT];
};

#define CDR_STATUS_WORDS (sizeof(struct cdr_status_job) / sizeof(uint64_t))

/* Its worker alone writes it. `version` is odd while it does; the words are relaxed. */
struct cdr_status_slot {
    _Atomic uint64_t version;
    _Atomic uint64_t word[CDR_STATUS_WORDS];
};

enum cdr_status_count {
    CDR_STATUS_TOTAL, /* 0: not known */
    CDR_STATUS_BEFORE,
    CDR_STATUS_DONE,
    CDR_STATUS_FAILED,
    CDR_STATUS_COUNTS
};

struct cdr_status_page {
    char magic[8];
    uint32_t version, slots;
    int64_t pid;
    double began; /* seconds since 1970 */
    char command[CDR_STATUS_COMMAND];
    _Atomic uint64_t count[CDR_STATUS_COUNTS]; /* relaxed: each by itself */
    struct cdr_status_slot slot[];
};

struct cdr_status;

/* $XDG_RUNTIME_DIR/cadre, or /tmp/cadre-UID; yours to free. It has to be the user's own if it
 * is there, and is made with `make`. NULL, with the reason noted. */
char *cdr_status_folder(bool make, struct cdr_failure *why);

/* The path: NULL: the process's number, in that folder. */
int cdr_status_open(struct cdr_status **out, const char *path, const char *command,
                    unsigned slots, struct cdr_failure *why);
void cdr_status_close(struct cdr_status *status); /* NULL is fine, here and below */

/* The worker runs the job, or (NULL) nothing. From the worker's own thread. */
void cdr_status_run(struct cdr_status *status, unsigned worker,
                    const struct cdr_job *job);
void cdr_status_count(struct cdr_status *status, enum cdr_status_count which,
                      uint64_t n);

#endif
