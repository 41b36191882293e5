/* source.c - where a stream's items come from.
 * SPDX-License-Identifier: MIT
 *
 * Arrays, indices and columns of arrays are read where they are: feeding them is
 * counting. Everything else is put into the item's slot: what the user's source writes
 * there (a range source, into several at once), one element of each column that has a
 * source, the record of another stream, the next line of a file. Bytes of any size go into
 * an arena, since slots are small.
 */
#include "core/stream/source.h"
#include "base/alloc.h"
#include "base/error.h"
#include "core/run/job.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- errors of sources ---- */

int cadre_source_fail(cadre_error *err, int user, const char *format, ...)
{
    va_list args;

    if (user == CADRE_OK || user == CADRE_DONE || user == CADRE_LATER)
        user = CADRE_ESOURCE;
    if (!err)
        return user;
    cdr_error_clear(err);
    err->code = CADRE_ESOURCE;
    err->user = user;
    va_start(args, format);
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    return user;
}

/* A source returned rc for position p, with its own words in *err or without. */
static enum cdr_fed broken(const struct cdr_source *f, uint64_t p, int rc,
                           cadre_error *err)
{
    uint64_t index = cdr_program_index(f->program, p);
    char text[sizeof err->message];

    if (err->code == CADRE_OK)
        snprintf(text, sizeof text, "the source returned %d", rc);
    else
        memcpy(text, err->message, sizeof text);
    cdr_fail(err, CADRE_ESOURCE, "item %" PRIu64 ": %.400s", index, text);
    err->user = rc;
    err->item = index;
    return CDR_BROKEN;
}

/* ---- bytes ---- */

static bool grow(struct cdr_pieces *q)
{
    uint64_t room = q->room ? q->room * 2 : 64;
    struct cdr_note *note = calloc(room, sizeof *note);

    if (!note)
        return false;
    for (uint64_t p = q->first; p < q->end; p++)
        note[p & (room - 1)] = q->note[p & (q->room - 1)];
    free(q->note);
    q->note = note;
    q->room = room;
    return true;
}

static void free_piece(struct cdr_source *f, const struct cdr_piece *piece)
{
    if (piece->held == CDR_IN_FILE)
        cdr_spill_file_free(f->program->spill_file, piece);
    else if (piece->held)
        cdr_arena_free(f->arena, piece);
}

/* Larger than the arena may hold. */
static enum cdr_fed keep_in_file(struct cdr_source *f, uint64_t index,
                                 const void *bytes, size_t size,
                                 struct cdr_piece *piece, cadre_error *err)
{
    struct cdr_extent x = { 0 };
    int rc = cdr_spill_file_append(f->program->spill_file, &x, bytes, size);

    if (!rc) {
        cdr_spill_file_finish(&x, piece);
        return CDR_FED;
    }
    cdr_spill_file_drop(f->program->spill_file, &x);
    cdr_fail_sys(err, rc,
                 "item %" PRIu64 ": %zu bytes do not fit in the stream's memory_limit "
                 "(%" PRIu64 " for one item), nor in a file",
                 index, size, f->arena->room);
    err->item = index;
    return CDR_BROKEN;
}

void cdr_source_release(struct cdr_source *f, uint64_t p)
{
    struct cdr_pieces *q = &f->pieces;

    if (!f->arena)
        return;
    q->note[p & (q->room - 1)].released = true;
    for (; q->first < q->end && q->note[q->first & (q->room - 1)].released; q->first++)
        free_piece(f, &q->note[q->first & (q->room - 1)].piece);
}

/* Copy bytes for position p into the arena; CDR_NOT_YET when there is no room now. A
 * NULL `bytes` notes that the position has none. */
static enum cdr_fed keep(struct cdr_source *f, uint64_t p, const void *bytes,
                         size_t size, struct cdr_piece *piece, cadre_error *err)
{
    uint64_t index = cdr_program_index(f->program, p);
    struct cdr_pieces *q = &f->pieces;
    char *to;

    if (q->end - q->first == q->room && !grow(q)) {
        cdr_fail(err, CADRE_ENOMEM, "item %" PRIu64 ": no memory for the note of it",
                 index);
        return CDR_BROKEN;
    }
    memset(piece, 0, sizeof *piece);
    if (bytes && size > f->arena->room) {
        if (keep_in_file(f, index, bytes, size, piece, err) == CDR_BROKEN)
            return CDR_BROKEN;
    } else if (bytes) {
        to = cdr_arena_try(f->arena, size, piece);
        if (!to)
            return CDR_NOT_YET;
        memcpy(to, bytes, size);
    }
    q->note[p & (q->room - 1)] = (struct cdr_note){ .piece = *piece };
    q->end = p + 1;
    return CDR_FED;
}

