/* salvage.h - commands and jobs among the records of a damaged journal.
 * SPDX-License-Identifier: MIT
 *
 * A record counts by what it says, wherever it lies: a job's hash is of its command and its
 * input, its digest of all that it did.
 */
#ifndef CDR_CLI_JOURNAL_SALVAGE_H
#define CDR_CLI_JOURNAL_SALVAGE_H

#include "cli/journal/cells.h"

/* A command that there was, perhaps: the table and its index have each a copy. */
struct cdr_old_command {
    int64_t id;
    char *template, *folder, *shell; /* folder, shell: NULL: not known, none */
    uint64_t hash;
    bool known; /* a job's hash agrees */
};

struct cdr_old_commands {
    struct cdr_old_command *at;
    size_t n;
};

/* Take the record if it is a command. False: no memory. */
bool cdr_old_command_add(struct cdr_old_commands *commands,
                         const struct cdr_record *record);
void cdr_old_commands_free(struct cdr_old_commands *commands);

/* The columns of a job's record. */
enum {
    CDR_OLD_HASH = 1,
    CDR_OLD_COMMAND,
    CDR_OLD_INPUT,
    CDR_OLD_EQUAL,
    CDR_OLD_STATE,
    CDR_OLD_SEQ,
    CDR_OLD_WORDS,
    CDR_OLD_STATUS,
    CDR_OLD_SIGNAL,
    CDR_OLD_TIMED_OUT,
    CDR_OLD_BEGAN = 12,
    CDR_OLD_OUTPUT = 16,
    CDR_OLD_ERRORS,
    CDR_OLD_OUTPUT_SIZE,
    CDR_OLD_ERRORS_SIZE,
    CDR_OLD_DIGEST = 21,
    CDR_OLD_COLUMNS
};

enum cdr_old_job {
    CDR_OLD_NONE,    /* it is no job, or nobody knows which */
    CDR_OLD_ORPHAN,  /* a job perhaps, whose command is lost */
    CDR_OLD_TORN,    /* it is known which job it is, and not how it ended */
    CDR_OLD_RUNNING, /* the job had begun */
    CDR_OLD_ENDED
};
enum cdr_old_job cdr_old_job_judge(const struct cdr_old_commands *commands,
                                   const struct cdr_record *record);

#endif
