/* row.c - a job as the journal's table has it.
 * SPDX-License-Identifier: MIT
 */
#include "cli/journal/row.h"
#include "cli/journal/identity.h"
#include "cli/journal/outputs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Any odd numbers would do; they are part of journals. */
#define SPREAD    0x9e3779b97f4a7c15u
#define SPREAD_ID 0xd6e8feb86659fd93u

/* ---- making ---- */

struct cdr_row *cdr_row_new(const struct cdr_job *job)
{
    const struct cdr_args *key = cdr_job_key(job);
    struct cdr_row *row = calloc(1, sizeof *row);

    if (!row || !(row->bytes = malloc(key->used + 1))) {
        free(row);
        return NULL;
    }
    row->id = job->id;
    row->hash = job->hash;
    row->equal = job->equal;
    row->seq = job->seq;
    row->seed = job->seed;
    row->command = job->command;
    row->input = key->used;
    if (row->input > 0)
        memcpy(row->bytes, key->text, row->input);
    return row;
}

struct cdr_row *cdr_row_copy(const struct cdr_row *row)
{
    struct cdr_row *copy = malloc(sizeof *copy);

    if (!copy || !(copy->bytes = malloc(row->input + 1))) {
        free(copy);
        return NULL;
    }
    {
        char *bytes = copy->bytes;

        *copy = *row;
        copy->bytes = bytes;
    }
    memcpy(copy->bytes, row->bytes, row->input);
    return copy;
}

void cdr_row_free(struct cdr_row *row)
{
    if (row)
        free(row->bytes);
    free(row);
}

static int copy_bytes(void *arg, const char *bytes, size_t size)
{
    char **at = arg;

    memcpy(*at, bytes, size);
    *at += size;
    return 0;
}

static int copy_held(char **at, struct cdr_held *held, struct cdr_spool *spool)
{
    uint64_t given = held->given;
    int rc;

    held->given = 0;
    rc = cdr_held_give(held, spool, copy_bytes, at);
    held->given = given;
    return rc < 0 ? errno : 0;
}

int cdr_row_end(struct cdr_row *row, struct cdr_job *job, struct cdr_spool *spool,
                const char *journal)
{
    struct cdr_held *held[2] = { &job->output, &job->errors };
    size_t size = row->input + job->words.used;
    int failed = 0;
    char *more, *at;

    row->ended = true;
    row->end = job->end;
    row->failed = cdr_job_failed(job);
    row->words = job->words.used;
    for (int which = 0; which < 2; which++) {
        row->size[which] = held[which]->total;
        row->beside[which] = held[which]->total > CDR_OUTPUT_INSIDE;
        size += row->beside[which] ? 0 : (size_t)held[which]->total;
    }
    more = realloc(row->bytes, size + 1);
    if (!more)
        return ENOMEM;
    row->bytes = more;
    at = more + row->input;
    if (row->words > 0)
        memcpy(at, job->words.text, row->words);
    at += row->words;
    for (int which = 0; which < 2 && !failed; which++)
        failed = row->beside[which]
                     ? cdr_output_save(journal, row->id, which, held[which], spool)
                     : copy_held(&at, held[which], spool);
    return failed;
}

/* ---- the digest ---- */

uint64_t cdr_row_digest(const struct cdr_row_parts *p)
{
    uint64_t head = (uint64_t)p->equal << 2 | (uint64_t)p->timed_out << 1 | p->failed;
    uint64_t place = p->command ^ (uint64_t)p->id * SPREAD_ID, h;
    uint64_t how = (uint64_t)(uint32_t)p->status << 32 | (uint32_t)p->signal;

    h = cdr_digest(place ^ head * SPREAD, p->input, p->input_size);
    h = cdr_digest(h ^ how, p->words, p->words_size);
    for (int which = 0; which < 2; which++) {
        bool beside = p->size[which] > CDR_OUTPUT_INSIDE;

        h = cdr_digest(h ^ p->size[which], p->output[which],
                       beside ? 0 : (size_t)p->size[which]);
    }
    return h;
}

/* ---- writing ---- */

static uint64_t digest_of(const struct cdr_row *row, uint64_t command_hash,
                          const char *words, const char *const output[2])
{
    struct cdr_row_parts p = { .id = row->id,
                               .command = command_hash,
                               .failed = row->failed,
                               .equal = row->equal,
                               .status = row->end.status,
                               .signal = row->end.signal,
                               .timed_out = row->end.timed_out,
                               .input = row->bytes,
                               .input_size = row->input,
                               .words = words,
                               .words_size = row->words };

    for (int which = 0; which < 2; which++) {
        p.output[which] = output[which];
        p.size[which] = row->size[which];
    }
    return cdr_row_digest(&p);
}

static void bind_output(sqlite3_stmt *s, int column, const struct cdr_row *row,
                        int which, const char *bytes)
{
    if (row->size[which] == 0 || row->beside[which])
        sqlite3_bind_null(s, column);
    else
        sqlite3_bind_blob(s, column, bytes, (int)row->size[which], SQLITE_STATIC);
}

