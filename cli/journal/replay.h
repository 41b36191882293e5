/* replay.h - run a job of a journal again, in place of this program.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_JOURNAL_REPLAY_H
#define CDR_CLI_JOURNAL_REPLAY_H

#include "cli/map/job.h"
#include "cli/base/failure.h"

struct cdr_replay {
    struct cdr_job *job;
    const char *shell;  /* that ran its command; NULL: none */
    const char *folder; /* where it ran */
    bool in_shell;      /* start a shell there instead */
    bool in_gdb;
};

/* Comes back only if it cannot be had: an exit code. */
int cdr_replay(const struct cdr_replay *replay, struct cdr_failure *why);

#endif
