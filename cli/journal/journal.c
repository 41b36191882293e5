/* journal.c - which jobs are done, and what they put out, so that a run can go on.
 * SPDX-License-Identifier: MIT
 *
 * Two threads use the database, one at a time: the one that makes jobs asks, the
 * journal's own writes. Workers only put rows into a list. A commit takes what is in the
 * list, and of the jobs that run, those of which it is not known yet: should everything
 * end now, the next run can say that they had begun.
 */
#include "cli/journal/journal.h"
#include "cli/journal/database.h"
#include "cli/journal/identity.h"
#include "cli/journal/row.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PACE_NS   50000000           /* between two commits, while little is waiting */
#define SOME      ((size_t)4 << 20)  /* bytes waiting that are committed before that */
#define TOO_MUCH  ((size_t)64 << 20) /* ... that workers wait for */
#define NAMED_MAX 5

enum reason { FAILED, RAN, LOST, REASONS };

struct cdr_journal {
    struct cdr_journal_setting set;
    sqlite3 *db; /* under db_lock, as the statements */
    pthread_mutex_t db_lock;
    sqlite3_stmt *insert, *by_id, *by_hash;
    int64_t command;

    /* The making thread's alone. */
    struct cdr_seen seen;
    uint64_t salt; /* the hash of the command */
    int64_t next_id;
    int64_t guess; /* the row that comes next if nothing has changed */
    uint64_t stored, again[REASONS];
    uint64_t named[REASONS][NAMED_MAX]; /* numbers of the first jobs for each reason */

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

/* ---- the writer ---- */

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
    while (!j->closing && j->bytes < SOME &&
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
        cdr_row_bind(j->insert, row, j->command);
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

static void give_up(struct cdr_journal *j, const struct cdr_failure *why)
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
            give_up(j, &why);
        free_rows(rows);
        (void)clock_gettime(CLOCK_REALTIME, &next);
        next.tv_nsec += PACE_NS;
        next.tv_sec += next.tv_nsec / 1000000000;
        next.tv_nsec %= 1000000000;
    }
    return NULL;
}

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
    j->guess = 1;
    return why->code;
}

static int prepare(struct cdr_journal *j, struct cdr_failure *why)
{
    if (cdr_database_open(&j->db, j->set.path, false, why) || find_command(j, why) ||
        find_last(j, why))
        return why->code;
    j->insert = cdr_database_prepare(j->db, CDR_ROW_INSERT, why);
    j->by_id =
        cdr_database_prepare(j->db,
                             "SELECT " CDR_ROW_COLUMNS
                             " FROM job WHERE id = ?1 AND hash = ?2 AND equal = ?3 "
                             "AND input = ?4 AND command = ?5",
                             why);
    j->by_hash =
        cdr_database_prepare(j->db,
                             "SELECT " CDR_ROW_COLUMNS
                             " FROM job WHERE hash = ?2 AND equal = ?3 AND input = ?4 "
                             "AND command = ?5",
                             why);
    return why->code;
}

/* Signals are the program's. */
static int start_writer(struct cdr_journal *j, struct cdr_failure *why)
{
    sigset_t all, old;
    int rc;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    rc = pthread_create(&j->writer, NULL, write_all, j);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    j->begun = rc == 0;
    return rc ? cdr_fails(why, CDR_EXIT_FAILED, "cannot start the journal's thread: %s",
                          strerror(rc))
              : 0;
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
    j->salt = cdr_hash(set->shell ? 1 : 0, set->template, strlen(set->template));
    j->running = calloc(set->workers, sizeof *j->running);
    if (!j->running || pthread_mutex_init(&j->lock, NULL) != 0 ||
        pthread_mutex_init(&j->db_lock, NULL) != 0 ||
        pthread_cond_init(&j->work, NULL) != 0 ||
        pthread_cond_init(&j->room, NULL) != 0)
        cdr_fails_memory(why);
    else if (!prepare(j, why))
        start_writer(j, why);
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
    if (j->db && sqlite3_close(j->db) != SQLITE_OK && !rc)
        rc = cdr_database_fails(j->db, "cannot be closed", why);
    for (unsigned i = 0; j->running && i < j->set.workers; i++)
        cdr_row_free(j->running[i]);
    cdr_seen_free(&j->seen);
    free(j->running);
    free(j);
    return rc;
}

