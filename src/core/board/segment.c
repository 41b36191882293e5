/* segment.c - the memory that the workers of a run share: seats, intents, limit.
 * SPDX-License-Identifier: MIT
 */
#include "core/board/segment.h"

#include "base/counter.h"

#include <string.h>

size_t cdr_window_size(unsigned seats)
{
    return sizeof(struct cadre_window) + seats * sizeof(struct cdr_seat);
}

static void set(_Atomic uint64_t *word, uint64_t value)
{
    atomic_store_explicit(word, value, memory_order_relaxed);
}

/* Atomically, since a cancellation may come at any time; of any of these stores it makes
 * no difference which of the two comes last, but for the limit's (map/local.c). */
static void seat_init(struct cdr_seat *seat)
{
    set(&seat->current, 0);
    set(&seat->slice_end, 0);
    set(&seat->since, 0);
    set(&seat->done, 0);
    atomic_store_explicit(&seat->cost, 0, memory_order_relaxed);
    set(&seat->range, 0);
    set(&seat->stop_at, 0);
    atomic_store_explicit(&seat->asked, false, memory_order_relaxed);
    set(&seat->failed, CADRE_NO_ITEM);
    atomic_store_explicit(&seat->halts, false, memory_order_relaxed);
    atomic_store_explicit(&seat->has_state, false, memory_order_relaxed);
}

static bool halts(const struct cdr_seat *seat)
{
    return atomic_load_explicit(&seat->halts, memory_order_relaxed);
}

static void reset_intents(struct cadre_window *w)
{
    for (unsigned s = 0; s < w->seats; s++) {
        struct cdr_intent *intent = cdr_window_intent(w, s);
        set(&intent->claim, 0);
        set(&intent->slice, 0);
        set(&intent->progress, 0);
        set(&intent->stamp, 0);
        set(&intent->alone, 0);
        set(&intent->climb, 0);
        atomic_store_explicit(&intent->running, 0, memory_order_relaxed);
        atomic_store_explicit(&intent->folding, 0, memory_order_relaxed);
        atomic_store_explicit(&intent->beginning, 0, memory_order_relaxed);
        set(&intent->crashed, CADRE_NO_ITEM);
        intent->putting = CADRE_NO_ITEM;
        atomic_store_explicit(&intent->asking, 0, memory_order_relaxed);
        intent->batch.count = 0;
        set(&intent->confirmed, 0);
    }
}

void cdr_window_reset(struct cadre_window *w, uint64_t units, uint64_t grain)
{
    w->units = units;
    w->grain = grain;
    set(&w->next, 0);
    atomic_store(&w->limit, units); /* before the caller looks for cancellations */
    atomic_store_explicit(&w->stop_code, CADRE_OK, memory_order_relaxed);
    atomic_store_explicit(&w->heard_unwanted, false, memory_order_relaxed);
    atomic_store_explicit(&w->closing, false, memory_order_relaxed);
    for (unsigned s = 0; s < w->seats; s++)
        seat_init(&w->seat[s]);
    if (w->intents_at)
        reset_intents(w);
}

void cdr_window_init(struct cadre_window *w, unsigned seats)
{
    w->ring_at = w->arenas_at = w->intents_at = 0;
    w->seats = seats;
    cdr_window_reset(w, 0, 1);
}

static size_t intents_at(unsigned seats)
{
    size_t size = cdr_window_size(seats);

    return (size + CDR_FALSE_SHARING - 1) / CDR_FALSE_SHARING * CDR_FALSE_SHARING;
}

size_t cdr_shared_window_size(unsigned seats)
{
    return intents_at(seats) + seats * sizeof(struct cdr_intent);
}

void cdr_shared_window_init(struct cadre_window *w, unsigned seats)
{
    cdr_window_init(w, seats);
    w->intents_at = intents_at(seats);
    reset_intents(w);
}

