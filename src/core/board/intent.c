/* intent.c - what a worker process has noted, and what that says after its death.
 * SPDX-License-Identifier: MIT
 *
 * intent.h tells how; claim.c and claim_batch.c note claims and slices.
 */
#include "core/board/intent.h"
#include "base/counter.h"
#include "base/minimum.h"

#include <string.h>

static uint64_t load(const _Atomic uint64_t *word)
{
    return atomic_load_explicit(word, memory_order_relaxed);
}

static void store(_Atomic uint64_t *word, uint64_t value)
{
    atomic_store_explicit(word, value, memory_order_relaxed);
}

static bool replace(_Atomic uint64_t *word, uint64_t expected, uint64_t value)
{
    return atomic_compare_exchange_strong_explicit(
        word, &expected, value, memory_order_relaxed, memory_order_relaxed);
}

/* ---- claims ---- */

void cdr_claim_confirm(struct cadre_window *w, uint64_t next, unsigned seat)
{
    unsigned before = cdr_next_seat(next);
    uint64_t end = cdr_next_first(next), known;
    struct cdr_intent *intent;

    if (before == seat || end == 0)
        return;
    intent = cdr_window_intent(w, before);
    known = load(&intent->confirmed);
    CDR_COUNT(CONFIRMED, &intent->confirmed);
    while (known < end && !atomic_compare_exchange_weak_explicit(
                              &intent->confirmed, &known, end, memory_order_relaxed,
                              memory_order_relaxed))
        ;
    CDR_CRASH_POINT();
}

bool cdr_claim_was_made(const struct cadre_window *w, uint64_t next, unsigned seat,
                        uint64_t end)
{
    return (cdr_next_seat(next) == seat && cdr_next_first(next) >= end) ||
           load(&cdr_window_intent(w, seat)->confirmed) >= end;
}

/* ---- slices ---- */

void cdr_intent_ran(struct cadre_window *w, unsigned s, uint64_t begun)
{
    struct cdr_intent *intent = cdr_window_intent(w, s);

    CDR_CRASH_POINT();
    store(&intent->stamp, 0);
    store(&intent->progress, begun);
    CDR_CRASH_POINT();
    atomic_store_explicit(&intent->running, 0, memory_order_relaxed);
    CDR_CRASH_POINT();
}

/* ---- batches of a stream ---- */

/* Nobody is to take a batch for claimed that is being noted. */
void cdr_intent_note_batch(struct cadre_window *w, unsigned s,
                           const struct cdr_batch *batch)
{
    struct cdr_intent *intent = cdr_window_intent(w, s);

    intent->batch.count = 0;
    CDR_CRASH_POINT();
    intent->batch.first = batch->first;
    memcpy(intent->batch.slot, batch->slot, batch->count * sizeof *batch->slot);
    intent->batch.count = batch->count;
    CDR_CRASH_POINT();
}

void cdr_intent_end_batch(struct cadre_window *w, unsigned s)
{
    struct cdr_intent *intent = cdr_window_intent(w, s);

    CDR_CRASH_POINT();
    store(&intent->stamp, 0);
    intent->batch.count = 0;
    CDR_CRASH_POINT();
    atomic_store_explicit(&intent->running, 0, memory_order_relaxed);
}

/* Whether position p has an outcome, which may have been taken since, and the slot used
 * again: its status is of a later lap or position then. */
static bool was_published(const struct cdr_ring *r, uint64_t p, uint32_t slot)
{
    uint32_t status =
        atomic_load_explicit(cdr_ring_status(r, slot), memory_order_acquire);

    return (int32_t)(status - cdr_ring_mark(r, p, slot)) > 0;
}

/* How many of the batch, from its beginning on, were published. Those that are noted may have
 * been so long ago that laps since cannot be told any more. */
static uint32_t count_published(const struct cdr_ring *r,
                                const struct cdr_intent *intent)
{
    const struct cdr_batch *b = &intent->batch;
    uint64_t known = intent->published;
    uint32_t n = known > b->first ? (uint32_t)cdr_min(known - b->first, b->count) : 0;

    while (n < b->count && was_published(r, b->first + n, b->slot[n]))
        n++;
    return n;
}

static void drop_front(struct cdr_batch *b, uint32_t n)
{
    b->first += n;
    b->count -= n;
    memmove(b->slot, b->slot + n, b->count * sizeof *b->slot);
}

void cdr_intent_settle_batch(struct cadre_window *w, unsigned s)
{
    const struct cdr_ring *r = cdr_window_ring(w);
    struct cdr_intent *intent = cdr_window_intent(w, s);
    struct cdr_batch *b = &intent->batch;
    uint64_t next = atomic_load_explicit(&r->next, memory_order_acquire);

    if (b->count == 0)
        return;
    if (!cdr_claim_was_made(w, next, s, b->first + b->count)) {
        b->count = 0;
        return;
    }
    drop_front(b, count_published(r, intent));
}

/* ---- the caller's process ---- */

/* Which seat has most to spare, what lies alone left out; CDR_NOBODY if none has any. */
static unsigned richest(const struct cadre_window *w, unsigned s)
{
    uint64_t most = 0, limit = load(&w->limit);
    unsigned found = s;

    for (unsigned k = 1; k < w->seats; k++) {
        uint64_t range = load(&w->seat[k].range);
        uint64_t from = cdr_range_first(range), end = from + cdr_range_count(range);
        uint64_t alone = load(&cdr_window_intent(w, k)->alone);

        from = from < alone ? alone : from;
        end = cdr_min(end, limit);
        if (k != s && end > from && end - from > most) {
            most = end - from;
            found = k;
        }
    }
    return found;
}

