/* look.c - look at a journal: list it, write its outputs, check it.
 * SPDX-License-Identifier: MIT
 */
#include "cli/journal/look.h"
#include "cli/journal/database.h"
#include "cli/journal/journal.h"
#include "cli/journal/identity.h"
#include "cli/journal/outputs.h"
#include "cli/journal/replay.h"
#include "cli/journal/row.h"
#include "cli/map/joblog.h"
#include "cli/map/summary.h"
#include "cli/base/text.h"
#include "cli/output/output.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Columns after those of CDR_ROW_COLUMNS. */
enum { SHELL = CDR_COLUMNS, FOLDER, TEMPLATE };

struct looking {
    const struct cdr_look *look;
    sqlite3 *db;
    struct cdr_spool spool;
    uint64_t n, done, failed, begun, wrong;
    struct cdr_failure *why;
};

static uint64_t command_hash(sqlite3_stmt *s)
{
    return cdr_command_hash((const char *)sqlite3_column_text(s, TEMPLATE),
                            sqlite3_column_type(s, SHELL) != SQLITE_NULL);
}

typedef int each_row(struct looking *l, sqlite3_stmt *row);

static sqlite3_stmt *select_rows(struct looking *l)
{
    char sql[800];

    snprintf(sql, sizeof sql,
             "SELECT %s, shell, folder, template FROM job JOIN command ON "
             "command.id = job.command WHERE %s AND (%s) ORDER BY %s",
             "job." CDR_ROW_COLUMNS, l->look->failed ? "state <> 'done'" : "1",
             l->look->item ? "seq = ?1" : "1",
             l->look->slow ? "seconds DESC, job.id" : "job.id");
    return cdr_database_prepare(l->db, sql, l->why);
}

static int for_each(struct looking *l, each_row *each)
{
    sqlite3_stmt *s = select_rows(l);
    int rc = SQLITE_ROW, failed = 0;

    if (!s)
        return l->why->code;
    if (l->look->item)
        sqlite3_bind_int64(s, 1, (sqlite3_int64)l->look->item);
    while (!failed && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        l->n++;
        failed = each(l, s);
    }
    if (!failed && rc != SQLITE_DONE)
        failed = cdr_database_fails(l->db, "cannot be read", l->why);
    sqlite3_finalize(s);
    if (!failed && l->look->item && l->n == 0)
        failed =
            cdr_fails(l->why, CDR_EXIT_INPUT,
                      "no job in the journal has the number %" PRIu64, l->look->item);
    return failed;
}

/* ---- what a row says ---- */

/* The job of the row; without its output unless that is wanted. NULL: noted. */
static struct cdr_job *job_of(struct looking *l, sqlite3_stmt *s, bool output)
{
    struct cdr_job *job = cdr_job_new();
    int failed = job ? 0 : ENOMEM;

    if (job) {
        job->seq = (uint64_t)sqlite3_column_int64(s, CDR_COL_SEQ);
        job->id = sqlite3_column_int64(s, CDR_COL_ID);
        job->seed = (uint64_t)sqlite3_column_int64(s, CDR_COL_SEED);
        job->bytes = (uint64_t)sqlite3_column_int64(s, CDR_COL_OUTPUT_SIZE);
        job->end.ran = true;
        if (!cdr_row_list(s, CDR_COL_INPUT, &job->args) ||
            !cdr_row_list(s, CDR_COL_WORDS, &job->words))
            failed = ENOMEM;
    }
    if (job && !failed)
        failed = cdr_row_read(s, command_hash(s), job, &l->spool, l->look->path);
    if (failed && job && failed != ENOMEM && !output)
        failed = 0; /* what is lost is its output only */
    if (!failed)
        return job;
    cdr_fails(l->why, CDR_EXIT_INPUT, "job %" PRIu64 ": its output cannot be read: %s",
              job ? job->seq : 0, strerror(failed));
    cdr_job_free(job, &l->spool);
    return NULL;
}

static const char *state_of(sqlite3_stmt *s)
{
    const char *state = (const char *)sqlite3_column_text(s, CDR_COL_STATE);

    return state ? state : "?";
}

/* ---- the list ---- */

static int list_row(struct looking *l, sqlite3_stmt *s)
{
    struct cdr_job *job = job_of(l, s, false);
    struct cdr_buffer input = { 0 };
    char how[300], *shown;
    bool ended = strcmp(state_of(s), "running") != 0;

    if (!job)
        return l->why->code;
    if (l->n == 1)
        printf("job\tstate\tseconds\thow it ended\tinput\n");
    cdr_job_input(job, &input);
    cdr_buffer_add(&input, "", 1);
    shown = input.failed ? NULL : cdr_printable(input.data);
    printf("%" PRIu64 "\t%s\t%.3f\t%s\t%s\n", job->seq, state_of(s), job->end.seconds,
           ended ? cdr_summary_how(how, sizeof how, job) : "not", shown ? shown : "");
    free(shown);
    cdr_buffer_free(&input);
    cdr_job_free(job, &l->spool);
    return 0;
}

static int log_row(struct looking *l, sqlite3_stmt *s)
{
    struct cdr_job *job;

    if (strcmp(state_of(s), "running") == 0)
        return 0;
    job = job_of(l, s, false);
    if (!job)
        return l->why->code;
    cdr_joblog_line(stdout, job, sqlite3_column_type(s, SHELL) != SQLITE_NULL);
    cdr_job_free(job, &l->spool);
    return 0;
}

