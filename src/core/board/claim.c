/* claim.c - who has which tasks.
 * SPDX-License-Identifier: MIT
 */
#include "core/board/claim.h"
#include "base/counter.h"
#include "core/board/intent.h"

#include <string.h>

/* ---- ranges in one word ---- */

static uint64_t pack(uint64_t first, uint64_t count)
{
    return first << CDR_RANGE_BITS | count;
}

static uint64_t range_first(uint64_t range)
{
    return range >> CDR_RANGE_BITS;
}

static uint64_t range_count(uint64_t range)
{
    return range & CDR_CLAIM_MAX;
}

static bool replace(struct cdr_seat *seat, uint64_t *expected, uint64_t range)
{
    CDR_COUNT(RANGE, &seat->range);
    return atomic_compare_exchange_weak_explicit(
        &seat->range, expected, range, memory_order_relaxed, memory_order_relaxed);
}

static uint64_t load_range(const struct cdr_seat *seat)
{
    return atomic_load_explicit(&seat->range, memory_order_relaxed);
}

static uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* ---- set-up ---- */

/* ---- taking ---- */

/* Begin a slice: from now on the owner obeys stop_at. A halt that came before is
 * seen in limit, one that comes later lowers stop_at: sequential consistency of
 * this store and that load, against halt's two, leaves no gap. */
static bool begin(struct cadre_window *w, struct cdr_seat *seat, uint64_t first,
                  uint64_t count, struct cdr_span *chunk)
{
    uint64_t end = first + count;

    CDR_COUNT(STOP_AT, &seat->stop_at);
    atomic_store_explicit(&seat->stop_at, end, memory_order_seq_cst);
    if (first >= atomic_load_explicit(&w->limit, memory_order_seq_cst)) {
        /* What follows in the range lies beyond the limit too. */
        atomic_store_explicit(&seat->range, 0, memory_order_relaxed);
        return false;
    }
    atomic_store_explicit(&seat->current, first * w->grain, memory_order_relaxed);
    atomic_store_explicit(&seat->slice_end, end, memory_order_relaxed);
    chunk->first = first;
    chunk->end = end;
    return true;
}

static bool take_front(struct cdr_seat *seat, uint64_t most, uint64_t *first,
                       uint64_t *count)
{
    uint64_t range = load_range(seat);

    do {
        if (range_count(range) == 0)
            return false;
        *first = range_first(range);
        *count = min_u64(range_count(range), most);
    } while (
        !replace(seat, &range, pack(*first + *count, range_count(range) - *count)));
    return true;
}

static bool claim_more(struct cadre_window *w, struct cdr_seat *seat, uint64_t claim)
{
    uint64_t first = atomic_load_explicit(&w->next, memory_order_relaxed);

    /* Looking first keeps next from running away once everything is claimed. */
    if (first >= atomic_load_explicit(&w->limit, memory_order_relaxed))
        return false;
    CDR_COUNT(NEXT, &w->next);
    first = atomic_fetch_add_explicit(&w->next, claim, memory_order_relaxed);
    if (first >= w->units)
        return false;
    CDR_COUNT(CLAIM, NULL);
    CDR_COUNT(RANGE, &seat->range);
    atomic_store_explicit(&seat->range, pack(first, min_u64(claim, w->units - first)),
                          memory_order_relaxed);
    return true;
}

/* The back half of what another seat holds, rounded up. */
static bool steal_from(struct cdr_seat *victim, struct cdr_seat *seat)
{
    uint64_t range = load_range(victim), kept;

    CDR_COUNT(LOOK, NULL);
    do {
        if (range_count(range) == 0)
            return false;
        kept = range_count(range) / 2;
    } while (!replace(victim, &range, pack(range_first(range), kept)));
    CDR_COUNT(STOLEN, &victim->range);
    CDR_COUNT(RANGE, &seat->range);
    atomic_store_explicit(&seat->range,
                          pack(range_first(range) + kept, range_count(range) - kept),
                          memory_order_relaxed);
    return true;
}

