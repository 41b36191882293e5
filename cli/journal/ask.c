/* ask.c - what a journal knows of a job, and why jobs run again.
 * SPDX-License-Identifier: MIT
 */
#include "cli/journal/state.h"

#include <inttypes.h>
#include <string.h>

int cdr_journal_prepare(struct cdr_journal *j, struct cdr_failure *why)
{
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
    j->next_failed = cdr_database_prepare(
        j->db,
        "SELECT " CDR_ROW_COLUMNS " FROM job WHERE id > ?1 AND state = 'failed' "
        "ORDER BY id LIMIT 1",
        why);
    return why->code;
}

static void note_again(struct cdr_journal *j, enum cdr_again reason, uint64_t seq)
{
    if (j->again[reason] < CDR_JOURNAL_NAMED)
        j->named[reason][j->again[reason]] = seq;
    j->again[reason]++;
}

static void use_row(struct cdr_journal *j, sqlite3_stmt *s, struct cdr_job *job)
{
    const char *state = (const char *)sqlite3_column_text(s, CDR_COL_STATE);
    bool done;

    job->id = sqlite3_column_int64(s, CDR_COL_ID);
    j->guess = job->id + 1;
    done = state && (strcmp(state, "done") == 0 ||
                     (j->set.keep_failed && strcmp(state, "failed") == 0));
    if (!done) {
        note_again(
            j, state && strcmp(state, "failed") == 0 ? CDR_HAD_FAILED : CDR_HAD_BEGUN,
            job->seq);
    } else if (cdr_row_read(s, job, j->set.spool, j->set.path)) {
        note_again(j, CDR_OUTPUT_LOST, job->seq);
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

/* ---- --retry-failed ---- */

/* The command that all failed jobs have. */
int cdr_journal_failed_command(struct cdr_journal *j, struct cdr_journal_command *out,
                               struct cdr_failure *why)
{
    sqlite3_stmt *s = cdr_database_prepare(
        j->db,
        "SELECT DISTINCT template, shell, folder FROM job JOIN command ON command.id = "
        "job.command WHERE state = 'failed' ORDER BY command.id LIMIT 2",
        why);
    int rc = s ? sqlite3_step(s) : SQLITE_ERROR;

    *out = (struct cdr_journal_command){ 0 };
    if (rc == SQLITE_ROW) {
        const char *template = (const char *)sqlite3_column_text(s, 0);
        const char *shell = (const char *)sqlite3_column_text(s, 1);
        const char *folder = (const char *)sqlite3_column_text(s, 2);

        if (strncmp(template ? template : "", CDR_PIPE_PREFIX,
                    strlen(CDR_PIPE_PREFIX)) == 0)
            cdr_fails(why, CDR_EXIT_INPUT,
                      "the jobs that failed read blocks of an input, which no journal "
                      "keeps: run the same command again");
        else if ((shell && !(j->shell = strdup(shell))) ||
                 (folder && !(j->folder = strdup(folder))))
            cdr_fails_memory(why);
        else if ((rc = sqlite3_step(s)) == SQLITE_ROW)
            cdr_fails(
                why, CDR_EXIT_INPUT,
                "the journal has failed jobs of several commands: run the command "
                "that is meant again");
    }
    if (s && !why->code && rc != SQLITE_DONE)
        cdr_database_fails(j->db, "cannot be read", why);
    sqlite3_finalize(s);
    *out = (struct cdr_journal_command){ j->shell, j->folder };
    return why->code;
}

int cdr_journal_next_failed(struct cdr_journal *j, struct cdr_job *job,
                            struct cdr_failure *why)
{
    sqlite3_stmt *s = j->next_failed;
    int rc;

    pthread_mutex_lock(&j->db_lock);
    sqlite3_bind_int64(s, 1, j->last_failed);
    rc = sqlite3_step(s);
    if (rc == SQLITE_ROW) {
        job->id = j->last_failed = sqlite3_column_int64(s, CDR_COL_ID);
        job->hash = (uint64_t)sqlite3_column_int64(s, CDR_COL_HASH);
        job->equal = (uint32_t)sqlite3_column_int64(s, CDR_COL_EQUAL);
        job->command = sqlite3_column_int64(s, CDR_COL_COMMAND);
        job->seed = (uint64_t)sqlite3_column_int64(s, CDR_COL_SEED);
        job->seq = (uint64_t)sqlite3_column_int64(s, CDR_COL_SEQ);
        if (!cdr_row_list(s, CDR_COL_INPUT, &job->args) ||
            !cdr_row_list(s, CDR_COL_WORDS, &job->words))
            cdr_fails_memory(why);
    } else if (rc != SQLITE_DONE) {
        cdr_database_fails(j->db, "cannot be read", why);
    }
    sqlite3_reset(s);
    pthread_mutex_unlock(&j->db_lock);
    return why->code ? why->code : rc == SQLITE_DONE ? CADRE_DONE : 0;
}

/* ---- the report ---- */

static void report(const struct cdr_journal *j, enum cdr_again reason, const char *text,
                   FILE *out)
{
    uint64_t n = j->again[reason];

    if (n == 0)
        return;
    fprintf(out, "cadre: %" PRIu64 " ran again, since %s: job%s ", n, text,
            n == 1 ? "" : "s");
    for (uint64_t i = 0; i < n && i < CDR_JOURNAL_NAMED; i++)
        fprintf(out, "%s%" PRIu64, i ? ", " : "", j->named[reason][i]);
    fprintf(out, "%s\n", n > CDR_JOURNAL_NAMED ? ", ..." : "");
}

void cdr_journal_report(const struct cdr_journal *j, FILE *out)
{
    if (j->stored > 0)
        fprintf(out, "cadre: %" PRIu64 " job%s done before, by the journal\n",
                j->stored, j->stored == 1 ? " was" : "s were");
    report(j, CDR_HAD_FAILED, "they had failed", out);
    report(j, CDR_HAD_BEGUN, "they had begun and not ended", out);
    report(j, CDR_OUTPUT_LOST, "their output is not in the journal any more", out);
}