static int put(void *arg, const char *bytes, size_t size)
{
    return fwrite(bytes, 1, size, arg) == size ? 0 : 1;
}

static int output_row(struct looking *l, sqlite3_stmt *s)
{
    struct cdr_job *job = job_of(l, s, true);

    if (!job)
        return l->why->code;
    (void)cdr_held_give(&job->output, &l->spool, put,
                        stdout); /* asked for at the end */
    fflush(stdout);
    (void)cdr_held_give(&job->errors, &l->spool, put, stderr);
    cdr_job_free(job, &l->spool);
    return 0;
}

static int replay_row(struct looking *l, sqlite3_stmt *s)
{
    struct cdr_replay replay = {
        .shell = (const char *)sqlite3_column_text(s, SHELL),
        .folder = (const char *)sqlite3_column_text(s, FOLDER),
        .in_shell = l->look->shell,
        .in_gdb = l->look->gdb,
    };
    const char *template = (const char *)sqlite3_column_text(s, TEMPLATE);

    replay.job = job_of(l, s, false);
    if (!replay.job)
        return l->why->code;
    if (strncmp(template ? template : "", CDR_PIPE_PREFIX, strlen(CDR_PIPE_PREFIX)) ==
        0)
        cdr_fails(l->why, CDR_EXIT_INPUT,
                  "job %" PRIu64 " read a block of the input, which no journal keeps: "
                  "run the command again",
                  replay.job->seq);
    else if (replay.job->words.n == 0)
        cdr_fails(l->why, CDR_EXIT_INPUT,
                  "job %" PRIu64 " had begun and not ended: its command is not known",
                  replay.job->seq);
    else
        cdr_replay(&replay, l->why); /* comes back only if that fails */
    cdr_job_free(replay.job, &l->spool);
    return l->why->code;
}

/* ---- the check ---- */

static void complain(struct looking *l, sqlite3_stmt *s, const char *what)
{
    l->wrong++;
    printf("job %lld: %s\n", (long long)sqlite3_column_int64(s, CDR_COL_SEQ), what);
}

static bool is_there(struct looking *l, sqlite3_stmt *s, int which)
{
    uint64_t size = (uint64_t)sqlite3_column_int64(s, CDR_COL_OUTPUT_SIZE + which);
    struct stat file;
    char *name;
    bool there;

    if (size <= CDR_OUTPUT_INSIDE)
        return (uint64_t)sqlite3_column_bytes(s, CDR_COL_OUTPUT + which) == size;
    name = cdr_output_name(l->look->path, sqlite3_column_int64(s, CDR_COL_ID), which);
    there = name && stat(name, &file) == 0 && (uint64_t)file.st_size == size;
    free(name);
    return there;
}

static int check_row(struct looking *l, sqlite3_stmt *s)
{
    if (cdr_hash(command_hash(s), sqlite3_column_blob(s, CDR_COL_INPUT),
                 (size_t)sqlite3_column_bytes(s, CDR_COL_INPUT)) !=
        (uint64_t)sqlite3_column_int64(s, CDR_COL_HASH))
        complain(l, s, "its input or its command has changed");
    else if (!cdr_row_is_whole(s, command_hash(s)))
        complain(l, s, "its record is not as it was");
    for (int which = 0; which < 2; which++)
        if (!is_there(l, s, which))
            complain(l, s,
                     which ? "its errors are not there as they were"
                           : "its output is not there as it was");
    l->done += strcmp(state_of(s), "done") == 0;
    l->failed += strcmp(state_of(s), "failed") == 0;
    l->begun += strcmp(state_of(s), "running") == 0;
    return 0;
}

static int check_database(struct looking *l)
{
    sqlite3_stmt *s = cdr_database_prepare(l->db, "PRAGMA integrity_check", l->why);
    int rc = SQLITE_ERROR;

    while (s && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(s, 0);

        if (text && strcmp(text, "ok") != 0) {
            l->wrong++;
            printf("database: %s\n", text);
        }
    }
    sqlite3_finalize(s);
    return l->why->code        ? l->why->code
           : rc == SQLITE_DONE ? 0
                               : cdr_database_fails(l->db, "cannot be read", l->why);
}

static int verify(struct looking *l)
{
    if (check_database(l) || for_each(l, check_row))
        return l->why->code;
    printf("%" PRIu64 " jobs: %" PRIu64 " done, %" PRIu64 " failed, %" PRIu64
           " had begun and not ended\n",
           l->n, l->done, l->failed, l->begun);
    if (l->wrong)
        return cdr_fails(
            l->why, CDR_EXIT_INPUT,
            "%" PRIu64 " thing%s in the journal %s wrong; jobs without their "
            "output run again",
            l->wrong, l->wrong == 1 ? "" : "s", l->wrong == 1 ? "is" : "are");
    return 0;
}

static int do_it(struct looking *l)
{
    if (l->look->verify)
        return verify(l);
    if (l->look->joblog) {
        cdr_joblog_head(stdout);
        return for_each(l, log_row);
    }
    if (l->look->replay)
        return for_each(l, replay_row);
    return for_each(l, l->look->output ? output_row : list_row);
}

int cdr_journal_look(const struct cdr_look *look, struct cdr_failure *why)
{
    struct looking l = { .look = look, .why = why };
    int rc;

    if (!cdr_spool_open(&l.spool, NULL))
        return cdr_fails_memory(why);
    rc = cdr_database_open(&l.db, look->path, true, why);
    if (!rc)
        rc = do_it(&l);
    sqlite3_close(l.db);
    cdr_spool_close(&l.spool);
    return rc;
}
