/* recover.c - a new journal of what can be read of a damaged one.
 * SPDX-License-Identifier: MIT
 *
 * All pages of the file are gone through, whatever hangs on what: first for commands, then
 * for jobs. A page may be a copy that is no longer in use; of two records of a job the one
 * that has ended counts, and of two that have, the later one.
 */
#include "cli/journal/recover.h"
#include "cli/journal/database.h"
#include "cli/journal/outputs.h"
#include "cli/journal/salvage.h"
#include "cli/map/job.h"
#include "cli/base/text.h"
#include "cli/output/output.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_IN_PAGE 256 /* records; fewer fit */

struct recovery {
    const char *path, *to;
    struct cdr_pages pages;
    struct cdr_old_commands commands;
    sqlite3 *db;
    sqlite3_stmt *job, *there, *torn;
    struct cdr_spool spool;
    bool made; /* the new file is ours */
    uint64_t orphans;
    int64_t listed; /* the last id that the index has */
    struct cdr_failure *why;
};

static int go_through(struct recovery *r, cdr_each_record *each)
{
    unsigned char *page = malloc(r->pages.page);
    int rc = page ? 0 : ENOMEM;

    for (uint32_t i = 1; i <= r->pages.n && rc == 0; i++)
        if (cdr_pages_get(&r->pages, i, page))
            rc = cdr_page_records(&r->pages, page, i, each, r);
    free(page);
    if (rc == ENOMEM && !r->why->code)
        cdr_fails_memory(r->why);
    return r->why->code;
}

static int take_command(void *arg, const struct cdr_record *record)
{
    struct recovery *r = arg;

    return cdr_old_command_add(&r->commands, record) ? 0 : ENOMEM;
}

/* ---- jobs ---- */

static int step(struct recovery *r, sqlite3_stmt *s)
{
    int rc = sqlite3_step(s);

    sqlite3_reset(s);
    return rc == SQLITE_DONE ? 0
                             : cdr_database_fails(r->db, "cannot be written", r->why);
}

static void bind(sqlite3_stmt *s, int column, const struct cdr_value *v)
{
    switch (v->kind) {
    case CDR_INTEGER: sqlite3_bind_int64(s, column, v->number); break;
    case CDR_FLOAT: sqlite3_bind_double(s, column, v->real); break;
    case CDR_STRING:
        sqlite3_bind_text(s, column, (const char *)v->bytes, (int)v->size,
                          SQLITE_STATIC);
        break;
    case CDR_BLOB:
        sqlite3_bind_blob(s, column, v->bytes, (int)v->size, SQLITE_STATIC);
        break;
    default: sqlite3_bind_null(s, column);
    }
}

static double began(const struct cdr_record *record)
{
    const struct cdr_value *v = &record->value[CDR_OLD_BEGAN];

    return v->kind == CDR_FLOAT ? v->real : (double)v->number;
}

/* A record that says more of the job is there already. */
static bool is_known(struct recovery *r, const struct cdr_record *record, bool ended)
{
    sqlite3_stmt *s = r->there;
    bool known;

    sqlite3_bind_int64(s, 1, record->id);
    known = sqlite3_step(s) == SQLITE_ROW &&
            (!ended || (sqlite3_column_int(s, 0) &&
                        sqlite3_column_double(s, 1) >= began(record)));
    sqlite3_reset(s);
    return known;
}

/* Outputs beside the file come along. 0 or an errno. */
static int copy_output(struct recovery *r, const struct cdr_record *record, int which)
{
    uint64_t size = (uint64_t)record->value[CDR_OLD_OUTPUT_SIZE + which].number;
    struct cdr_held held = { 0 };
    int failed;

    if (size <= CDR_OUTPUT_INSIDE)
        return 0;
    failed = cdr_output_load(r->path, record->id, which, size, &held, &r->spool);
    if (!failed &&
        (failed = cdr_output_save(r->to, record->id, which, &held, &r->spool)) != 0)
        cdr_fails(r->why, CDR_EXIT_FAILED, "an output cannot be written beside %s: %s",
                  r->to, strerror(failed));
    cdr_held_clear(&held, &r->spool);
    return failed;
}

/* The index tells of records that are lost. Ids count records, so a large one is damage. */
static void note_listed(struct recovery *r, const struct cdr_record *record)
{
    int64_t id = record->n > 0 ? record->value[record->n - 1].number : 0;

    if (!record->of_index || record->n < 2 || record->n > 3)
        return;
    for (size_t i = 0; i < record->n; i++)
        if (record->value[i].kind != CDR_INTEGER)
            return;
    if (id > r->listed && id <= (int64_t)r->pages.n * MOST_IN_PAGE)
        r->listed = id;
}

