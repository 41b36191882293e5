/* segment.h - the memory that the workers of a run share: seats, intents, limit.
 * SPDX-License-Identifier: MIT
 *
 * A window of units 0 .. units-1 is handed out in index order. A unit is one task, or for a
 * reduction a block of them. Each worker has a seat, where its part of the work is written.
 * Claims are made in claim.h; where workers are processes, each seat has an intent beside it
 * (intent.h); a stream's window has a ring behind it (ring.h), which hands out tasks itself
 * and uses the seats and the limit.
 *
 * When task f fails, limit falls to f: no unit from f on is begun any more, and all below f
 * are, so the failure reported in the end is the lowest, with everything below it complete.
 *
 * No pointers in here: all of it may lie in memory that processes share.
 */
#ifndef CDR_CORE_BOARD_SEGMENT_H
#define CDR_CORE_BOARD_SEGMENT_H

#include "core/board/ring.h"
#include <cadre/cadre.h>

/* A range packs its first unit and its length into one word. */
#define CDR_RANGE_BITS 18
#define CDR_CLAIM_MAX  (((uint64_t)1 << CDR_RANGE_BITS) - 1)
#define CDR_UNITS_MAX  (((uint64_t)1 << (64 - CDR_RANGE_BITS)) - 1)

static inline uint64_t cdr_range_pack(uint64_t first, uint64_t count)
{
    return first << CDR_RANGE_BITS | count;
}

static inline uint64_t cdr_range_first(uint64_t range)
{
    return range >> CDR_RANGE_BITS;
}

static inline uint64_t cdr_range_count(uint64_t range)
{
    return range & CDR_CLAIM_MAX;
}

/* Consecutive units: first .. end-1. */
struct cdr_span {
    uint64_t first, end;
};

struct cdr_seat {
    /* The owner writes these, relaxed; others read them to see how far it is. */
    _Alignas(CDR_FALSE_SHARING) _Atomic uint64_t current; /* the task it is in */
    _Atomic uint64_t slice_end;
    _Atomic uint64_t since; /* when the slice began, cdr_now() */
    _Atomic uint64_t done;  /* tasks finished in this run */
    _Atomic uint32_t cost;  /* streams: nanoseconds a task takes, about */
    /* It has a state to end. Sequentially consistent with the window's `closing`. */
    _Atomic bool has_state;
    /* Others write these too: range by compare-and-swap, relaxed (nothing else is
     * published by it); stop_at sequentially consistent with the window's limit. */
    _Alignas(CDR_FALSE_SHARING) _Atomic uint64_t range;
    _Atomic uint64_t stop_at; /* the owner begins no unit from here on */
    _Atomic bool asked;       /* stop_at was lowered by somebody who wants the rest */
    /* The owner's failure: of the task at position `failed`, which is released after the
     * rest. It is the lowest, but one that halts the run comes before others, which it goes
     * on over. A reader that knows that nothing below runs any more may rely on it. */
    _Atomic uint64_t failed;
    _Atomic bool halts; /* relaxed */
    cadre_error error;
};

/* How a reduction's worker stands with a block that it carries up the tree (tree.c):
 * noted in one word. */
struct cdr_climb_note {
    uint64_t origin; /* the block it ran last */
    uint64_t block;  /* the first of those it stands for now */
    unsigned level;  /* its step is 1 << level */
    bool combining;  /* `block`'s place is being changed; it was saved before */
};

struct cdr_intent {
    /* Written by the owner; by the caller's process when the owner is dead. Relaxed, but
     * in the order that intent.c says. Ranges are packed as the seat's. */
    _Alignas(
        CDR_FALSE_SHARING) _Atomic uint64_t claim; /* about to be claimed; 0: nothing */
    _Atomic uint64_t slice; /* about to be taken, or taken; 0: none */
    _Atomic uint64_t
        progress;           /* while not running: units of the slice below are done */
    _Atomic uint64_t stamp; /* when the task began, if tasks have a time limit */
    _Atomic uint64_t alone; /* what lies below is taken one at a time */
    _Atomic uint64_t climb; /* reductions: a packed cdr_climb_note; 0: none */
    _Atomic uint32_t
        running; /* tasks of the slice are being run, or a dead one's batch */
    _Atomic uint32_t beginning; /* it sets up its state, before its first task */
    _Atomic uint32_t folding;   /* reductions: a block's results are being combined */
    /* Streams: the batch that it has or is about to claim; count 0: none. */
    uint64_t published;       /* unordered: those below this position have been */
    uint64_t putting;         /* the position whose bytes are put into the arena */
    _Atomic uint32_t asking;  /* it is counted among those with a piece too large */
    _Atomic uint64_t crashed; /* a position whose worker died: `error` says how */
    struct cdr_batch batch;
    cadre_error error;
    /* Written by whoever claims next. */
    _Alignas(CDR_FALSE_SHARING) _Atomic uint64_t
        confirmed; /* claims up to here came to be */
};

