/* writer.c - the journal's thread: takes what workers have left, and commits it.
 * SPDX-License-Identifier: MIT
 */
#include "cli/journal/state.h"
#include "cli/base/thread.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PACE_NS 50000000 /* between two commits, while little is waiting */

static void take_running(struct cdr_journal *j, struct cdr_row **rows)
{
    for (unsigned i = 0; i < j->set.workers; i++) {
        struct cdr_row *row = j->running[i], *copy;

        if (!row || row->recorded || !(copy = cdr_row_copy(row)))
            continue; /* without memory it is not known that it had begun */
        row->recorded = true;
        copy->next = *rows;
        *rows = copy;
    }
}

static void sleep_until(struct cdr_journal *j, const struct timespec *until)
{
    while (!j->closing && j->bytes < CDR_JOURNAL_SOME &&
           pthread_cond_timedwait(&j->work, &j->lock, until) != ETIMEDOUT)
        ;
}

/* Wait for something to commit; NULL: it is closing, and there is nothing. */
static struct cdr_row *await_rows(struct cdr_journal *j, const struct timespec *until)
{
    struct cdr_row *rows;

    pthread_mutex_lock(&j->lock);
    while (!j->first && !j->news && !j->closing) {
        j->waiting = true;
        pthread_cond_wait(&j->work, &j->lock);
    }
    j->waiting = false;
    sleep_until(j, until);
    rows = j->first;
    j->first = NULL;
    j->last = &j->first;
    j->bytes = 0;
    j->news = false;
    take_running(j, &rows);
    pthread_cond_broadcast(&j->room);
    pthread_mutex_unlock(&j->lock);
    return rows;
}

static int commit(struct cdr_journal *j, struct cdr_row *rows, struct cdr_failure *why)
{
    int rc;

    pthread_mutex_lock(&j->db_lock);
    rc = cdr_database_run(j->db, "BEGIN", why);
    for (struct cdr_row *row = rows; row && !rc; row = row->next) {
        cdr_row_bind(j->insert, row, row->command ? row->command : j->command, j->salt);
        if (sqlite3_step(j->insert) != SQLITE_DONE)
            rc = cdr_database_fails(j->db, "cannot be written", why);
        sqlite3_reset(j->insert);
    }
    if (!rc)
        rc = cdr_database_run(j->db, "COMMIT", why);
    pthread_mutex_unlock(&j->db_lock);
    return rc;
}

static void free_rows(struct cdr_row *rows)
{
    while (rows) {
        struct cdr_row *next = rows->next;

        cdr_row_free(rows);
        rows = next;
    }
}

void cdr_journal_give_up(struct cdr_journal *j, const struct cdr_failure *why)
{
    bool first;

    pthread_mutex_lock(&j->lock);
    first = !j->broken;
    if (first)
        j->failure = *why;
    j->broken = true;
    pthread_cond_broadcast(&j->room);
    pthread_mutex_unlock(&j->lock);
    if (first)
        j->set.broken(j->set.arg);
}

static bool is_over(struct cdr_journal *j)
{
    bool over;

    pthread_mutex_lock(&j->lock);
    over = j->closing && !j->first;
    pthread_mutex_unlock(&j->lock);
    return over;
}

static void *write_all(void *arg)
{
    struct cdr_journal *j = arg;
    struct timespec next = { 0 };

    while (!is_over(j)) {
        struct cdr_row *rows = await_rows(j, &next);
        struct cdr_failure why = { 0 };

        if (rows && commit(j, rows, &why))
            cdr_journal_give_up(j, &why);
        free_rows(rows);
        next = cdr_time_after(PACE_NS);
    }
    return NULL;
}

int cdr_journal_start_writer(struct cdr_journal *j, struct cdr_failure *why)
{
    int rc = cdr_thread_start(&j->writer, write_all, j);

    j->begun = rc == 0;
    return rc ? cdr_fails(why, CDR_EXIT_FAILED, "cannot start the journal's thread: %s",
                          strerror(rc))
              : 0;
}
