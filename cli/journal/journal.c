/* journal.c - which jobs are done, and what they put out, so that a run can go on.
 * SPDX-License-Identifier: MIT
 */
#include "cli/journal/state.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- opening, closing ---- */

static int find_command(struct cdr_journal *j, struct cdr_failure *why)
{
    static const char *const sql[] = {
        "INSERT INTO command (template, shell, folder) SELECT ?1, ?2, ?3 WHERE NOT EXISTS "
        "(SELECT 1 FROM command WHERE template = ?1 AND shell IS ?2)",
        "SELECT id FROM command WHERE template = ?1 AND shell IS ?2",
    };

    for (int i = 0; i < 2; i++) {
        sqlite3_stmt *s = cdr_database_prepare(j->db, sql[i], why);
        int rc;

        if (!s)
            return why->code;
        sqlite3_bind_text(s, 1, j->set.template, -1, SQLITE_STATIC);
        sqlite3_bind_text(s, 2, j->set.shell, -1, SQLITE_STATIC);
        if (i == 0)
            sqlite3_bind_text(s, 3, j->set.folder, -1, SQLITE_STATIC);
        rc = sqlite3_step(s);
        if (rc == SQLITE_ROW)
            j->command = sqlite3_column_int64(s, 0);
        if (rc != SQLITE_ROW && rc != SQLITE_DONE)
            cdr_database_fails(j->db, "cannot be written", why);
        sqlite3_finalize(s);
        if (rc != SQLITE_ROW && rc != SQLITE_DONE)
            return why->code;
    }
    return 0;
}

static int find_last(struct cdr_journal *j, struct cdr_failure *why)
{
    sqlite3_stmt *s =
        cdr_database_prepare(j->db, "SELECT coalesce(max(id), 0) FROM job", why);

    if (!s)
        return why->code;
    if (sqlite3_step(s) == SQLITE_ROW)
        j->next_id = sqlite3_column_int64(s, 0) + 1;
    else
        cdr_database_fails(j->db, "cannot be read", why);
    sqlite3_finalize(s);
    return why->code;
}

static int open_database(struct cdr_journal *j, struct cdr_failure *why)
{
    if (cdr_database_open(&j->db, j->set.path, j->set.failed_only, why) ||
        (!j->set.failed_only && find_command(j, why)) || find_last(j, why))
        return why->code;
    if (cdr_walk_open(&j->walk, j->db, j->salt, j->next_id, why))
        return why->code;
    return cdr_journal_prepare(j, why);
}

int cdr_journal_open(struct cdr_journal **out, const struct cdr_journal_setting *set,
                     struct cdr_failure *why)
{
    struct cdr_journal *j = calloc(1, sizeof *j);

    *out = j;
    if (!j)
        return cdr_fails_memory(why);
    j->set = *set;
    j->last = &j->first;
    j->salt = cdr_command_hash(set->template, set->shell != NULL);
    j->running = calloc(set->workers, sizeof *j->running);
    if (!j->running || pthread_mutex_init(&j->lock, NULL) != 0 ||
        pthread_mutex_init(&j->db_lock, NULL) != 0 ||
        pthread_cond_init(&j->work, NULL) != 0 ||
        pthread_cond_init(&j->room, NULL) != 0)
        cdr_fails_memory(why);
    else if (!open_database(j, why))
        cdr_journal_start_writer(j, why);
    if (!why->code)
        return 0;
    cdr_journal_close(j, &(struct cdr_failure){ 0 });
    *out = NULL;
    return why->code;
}

static void join(struct cdr_journal *j)
{
    if (!j->begun)
        return;
    pthread_mutex_lock(&j->lock);
    j->closing = true;
    pthread_cond_signal(&j->work);
    pthread_mutex_unlock(&j->lock);
    pthread_join(j->writer, NULL);
}

int cdr_journal_close(struct cdr_journal *j, struct cdr_failure *why)
{
    int rc = 0;

    if (!j)
        return 0;
    join(j);
    if (j->broken && !why->text[0]) {
        *why = j->failure;
        rc = why->code;
    }
    sqlite3_finalize(j->insert);
    sqlite3_finalize(j->by_id);
    sqlite3_finalize(j->by_hash);
    sqlite3_finalize(j->equals);
    sqlite3_finalize(j->next_failed);
    cdr_walk_close(&j->walk);
    if (j->db && sqlite3_close(j->db) != SQLITE_OK && !rc)
        rc = cdr_database_fails(j->db, "cannot be closed", why);
    for (unsigned i = 0; j->running && i < j->set.workers; i++)
        cdr_row_free(j->running[i]);
    cdr_seen_free(&j->seen);
    free(j->running);
    free(j->shell);
    free(j->folder);
    free(j);
    return rc;
}

/* ---- what workers call ---- */

static void tell_writer(struct cdr_journal *j)
{
    if (j->waiting || j->bytes >= CDR_JOURNAL_SOME)
        pthread_cond_signal(&j->work);
}

void cdr_journal_begin(struct cdr_journal *j, unsigned worker,
                       const struct cdr_job *job)
{
    struct cdr_row *row = cdr_row_new(job);

    pthread_mutex_lock(&j->lock);
    j->running[worker] = row;
    j->news = true;
    tell_writer(j);
    pthread_mutex_unlock(&j->lock);
}

void cdr_journal_end(struct cdr_journal *j, unsigned worker, struct cdr_job *job)
{
    struct cdr_row *row;
    int failed = ENOMEM;

    pthread_mutex_lock(&j->lock);
    row = j->running[worker];
    j->running[worker] = NULL;
    pthread_mutex_unlock(&j->lock);
    if (row)
        failed = cdr_row_end(row, job, j->set.spool, j->set.path);
    if (failed) {
        struct cdr_failure why = { 0 };

        cdr_fails(&why, CDR_EXIT_FAILED,
                  "job %" PRIu64 " cannot be kept in the journal: %s", job->seq,
                  strerror(failed));
        cdr_row_free(row);
        cdr_journal_give_up(j, &why);
        return;
    }
    pthread_mutex_lock(&j->lock);
    while (j->bytes > CDR_JOURNAL_MUCH && !j->broken)
        pthread_cond_wait(&j->room, &j->lock);
    *j->last = row;
    j->last = &row->next;
    row->next = NULL;
    j->bytes += row->input + row->words + 200 +
                (row->beside[0] ? 0 : (size_t)row->size[0]) +
                (row->beside[1] ? 0 : (size_t)row->size[1]);
    tell_writer(j);
    pthread_mutex_unlock(&j->lock);
}
