/* walk.h - the jobs that were done, one after another, in the order of their records.
 * SPDX-License-Identifier: MIT
 *
 * Most inputs come in the order of the last run. So the walk has the job ready that was
 * recorded after the one that was met last; who wants another looks it up, and has the walk
 * go on from there. Rows are read many at a time: no statement stays open between two
 * calls, so a commit never has a reader in its way. Only rows that are as they were written,
 * of jobs that succeeded, are met here; of all others those who look them up know more.
 */
#ifndef CDR_CLI_JOURNAL_WALK_H
#define CDR_CLI_JOURNAL_WALK_H

#include "cli/journal/database.h"
#include "cli/map/bytes.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CDR_WALK_ROWS 1024 /* that are read at a time, at most */

struct cdr_recorded {
    int64_t id;
    uint32_t equal;
    bool here;      /* what it put out is among the bytes, too */
    size_t at;      /* of its bytes: input, output, errors */
    size_t size[3]; /* of these */
};

struct cdr_walk {
    sqlite3_stmt *next;
    uint64_t command; /* its hash */
    int64_t from,
        end;     /* ids: of the next rows to be read, and of the first that is not */
    int64_t met; /* the row that was met last */
    struct cdr_recorded row[CDR_WALK_ROWS];
    size_t n, at; /* rows at hand, and the next of them */
    size_t most;  /* that are read at a time now */
    struct cdr_buffer bytes;
    uint64_t *taken; /* a bit for each id: the row was met */
};

/* Rows of the command with that hash whose ids are below `end`. */
int cdr_walk_open(struct cdr_walk *walk, sqlite3 *db, uint64_t command, int64_t end,
                  struct cdr_failure *why);
void cdr_walk_close(struct cdr_walk *walk);

/* The next row that was not met; NULL: there is none, or it is not known where to go on.
 * Rows are read under the lock. */
const struct cdr_recorded *cdr_walk_row(struct cdr_walk *walk, pthread_mutex_t *lock,
                                        struct cdr_failure *why);

/* A row was met: that which cdr_walk_row has returned, or one that was looked up. */
void cdr_walk_meet(struct cdr_walk *walk, int64_t id);
bool cdr_walk_met(const struct cdr_walk *walk, int64_t id);

#endif
