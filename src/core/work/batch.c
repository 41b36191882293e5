/* batch.c - streams: claim what the ring has, run it, finish it.
 * SPDX-License-Identifier: MIT
 *
 * A batch is what runs for about two microseconds at the cost of the one before (of more
 * than five workers, for longer), at most 64 items, and no more than an equal share of what is
 * there, unless that is next to nothing: batches are for items so small that claiming them
 * singly would cost more than running them, and never keep a result waiting that somebody
 * could take. Each item is finished as soon as it is; the caller is woken if it sleeps for
 * that one.
 *
 * A worker that finds nothing looks again for a while, ever more seldom. In a process that the
 * caller's needs the CPU of, it gives way between two looks, and does so only after cheap items:
 * of those, many would be over before it has fallen asleep and been woken.
 */
#include "base/clock.h"
#include "base/counter.h"
#include "core/board/claim.h"
#include "core/work/piece.h"
#include "core/work/write_ahead.h"

#include <sched.h>
#include <string.h>

#define BATCH_NS 2000.0
#define LEAST_NS 400.0 /* not worth sharing out */
#define CLAIM_NS \
    400.0 /* each worker's share of the time of `next`: a claim takes half of it */
#define SPIN_NS 30000

/* Many workers would wait for each other's claims, were their batches as short as those of two:
 * while one batch runs, all others claim theirs. */
static double batch_ns(const struct cadre_worker *w)
{
    double all = w->task.run->workers * CLAIM_NS;

    return all > BATCH_NS ? all : BATCH_NS;
}

/* What is not worth sharing out; not so much that many would wait, were it to take long. */
static double least_ns(const struct cadre_worker *w)
{
    double some = batch_ns(w) / 8;

    return some < LEAST_NS ? LEAST_NS : some < 2 * BATCH_NS ? some : 2 * BATCH_NS;
}

static uint64_t wanted_size(const struct cadre_worker *w, uint64_t unclaimed)
{
    uint64_t share = unclaimed / w->task.run->workers + 1;
    uint64_t units, least;

    /* The caller's thread must not wait for room in its arena: nobody else would make
     * any. What it puts there, it takes before it runs another. */
    if (w->seat == 0 && (w->task.program->emits || w->task.program->keep_going))
        return 1;
    if (w->task.run->chunk)
        return w->task.run->chunk;
    if (w->cost == 0 || w->cost > batch_ns(w))
        return 1;
    units = (uint64_t)(batch_ns(w) / w->cost);
    least = (uint64_t)(least_ns(w) / w->cost);
    if (share < least)
        share = least;
    return units < share ? units : share;
}

static uint64_t batch_size(const struct cadre_worker *w, uint64_t unclaimed)
{
    uint64_t size = wanted_size(w, unclaimed), most = w->task.run->prefetch;

    return size < most ? size : most;
}

/* ---- running ---- */

/* The caller sleeps for what has been finished. A process whose kernel has closed all
 * descriptors can wake nobody: another takes its place, and wakes the caller by that. */
static void wake_caller(struct cadre_worker *w)
{
    if (!cdr_run_wake_caller(w->task.run) && w->task.run->window->intents_at)
        w->retired = true;
}

/* Unordered, slots are used again while the rest of the batch runs, for as long as that
 * takes: who settles what a dead worker left goes by this. */
static uint64_t *published_of(const struct cadre_worker *w, const struct cdr_ring *r)
{
    const struct cadre_window *window = w->task.run->window;

    return r->unordered && window->intents_at
               ? &cdr_window_intent(window, w->seat)->published
               : NULL;
}

static void note_published(uint64_t *published, uint64_t end)
{
    if (published)
        *published = end;
}

