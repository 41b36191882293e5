/* state.h - a journal in use: what its files share.
 * SPDX-License-Identifier: MIT
 *
 * Two threads use the database, one at a time: the one that makes jobs asks (ask.c), the
 * journal's own writes (writer.c). Workers only put rows into a list. A commit takes what
 * is in the list, and of the jobs that run, those of which it is not known yet: should
 * everything end now, the next run can say that they had begun.
 */
#ifndef CDR_CLI_JOURNAL_STATE_H
#define CDR_CLI_JOURNAL_STATE_H

#include "cli/journal/database.h"
#include "cli/journal/identity.h"
#include "cli/journal/journal.h"
#include "cli/journal/row.h"
#include "cli/journal/walk.h"

#include <pthread.h>

#define CDR_JOURNAL_SOME \
    ((size_t)4 << 20) /* bytes waiting that are committed at once */
#define CDR_JOURNAL_MUCH  ((size_t)64 << 20) /* ... that workers wait for */
#define CDR_JOURNAL_NAMED 5

/* Why a job runs again. */
enum cdr_again { CDR_HAD_FAILED, CDR_HAD_BEGUN, CDR_OUTPUT_LOST, CDR_AGAIN };

struct cdr_journal {
    struct cdr_journal_setting set;
    sqlite3 *db; /* under db_lock, as the statements */
    pthread_mutex_t db_lock;
    sqlite3_stmt *insert, *by_id, *by_hash, *equals, *next_failed;
    int64_t command;      /* 0: several (--retry-failed) */
    char *shell, *folder; /* of the failed jobs: --retry-failed */
    int64_t last_failed;  /* the job that was asked for last */

    /* The making thread's alone. */
    struct cdr_walk walk;
    struct cdr_seen seen; /* how often, of the jobs that the walk alone did not find */
    uint64_t salt;        /* the hash of the command */
    int64_t next_id;
    uint64_t stored, again[CDR_AGAIN];
    uint64_t named[CDR_AGAIN]
                  [CDR_JOURNAL_NAMED]; /* numbers of the first jobs for each reason */

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t work;  /* for the writer */
    pthread_cond_t room;  /* for workers */
    struct cdr_row *first, **last;
    size_t bytes;             /* waiting */
    struct cdr_row **running; /* of each worker */
    bool news;                /* a job has begun since the last commit */
    bool waiting;             /* the writer waits for anything at all */
    bool closing, broken;
    struct cdr_failure failure; /* why it is broken */
    pthread_t writer;
    bool begun;
};

/* Start the thread that commits; closing waits for it. (writer.c) */
int cdr_journal_start_writer(struct cdr_journal *journal, struct cdr_failure *why);

/* Nothing more can be written: the run is told once. (writer.c) */
void cdr_journal_give_up(struct cdr_journal *journal, const struct cdr_failure *why);

/* The statements by which jobs are looked up. (ask.c) */
int cdr_journal_prepare(struct cdr_journal *journal, struct cdr_failure *why);

#endif