static bool steal(struct cadre_window *w, unsigned s)
{
    for (unsigned i = 1; i < w->seats; i++)
        if (steal_from(&w->seat[(s + i) % w->seats], &w->seat[s]))
            return true;
    return false;
}

bool cdr_window_take(struct cadre_window *w, unsigned s, uint64_t slice, uint64_t claim,
                     struct cdr_span *chunk)
{
    struct cdr_seat *seat = &w->seat[s];
    uint64_t first, count;

    if (w->intents_at)
        return cdr_intent_take(w, s, slice, claim, chunk);
    while (!cdr_window_over(w)) {
        if (take_front(seat, slice, &first, &count)) {
            if (begin(w, seat, first, count, chunk))
                return true;
            continue;
        }
        if (!claim_more(w, seat, min_u64(claim, CDR_CLAIM_MAX)) && !steal(w, s))
            return false;
    }
    return false;
}

bool cdr_window_give(struct cadre_window *w, unsigned s, const struct cdr_span *chunk,
                     uint64_t begun)
{
    struct cdr_seat *seat = &w->seat[s];
    uint64_t rest = chunk->end - begun, range = load_range(seat);
    bool asked = atomic_load_explicit(&seat->asked, memory_order_relaxed);

    if (w->intents_at)
        return cdr_intent_give(w, s, chunk, begun);
    atomic_store_explicit(&seat->slice_end, 0, memory_order_relaxed);
    if (asked)
        atomic_store_explicit(&seat->asked, false, memory_order_relaxed);
    if (rest == 0 || begun >= atomic_load_explicit(&w->limit, memory_order_relaxed))
        return asked;
    /* What is still in the range follows the slice directly, or there is nothing. */
    while (!replace(seat, &range, pack(begun, rest + range_count(range))))
        ;
    return asked;
}

/* ---- stopping ---- */

/* ---- sharing the end of a run ---- */

/* Units of seat's slice that it has not begun. */
static uint64_t spare(const struct cadre_window *w, const struct cdr_seat *seat)
{
    uint64_t end = atomic_load_explicit(&seat->slice_end, memory_order_relaxed);
    uint64_t current =
        atomic_load_explicit(&seat->current, memory_order_relaxed) / w->grain;

    return end > current + 1 ? end - current - 1 : 0;
}

bool cdr_window_stealable(const struct cadre_window *w, unsigned s)
{
    uint64_t limit = atomic_load_explicit(&w->limit, memory_order_relaxed);

    for (unsigned i = 0; i < w->seats; i++) {
        uint64_t range = load_range(&w->seat[i]);
        CDR_COUNT(LOOK, NULL);
        if (i != s && range_count(range) && range_first(range) < limit)
            return true;
    }
    return false;
}

bool cdr_window_spare(const struct cadre_window *w, unsigned s)
{
    for (unsigned i = 0; i < w->seats; i++)
        if (i != s && spare(w, &w->seat[i]))
            return true;
    return cdr_window_stealable(w, s);
}

bool cdr_window_ask(struct cadre_window *w, unsigned s, uint64_t now,
                    uint64_t overdue_ns)
{
    for (unsigned i = 1; i < w->seats; i++) {
        struct cdr_seat *seat = &w->seat[(s + i) % w->seats];
        uint64_t since = atomic_load_explicit(&seat->since, memory_order_relaxed);

        if (spare(w, seat) == 0 || now < since + overdue_ns)
            continue;
        CDR_COUNT(STOP_AT, &seat->stop_at);
        atomic_store_explicit(&seat->asked, true, memory_order_relaxed);
        atomic_store_explicit(&seat->stop_at, 0, memory_order_seq_cst);
        return true;
    }
    return false;
}

uint64_t cdr_window_overdue_at(const struct cadre_window *w, unsigned s,
                               uint64_t overdue_ns)
{
    uint64_t first = UINT64_MAX;

    for (unsigned i = 0; i < w->seats; i++) {
        const struct cdr_seat *seat = &w->seat[i];
        uint64_t at =
            atomic_load_explicit(&seat->since, memory_order_relaxed) + overdue_ns;
        if (i != s && spare(w, seat) && at < first)
            first = at;
    }
    return first;
}