/* Task p has run: say how it ended. */
static void finish(struct cadre_worker *w, struct cdr_ring *r, uint64_t p,
                   uint32_t slot)
{
    struct cadre_task *t = &w->task;
    const struct cdr_program *program = t->program;

    if (program->emits || program->keep_going) {
        cdr_task_puts(t, p);
        cdr_piece_keep(w, p, cdr_ring_ref(r, slot));
        t->emitting = CADRE_NO_ITEM;
    }
    if (cdr_ring_finish(r, p, slot, t->failed_at == p ? CDR_FAILED : CDR_DONE))
        wake_caller(w);
    note_published(published_of(w, r), p + 1);
    cdr_task_has_put(t);
}

static uintptr_t item_of(struct cadre_worker *w, const struct cdr_ring *r, uint64_t p,
                         uint32_t slot)
{
    const struct cdr_program *program = w->task.program;

    if (program->in_place)
        return program->items + p * program->item_size;
    if (program->bytes)
        return (uintptr_t)cdr_piece_item(w, slot);
    return (uintptr_t)cdr_ring_item(r, slot);
}

/* Items [i, end) of the batch lie side by side. */
static uint32_t run_together(struct cadre_worker *w, struct cdr_ring *r,
                             const struct cdr_batch *b, uint32_t i, uint32_t end)
{
    struct cadre_task *t = &w->task;
    uint64_t first = b->first + i, last = b->first + end, done;

    cdr_window_run_to(t->run->window, t->seat, last);
    done = cdr_run_to_stop(t, first, item_of(w, r, first, b->slot[i]),
                           (uintptr_t)cdr_ring_result(r, b->slot[i]));
    if (done > first &&
        cdr_ring_finish_all(r, first, &b->slot[i], (uint32_t)(done - first)))
        wake_caller(w);
    note_published(published_of(w, r), done);
    if (done == last)
        return end;
    if (t->failed_at == done) /* else it was stopped there */
        finish(w, r, done, b->slot[done - b->first]);
    return b->count;
}

static uint32_t neighbours(const struct cdr_batch *b, uint32_t i, uint32_t most)
{
    uint32_t end = i + 1;

    if (most > b->count)
        most = b->count;
    while (end < most && b->slot[end] == b->slot[end - 1] + 1)
        end++;
    return end;
}

/* Range kernels have all that lie side by side; of others each item is published as soon as
 * it is done, however cheap: the one after it may be long. */
static void run_parts(struct cadre_worker *w, struct cdr_ring *r,
                      const struct cdr_batch *b)
{
    bool ranges = w->task.program->range_fn != NULL;
    uint32_t i = 0;

    while (i < b->count && !cdr_task_stopped(&w->task, b->first + i)) {
        i = run_together(w, r, b, i, neighbours(b, i, ranges ? b->count : i + 1));
        if (i < b->count)
            cdr_window_run_to(w->task.run->window, w->task.seat, CDR_NOBODY);
    }
}

/* The same for kernels over items where nothing but results of a fixed size comes: as
 * little as can be between two calls. */
static void run_plain(struct cadre_worker *w, struct cdr_ring *r,
                      const struct cdr_batch *b)
{
    struct cadre_task *t = &w->task;
    const struct cdr_program *program = t->program;
    cadre_fn *fn = program->fn;
    uint64_t *published = published_of(w, r);
    bool in_place = program->in_place;

    for (uint32_t i = 0; i < b->count; i++) {
        uint64_t p = b->first + i;
        uint32_t slot = b->slot[i];
        const void *item = in_place
                               ? (const void *)(program->items + p * program->item_size)
                               : cdr_ring_item(r, slot);
        int rc;

        if (cdr_task_stopped(t, p))
            return;
        atomic_store_explicit(&t->seat->current, p, memory_order_relaxed);
        rc = fn(t, item, cdr_ring_result(r, slot));
        if (rc)
            cdr_task_returned(t, p, rc);
        if (cdr_ring_finish(r, p, slot, t->failed_at == p ? CDR_FAILED : CDR_DONE))
            wake_caller(w);
        note_published(published, p + 1);
    }
}

