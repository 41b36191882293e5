/* ring.c - the window of a stream: slots for what is in flight.
 * SPDX-License-Identifier: MIT
 */
#include "core/board/ring.h"
#include "base/counter.h"

/* ---- layout ---- */

static uint64_t slots_for(uint64_t window)
{
    uint64_t slots = 1;

    while (slots < window)
        slots *= 2;
    return slots;
}

/* Reserve count * size bytes at *at, apart from what is before; false: too much. */
static bool reserve(size_t *at, size_t *total, uint64_t count, size_t size)
{
    size_t bytes;

    *at = (*total + CDR_FALSE_SHARING - 1) / CDR_FALSE_SHARING * CDR_FALSE_SHARING;
    return !__builtin_mul_overflow(count, size, &bytes) &&
           !__builtin_add_overflow(*at, bytes, total) && *total <= PTRDIFF_MAX;
}

static bool lay_out(struct cdr_ring *r, const struct cdr_ring_shape *s)
{
    uint64_t slots = slots_for(s->window);
    uint64_t all = slots + (s->unordered ? s->window : 0);

    r->window = s->window;
    r->slots = slots;
    r->laps_at = (uint32_t)__builtin_ctzll(slots);
    r->seats = s->seats;
    r->unordered = s->unordered;
    r->item_size = s->item_size;
    r->result_size = s->result_size;
    r->size = sizeof *r;
    return reserve(&r->items_at, &r->size, all, s->item_size) &&
           reserve(&r->results_at, &r->size, all, s->result_size) &&
           reserve(&r->status_at, &r->size, all, sizeof(uint32_t)) &&
           reserve(&r->refs_at, &r->size, s->refs ? all : 0, sizeof(struct cdr_ref)) &&
           reserve(&r->moved_at, &r->size, s->unordered ? slots : 0, sizeof(uint32_t));
}

size_t cdr_ring_size(const struct cdr_ring_shape *shape)
{
    struct cdr_ring r;

    return lay_out(&r, shape) ? r.size : 0;
}

void cdr_ring_init(struct cdr_ring *r, const struct cdr_ring_shape *shape)
{
    lay_out(r, shape);
    atomic_init(&r->tail, 0);
    atomic_init(&r->moved_end, 0);
    atomic_init(&r->next, 0);
    atomic_init(&r->awaited, CDR_NOBODY);
    atomic_init(&r->away, 1); /* nobody is known */
    atomic_init(&r->released, 0);
    atomic_init(&r->oversized, 0);
    atomic_init(&r->large, 0);
    atomic_init(&r->in_file, 0);
}

static char *at(const struct cdr_ring *r, size_t offset)
{
    return (char *)(uintptr_t)r + offset;
}

struct cdr_ref *cdr_ring_ref(const struct cdr_ring *r, uint64_t slot)
{
    return (struct cdr_ref *)(void *)at(r, r->refs_at) + slot;
}

/* ---- the caller ---- */

/* Nobody has a spare slot that is free, nor looks at what it held; whoever had it may have
 * died, and must find there that its position was finished: see cdr_intent_settle_batch. */
void cdr_ring_assign(struct cdr_ring *r, uint64_t p, uint64_t slot)
{
    bool moved = slot >= r->slots;

    CDR_SCHED_POINT();
    CDR_COUNT(MOVED, cdr_ring_moved(r, p));
    atomic_store_explicit(cdr_ring_moved(r, p), moved ? (uint32_t)slot : 0,
                          memory_order_relaxed);
    if (!moved)
        return;
    CDR_SCHED_POINT();
    CDR_COUNT(MOVED, &r->moved_end);
    atomic_store_explicit(&r->moved_end, p + 1, memory_order_relaxed);
    CDR_SCHED_POINT();
    CDR_COUNT(STATUS, cdr_ring_status(r, slot));
    atomic_store_explicit(cdr_ring_status(r, slot),
                          cdr_ring_mark(r, p, slot) | CDR_PENDING,
                          memory_order_relaxed);
}

uint64_t cdr_ring_claimed(const struct cdr_ring *r)
{
    CDR_SCHED_POINT();
    return cdr_next_first(atomic_load_explicit(&r->next, memory_order_relaxed));
}

void cdr_ring_await(struct cdr_ring *r, uint64_t position)
{
    CDR_SCHED_POINT();
    CDR_COUNT(AWAITED, &r->awaited);
    atomic_store_explicit(&r->awaited, position, memory_order_relaxed);
    if (position != CDR_NOBODY)
        cdr_heavy_fence();
}

/* ---- workers ---- */

uint64_t cdr_ring_unclaimed(const struct cdr_ring *r)
{
    uint64_t next, tail;

    CDR_SCHED_POINT();
    next = cdr_next_first(atomic_load_explicit(&r->next, memory_order_relaxed));
    CDR_SCHED_POINT();
    tail = atomic_load_explicit(&r->tail, memory_order_acquire);
    return tail > next ? tail - next : 0;
}

static void count_away(struct cdr_ring *r, uint64_t change)
{
    uint64_t away = atomic_load_explicit(&r->away, memory_order_relaxed);

    do {
        CDR_SCHED_POINT();
        CDR_COUNT(AWAITED, &r->away);
    } while (!atomic_compare_exchange_weak_explicit(
        &r->away, &away, away + change, memory_order_relaxed, memory_order_relaxed));
}

void cdr_ring_enter(struct cdr_ring *r)
{
    count_away(r, UINT64_MAX);
}

bool cdr_ring_leave(struct cdr_ring *r)
{
    count_away(r, 1);
    cdr_heavy_fence();
    return cdr_ring_unclaimed(r) == 0;
}

/* Where positions lie is read before they are claimed. Unordered, `moved` may be written
 * anew as soon as they are: positions that far on can be fed while these still run. Not
 * before: as long as nobody claims them, all behind them are in flight too. */
void cdr_ring_locate(const struct cdr_ring *r, struct cdr_batch *b)
{
    CDR_SCHED_POINT();
    if (!r->unordered ||
        b->first >= atomic_load_explicit(&r->moved_end, memory_order_relaxed))
        for (uint32_t i = 0; i < b->count; i++)
            b->slot[i] = (uint32_t)cdr_ring_home(r, b->first + i);
    else
        for (uint32_t i = 0; i < b->count; i++)
            b->slot[i] = (uint32_t)cdr_ring_slot(r, b->first + i);
}

bool cdr_ring_claim_waking(struct cdr_ring *r, uint64_t p, uint64_t count,
                           uint64_t awaited)
{
    if (awaited - p >= count && awaited != CDR_ANY_FINISH)
        return false;
    CDR_SCHED_POINT();
    CDR_COUNT(AWAITED, &r->awaited);
    return atomic_compare_exchange_strong_explicit(
        &r->awaited, &awaited, CDR_NOBODY, memory_order_relaxed, memory_order_relaxed);
}

bool cdr_ring_finish_all(struct cdr_ring *r, uint64_t p, const uint32_t *slots,
                         uint32_t count)
{
    uint64_t awaited;

    for (uint32_t i = 0; i < count; i++) {
        CDR_SCHED_POINT();
        CDR_COUNT(STATUS, cdr_ring_status(r, slots[i]));
        atomic_store_explicit(cdr_ring_status(r, slots[i]),
                              cdr_ring_mark(r, p + i, slots[i]) | CDR_DONE,
                              memory_order_release);
    }
    cdr_light_fence();
    CDR_SCHED_POINT();
    awaited = atomic_load_explicit(&r->awaited, memory_order_relaxed);
    return awaited != CDR_NOBODY && cdr_ring_claim_waking(r, p, count, awaited);
}
