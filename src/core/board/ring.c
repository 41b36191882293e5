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

/* One seat's queue, in whole lines; slots are at most CDR_WINDOW_MAX. */
static size_t finished_size(uint64_t slots)
{
    size_t bytes = sizeof(struct cdr_finished) + slots * sizeof(uint32_t);

    return (bytes + CDR_FALSE_SHARING - 1) / CDR_FALSE_SHARING * CDR_FALSE_SHARING;
}

static bool lay_out(struct cdr_ring *r, const struct cdr_ring_shape *s)
{
    uint64_t slots = slots_for(s->window);

    r->window = s->window;
    r->slots = slots;
    r->laps_at = (uint32_t)__builtin_ctzll(slots);
    r->seats = s->seats;
    r->next_at = s->remote ? CDR_SEAT_BITS : 0;
    r->unordered = s->unordered;
    r->item_size = s->item_size;
    r->result_size = s->result_size;
    r->size = sizeof *r;
    return reserve(&r->items_at, &r->size, slots, s->item_size) &&
           reserve(&r->results_at, &r->size, slots, s->result_size) &&
           reserve(&r->status_at, &r->size, slots, sizeof(uint32_t)) &&
           reserve(&r->refs_at, &r->size, s->refs ? slots : 0,
                   sizeof(struct cdr_ref)) &&
           reserve(&r->order_at, &r->size, s->unordered ? slots : 0,
                   sizeof(uint32_t)) &&
           reserve(&r->finished_at, &r->size, s->unordered ? s->seats : 0,
                   finished_size(slots));
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
    atomic_init(&r->next, 0);
    atomic_init(&r->awaited, CDR_NOBODY);
    atomic_init(&r->released, 0);
    atomic_init(&r->oversized, 0);
    atomic_init(&r->large, 0);
    atomic_init(&r->in_file, 0);
}

static char *at(const struct cdr_ring *r, size_t offset)
{
    return (char *)(uintptr_t)r + offset;
}

static _Atomic uint32_t *order_of(const struct cdr_ring *r, uint64_t p)
{
    return (_Atomic uint32_t *)(void *)at(r, r->order_at) + (p & (r->slots - 1));
}

static struct cdr_finished *finished_of(const struct cdr_ring *r, unsigned seat)
{
    return (struct cdr_finished *)(void *)(at(r, r->finished_at) +
                                           seat * finished_size(r->slots));
}

static _Atomic uint32_t *queue_entry(const struct cdr_ring *r, unsigned seat,
                                     uint64_t count)
{
    return (_Atomic uint32_t *)(void *)(finished_of(r, seat) + 1) +
           (count & (r->slots - 1));
}

struct cdr_ref *cdr_ring_ref(const struct cdr_ring *r, uint64_t slot)
{
    return (struct cdr_ref *)(void *)at(r, r->refs_at) + slot;
}

/* ---- the caller ---- */

void cdr_ring_assign(struct cdr_ring *r, uint64_t p, uint64_t slot)
{
    CDR_SCHED_POINT();
    CDR_COUNT(ORDER, order_of(r, p));
    atomic_store_explicit(order_of(r, p), (uint32_t)slot, memory_order_relaxed);
}

uint64_t cdr_ring_published(const struct cdr_ring *r, unsigned seat)
{
    return atomic_load_explicit(&finished_of(r, seat)->count, memory_order_relaxed);
}

bool cdr_ring_finished(const struct cdr_ring *r, unsigned seat,
                       struct cdr_reader *reader, uint64_t *slot,
                       enum cdr_outcome *outcome)
{
    uint32_t word;

    if (reader->taken == reader->published) {
        CDR_SCHED_POINT();
        reader->published =
            atomic_load_explicit(&finished_of(r, seat)->count, memory_order_acquire);
        if (reader->taken == reader->published)
            return false;
    }
    word =
        atomic_load_explicit(queue_entry(r, seat, reader->taken), memory_order_relaxed);
    *slot = word >> 2;
    *outcome = (enum cdr_outcome)(word & 3);
    return true;
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
    next = atomic_load_explicit(&r->next, memory_order_relaxed) >> r->next_at;
    CDR_SCHED_POINT();
    tail = atomic_load_explicit(&r->tail, memory_order_acquire);
    return tail > next ? tail - next : 0;
}

