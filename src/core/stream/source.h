/* source.h - where a stream's items come from.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CORE_STREAM_SOURCE_H
#define CDR_CORE_STREAM_SOURCE_H

#include "base/error.h"
#include "core/board/arena.h"
#include "core/run/run.h"

#include <cadre/stream.h>

enum cdr_fed {
    CDR_FED,     /* an item is in the slot */
    CDR_NO_MORE, /* the source has ended */
    CDR_NOT_YET, /* its next item is not there yet, or has no room */
    CDR_BROKEN   /* it failed: the error is set */
};

/* A piece in the feeder's arena: freed when all before it are. */
struct cdr_note {
    struct cdr_piece piece;
    bool released;
};

struct cdr_source {
    /* The next item for position p, into the slot, from whatever sort of source it is. */
    enum cdr_fed (*get)(struct cdr_source *f, uint64_t p, char *slot, cadre_error *err);
    /* The same where an item was got already, and had no room (see has_pending). */
    enum cdr_fed (*settle)(struct cdr_source *f, uint64_t p, char *slot,
                           cadre_error *err);
    const struct cdr_program *program; /* the stream's: for items' indexes */
    uint64_t n;                        /* items; CADRE_ENDLESS: only the source knows */
    cadre_source *source;              /* NULL: items in place, columns or ranges */
    cadre_range_source *range_source;
    void *source_arg;
    cadre_stream *upstream; /* the source is another stream ... */
    cadre_file *file;       /* ... or a file */
    const cadre_column *columns;
    unsigned n_columns;
    bool *ended;      /* columns: whose source has no more elements */
    size_t item_size; /* in the ring; 0: items are read where they are */
    size_t *column_at, there_at;
    bool called;               /* `source` writes items of one size into slots */
    bool bytes;                /* items are CADRE_BYTES: slots say where they are */
    size_t error_at;           /* upstream goes over failures: see cdr_error_at; or 0 */
    struct cdr_arena *arena;   /* bytes of items: the feeder's own */
    struct cdr_pieces {        /* in the arena, of positions first .. end-1 */
        struct cdr_note *note; /* of position p: note[p mod room] */
        uint64_t first, end, room;
    } pieces;
    cadre_bytes pending; /* got from the source, and there is no room yet */
    const cadre_error *pending_error; /* the same of an error from upstream */
    bool has_pending;
    double cost; /* nanoseconds the source takes for an item; 0: unknown */
};

/* Check what of the job concerns its source, and prepare for it. Where bytes are, the
 * stream adds the arena. On failure nothing is left. */
int cdr_source_open(struct cdr_source *f, const struct cdr_program *program,
                    const cadre_job *job, cadre_error *err);
void cdr_source_close(struct cdr_source *f);

/* What a source that returned rc for position p means by it. */
enum cdr_fed cdr_source_said(const struct cdr_source *f, uint64_t p, int rc,
                             cadre_error *err);

/* The item for position p, into `slot` (item_size bytes). Blocks only as long as a
 * source of the user's own does. */
static inline enum cdr_fed cdr_source_one(struct cdr_source *f, uint64_t p, char *slot,
                                          cadre_error *err)
{
    int rc;

    if (p >= f->n)
        return CDR_NO_MORE;
    if (!f->called)
        return f->has_pending ? f->settle(f, p, slot, err) : f->get(f, p, slot, err);
    cdr_error_clear(err);
    rc = f->source(f->source_arg, slot, err);
    return __builtin_expect(rc == CADRE_OK, 1) ? CDR_FED
                                               : cdr_source_said(f, p, rc, err);
}

/* From a range source, for positions p and on: up to `most` items into `items`, one after
 * another. *n says how many, whatever is returned. */
enum cdr_fed cdr_source_range(struct cdr_source *f, uint64_t p, uint64_t most,
                              char *items, uint64_t *n, cadre_error *err);

/* For sources of all sorts: put what was got into the slot, as soon as there is room. */
enum cdr_fed cdr_source_settle(struct cdr_source *f, uint64_t p, char *slot,
                               cadre_error *err);

/* The item of position p is no longer needed by anybody. */
void cdr_source_release(struct cdr_source *f, uint64_t p);

/* Items lie where they are: feeding is counting. */
static inline bool cdr_source_in_place(const struct cdr_source *f)
{
    return f->item_size == 0;
}

/* Where an item of a stream that goes over failures may instead be an error: behind it,
 * at this distance. `held` is not 0 then. */
static inline size_t cdr_error_at(size_t item_size)
{
    return (item_size + 15) / 16 * 16;
}

/* What to poll for a file's input, and no more than this in one line. */
int cdr_file_fd(const cadre_file *file);
size_t cdr_file_item_size(const cadre_file *file); /* CADRE_BYTES: lines */
void cdr_file_limit(cadre_file *file, uint64_t bytes);

/* Like cadre_file_source, but does not wait. */
enum cdr_fed cdr_file_next(cadre_file *file, void *item, cadre_error *err);

#endif
