/* ask.c - what a journal knows of a job, and why jobs run again.
 * SPDX-License-Identifier: MIT
 *
 * A job's identity ends in a count: how many equal ones came before it in this run. As
 * long as the walk over the recorded jobs meets what comes, nobody has to count. Each met
 * row is the job that it says, by induction: rows of equal jobs have different counts, and
 * those met were 0, 1, 2 and so on; so a row of count 0 is the first, and one of count n is
 * next if that of n - 1 was met. Only jobs that had to be looked up are counted, in
 * j->seen, from then on.
 */
#include "cli/journal/state.h"

#include <inttypes.h>
#include <string.h>

/* The command with that id, by whatever shell: which one does not make it another command. */
#define IS_COMMAND(id)                                                       \
    "command IN (SELECT c.id FROM command c, command own WHERE own.id = " id \
    " AND c.template = own.template AND (c.shell IS NULL) = (own.shell IS NULL))"

int cdr_journal_prepare(struct cdr_journal *j, struct cdr_failure *why)
{
    j->insert = cdr_database_prepare(j->db, CDR_ROW_INSERT, why);
    j->by_id = cdr_database_prepare(
        j->db, "SELECT " CDR_ROW_COLUMNS " FROM job WHERE id = ?1", why);
    j->by_hash =
        cdr_database_prepare(j->db,
                             "SELECT id FROM job WHERE hash = ?1 AND equal = ?2 "
                             "AND input = ?3 AND " IS_COMMAND("?4"),
                             why);
    j->equals = cdr_database_prepare(
        j->db, "SELECT id FROM job WHERE hash = ?1 AND " IS_COMMAND("?2"), why);
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
    done = state && (strcmp(state, "done") == 0 ||
                     (j->set.keep_failed && strcmp(state, "failed") == 0));
    if (!done) {
        note_again(
            j, state && strcmp(state, "failed") == 0 ? CDR_HAD_FAILED : CDR_HAD_BEGUN,
            job->seq);
    } else if (cdr_row_read(s, j->salt, job, j->set.spool, j->set.path)) {
        note_again(j, CDR_OUTPUT_LOST, job->seq);
    } else {
        job->stored = true;
        job->end.ran = true;
        j->stored++;
    }
}

/* ---- the identity ---- */

/* The row of the job with that count; 0: there is none. */
static int64_t find(struct cdr_journal *j, uint64_t hash, uint32_t equal,
                    const void *input, size_t size, struct cdr_failure *why)
{
    sqlite3_stmt *s = j->by_hash;
    int64_t id = 0;
    int rc;

    pthread_mutex_lock(&j->db_lock);
    sqlite3_bind_int64(s, 1, (sqlite3_int64)hash);
    sqlite3_bind_int64(s, 2, equal);
    sqlite3_bind_blob(s, 3, size ? input : "", (int)size, SQLITE_STATIC);
    sqlite3_bind_int64(s, 4, j->command);
    rc = sqlite3_step(s);
    if (rc == SQLITE_ROW)
        id = sqlite3_column_int64(s, 0);
    else if (rc != SQLITE_DONE)
        cdr_database_fails(j->db, "cannot be read", why);
    sqlite3_reset(s);
    pthread_mutex_unlock(&j->db_lock);
    return id;
}

/* How many of the rows with that hash were met. */
static uint32_t count_met(struct cdr_journal *j, uint64_t hash, struct cdr_failure *why)
{
    sqlite3_stmt *s = j->equals;
    uint32_t n = 0;
    int rc;

    pthread_mutex_lock(&j->db_lock);
    sqlite3_bind_int64(s, 1, (sqlite3_int64)hash);
    sqlite3_bind_int64(s, 2, j->command);
    while ((rc = sqlite3_step(s)) == SQLITE_ROW)
        n += cdr_walk_met(&j->walk, sqlite3_column_int64(s, 0));
    if (rc != SQLITE_DONE)
        cdr_database_fails(j->db, "cannot be read", why);
    sqlite3_reset(s);
    pthread_mutex_unlock(&j->db_lock);
    return n;
}

static bool equal_input(const struct cdr_journal *j, const struct cdr_recorded *row,
                        const struct cdr_args *key)
{
    return row->size[0] == key->used &&
           memcmp(j->walk.bytes.data + row->at, key->used ? key->text : "",
                  key->used) == 0;
}

/* The row before it in the walk was met last, and is the equal job before it. */
static bool follows_equal(const struct cdr_journal *j, const struct cdr_recorded *row,
                          const struct cdr_args *key)
{
    return row > j->walk.row && row[-1].id == j->walk.met &&
           row[-1].equal + 1 == row->equal && equal_input(j, row - 1, key);
}

