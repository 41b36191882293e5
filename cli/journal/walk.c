/* walk.c - the jobs that were done, one after another, in the order of their records.
 * SPDX-License-Identifier: MIT
 */
#include "cli/journal/walk.h"
#include "cli/journal/row.h"

#include <stdlib.h>
#include <string.h>

#define BYTES  ((size_t)1 << 20) /* of rows that are read at a time, about */
#define LONG   ((size_t)1 << 16) /* outputs from here on are left where they are */
#define FEW    16                /* rows are read first: it may be the wrong place */
#define NO_ROW INT64_MAX

int cdr_walk_open(struct cdr_walk *w, sqlite3 *db, uint64_t command, int64_t end,
                  struct cdr_failure *why)
{
    w->command = command;
    w->from = 1; /* where a journal of one command begins; of others a few are read */
    w->most = FEW;
    w->end = end;
    w->taken = calloc((size_t)end / 64 + 1, sizeof *w->taken);
    if (!w->taken)
        return cdr_fails_memory(why);
    w->next = cdr_database_prepare(
        db,
        "SELECT id, input, equal, words, output, errors, digest FROM job WHERE id >= ?1 "
        "ORDER BY id",
        why);
    return why->code;
}

void cdr_walk_close(struct cdr_walk *w)
{
    sqlite3_finalize(w->next);
    cdr_buffer_free(&w->bytes);
    free(w->taken);
    w->taken = NULL;
    w->next = NULL;
}

bool cdr_walk_met(const struct cdr_walk *w, int64_t id)
{
    return id > 0 && id < w->end &&
           (w->taken[(size_t)id / 64] >> ((size_t)id % 64) & 1) != 0;
}

/* ---- reading ---- */

enum { ID, INPUT, EQUAL, WORDS, OUTPUT, ERRORS, DIGEST };

static const void *bytes_of(sqlite3_stmt *s, int column, size_t *size)
{
    const void *bytes = sqlite3_column_blob(s, column);

    *size = (size_t)sqlite3_column_bytes(s, column);
    return bytes;
}

/* The digest says all: that it is the command, that the job succeeded, and that outputs of
 * no bytes do not lie beside the file. */
static void keep(struct cdr_walk *w, sqlite3_stmt *s, int64_t id)
{
    struct cdr_recorded *row = &w->row[w->n];
    struct cdr_row_parts p = { .id = id,
                               .command = w->command,
                               .equal = (uint32_t)sqlite3_column_int64(s, EQUAL) };
    size_t size[2];

    p.input = bytes_of(s, INPUT, &p.input_size);
    p.words = bytes_of(s, WORDS, &p.words_size);
    for (int which = 0; which < 2; which++) {
        p.output[which] = bytes_of(s, OUTPUT + which, &size[which]);
        p.size[which] = size[which];
    }
    if (cdr_row_digest(&p) != (uint64_t)sqlite3_column_int64(s, DIGEST))
        return;
    *row = (struct cdr_recorded){ .id = id,
                                  .equal = p.equal,
                                  .here = size[0] < LONG && size[1] < LONG,
                                  .at = w->bytes.size,
                                  .size = { p.input_size, size[0], size[1] } };
    cdr_buffer_add(&w->bytes, p.input, p.input_size);
    for (int which = 0; which < 2 && row->here; which++)
        cdr_buffer_add(&w->bytes, p.output[which], size[which]);
    w->n++;
}

/* So many rows from w->from on. Where there are none of the command's that are done, the
 * walk has come to its end. */
static int read_rows(struct cdr_walk *w, struct cdr_failure *why)
{
    size_t seen = 0;
    int rc = SQLITE_ROW;
    int64_t id;

    w->n = w->at = w->bytes.size = 0;
    sqlite3_bind_int64(w->next, 1, w->from);
    while (seen < w->most && w->bytes.size < BYTES &&
           (rc = sqlite3_step(w->next)) == SQLITE_ROW) {
        id = sqlite3_column_int64(w->next, ID);
        w->from = id + 1;
        if (id >= w->end)
            break;
        keep(w, w->next, id);
        seen++;
    }
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        cdr_database_fails(sqlite3_db_handle(w->next), "cannot be read", why);
    sqlite3_reset(w->next);
    if (rc != SQLITE_ROW || w->n == 0 || w->from > w->end)
        w->from = NO_ROW;
    w->most = 4 * w->most < CDR_WALK_ROWS ? 4 * w->most : CDR_WALK_ROWS;
    return w->bytes.failed && !why->code ? cdr_fails_memory(why) : why->code;
}

const struct cdr_recorded *cdr_walk_row(struct cdr_walk *w, pthread_mutex_t *lock,
                                        struct cdr_failure *why)
{
    for (;;) {
        while (w->at < w->n && cdr_walk_met(w, w->row[w->at].id))
            w->at++;
        if (w->at < w->n)
            return &w->row[w->at];
        if (w->from == NO_ROW)
            return NULL;
        pthread_mutex_lock(lock);
        read_rows(w, why);
        pthread_mutex_unlock(lock);
        if (why->code)
            return NULL;
    }
}

/* ---- meeting ---- */

static void go_to(struct cdr_walk *w, int64_t id)
{
    w->n = w->at = 0;
    w->from = id;
    w->most = FEW;
}

/* Among the rows at hand, or where the second in a row is met: the inputs go on there. */
void cdr_walk_meet(struct cdr_walk *w, int64_t id)
{
    size_t at = w->at;
    bool follows = id == w->met + 1;

    if (id > 0 && id < w->end)
        w->taken[(size_t)id / 64] |= (uint64_t)1 << ((size_t)id % 64);
    w->met = id;
    if (at < w->n && w->row[at].id == id) {
        w->at++;
        return;
    }
    while (at < w->n && w->row[at].id < id)
        at++;
    if (at < w->n && w->row[at].id == id)
        w->at = at + 1;
    else if (follows || (w->at == w->n && w->from == NO_ROW))
        go_to(w, id + 1);
}