/* An item that failed in the stream before this one: it fails here, unrun. */
static bool poisoned(struct cadre_worker *w, const struct cdr_ring *r, uint64_t p,
                     uint32_t slot)
{
    struct cadre_task *t = &w->task;
    const struct cadre_window *window = t->run->window;
    const struct cdr_piece *piece;

    if (!t->program->error_at)
        return false;
    piece = (const struct cdr_piece *)(const void *)(cdr_ring_item(r, slot) +
                                                     t->program->error_at);
    if (piece->held == 0)
        return false;
    memcpy(&t->error, cdr_arena_bytes(cdr_window_arena(window, window->seats), piece),
           sizeof t->error);
    t->failed_at = p;
    cdr_window_fail(t->run->window, t->seat, p,
                    t->program->keep_going ? CADRE_NO_ITEM : p, &t->error);
    return true;
}

static void run_singly(struct cadre_worker *w, struct cdr_ring *r,
                       const struct cdr_batch *b)
{
    struct cadre_task *t = &w->task;

    for (uint32_t i = 0; i < b->count; i++) {
        uint64_t p = b->first + i;
        uint32_t slot = b->slot[i];
        if (cdr_task_stopped(t, p))
            return;
        cdr_task_stamp(t);
        if (!poisoned(w, r, p, slot) && !cdr_task_crashed(t, p) &&
            cdr_piece_open(w, p, slot))
            cdr_run_through(t, p, p + 1, item_of(w, r, p, slot),
                            (uintptr_t)cdr_ring_result(r, slot));
        cdr_piece_close(w);
        finish(w, r, p, slot);
    }
}

/* The worker cannot run anything: the first item fails, and with it the stream. */
static bool is_ready(struct cadre_worker *w, struct cdr_ring *r,
                     const struct cdr_batch *b)
{
    if (cdr_task_stopped(&w->task, b->first) || cdr_state_ready(w, b->first))
        return true;
    finish(w, r, b->first, b->slot[0]);
    return false;
}

static void run_batch(struct cadre_worker *w, struct cdr_ring *r,
                      const struct cdr_batch *b)
{
    const struct cdr_program *program = w->task.program;
    uint64_t began = w->now;

    CDR_COUNT(BATCH, NULL);
    cdr_window_run_to(w->task.run->window, w->task.seat, CDR_NOBODY);
    if (!is_ready(w, r, b))
        return;
    if (!program->together)
        run_singly(w, r, b);
    else if (program->range_fn || program->columns)
        run_parts(w, r, b);
    else
        run_plain(w, r, b);
    w->now = cdr_now();
    w->cost = (double)(w->now - began) / b->count + 0.1;
    atomic_store_explicit(&w->task.seat->cost,
                          w->cost < 4e9 ? (uint32_t)w->cost : UINT32_MAX,
                          memory_order_relaxed);
}

/* ---- serving ---- */

static bool is_cheap(const struct cadre_worker *w)
{
    return w->cost > 0 && w->cost < CDR_CHEAP_NS;
}

static bool ended(const struct cadre_worker *w)
{
    return cdr_window_over(w->task.run->window) || cdr_run_cancelled(w->task.run);
}

/* Where the caller's process has no CPU to itself, time is given to it. */
static uint64_t pass_time(const struct cadre_worker *w, uint64_t *ns)
{
    if (w->task.run->spin)
        return cdr_backoff(w->now, ns);
    sched_yield();
    return cdr_now();
}

/* To fall asleep and be woken takes longer than many cheap items. */
static bool may_look_again(const struct cadre_worker *w)
{
    const cadre_run *run = w->task.run;

    return run->spin || (run->env.spin && is_cheap(w));
}