/* The back half of the victim's range, or all of it when that is one. Not while its claim
 * of it is noted: settle_claim would take it to be whole. */
static bool move_half(struct cadre_window *w, unsigned from, unsigned to)
{
    _Atomic uint64_t *victim = &w->seat[from].range;
    uint64_t range = atomic_load_explicit(victim, memory_order_acquire);
    uint64_t kept = cdr_range_count(range) / 2, first = cdr_range_first(range);
    uint64_t alone = load(&cdr_window_intent(w, from)->alone);

    if (first + kept < alone)
        kept = alone - first;
    if (kept >= cdr_range_count(range) || load(&cdr_window_intent(w, from)->claim) ||
        !replace(victim, range, cdr_range_pack(first, kept)))
        return false;
    CDR_COUNT(STOLEN, victim);
    store(&w->seat[to].range,
          cdr_range_pack(first + kept, cdr_range_count(range) - kept));
    return true;
}

bool cdr_intent_rebalance(struct cadre_window *w, unsigned s)
{
    /* What fails has been taken by its owner meanwhile, or is being. */
    for (unsigned tries = 0; tries < w->seats; tries++) {
        unsigned victim = richest(w, s);
        if (victim == s)
            return false;
        if (move_half(w, victim, s))
            return true;
    }
    return false;
}

/* A claim that was noted came to be, or not. */
static void settle_claim(struct cadre_window *w, unsigned s)
{
    struct cdr_intent *intent = cdr_window_intent(w, s);
    uint64_t claim = load(&intent->claim);
    uint64_t next = atomic_load_explicit(&w->next, memory_order_acquire);

    if (claim &&
        cdr_claim_was_made(w, next, s, cdr_range_first(claim) + cdr_range_count(claim)))
        store(&w->seat[s].range, claim); /* again, perhaps */
    store(&intent->claim, 0);
}

void cdr_intent_settle(struct cadre_window *w, unsigned s, bool whole,
                       struct cdr_left *left)
{
    struct cdr_seat *seat = &w->seat[s];
    struct cdr_intent *intent = cdr_window_intent(w, s);
    uint64_t slice, front, range;

    settle_claim(w, s);
    slice = load(&intent->slice);
    range = load(&seat->range);
    front = cdr_range_first(range);
    *left = (struct cdr_left){ front, front, front, false };
    if (slice) {
        left->running = atomic_load_explicit(&intent->running, memory_order_relaxed);
        left->first = cdr_range_first(slice);
        left->progress = left->running && !whole ? load(&seat->current) / w->grain
                                                 : load(&intent->progress);
        left->taken = cdr_range_first(slice) + cdr_range_count(slice);
        if (left->taken > front || left->progress > left->taken)
            left->taken = front;
    }
    if (left->progress < front) /* the slice was taken, and the rest not given back */
        store(&seat->range, cdr_range_pack(left->progress, front - left->progress +
                                                               cdr_range_count(range)));
    store(&intent->slice, 0);
    store(&seat->slice_end, 0);
    atomic_store_explicit(&intent->running, 0, memory_order_relaxed);
    atomic_store_explicit(&seat->asked, false, memory_order_relaxed);
}

struct cdr_span cdr_intent_range(const struct cadre_window *w, unsigned s)
{
    uint64_t range = load(&w->seat[s].range);

    return (struct cdr_span){ cdr_range_first(range),
                              cdr_range_first(range) + cdr_range_count(range) };
}

void cdr_intent_set_range(struct cadre_window *w, unsigned s, struct cdr_span chunk)
{
    store(&w->seat[s].range, cdr_range_pack(chunk.first, chunk.end - chunk.first));
}

/* The first stretch at or beyond `from` that some seat holds. */
static struct cdr_span next_hole(const struct cadre_window *w, uint64_t from,
                                 uint64_t end)
{
    struct cdr_span hole = { end, end };

    for (unsigned s = 0; s < w->seats; s++) {
        struct cdr_span range = cdr_intent_range(w, s);
        if (range.first < range.end && range.first >= from && range.first < hole.first)
            hole = range;
    }
    return hole;
}

void cdr_window_each_run(const struct cadre_window *w,
                         void (*each)(void *arg, uint64_t first, uint64_t end),
                         void *arg)
{
    uint64_t claimed = cdr_next_first(load(&w->next)), from = 0;

    while (from < claimed) {
        struct cdr_span hole = next_hole(w, from, claimed);
        if (hole.first > from)
            each(arg, from, hole.first);
        from = hole.end;
    }
}

/* ---- a block on its way up ---- */

uint64_t cdr_climb_pack(const struct cdr_climb_note *n)
{
    return 1 | (uint64_t)n->combining << 1 | (uint64_t)n->level << 2 | n->block << 8 |
           n->origin << 24;
}

struct cdr_climb_note cdr_climb_unpack(uint64_t word)
{
    return (struct cdr_climb_note){ .combining = word >> 1 & 1,
                                    .level = word >> 2 & 63,
                                    .block = word >> 8 & 0xFFFF,
                                    .origin = word >> 24 };
}