/* Put what was got from the source into the slot, as soon as there is room. */
enum cdr_fed cdr_source_settle(struct cdr_source *f, uint64_t p, char *slot,
                               cadre_error *err)
{
    struct cdr_piece piece;
    char *error_at = f->error_at ? slot + f->error_at : NULL;
    enum cdr_fed fed;

    if (f->pending_error)
        fed = keep(f, p, f->pending_error, sizeof *f->pending_error, &piece, err);
    else
        fed = keep(f, p, f->bytes ? (f->pending.data ? f->pending.data : "") : NULL,
                   f->pending.size, &piece, err);
    f->has_pending = fed == CDR_NOT_YET;
    if (fed != CDR_FED)
        return fed;
    if (error_at)
        memset(error_at, 0, sizeof piece);
    if (f->pending_error)
        memcpy(error_at, &piece, sizeof piece);
    else if (f->bytes)
        memcpy(slot, &piece, sizeof piece);
    f->pending_error = NULL;
    return CDR_FED;
}

/* ---- the sorts of sources ---- */

static enum cdr_fed from_file(struct cdr_source *f, uint64_t p, char *slot,
                              cadre_error *err)
{
    enum cdr_fed fed =
        cdr_file_next(f->file, f->bytes ? (void *)&f->pending : slot, err);

    if (fed == CDR_BROKEN)
        err->item = cdr_program_index(f->program, p);
    return fed == CDR_FED && f->bytes ? cdr_source_settle(f, p, slot, err) : fed;
}

enum cdr_fed cdr_source_said(const struct cdr_source *f, uint64_t p, int rc,
                             cadre_error *err)
{
    if (rc == CADRE_DONE)
        return CDR_NO_MORE;
    return rc == CADRE_LATER ? CDR_NOT_YET : broken(f, p, rc, err);
}

/* Bytes of any size. */
static enum cdr_fed from_callback(struct cdr_source *f, uint64_t p, char *slot,
                                  cadre_error *err)
{
    int rc;

    cdr_error_clear(err);
    rc = f->source(f->source_arg, &f->pending, err);
    return rc ? cdr_source_said(f, p, rc, err) : cdr_source_settle(f, p, slot, err);
}

/* Whether column k has an element for position p; those of a source go into the slot. */
static enum cdr_fed from_column(struct cdr_source *f, unsigned k, uint64_t p,
                                char *slot, cadre_error *err)
{
    const cadre_column *c = &f->columns[k];
    int rc;

    if (c->same || f->ended[k])
        return c->same ? CDR_FED : CDR_NO_MORE;
    if (!c->source)
        return p < c->n ? CDR_FED : CDR_NO_MORE;
    cdr_error_clear(err);
    rc = c->source(c->source_arg, slot + f->column_at[k], err);
    if (rc == CADRE_DONE) {
        f->ended[k] = true;
        return CDR_NO_MORE;
    }
    return rc == CADRE_OK ? CDR_FED : broken(f, p, rc, err);
}

static enum cdr_fed from_columns(struct cdr_source *f, uint64_t p, char *slot,
                                 cadre_error *err)
{
    uint64_t *there = (uint64_t *)(void *)(slot + f->there_at);
    bool any = false;

    memset(there, 0, (f->n_columns + 63) / 64 * sizeof *there);
    for (unsigned k = 0; k < f->n_columns; k++) {
        enum cdr_fed fed = from_column(f, k, p, slot, err);
        if (fed == CDR_BROKEN)
            return fed;
        if (fed == CDR_FED) {
            there[k / 64] |= UINT64_C(1) << k % 64;
            any |= !f->columns[k].same;
        } else if (!f->columns[k].fill) {
            return CDR_NO_MORE; /* the shortest ends it */
        }
    }
    return any ? CDR_FED : CDR_NO_MORE;
}

static enum cdr_fed wrong_count(const struct cdr_source *f, uint64_t p, uint64_t most,
                                uint64_t n, cadre_error *err)
{
    uint64_t index = cdr_program_index(f->program, p);

    if (n == 0)
        cdr_fail(err, CADRE_ESOURCE,
                 "item %" PRIu64
                 ": the range source returned CADRE_OK without an item; at "
                 "its end it returns CADRE_DONE",
                 index);
    else
        cdr_fail(err, CADRE_ESOURCE,
                 "item %" PRIu64 ": the range source says it wrote %" PRIu64
                 " items where there was room for %" PRIu64,
                 index, n, most);
    err->item = index;
    return CDR_BROKEN;
}

enum cdr_fed cdr_source_range(struct cdr_source *f, uint64_t p, uint64_t most,
                              char *items, uint64_t *n, cadre_error *err)
{
    uint64_t given = 0;
    int rc;

    *n = 0;
    if (p >= f->n)
        return CDR_NO_MORE;
    most = most < f->n - p ? most : f->n - p;
    cdr_error_clear(err);
    rc = f->range_source(f->source_arg, items, most, &given, err);
    if (given > most || (given == 0 && rc == CADRE_OK))
        return wrong_count(f, p, most, given, err);
    *n = given;
    if (rc == CADRE_OK)
        return CDR_FED;
    if (rc == CADRE_LATER)
        return CDR_NOT_YET;
    return rc == CADRE_DONE ? CDR_NO_MORE : broken(f, p + given, rc, err);
}

