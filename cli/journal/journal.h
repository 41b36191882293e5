/* journal.h - which jobs are done, and what they put out, so that a run can go on.
 * SPDX-License-Identifier: MIT
 *
 * A job is done when its exit status and its whole output are in the journal. Workers
 * hand over what has ended; a thread of the journal's own commits it, at once where
 * little happens, several at a time where much does.
 */
#ifndef CDR_CLI_JOURNAL_JOURNAL_H
#define CDR_CLI_JOURNAL_JOURNAL_H

#include "cli/map/job.h"
#include "cli/base/failure.h"
#include <stdio.h>

/* What stands before the command of a run that gave its jobs blocks to read. */
#define CDR_PIPE_PREFIX "--pipe "

struct cdr_journal;

struct cdr_journal_setting {
    const char *path;
    const char *template; /* the command as it was given */
    const char *shell;    /* that runs it; NULL: none */
    const char *folder;   /* where jobs run */
    bool keep_failed;     /* jobs that failed are done, too */
    bool failed_only;     /* only these are to run: there is a journal already */
    struct cdr_spool *spool;
    unsigned workers;
    /* The journal cannot be written any more: the run should end. */
    void (*broken)(void *arg);
    void *arg;
};

int cdr_journal_open(struct cdr_journal **out, const struct cdr_journal_setting *set,
                     struct cdr_failure *why);

/* Write all there is, and close. NULL is fine. */
int cdr_journal_close(struct cdr_journal *journal, struct cdr_failure *why);

/* What a job has put out that was done before; valid until the next call. */
struct cdr_stored {
    const char *bytes[2]; /* output and errors */
    size_t size[2];
};

/* Is the job the one that was recorded next, and has it succeeded? Then that is all there is
 * to do about it. Not all that are done are found; an error is in `why`. From the thread
 * that makes jobs. */
bool cdr_journal_skip(struct cdr_journal *journal, const struct cdr_args *key,
                      struct cdr_stored *stored, struct cdr_failure *why);

/* Is the job done? Then it has its end and its output, and `stored` is set. Gives it its
 * place in the journal. From the thread that makes jobs. */
int cdr_journal_look_up(struct cdr_journal *journal, struct cdr_job *job,
                        struct cdr_failure *why);

/* How failed jobs ran; it stays with the journal. */
struct cdr_journal_command {
    const char *shell; /* NULL: none */
    const char *folder;
};

/* --retry-failed: the command that all failed jobs have in common. */
int cdr_journal_failed_command(struct cdr_journal *journal,
                               struct cdr_journal_command *command,
                               struct cdr_failure *why);

/* The next job that failed, as it was: 0, CDR_NO_MORE or an exit code. From the thread that
 * makes jobs. */
int cdr_journal_next_failed(struct cdr_journal *journal, struct cdr_job *job,
                            struct cdr_failure *why);

/* A worker begins it, and has ended it. All of its output is in it. */
void cdr_journal_begin(struct cdr_journal *journal, unsigned worker,
                       const struct cdr_job *job);
void cdr_journal_end(struct cdr_journal *journal, unsigned worker, struct cdr_job *job);

/* What was done before, and why other jobs have run again. */
void cdr_journal_report(const struct cdr_journal *journal, FILE *out);

#endif