static bool more_comes(struct cadre_worker *w, const struct cdr_ring *r)
{
    uint64_t until = w->now + SPIN_NS;
    uint64_t ns = CDR_BACKOFF_NS / 8;

    if (!may_look_again(w))
        return false;
    do {
        if (cdr_ring_unclaimed(r))
            return !ended(w);
        w->now = pass_time(w, &ns);
    } while (w->now < until && !ended(w));
    return false;
}

/* The worker in reserve goes when the caller's thread works itself. */
static bool not_needed(const struct cadre_worker *w)
{
    const cadre_run *run = w->task.run;

    return w->seat > 0 && w->seat == run->workers && !cdr_run_caller_is_busy(run);
}

static bool few(const struct cadre_worker *w, uint64_t unclaimed)
{
    return unclaimed < CDR_BATCH_MAX && (double)unclaimed * w->cost < LEAST_NS;
}

/* After items that cost next to nothing: let some gather for half a microsecond, rather than
 * come for each one singly, and have the line of memory that the caller writes. Who has just
 * taken all that a source gave does so without a look at it. */
static void let_gather(struct cadre_worker *w, const struct cdr_ring *r)
{
    uint64_t ns = CDR_BACKOFF_NS;

    if (w->seat > 0 && w->task.run->env.spin && is_cheap(w) &&
        (w->took_all || few(w, cdr_ring_unclaimed(r))))
        w->now = cdr_backoff(w->now, &ns);
}

/* False: there is nothing now. */
static bool claim(struct cadre_worker *w, struct cdr_ring *r, struct cdr_batch *batch)
{
    uint64_t unclaimed = cdr_ring_unclaimed(r);
    uint64_t most = cdr_worker_allowance(w, batch_size(w, unclaimed));
    bool some = cdr_ring_claim(w->task.run->window, w->seat, most, batch);

    w->took_all = some && batch->count >= unclaimed && !w->task.program->in_place;
    return some;
}

bool cdr_serve_batch(struct cadre_worker *w)
{
    struct cadre_window *window = w->task.run->window;
    struct cdr_ring *r = cdr_window_ring(window);
    struct cdr_batch batch;

    if (ended(w))
        return false;
    let_gather(w, r);
    if (!claim(w, r, &batch))
        return false;
    run_batch(w, r, &batch);
    if (window->intents_at) {
        cdr_worker_served(w, batch.count);
        cdr_intent_end_batch(window, w->seat);
    }
    return true;
}

/* What a dead worker left of its batch; the first may be what took it down. */
static void resume(struct cadre_worker *w, struct cdr_ring *r)
{
    struct cadre_window *window = w->task.run->window;
    struct cdr_intent *intent = cdr_window_intent(window, w->seat);

    if (intent->batch.count == 0)
        return;
    cdr_window_run_to(window, w->task.seat, CDR_NOBODY);
    if (is_ready(w, r, &intent->batch)) {
        cdr_task_begins(&w->task);
        run_singly(w, r, &intent->batch);
    }
    cdr_intent_end_batch(window, w->seat);
}

static void serve(struct cadre_worker *w, const struct cdr_ring *r)
{
    do {
        while (!not_needed(w) && !w->retired && cdr_serve_batch(w))
            ;
    } while (!not_needed(w) && !w->retired && more_comes(w, r));
}

/* In this process, where no worker dies, one that waits for more here while it can need not be
 * woken meanwhile. The one in reserve comes and goes for other reasons. */
static bool looks_by_itself(const struct cadre_worker *w)
{
    const cadre_run *run = w->task.run;

    return run->spin && !run->env.remote && w->seat > 0 && w->seat < run->workers;
}

void cdr_serve_ring(struct cadre_worker *w)
{
    struct cdr_ring *r = cdr_window_ring(w->task.run->window);

    if (w->task.run->window->intents_at)
        resume(w, r);
    if (!looks_by_itself(w)) {
        serve(w, r);
        return;
    }
    do {
        cdr_ring_enter(r);
        serve(w, r);
    } while (!cdr_ring_leave(r) && !ended(w));
}