static int note_torn(struct recovery *r, const struct cdr_record *record)
{
    sqlite3_bind_int64(r->torn, 1, record->id);
    bind(r->torn, 2, &record->value[CDR_OLD_SEQ]);
    bind(r->torn, 3, &record->value[CDR_OLD_INPUT]);
    return step(r, r->torn);
}

static int take_job(void *arg, const struct cdr_record *record)
{
    struct recovery *r = arg;
    enum cdr_old_job what = cdr_old_job_judge(&r->commands, record);
    bool whole = true;

    note_listed(r, record);
    r->orphans += what == CDR_OLD_ORPHAN;
    if (what == CDR_OLD_NONE || what == CDR_OLD_ORPHAN)
        return 0;
    if (what != CDR_OLD_TORN && is_known(r, record, what == CDR_OLD_ENDED))
        return 0;
    for (int which = 0; which < 2 && what == CDR_OLD_ENDED; which++)
        whole = whole && copy_output(r, record, which) == 0;
    if (r->why->code)
        return r->why->code;
    if (what == CDR_OLD_TORN || !whole)
        return note_torn(r, record);
    sqlite3_clear_bindings(r->job);
    sqlite3_bind_int64(r->job, 1, record->id);
    for (size_t i = 1; i < record->n; i++)
        bind(r->job, (int)i + 1, &record->value[i]);
    return step(r, r->job);
}

/* ---- the new journal ---- */

/* Jobs' hashes vouch for a command's template, and not for its shell and folder: of its copies,
 * one that names what is there is likely to be right. */
static const char *likely(const struct cdr_old_commands *all,
                          const struct cdr_old_command *known, bool shell)
{
    for (size_t i = 0; i < all->n; i++) {
        const struct cdr_old_command *c = &all->at[i];
        const char *name = shell ? c->shell : c->folder;

        if (c->id == known->id && c->hash == known->hash && name &&
            access(name, shell ? X_OK : F_OK) == 0)
            return name;
    }
    return shell ? known->shell : known->folder ? known->folder : ".";
}

static int write_commands(struct recovery *r)
{
    sqlite3_stmt *s = cdr_database_prepare(
        r->db, "INSERT OR IGNORE INTO command VALUES (?, ?, ?, ?)", r->why);

    for (size_t i = 0; s && i < r->commands.n && !r->why->code; i++) {
        const struct cdr_old_command *c = &r->commands.at[i];

        if (!c->known)
            continue;
        sqlite3_bind_int64(s, 1, c->id);
        sqlite3_bind_text(s, 2, c->template, -1, SQLITE_STATIC);
        sqlite3_bind_text(s, 3, likely(&r->commands, c, false), -1, SQLITE_STATIC);
        sqlite3_bind_text(s, 4, likely(&r->commands, c, true), -1, SQLITE_STATIC);
        step(r, s);
    }
    sqlite3_finalize(s);
    return r->why->code;
}

/* Neither it nor outputs beside it are to be there already. */
static int check_new(const struct recovery *r)
{
    char shown[CDR_SHOWN], *outputs = cdr_outputs_folder(r->to);
    const char *there = access(r->to, F_OK) == 0                ? r->to
                        : outputs && access(outputs, F_OK) == 0 ? outputs
                                                                : NULL;

    if (!outputs)
        cdr_fails_memory(r->why);
    else if (there == r->to)
        cdr_fails(r->why, CDR_EXIT_USAGE,
                  "--recover is %s, which is there already: name a new file",
                  cdr_quote(shown, there));
    else if (there)
        cdr_fails(
            r->why, CDR_EXIT_USAGE,
            "--recover has outputs in %s, which is there already: name a new file",
            cdr_quote(shown, there));
    free(outputs);
    return r->why->code;
}