/* ---- opening ---- */

static bool any_column_has_a_source(const cadre_job *job)
{
    for (unsigned k = 0; job->columns && k < job->n_columns; k++)
        if (job->columns[k].source)
            return true;
    return false;
}

/* Where each column's element lies in an item: aligned for anything. */
static int lay_out_columns(struct cdr_source *f, const cadre_job *job, cadre_error *err)
{
    size_t at = 0, there = ((size_t)job->n_columns + 127) / 128 * 16;

    f->ended = calloc(job->n_columns, sizeof *f->ended);
    f->column_at = calloc(job->n_columns, sizeof *f->column_at);
    if (!f->ended || !f->column_at)
        return cdr_fail(err, CADRE_ENOMEM, "no memory for %u columns", job->n_columns);
    for (unsigned k = 0; k < job->n_columns; k++) {
        f->column_at[k] = at;
        if (job->columns[k].source &&
            __builtin_add_overflow(at, (job->columns[k].size + 15) / 16 * 16, &at))
            return cdr_fail(err, CADRE_EINVAL, "column %u: size is %zu", k,
                            job->columns[k].size);
    }
    f->get = from_columns;
    f->columns = job->columns;
    f->n_columns = job->n_columns;
    f->there_at = at;
    if (__builtin_add_overflow(at, there, &f->item_size))
        return cdr_fail(err, CADRE_EINVAL,
                        "items of %zu bytes from %u columns do not fit in memory", at,
                        job->n_columns);
    return CADRE_OK;
}

static int open_file(struct cdr_source *f, const cadre_job *job, cadre_error *err)
{
    size_t gives;

    f->file = job->source_arg;
    if (!f->file)
        return cdr_fail(err, CADRE_EINVAL, "source_arg is NULL, not a file");
    f->get = from_file;
    gives = cdr_file_item_size(f->file);
    if (gives == job->item_size)
        return CADRE_OK;
    if (gives == CADRE_BYTES)
        return cdr_fail(err, CADRE_EINVAL,
                        "item_size is %zu, but lines are of any size: use CADRE_BYTES",
                        job->item_size);
    return cdr_fail(err, CADRE_EINVAL,
                    "item_size is %zu, but the file's records have %zu bytes",
                    job->item_size, gives);
}

static int open_range_source(struct cdr_source *f, const cadre_job *job,
                             cadre_error *err)
{
    if (job->source)
        return cdr_fail(err, CADRE_EINVAL,
                        "a job has a source or a range_source: only one");
    if (job->item_size == CADRE_BYTES)
        return cdr_fail(err, CADRE_EINVAL,
                        "a range_source gives items of one size: for CADRE_BYTES, set "
                        "source");
    f->range_source = job->range_source;
    return CADRE_OK;
}

static int open_source(struct cdr_source *f, const cadre_job *job, cadre_error *err)
{
    int rc = CADRE_OK;

    if (job->items || job->columns)
        return cdr_fail(err, CADRE_EINVAL,
                        "a job has a source, items or columns: only one");
    if (job->item_size == 0)
        return cdr_fail(err, CADRE_EINVAL, "%s is set but item_size is 0",
                        job->source ? "source" : "range_source");
    f->get = from_callback;
    f->settle = cdr_source_settle;
    f->source = job->source;
    f->source_arg = job->source_arg;
    f->n = job->n ? job->n : CADRE_ENDLESS;
    f->bytes = job->item_size == CADRE_BYTES;
    f->item_size = f->bytes ? sizeof(struct cdr_piece) : job->item_size;
    if (job->range_source)
        rc = open_range_source(f, job, err);
    else if (job->source == cadre_file_source)
        rc = open_file(f, job, err);
    f->called = f->get == from_callback && !f->bytes && f->source;
    return rc;
}

int cdr_source_open(struct cdr_source *f, const struct cdr_program *program,
                    const cadre_job *job, cadre_error *err)
{
    int rc = CADRE_OK;

    memset(f, 0, sizeof *f);
    f->program = program;
    f->n = cadre_job_tasks(job);
    if (job->source || job->range_source) {
        rc = open_source(f, job, err);
    } else if (any_column_has_a_source(job)) {
        f->n = job->n ? job->n : CADRE_ENDLESS;
        rc = lay_out_columns(f, job, err);
    }
    if (rc)
        cdr_source_close(f);
    return rc;
}

void cdr_source_close(struct cdr_source *f)
{
    free(f->ended);
    free(f->column_at);
    free(f->pieces.note);
    f->ended = NULL;
    f->column_at = NULL;
    f->pieces.note = NULL;
}