/* Whether the row is this job, whose input it has. */
static bool is_job(struct cdr_journal *j, const struct cdr_recorded *row,
                   const struct cdr_args *key, struct cdr_failure *why)
{
    const uint32_t *count;
    uint64_t hash;

    if (row->equal == 0 && j->seen.used == 0)
        return true;
    hash = cdr_hash(j->salt, key->text, key->used);
    count = cdr_seen_get(&j->seen, hash);
    if (count)
        return *count == row->equal;
    return row->equal == 0 || follows_equal(j, row, key) ||
           cdr_walk_met(&j->walk,
                        find(j, hash, row->equal - 1, key->text, key->used, why));
}

/* The job was recorded as this row. Its count goes up, if it is being counted. */
static bool meet(struct cdr_journal *j, int64_t id, uint32_t equal,
                 const struct cdr_args *key)
{
    uint64_t hash;

    cdr_walk_meet(&j->walk, id);
    if (j->seen.used == 0)
        return true;
    hash = cdr_hash(j->salt, key->text, key->used);
    return !cdr_seen_get(&j->seen, hash) || cdr_seen_put(&j->seen, hash, equal + 1);
}

/* The next row of the walk, if it is this job. */
static const struct cdr_recorded *
next_row(struct cdr_journal *j, const struct cdr_args *key, struct cdr_failure *why)
{
    const struct cdr_recorded *row = cdr_walk_row(&j->walk, &j->db_lock, why);

    return row && equal_input(j, row, key) && is_job(j, row, key, why) ? row : NULL;
}

bool cdr_journal_skip(struct cdr_journal *j, const struct cdr_args *key,
                      struct cdr_stored *stored, struct cdr_failure *why)
{
    const struct cdr_recorded *row = next_row(j, key, why);
    const char *at;

    if (!row || !row->here || why->code)
        return false;
    at = j->walk.bytes.data + row->at + row->size[0];
    *stored = (struct cdr_stored){ { at, at + row->size[1] },
                                   { row->size[1], row->size[2] } };
    if (!meet(j, row->id, row->equal, key)) {
        cdr_fails_memory(why);
        return false;
    }
    j->stored++;
    return true;
}

/* ---- jobs one by one ---- */

/* Where it is recorded, by its count among equal ones; 0: nowhere. */
static int64_t look_for(struct cdr_journal *j, struct cdr_job *job,
                        const struct cdr_args *key, struct cdr_failure *why)
{
    const uint32_t *count = cdr_seen_get(&j->seen, job->hash);
    int64_t id;

    job->equal = count ? *count : count_met(j, job->hash, why);
    id = why->code ? 0 : find(j, job->hash, job->equal, key->text, key->used, why);
    if (!why->code && !cdr_seen_put(&j->seen, job->hash, job->equal + 1))
        cdr_fails_memory(why);
    if (id)
        cdr_walk_meet(&j->walk, id);
    return id;
}

static int load(struct cdr_journal *j, int64_t id, struct cdr_job *job,
                struct cdr_failure *why)
{
    sqlite3_stmt *s = j->by_id;
    int rc;

    pthread_mutex_lock(&j->db_lock);
    sqlite3_bind_int64(s, 1, id);
    rc = sqlite3_step(s);
    if (rc == SQLITE_ROW)
        use_row(j, s, job);
    else
        cdr_database_fails(j->db, "cannot be read", why);
    sqlite3_reset(s);
    pthread_mutex_unlock(&j->db_lock);
    return why->code;
}

int cdr_journal_look_up(struct cdr_journal *j, struct cdr_job *job,
                        struct cdr_failure *why)
{
    const struct cdr_args *key = cdr_job_key(job);
    const struct cdr_recorded *row = next_row(j, key, why);
    int64_t id = row ? row->id : 0;

    if (why->code)
        return why->code;
    job->hash = cdr_hash(j->salt, key->text, key->used);
    if (row) {
        job->equal = row->equal;
        if (!meet(j, id, row->equal, key))
            return cdr_fails_memory(why);
    } else {
        id = look_for(j, job, key, why);
    }
    if (why->code)
        return why->code;
    if (id)
        return load(j, id, job, why);
    job->id = j->next_id++;
    return 0;
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

        j->salt = cdr_command_hash(template, shell != NULL);
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
    return why->code ? why->code : rc == SQLITE_DONE ? CDR_NO_MORE : 0;
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