static int open_new(struct recovery *r)
{
    if (check_new(r))
        return r->why->code;
    r->made = true;
    if (cdr_database_open(&r->db, r->to, false, r->why) ||
        cdr_database_run(r->db,
                         "CREATE TEMP TABLE torn (id INTEGER PRIMARY KEY, seq, input); "
                         "BEGIN",
                         r->why))
        return r->why->code;
    r->job =
        cdr_database_prepare(r->db,
                             "INSERT OR REPLACE INTO job VALUES (?, ?, ?, ?, ?, ?, "
                             "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                             r->why);
    r->there = cdr_database_prepare(
        r->db, "SELECT state <> 'running', began FROM job WHERE id = ?", r->why);
    r->torn = cdr_database_prepare(
        r->db, "INSERT OR REPLACE INTO torn VALUES (?, ?, ?)", r->why);
    return r->why->code;
}

static void close_new(struct recovery *r)
{
    sqlite3_finalize(r->job);
    sqlite3_finalize(r->there);
    sqlite3_finalize(r->torn);
    if (r->db && sqlite3_close(r->db) != SQLITE_OK && !r->why->code)
        cdr_database_fails(r->db, "cannot be closed", r->why);
}

/* Nothing of it is left where it could not be finished. */
static void remove_new(const struct recovery *r)
{
    char *log;

    (void)unlink(r->to);
    if (asprintf(&log, "%s-wal", r->to) >= 0) {
        (void)unlink(log);
        free(log);
    }
    cdr_outputs_remove(r->to);
}

/* ---- what is lost ---- */

/* The records between two that are there: what they are is known if their numbers in the
 * run went up as the ids did. */
static void say_missing(int64_t ids, int64_t seq, int64_t next, bool first)
{
    if (next - seq == ids + 1 && ids == 1)
        printf("job %" PRId64 ": no record of it can be read\n", seq + 1);
    else if (next - seq == ids + 1)
        printf("jobs %" PRId64 " to %" PRId64 ": no record of them can be read\n",
               seq + 1, next - 1);
    else if (first)
        printf("before job %" PRId64 ": %" PRId64 " records cannot be read\n", next,
               ids);
    else
        printf("between job %" PRId64 " and job %" PRId64 ": %" PRId64
               " record%s cannot be read\n",
               seq, next, ids, ids == 1 ? "" : "s");
}

static void say_torn(sqlite3_stmt *s)
{
    const char *bytes = sqlite3_column_blob(s, 2);
    size_t size = (size_t)sqlite3_column_bytes(s, 2);
    char *input = malloc(size + 1), *shown;

    for (size_t i = 0; input && i < size; i++)
        input[i] = bytes[i] || i + 1 == size ? bytes[i] : ' ';
    if (input)
        input[size] = '\0';
    shown = input ? cdr_printable(input) : NULL;
    printf("job %lld: its record is torn: %s\n", (long long)sqlite3_column_int64(s, 1),
           shown ? shown : "");
    free(shown);
    free(input);
}

static int say_what_is_lost(struct recovery *r, uint64_t *saved)
{
    sqlite3_stmt *s = cdr_database_prepare(
        r->db,
        "SELECT id, seq, NULL, 1 FROM job UNION ALL SELECT id, seq, input, 0 FROM torn "
        "WHERE id NOT IN (SELECT id FROM job) ORDER BY 1",
        r->why);
    int64_t id = 0, seq = 0;
    int rc = SQLITE_ERROR;

    while (s && (rc = sqlite3_step(s)) == SQLITE_ROW) {
        int64_t next = sqlite3_column_int64(s, 0), number = sqlite3_column_int64(s, 1);

        if (next > id + 1)
            say_missing(next - id - 1, seq, number, id == 0);
        if (sqlite3_column_int(s, 3))
            ++*saved;
        else
            say_torn(s);
        id = next;
        seq = number;
    }
    if (s && rc != SQLITE_DONE)
        cdr_database_fails(r->db, "cannot be read", r->why);
    sqlite3_finalize(s);
    if (r->listed > id)
        printf("after job %" PRId64 ": %" PRId64 " record%s cannot be read\n", seq,
               r->listed - id, r->listed - id == 1 ? "" : "s");
    return r->why->code;
}

static int report(struct recovery *r)
{
    const struct cdr_pages *p = &r->pages;
    char shown[CDR_SHOWN];
    uint64_t saved = 0;

    if (say_what_is_lost(r, &saved))
        return r->why->code;
    if (p->said > p->n)
        printf("the file ends after %" PRIu32 " of %" PRIu32
               " pages: later jobs may be lost, too\n",
               p->n, p->said);
    if (r->orphans > 0)
        printf("the command of %" PRIu64 " job%s cannot be read\n", r->orphans,
               r->orphans == 1 ? "" : "s");
    if (saved == 0 && !p->headed)
        return cdr_fails(r->why, CDR_EXIT_INPUT, "%s has no records that can be read",
                         cdr_quote(shown, r->path));
    printf("%" PRIu64 " record%s saved in %s; what is not among them runs again\n",
           saved, saved == 1 ? " was" : "s were", cdr_quote(shown, r->to));
    return 0;
}

static int recover(struct recovery *r)
{
    if (cdr_pages_open(&r->pages, r->path, r->why) || open_new(r) ||
        go_through(r, take_command) || go_through(r, take_job) || write_commands(r) ||
        cdr_database_run(r->db, "COMMIT", r->why))
        return r->why->code;
    return report(r);
}

int cdr_journal_recover(const char *path, const char *to, struct cdr_failure *why)
{
    struct recovery r = {
        .path = path, .to = to, .pages = { .file = -1, .log = -1 }, .why = why
    };

    if (!cdr_spool_open(&r.spool, NULL))
        return cdr_fails_memory(why);
    recover(&r);
    close_new(&r);
    if (r.made && why->code)
        remove_new(&r);
    cdr_pages_close(&r.pages);
    cdr_old_commands_free(&r.commands);
    cdr_spool_close(&r.spool);
    return why->code;
}
