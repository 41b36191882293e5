/* look.h - look at a journal.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_JOURNAL_LOOK_H
#define CDR_CLI_JOURNAL_LOOK_H

#include "cli/base/failure.h"
#include <stdbool.h>

/* What of it, and what with that. */
struct cdr_look {
    const char *path;
    const char *recover; /* a new journal of what is left; NULL: none */
    uint64_t item;       /* the job's number; 0: all */
    bool failed, slow;
    bool output, joblog, replay, shell, gdb, verify;
};

int cdr_journal_look(const struct cdr_look *look, struct cdr_failure *why);

#endif
