/* recover_stream.c - when a worker process of a stream has died.
 * SPDX-License-Identifier: MIT
 *
 * As recover.c tells. The worker's batch is on its intent. What it published is done. Of the
 * rest, the task it was in pays, if it was in one; those before that are done too, where
 * cheap ones are published together. What remains stays in the batch, for the fresh worker
 * to begin with, one at a time.
 *
 * What was put into the worker's arena for a task that was not published is rolled back, so
 * that the fresh worker finds the arena as if the task had not begun.
 */
#include "core/fault/recover.h"

#include <string.h>

static uint64_t load(const _Atomic uint64_t *word)
{
    return atomic_load_explicit(word, memory_order_relaxed);
}

/* ---- the arena ---- */

/* A piece too large for the share is allowed to one seat at a time. The dead one keeps it
 * only if such a piece is on its way to the caller. */
static void release_large(struct cadre_window *w, struct cdr_arena *a, unsigned s)
{
    if (cdr_arena_held(a) == 0 || a->size <= a->share)
        cdr_window_release_large(w, s);
}

static void settle_arena(struct cadre_window *w, unsigned s)
{
    struct cdr_intent *intent = cdr_window_intent(w, s);
    struct cdr_ring *r = cdr_window_ring(w);
    struct cdr_arena *a = cdr_window_arena(w, s);
    uint64_t p = intent->putting;

    if (!a)
        return;
    if (p != CADRE_NO_ITEM && (intent->batch.count == 0 || p < intent->batch.first))
        cdr_arena_commit(a);
    else
        cdr_arena_rollback(a);
    intent->putting = CADRE_NO_ITEM;
    if (atomic_exchange_explicit(&intent->asking, 0, memory_order_relaxed))
        atomic_fetch_sub_explicit(&r->oversized, 1, memory_order_relaxed);
    release_large(w, a, s);
}

/* ---- the batch ---- */

/* Whether the worker was in a task of its batch that it had not published. */
static bool was_in_batch(const struct cdr_batch *b, uint64_t item)
{
    return b->count > 0 && item >= b->first && item - b->first < b->count;
}

/* Cheap tasks are published together, in order: those before the one it was in are done. */
static void publish_for_it(struct cadre_window *w, unsigned s, uint64_t item)
{
    struct cdr_intent *intent = cdr_window_intent(w, s);
    const struct cdr_batch *b = &intent->batch;

    if (item > b->first)
        cdr_ring_finish_all(cdr_window_ring(w), b->first, b->slot,
                            (uint32_t)(item - b->first));
    cdr_intent_settle_batch(w, s);
}

/* The first of the batch has had its last try. Going over failures, the fresh worker says
 * so in its place: that may have to wait for room, which we make. */
static void fail(cadre_run *run, unsigned s, const cadre_death *death)
{
    struct cadre_window *w = run->window;
    struct cdr_intent *intent = cdr_window_intent(w, s);
    uint64_t p = intent->batch.first;
    cadre_error error;

    cdr_word_death(&error, run, s, p, death);
    if (run->program->keep_going) {
        intent->error = error;
        atomic_store_explicit(&intent->crashed, p, memory_order_relaxed);
        return;
    }
    cdr_window_fail(w, &w->seat[0], p, p, &error);
    if (run->program->emits)
        memset(cdr_ring_ref(cdr_window_ring(w), intent->batch.slot[0]), 0,
               sizeof(struct cdr_ref));
    cdr_ring_finish(cdr_window_ring(w), p, intent->batch.slot[0], CDR_FAILED);
    cdr_intent_settle_batch(w, s);
}

static bool is_innocent(const cadre_death *death, uint64_t item)
{
    return death->expired != CADRE_NO_ITEM && death->expired != item;
}

static void blame(cadre_run *run, unsigned s, uint64_t item, const cadre_death *death)
{
    struct cdr_intent *intent = cdr_window_intent(run->window, s);
    bool together = run->program->range_fn && run->program->together;

    if (load(&intent->crashed) == item || is_innocent(death, item))
        return;
    /* Which of a range took it down is not known, unless it was alone. */
    if (together && !atomic_load_explicit(&intent->running, memory_order_relaxed))
        return;
    if (!cdr_may_retry(run, item))
        fail(run, s, death);
}

bool cdr_lost_in_ring(cadre_run *run, unsigned s, const cadre_death *death)
{
    struct cadre_window *w = run->window;
    struct cdr_intent *intent = cdr_window_intent(w, s);
    uint64_t item = load(&w->seat[s].current);
    bool in_task;

    cdr_intent_settle_batch(w, s);
    settle_arena(w, s);
    in_task = was_in_batch(&intent->batch, item) &&
              !atomic_load_explicit(&intent->beginning, memory_order_relaxed);
    if (in_task) {
        if (!run->program->range_fn || !run->program->together)
            publish_for_it(w, s, item);
        blame(run, s, item, death);
    }
    atomic_store_explicit(&w->seat[s].current, CADRE_NO_ITEM, memory_order_relaxed);
    atomic_store_explicit(&intent->running, 0, memory_order_relaxed);
    atomic_store_explicit(&intent->beginning, 0, memory_order_relaxed);
    atomic_store_explicit(&intent->stamp, 0, memory_order_relaxed);
    return in_task;
}