/* Lower *word to value; true when this call did. */
static bool lower(_Atomic uint64_t *word, uint64_t value)
{
    uint64_t old = atomic_load_explicit(word, memory_order_seq_cst);

    while (old > value) {
        CDR_COUNT(LIMIT, word);
        if (atomic_compare_exchange_weak_explicit(
                word, &old, value, memory_order_seq_cst, memory_order_seq_cst))
            return true;
    }
    return false;
}

void cdr_window_halt(struct cadre_window *w, uint64_t limit)
{
    if (!lower(&w->limit, limit))
        return;
    cdr_heavy_fence();
    for (unsigned s = 0; s < w->seats; s++)
        lower(&w->seat[s].stop_at, limit);
}

void cdr_window_halt_again(struct cadre_window *w)
{
    uint64_t limit = atomic_load_explicit(&w->limit, memory_order_seq_cst);

    for (unsigned s = 0; s < w->seats; s++)
        lower(&w->seat[s].stop_at, limit);
}

void cdr_window_stop(struct cadre_window *w, int code)
{
    int none = CADRE_OK;

    atomic_compare_exchange_strong_explicit(&w->stop_code, &none, code,
                                            memory_order_relaxed, memory_order_relaxed);
    cdr_window_halt(w, 0);
}

void cdr_window_fail(struct cadre_window *w, struct cdr_seat *seat, uint64_t task,
                     uint64_t unit, const cadre_error *error)
{
    uint64_t before = atomic_load_explicit(&seat->failed, memory_order_relaxed);
    bool halting = unit != CADRE_NO_ITEM;

    if (before == CADRE_NO_ITEM || (halts(seat) == halting ? task < before : halting)) {
        if (w->intents_at) { /* the owner may die while it writes */
            atomic_store_explicit(&seat->failed, CADRE_NO_ITEM, memory_order_relaxed);
            CDR_CRASH_POINT();
        }
        seat->error = *error;
        atomic_store_explicit(&seat->halts, halting, memory_order_relaxed);
        atomic_store_explicit(&seat->failed, task, memory_order_release);
    }
    if (halting)
        cdr_window_halt(w, unit);
}

bool cdr_window_is_halted(const struct cadre_window *w)
{
    for (unsigned s = 0; s < w->seats; s++)
        if (atomic_load_explicit(&w->seat[s].failed, memory_order_acquire) !=
                CADRE_NO_ITEM &&
            halts(&w->seat[s]))
            return true;
    return false;
}

const cadre_error *cdr_window_failure(const struct cadre_window *w, uint64_t *task)
{
    const cadre_error *lowest = NULL;
    bool halted = cdr_window_is_halted(w);

    *task = CADRE_NO_ITEM;
    for (unsigned s = 0; s < w->seats; s++) {
        uint64_t failed =
            atomic_load_explicit(&w->seat[s].failed, memory_order_acquire);
        if (failed < *task && halts(&w->seat[s]) == halted) {
            *task = failed;
            lowest = &w->seat[s].error;
        }
    }
    return lowest;
}

uint64_t cdr_window_unclaimed(const struct cadre_window *w)
{
    uint64_t next =
        cdr_next_first(atomic_load_explicit(&w->next, memory_order_relaxed));
    uint64_t limit = atomic_load_explicit(&w->limit, memory_order_relaxed);

    return next < limit ? limit - next : 0;
}

uint64_t cdr_window_done(const struct cadre_window *w)
{
    uint64_t done = 0;

    for (unsigned s = 0; s < w->seats; s++)
        done += atomic_load_explicit(&w->seat[s].done, memory_order_relaxed);
    return done;
}

struct cdr_arena *cdr_window_arena(const struct cadre_window *w, unsigned seat)
{
    return w->arenas_at ? (struct cdr_arena *)((uintptr_t)w + w->arenas_at) + seat
                        : NULL;
}

void cdr_window_release_large(struct cadre_window *w, unsigned seat)
{
    uint32_t its = seat + 1;

    if (!atomic_compare_exchange_strong_explicit(&cdr_window_ring(w)->large, &its, 0,
                                                 memory_order_release,
                                                 memory_order_relaxed))
        return;
    for (unsigned k = 0; k < w->seats; k++)
        cdr_arena_wake(cdr_window_arena(w, k));
}
