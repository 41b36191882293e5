/* piece.c - streams: items and results of any size, in arenas and in the file.
 * SPDX-License-Identifier: MIT
 */
#include "core/work/piece.h"
#include "core/work/write_ahead.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- what a task leaves ---- */

/* Who puts, and for which position: that of an item which failed before it came here is no
 * task's, so the task does not know it. */
struct putter {
    const struct cadre_task *task;
    uint64_t position;
};

static bool not_wanted(void *arg)
{
    const struct putter *p = arg;

    return cdr_task_stopped(p->task, p->position);
}

/* Larger pieces than fit in a worker's share are let in one at a time: in order, that of
 * the item the caller takes next; else whose is first. But the caller's thread cannot
 * wait for itself: while it went for the item it takes next, a worker may have come
 * first, and left it a later one. */
static bool allowed(void *arg)
{
    const struct putter *p = arg;
    const struct cadre_task *t = p->task;
    struct cdr_ring *r = cdr_window_ring(t->run->window);
    uint32_t me = (uint32_t)(t->seat - t->run->window->seat) + 1, nobody = 0;

    if (me == 1)
        return true;
    if (!r->unordered)
        return atomic_load_explicit(&r->released, memory_order_acquire) == p->position;
    return atomic_compare_exchange_strong_explicit(
               &r->large, &nobody, me, memory_order_acquire, memory_order_relaxed) ||
           nobody == me;
}

/* Into the arena of the worker's seat; NULL: the stream ends, or it is too large. */
static char *put(struct cadre_worker *w, uint64_t p, struct cdr_ref *ref, size_t size)
{
    struct cdr_arena *arena = cdr_window_arena(w->task.run->window, w->seat);
    struct cdr_ring *r = cdr_window_ring(w->task.run->window);
    struct putter putter = { &w->task, p };
    struct cdr_asking ask = { not_wanted, allowed, &putter };
    bool large = size > arena->share;
    char *bytes;

    ref->seat = w->seat;
    if (size > arena->room)
        return NULL;
    if (large) {
        atomic_fetch_add_explicit(&r->oversized, 1, memory_order_relaxed);
        cdr_task_asks(&w->task, true);
    }
    bytes = cdr_arena_put(arena, size, &ref->piece, &ask);
    if (large && !bytes)
        cdr_window_release_large(w->task.run->window, w->seat);
    if (large) {
        cdr_task_asks(&w->task, false);
        atomic_fetch_sub_explicit(&r->oversized, 1, memory_order_relaxed);
    }
    return bytes;
}

/* The rest of a piece that lies in the file. */
static void keep_in_file(struct cadre_task *t, struct cdr_ref *ref)
{
    int rc = cdr_spill_file_append(t->program->spill_file, &t->extent, t->emitted,
                                   t->emitted_size);

    if (!rc) {
        cdr_spill_file_finish(&t->extent, &ref->piece);
        return;
    }
    snprintf(t->message, sizeof t->message,
             "its emitted bytes do not fit in the stream's file: %s", strerror(rc));
    t->message_for = cdr_task_position(t);
    cdr_task_failed(t, cdr_task_position(t), CADRE_ENOMEM, 0, false);
}

static void keep_emitted(struct cadre_worker *w, uint64_t p, struct cdr_ref *ref)
{
    struct cadre_task *t = &w->task;
    char *bytes;

    if (t->emitting != p || t->failed_at == p)
        return;
    if (t->extent.size > 0) {
        keep_in_file(t, ref);
        return;
    }
    if (t->emitted_size == 0)
        return;
    bytes = put(w, p, ref, t->emitted_size);
    if (bytes)
        memcpy(bytes, t->emitted, t->emitted_size);
}

static void keep_error(struct cadre_worker *w, uint64_t p, struct cdr_ref *ref)
{
    char *bytes = put(w, p, ref, sizeof w->task.error);

    if (bytes)
        memcpy(bytes, &w->task.error, sizeof w->task.error);
}

void cdr_piece_keep(struct cadre_worker *w, uint64_t p, struct cdr_ref *ref)
{
    memset(ref, 0, sizeof *ref);
    keep_emitted(w, p, ref);
    if (w->task.failed_at == p && w->task.program->keep_going)
        keep_error(w, p, ref);
}

/* ---- what it is given ---- */

static const struct cdr_piece *piece_in(const struct cadre_worker *w, uint32_t slot)
{
    struct cdr_ring *r = cdr_window_ring(w->task.run->window);

    return (const struct cdr_piece *)(const void *)cdr_ring_item(r, slot);
}

bool cdr_piece_open(struct cadre_worker *w, uint64_t p, uint32_t slot)
{
    struct cadre_task *t = &w->task;
    const struct cdr_piece *piece = piece_in(w, slot);

    if (!t->program->bytes || piece->held != CDR_IN_FILE)
        return true;
    w->piece.size = piece->size;
    w->piece.data = w->mapped_item = cdr_spill_file_map(t->program->spill_file, piece);
    if (w->mapped_item)
        return true;
    atomic_store_explicit(&t->seat->current, p, memory_order_relaxed);
    snprintf(t->message, sizeof t->message,
             "its %" PRIu64 " bytes cannot be mapped: %s", piece->size,
             strerror(errno));
    t->message_for = p;
    cdr_task_failed(t, p, CADRE_ENOMEM, 0, false);
    return false;
}

const cadre_bytes *cdr_piece_item(struct cadre_worker *w, uint32_t slot)
{
    const struct cadre_window *window = w->task.run->window;
    const struct cdr_piece *piece = piece_in(w, slot);

    if (piece->held != CDR_IN_FILE) {
        w->piece.data = cdr_arena_bytes(cdr_window_arena(window, window->seats), piece);
        w->piece.size = piece->size;
    }
    return &w->piece;
}

void cdr_piece_close(struct cadre_worker *w)
{
    cdr_spill_file_unmap(w->mapped_item, w->piece.size);
    w->mapped_item = NULL;
}
