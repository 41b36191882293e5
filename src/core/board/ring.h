/* ring.h - the window of a stream: slots for what is in flight.
 * SPDX-License-Identifier: MIT
 *
 * One thread, the stream's caller, feeds the ring and takes from it; workers claim what
 * was fed, in order, and finish it. Position p of the stream is the p-th item fed.
 *
 *        taken          next            tail         taken + window
 *     -----|--------------|---------------|-----------------|----->  positions
 *          | being run or |  fed, nobody  |  room, may be   |
 *          | finished     |  has them     |  fed            |
 *
 * Ordered, position p lies in slot p mod slots, and the caller takes the lowest position
 * once its status says that it is finished: never more than `window` positions are
 * between what was taken and what was fed, however slow one item is. That is the whole
 * bound, and a worker claims an item only when its result has a place: the item's own.
 *
 * Unordered, the caller also takes positions behind one that takes long, and feeds others in
 * their place. As long as that one is not a whole lap behind, everything else is as in
 * order, and costs no more. Then the position whose slot it still has is *moved*: it lies in
 * one of `window` spare slots behind the others, and `moved` says in which.
 *
 * No pointers in here, only offsets: the memory may be shared by processes. Items,
 * results, statuses and references are arrays of their own, so that a batch of small
 * items crosses from one processor to another in few cache lines.
 */
#ifndef CDR_CORE_BOARD_RING_H
#define CDR_CORE_BOARD_RING_H

#include "core/board/arena.h"
#include "base/counter.h"
#include "base/crash_point.h"

/* What became of a position; in its status word, with the lap in the other bits. */
enum cdr_outcome { CDR_PENDING = 0, CDR_DONE = 1, CDR_FAILED = 2 };

/* What is claimed from, `next` of a window or a ring: the first that nobody has claimed, and
 * the seat that claimed last, which intent.h makes use of. */
#define CDR_SEAT_BITS 13

static inline uint64_t cdr_next_pack(uint64_t first, unsigned seat)
{
    return first << CDR_SEAT_BITS | seat;
}

static inline uint64_t cdr_next_first(uint64_t next)
{
    return next >> CDR_SEAT_BITS;
}

static inline unsigned cdr_next_seat(uint64_t next)
{
    return (unsigned)(next & ((1u << CDR_SEAT_BITS) - 1));
}

/* Tasks so cheap that moving a line of memory to another CPU costs more. */
#define CDR_CHEAP_NS 100

#define CDR_NOBODY     UINT64_MAX
#define CDR_ANY_FINISH (UINT64_MAX - 1)
#define CDR_WINDOW_MAX ((uint64_t)1 << 24)

struct cdr_ref {
    struct cdr_piece piece; /* all zero: none */
    uint32_t seat;
};

struct cdr_ring {
    /* Written before anybody else sees the ring. */
    uint64_t window;
    uint64_t slots; /* a power of two, at least `window`: 1 << laps_at */
    uint32_t laps_at;
    uint32_t seats;
    bool unordered;
    size_t item_size, result_size;
    size_t items_at, results_at, status_at, refs_at, moved_at, size;
    /* The caller alone writes it: release. And unordered, positions from here on have not
     * been moved: relaxed, as tail publishes those below. */
    _Alignas(CDR_FALSE_SHARING) _Atomic uint64_t tail;
    _Atomic uint64_t moved_end;
    /* Workers claim by compare-and-swap (claim_batch.c). What was fed is published by tail. */
    _Alignas(CDR_FALSE_SHARING) _Atomic uint64_t next;
    /* Which position the caller sleeps for; CDR_ANY_FINISH; or CDR_NOBODY. With the
     * asymmetric fences of sync.h. */
    _Alignas(CDR_FALSE_SHARING) _Atomic uint64_t awaited;
    /* Workers that do not look at the ring by themselves, and have to be woken when it is
     * fed: with the asymmetric fences. Those that are not known to look are counted, too. */
    _Atomic uint64_t away;
    /* Streams with arenas: records finished with, by the caller, release; how many wait to
     * put a piece larger than their share; and unordered, the seat that has such a piece,
     * plus one: taken by compare-and-swap, given back by the caller. */
    _Alignas(CDR_FALSE_SHARING) _Atomic uint64_t released;
    _Atomic uint32_t oversized; /* with the asymmetric fences */
    _Atomic uint32_t large;
    _Atomic uint64_t in_file; /* places in the spill file: run/spill_file.h */
};

struct cdr_ring_shape {
    uint64_t window;
    size_t item_size, result_size;
    bool refs; /* slots have references */
    bool unordered;
    unsigned seats;
};

/* Bytes that a ring of this shape takes; 0 when they do not fit in memory. */
size_t cdr_ring_size(const struct cdr_ring_shape *shape);

/* Into zeroed memory of that size, on a boundary of CDR_FALSE_SHARING. */
void cdr_ring_init(struct cdr_ring *r, const struct cdr_ring_shape *shape);

/* ---- places ---- */

static inline char *cdr_ring_item(const struct cdr_ring *r, uint64_t slot)
{
    return (char *)(uintptr_t)r + r->items_at + slot * r->item_size;
}

static inline char *cdr_ring_result(const struct cdr_ring *r, uint64_t slot)
{
    return (char *)(uintptr_t)r + r->results_at + slot * r->result_size;
}

static inline _Atomic uint32_t *cdr_ring_status(const struct cdr_ring *r, uint64_t slot)
{
    return (_Atomic uint32_t *)((uintptr_t)r + r->status_at) + slot;
}