/* ---- asking ---- */

static void note_again(struct cdr_journal *j, enum reason reason, uint64_t seq)
{
    if (j->again[reason] < NAMED_MAX)
        j->named[reason][j->again[reason]] = seq;
    j->again[reason]++;
}

static void use_row(struct cdr_journal *j, sqlite3_stmt *s, struct cdr_job *job)
{
    const char *state = (const char *)sqlite3_column_text(s, CDR_COL_STATE);

    job->id = sqlite3_column_int64(s, CDR_COL_ID);
    j->guess = job->id + 1;
    if (!state || strcmp(state, "done") != 0) {
        note_again(j, state && strcmp(state, "failed") == 0 ? FAILED : RAN, job->seq);
    } else if (cdr_row_read(s, job, j->set.spool, j->set.path)) {
        note_again(j, LOST, job->seq);
    } else {
        job->stored = true;
        job->end.ran = true;
        j->stored++;
    }
}

static int ask(struct cdr_journal *j, sqlite3_stmt *s, struct cdr_job *job, bool *found,
               struct cdr_failure *why)
{
    const struct cdr_args *key = cdr_job_key(job);
    int rc;

    sqlite3_bind_int64(s, 2, (sqlite3_int64)job->hash);
    sqlite3_bind_int64(s, 3, job->equal);
    sqlite3_bind_blob(s, 4, key->used ? key->text : "", (int)key->used, SQLITE_STATIC);
    sqlite3_bind_int64(s, 5, j->command);
    rc = sqlite3_step(s);
    *found = rc == SQLITE_ROW;
    if (*found)
        use_row(j, s, job);
    else if (rc != SQLITE_DONE)
        cdr_database_fails(j->db, "cannot be read", why);
    sqlite3_reset(s);
    return why->code;
}

int cdr_journal_look_up(struct cdr_journal *j, struct cdr_job *job,
                        struct cdr_failure *why)
{
    const struct cdr_args *key = cdr_job_key(job);
    bool found = false;
    int rc = 0;

    job->hash = cdr_hash(j->salt, key->text, key->used);
    if (!cdr_seen_count(&j->seen, job->hash, &job->equal))
        return cdr_fails_memory(why);
    pthread_mutex_lock(&j->db_lock);
    sqlite3_bind_int64(j->by_id, 1, j->guess);
    rc = ask(j, j->by_id, job, &found, why);
    if (!rc && !found)
        rc = ask(j, j->by_hash, job, &found, why);
    pthread_mutex_unlock(&j->db_lock);
    if (!found)
        job->id = j->next_id++;
    return rc;
}

/* ---- what workers call ---- */

static void tell_writer(struct cdr_journal *j)
{
    if (j->waiting || j->bytes >= SOME)
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
        give_up(j, &why);
        return;
    }
    pthread_mutex_lock(&j->lock);
    while (j->bytes > TOO_MUCH && !j->broken)
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

/* ---- the report ---- */

static void report(const struct cdr_journal *j, enum reason reason, const char *text,
                   FILE *out)
{
    uint64_t n = j->again[reason];

    if (n == 0)
        return;
    fprintf(out, "cadre: %" PRIu64 " ran again, since %s: job%s ", n, text,
            n == 1 ? "" : "s");
    for (uint64_t i = 0; i < n && i < NAMED_MAX; i++)
        fprintf(out, "%s%" PRIu64, i ? ", " : "", j->named[reason][i]);
    fprintf(out, "%s\n", n > NAMED_MAX ? ", ..." : "");
}

void cdr_journal_report(const struct cdr_journal *j, FILE *out)
{
    if (j->stored > 0)
        fprintf(out, "cadre: %" PRIu64 " job%s done before, by the journal\n",
                j->stored, j->stored == 1 ? " was" : "s were");
    report(j, FAILED, "they had failed", out);
    report(j, RAN, "they had begun and not ended", out);
    report(j, LOST, "their output is not in the journal any more", out);
}