/* Where positions lie is read before they are claimed. Unordered, `order` may be written
 * anew as soon as they are: positions that far on can be fed while these still run. Not
 * before: as long as nobody claims them, all behind them are in flight too. */
void cdr_ring_locate(const struct cdr_ring *r, struct cdr_batch *b)
{
    uint64_t first = b->first;

    for (uint32_t i = 0; i < b->count; i++) {
        if (!r->unordered) {
            b->slot[i] = (uint32_t)((first + i) & (r->slots - 1));
            continue;
        }
        CDR_SCHED_POINT();
        b->slot[i] = atomic_load_explicit(order_of(r, first + i), memory_order_relaxed);
    }
}

bool cdr_ring_claim(struct cdr_ring *r, uint64_t most, struct cdr_batch *b)
{
    uint64_t next, tail;

    if (most > CDR_BATCH_MAX)
        most = CDR_BATCH_MAX;
    CDR_SCHED_POINT();
    next = atomic_load_explicit(&r->next, memory_order_relaxed);
    do {
        CDR_SCHED_POINT();
        tail = atomic_load_explicit(&r->tail, memory_order_acquire);
        if (tail <= next)
            return false;
        b->count = (uint32_t)(tail - next < most ? tail - next : most);
        b->first = next;
        cdr_ring_locate(r, b);
        CDR_SCHED_POINT();
        CDR_COUNT(NEXT, &r->next);
    } while (!atomic_compare_exchange_weak_explicit(
        &r->next, &next, next + b->count, memory_order_relaxed, memory_order_relaxed));
    CDR_COUNT(CLAIM, NULL);
    return true;
}

/* The next `count` of the seat's queue are these slots. */
static void publish_slots(struct cdr_ring *r, unsigned seat, const uint32_t *slots,
                          uint32_t count, enum cdr_outcome outcome)
{
    struct cdr_finished *f = finished_of(r, seat);
    uint64_t before = atomic_load_explicit(&f->count, memory_order_relaxed);

    for (uint32_t i = 0; i < count; i++) {
        CDR_SCHED_POINT();
        CDR_COUNT(FINISHED, queue_entry(r, seat, before + i));
        atomic_store_explicit(queue_entry(r, seat, before + i), slots[i] << 2 | outcome,
                              memory_order_relaxed);
    }
    CDR_SCHED_POINT();
    CDR_COUNT(FINISHED, &f->count);
    atomic_store_explicit(&f->count, before + count, memory_order_release);
}

bool cdr_ring_claim_waking(struct cdr_ring *r, uint64_t awaited)
{
    CDR_SCHED_POINT();
    CDR_COUNT(AWAITED, &r->awaited);
    return atomic_compare_exchange_strong_explicit(
        &r->awaited, &awaited, CDR_NOBODY, memory_order_relaxed, memory_order_relaxed);
}

/* Whether the caller sleeps for one of the positions p .. p+count-1, all published. */
static bool is_awaited(struct cdr_ring *r, uint64_t p, uint32_t count)
{
    uint64_t awaited;

    cdr_light_fence();
    CDR_SCHED_POINT();
    awaited = atomic_load_explicit(&r->awaited, memory_order_relaxed);
    return (awaited - p < count || awaited == CDR_ANY_FINISH) &&
           cdr_ring_claim_waking(r, awaited);
}

bool cdr_ring_publish(struct cdr_ring *r, unsigned seat, uint64_t p, uint32_t slot,
                      enum cdr_outcome outcome)
{
    publish_slots(r, seat, &slot, 1, outcome);
    return is_awaited(r, p, 1);
}

bool cdr_ring_finish_all(struct cdr_ring *r, unsigned seat, uint64_t p,
                         const uint32_t *slots, uint32_t count)
{
    if (r->unordered)
        publish_slots(r, seat, slots, count, CDR_DONE);
    for (uint32_t i = 0; !r->unordered && i < count; i++) {
        CDR_SCHED_POINT();
        CDR_COUNT(STATUS, cdr_ring_status(r, slots[i]));
        atomic_store_explicit(cdr_ring_status(r, slots[i]),
                              cdr_ring_mark(r, p + i) | CDR_DONE, memory_order_release);
    }
    return is_awaited(r, p, count);
}