/* The lap is part of the status, so that the caller need not reset it: statuses are
 * written by workers and read by the caller, never the other way round. But a spare slot
 * may be used twice in one lap: its status has the position, and the caller resets it. */
static inline uint32_t cdr_ring_mark(const struct cdr_ring *r, uint64_t p,
                                     uint64_t slot)
{
    return (uint32_t)((__builtin_expect(slot < r->slots, 1) ? p >> r->laps_at : p) + 1)
           << 2;
}

/* Where position p lies if it was not moved. */
static inline uint64_t cdr_ring_home(const struct cdr_ring *r, uint64_t p)
{
    return p & (r->slots - 1);
}

/* Unordered: the spare slot that is used for position p, or 0. */
static inline _Atomic uint32_t *cdr_ring_moved(const struct cdr_ring *r, uint64_t p)
{
    return (_Atomic uint32_t *)((uintptr_t)r + r->moved_at) + cdr_ring_home(r, p);
}

/* Where position p lies, which was fed. */
static inline uint64_t cdr_ring_slot(const struct cdr_ring *r, uint64_t p)
{
    uint32_t moved;

    if (!r->unordered)
        return cdr_ring_home(r, p);
    CDR_SCHED_POINT();
    if (p >= atomic_load_explicit(&r->moved_end, memory_order_relaxed))
        return cdr_ring_home(r, p);
    CDR_SCHED_POINT();
    moved = atomic_load_explicit(cdr_ring_moved(r, p), memory_order_relaxed);
    return moved ? moved : cdr_ring_home(r, p);
}

/* Where what is too varied to lie in the slot is: in the arena of the seat that ran it. */
struct cdr_ref *cdr_ring_ref(const struct cdr_ring *r, uint64_t slot);

/* ---- the caller ---- */

/* Unordered, before feeding position p: it will lie in `slot`, its home or a spare one. May be
 * left out while no position was moved for a lap. */
void cdr_ring_assign(struct cdr_ring *r, uint64_t p, uint64_t slot);

/* Positions up to `tail` are in their slots: workers may claim them. */
static inline void cdr_ring_feed(struct cdr_ring *r, uint64_t tail)
{
    CDR_SCHED_POINT();
    CDR_COUNT(TAIL, &r->tail);
    atomic_store_explicit(&r->tail, tail, memory_order_release);
}

/* After feeding: whether somebody has to be woken for it. */
static inline bool cdr_ring_anyone_away(const struct cdr_ring *r)
{
    cdr_light_fence();
    CDR_SCHED_POINT();
    return atomic_load_explicit(&r->away, memory_order_relaxed) > 0;
}

/* The outcome of position p, which lies in `slot`; CDR_PENDING while it has none. */
static inline enum cdr_outcome cdr_ring_outcome(const struct cdr_ring *r, uint64_t p,
                                                uint64_t slot)
{
    uint32_t status;

    CDR_SCHED_POINT();
    status = atomic_load_explicit(cdr_ring_status(r, slot), memory_order_acquire);
    return (status & ~3u) == cdr_ring_mark(r, p, slot) ? (enum cdr_outcome)(status & 3)
                                                       : CDR_PENDING;
}

/* Positions below this have been claimed, as of now. */
uint64_t cdr_ring_claimed(const struct cdr_ring *r);

/* The caller will sleep until `position` is finished (CDR_ANY_FINISH: any): afterwards
 * it looks once more. Ends with CDR_NOBODY. */
void cdr_ring_await(struct cdr_ring *r, uint64_t position);

/* ---- workers ---- */

#define CDR_BATCH_MAX 64

/* Positions first .. first+count-1, and where they lie. */
struct cdr_batch {
    uint64_t first;
    uint32_t count;
    uint32_t slot[CDR_BATCH_MAX];
};

/* Note where the batch's positions lie; before they are claimed
 * (claim_batch.c). */
void cdr_ring_locate(const struct cdr_ring *r, struct cdr_batch *batch);

/* A worker that was counted as away looks at the ring from now on; and no longer: false, there
 * is something to claim, for which nobody may have woken anybody. */
void cdr_ring_enter(struct cdr_ring *r);
bool cdr_ring_leave(struct cdr_ring *r);

/* Positions that were fed and nobody claimed, as of now. */
uint64_t cdr_ring_unclaimed(const struct cdr_ring *r);

/* The end of positions p .. p+count-1 was made known, and the caller sleeps for `awaited`:
 * true when that is one of them and nobody else wakes it. */
bool cdr_ring_claim_waking(struct cdr_ring *r, uint64_t p, uint64_t count,
                           uint64_t awaited);

/* Position p, in `slot`, is finished, and its result is in place. True when the caller
 * sleeps for this: wake it. */
static inline bool cdr_ring_finish(struct cdr_ring *r, uint64_t p, uint32_t slot,
                                   enum cdr_outcome outcome)
{
    uint64_t awaited;

    CDR_SCHED_POINT();
    CDR_COUNT(STATUS, cdr_ring_status(r, slot));
    atomic_store_explicit(cdr_ring_status(r, slot), cdr_ring_mark(r, p, slot) | outcome,
                          memory_order_release);
    cdr_light_fence();
    CDR_SCHED_POINT();
    awaited = atomic_load_explicit(&r->awaited, memory_order_relaxed);
    return __builtin_expect(awaited != CDR_NOBODY, 0) &&
           cdr_ring_claim_waking(r, p, 1, awaited);
}

/* The same for positions p .. p+count-1, in those slots, all done. */
bool cdr_ring_finish_all(struct cdr_ring *r, uint64_t p, const uint32_t *slots,
                         uint32_t count);

#endif