static void bind_end(sqlite3_stmt *s, const struct cdr_row *row, uint64_t command_hash)
{
    const struct cdr_end *end = &row->end;
    const char *words = row->bytes + row->input;
    const char *output[2] = { words + row->words };

    output[1] = output[0] + (row->beside[0] ? 0 : row->size[0]);

    sqlite3_bind_blob(s, 8, words, (int)row->words, SQLITE_STATIC);
    sqlite3_bind_int(s, 9, end->status);
    sqlite3_bind_int(s, 10, end->signal);
    sqlite3_bind_int(s, 11, end->timed_out);
    sqlite3_bind_int64(s, 12, end->tries);
    sqlite3_bind_double(s, 13, end->began);
    sqlite3_bind_double(s, 14, end->seconds);
    sqlite3_bind_double(s, 15, end->cpu);
    sqlite3_bind_int64(s, 16, end->peak_kib);
    bind_output(s, 17, row, 0, output[0]);
    bind_output(s, 18, row, 1, output[1]);
    sqlite3_bind_int64(s, 19, (sqlite3_int64)row->size[0]);
    sqlite3_bind_int64(s, 20, (sqlite3_int64)row->size[1]);
    sqlite3_bind_int64(s, 22,
                       (sqlite3_int64)digest_of(row, command_hash, words, output));
}

void cdr_row_bind(sqlite3_stmt *s, const struct cdr_row *row, int64_t command,
                  uint64_t command_hash)
{
    const char *state = !row->ended ? "running" : row->failed ? "failed" : "done";

    sqlite3_clear_bindings(s);
    sqlite3_bind_int64(s, 1, row->id);
    sqlite3_bind_int64(s, 2, (sqlite3_int64)row->hash);
    sqlite3_bind_int64(s, 3, command);
    sqlite3_bind_blob(s, 4, row->bytes, (int)row->input, SQLITE_STATIC);
    sqlite3_bind_int64(s, 5, row->equal);
    sqlite3_bind_text(s, 6, state, -1, SQLITE_STATIC);
    sqlite3_bind_int64(s, 7, (sqlite3_int64)row->seq);
    sqlite3_bind_int64(s, 21, (sqlite3_int64)row->seed);
    if (row->ended)
        bind_end(s, row, command_hash);
}

/* ---- reading ---- */

bool cdr_row_list(sqlite3_stmt *s, int column, struct cdr_args *to)
{
    const char *bytes = sqlite3_column_blob(s, column);
    size_t size = (size_t)sqlite3_column_bytes(s, column);

    for (size_t at = 0; at < size; at += strnlen(bytes + at, size - at) + 1)
        if (!cdr_args_add(to, bytes + at, strnlen(bytes + at, size - at)))
            return false;
    return true;
}

static int read_output(sqlite3_stmt *s, int column, int which, struct cdr_held *held,
                       struct cdr_spool *spool, const char *journal)
{
    uint64_t size = (uint64_t)sqlite3_column_int64(s, column + 2);
    const void *bytes = sqlite3_column_blob(s, column);

    if (size == 0)
        return 0;
    if (size > CDR_OUTPUT_INSIDE)
        return cdr_output_load(journal, sqlite3_column_int64(s, CDR_COL_ID), which,
                               size, held, spool);
    if (!bytes || (uint64_t)sqlite3_column_bytes(s, column) != size)
        return EIO;
    return cdr_held_add(held, spool, bytes, (size_t)size);
}

static void column_bytes(sqlite3_stmt *s, int column, const void **bytes, size_t *size)
{
    *bytes = sqlite3_column_blob(s, column);
    *size = (size_t)sqlite3_column_bytes(s, column);
}

bool cdr_row_is_whole(sqlite3_stmt *s, uint64_t command_hash)
{
    const char *state = (const char *)sqlite3_column_text(s, CDR_COL_STATE);
    struct cdr_row_parts p = { .id = sqlite3_column_int64(s, CDR_COL_ID),
                               .command = command_hash,
                               .equal =
                                   (uint32_t)sqlite3_column_int64(s, CDR_COL_EQUAL),
                               .failed = state && *state == 'f',
                               .status = sqlite3_column_int(s, CDR_COL_STATUS),
                               .signal = sqlite3_column_int(s, CDR_COL_SIGNAL),
                               .timed_out = sqlite3_column_int(s, CDR_COL_TIMED_OUT) };
    size_t size;

    if (sqlite3_column_type(s, CDR_COL_DIGEST) == SQLITE_NULL)
        return true;
    column_bytes(s, CDR_COL_INPUT, &p.input, &p.input_size);
    column_bytes(s, CDR_COL_WORDS, &p.words, &p.words_size);
    for (int which = 0; which < 2; which++) {
        p.size[which] = (uint64_t)sqlite3_column_int64(s, CDR_COL_OUTPUT_SIZE + which);
        column_bytes(s, CDR_COL_OUTPUT + which, &p.output[which], &size);
        if (p.size[which] <= CDR_OUTPUT_INSIDE && p.size[which] != size)
            return false;
    }
    return cdr_row_digest(&p) == (uint64_t)sqlite3_column_int64(s, CDR_COL_DIGEST);
}

int cdr_row_read(sqlite3_stmt *s, uint64_t command_hash, struct cdr_job *job,
                 struct cdr_spool *spool, const char *journal)
{
    struct cdr_end *end = &job->end;
    int failed;

    end->status = sqlite3_column_int(s, 5);
    end->signal = sqlite3_column_int(s, 6);
    end->timed_out = sqlite3_column_int(s, 7) != 0;
    end->tries = (unsigned)sqlite3_column_int64(s, 8);
    end->began = sqlite3_column_double(s, 9);
    end->seconds = sqlite3_column_double(s, 10);
    end->cpu = sqlite3_column_double(s, 11);
    end->peak_kib = (long)sqlite3_column_int64(s, 12);
    failed = cdr_row_is_whole(s, command_hash) ? 0 : ESTALE;
    if (!failed)
        failed = read_output(s, 13, 0, &job->output, spool, journal);
    if (!failed)
        failed = read_output(s, 14, 1, &job->errors, spool, journal);
    if (failed) {
        cdr_held_clear(&job->output, spool);
        cdr_held_clear(&job->errors, spool);
        *end = (struct cdr_end){ 0 };
    }
    return failed;
}