struct cadre_window {
    size_t ring_at;   /* streams: where the ring is, counted from here; else 0 */
    size_t arenas_at; /* streams: one for each seat and one for the feeder; or 0 */
    size_t
        intents_at; /* workers are processes: one intent for each seat (intent.h); or 0 */
    uint64_t units;
    uint64_t grain; /* tasks per unit */
    unsigned seats;
    _Alignas(CDR_FALSE_SHARING) _Atomic uint64_t
        next; /* first unit nobody claimed, and who claimed last: cdr_next_pack */
    _Alignas(CDR_FALSE_SHARING) _Atomic uint64_t
        limit; /* see above; sequentially consistent */
    _Atomic int
        stop_code; /* why limit fell to 0 when no task failed: relaxed, set once */
    /* A task heard that it is no longer wanted: it may have ended early. Relaxed; read
     * when nobody works any more. */
    _Atomic bool heard_unwanted;
    /* Nobody takes anything any more: workers end their states as they leave the run.
     * Sequentially consistent with the seats' has_state. */
    _Atomic bool closing;
    struct cdr_seat seat[];
};

/* Bytes for a window with so many seats (at most 65535: cannot overflow). */
size_t cdr_window_size(unsigned seats);

/* A window without units; then, once a run, with them. */
void cdr_window_init(struct cadre_window *w, unsigned seats);
void cdr_window_reset(struct cadre_window *w, uint64_t units, uint64_t grain);

/* Bytes of a shared window, up to its intents' end; at most 65535 seats. */
size_t cdr_shared_window_size(unsigned seats);

/* A window as by cdr_window_init, in shared zeroed memory of that size, with intents. */
void cdr_shared_window_init(struct cadre_window *w, unsigned seats);

/* Only where workers are processes. */
static inline struct cdr_intent *cdr_window_intent(const struct cadre_window *w,
                                                   unsigned seat)
{
    return (struct cdr_intent *)((uintptr_t)w + w->intents_at) + seat;
}

/* Streams: the owner of the seat runs units below `end` now, unless the limit is lower. */
static inline void cdr_window_run_to(struct cadre_window *w, struct cdr_seat *seat,
                                     uint64_t end)
{
    uint64_t limit;

    atomic_store_explicit(&seat->stop_at, end, memory_order_relaxed);
    cdr_light_fence(); /* with the heavy one of a halt */
    limit = atomic_load_explicit(&w->limit, memory_order_relaxed);
    if (__builtin_expect(limit < end, 0))
        atomic_store_explicit(&seat->stop_at, limit, memory_order_relaxed);
}

/* Nobody begins a unit from `limit` on any more. */
void cdr_window_halt(struct cadre_window *w, uint64_t limit);

/* The same for the limit as it is: whoever lowered it may have died meanwhile. */
void cdr_window_halt_again(struct cadre_window *w);

/* End the run early for a reason that is no task's failure. */
void cdr_window_stop(struct cadre_window *w, int code);

/* Record that the task at position `task` failed, and halt at its unit unless that is
 * CADRE_NO_ITEM. Keeps the seat's lowest, of those that halt if there are such. The caller
 * is the seat's owner. */
void cdr_window_fail(struct cadre_window *w, struct cdr_seat *seat, uint64_t task,
                     uint64_t unit, const cadre_error *error);

/* The failure of the lowest task, of those that halted the run if there are such, and where
 * it stands; NULL when no task failed. And whether it halted the run. */
const cadre_error *cdr_window_failure(const struct cadre_window *w, uint64_t *task);
bool cdr_window_is_halted(const struct cadre_window *w);

/* True when no unit may be begun any more. */
static inline bool cdr_window_over(const struct cadre_window *w)
{
    return atomic_load_explicit(&w->limit, memory_order_relaxed) == 0;
}

/* Units below the limit that nobody has claimed. */
uint64_t cdr_window_unclaimed(const struct cadre_window *w);

/* Streams: the ring, and a seat's arena (that of the feeder comes after the last
 * seat's). NULL where there is none. */
static inline struct cdr_ring *cdr_window_ring(const struct cadre_window *w)
{
    return w->ring_at ? (struct cdr_ring *)((uintptr_t)w + w->ring_at) : NULL;
}
struct cdr_arena *cdr_window_arena(const struct cadre_window *w, unsigned seat);

/* Unordered streams: the seat's worker puts no piece larger than its share, after all; if it
 * had been let in for one, another may be. */
void cdr_window_release_large(struct cadre_window *w, unsigned seat);

uint64_t cdr_window_done(const struct cadre_window *w); /* tasks finished, all seats */

#endif
