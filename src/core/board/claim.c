/* claim.c - who has which tasks.
 * SPDX-License-Identifier: MIT
 */
#include "core/board/claim.h"
#include "core/board/intent.h"
#include "base/counter.h"
#include "base/minimum.h"

/* ---- words ---- */

static bool replace(struct cdr_seat *seat, uint64_t *expected, uint64_t range)
{
    CDR_COUNT(RANGE, &seat->range);
    return atomic_compare_exchange_weak_explicit(
        &seat->range, expected, range, memory_order_relaxed, memory_order_relaxed);
}

static uint64_t load(const _Atomic uint64_t *word)
{
    return atomic_load_explicit(word, memory_order_relaxed);
}

static void store(_Atomic uint64_t *word, uint64_t value)
{
    atomic_store_explicit(word, value, memory_order_relaxed);
}

/* ---- notes, before the act; without an intent there are none ---- */

static struct cdr_intent *intent_of(const struct cadre_window *w, unsigned s)
{
    return w->intents_at ? cdr_window_intent(w, s) : NULL;
}

static void note_claim(struct cdr_intent *in, uint64_t range)
{
    if (!in)
        return;
    store(&in->claim, range);
    CDR_CRASH_POINT();
}

static void note_slice(struct cdr_intent *in, uint64_t first, uint64_t count)
{
    if (!in)
        return;
    store(&in->progress, first);
    CDR_CRASH_POINT();
    store(&in->slice, cdr_range_pack(first, count));
    CDR_CRASH_POINT();
}

/* It has been run up to `begun`, and the rest is about to be given back. */
static void note_progress(struct cdr_intent *in, uint64_t begun)
{
    if (!in)
        return;
    store(&in->progress, begun);
    CDR_CRASH_POINT();
}

static void note_given(struct cdr_intent *in)
{
    if (!in)
        return;
    CDR_CRASH_POINT();
    store(&in->slice, 0);
    CDR_CRASH_POINT();
}

/* ---- claiming ---- */

bool cdr_window_claim(struct cadre_window *w, unsigned s, uint64_t most,
                      struct cdr_span *claimed)
{
    struct cdr_intent *in = intent_of(w, s);
    uint64_t next = load(&w->next), count;

    do {
        claimed->first = cdr_next_first(next);
        if (claimed->first >= load(&w->limit)) {
            note_claim(in, 0);
            return false;
        }
        count = cdr_min(most, w->units - claimed->first);
        claimed->end = claimed->first + count;
        note_claim(in, cdr_range_pack(claimed->first, count));
    } while (!cdr_next_move(w, &w->next, &next, claimed->end, s));
    CDR_COUNT(CLAIM, NULL);
    return true;
}

/* ---- taking ---- */

/* Begin a slice: from now on the owner obeys stop_at. A halt that came before is
 * seen in limit, one that comes later lowers stop_at: sequential consistency of
 * this store and that load, against halt's two, leaves no gap. */
static bool begin(struct cadre_window *w, struct cdr_seat *seat,
                  const struct cdr_span *chunk)
{
    CDR_COUNT(STOP_AT, &seat->stop_at);
    atomic_store_explicit(&seat->stop_at, chunk->end, memory_order_seq_cst);
    if (chunk->first >= atomic_load_explicit(&w->limit, memory_order_seq_cst))
        return false;
    store(&seat->current, chunk->first * w->grain);
    store(&seat->slice_end, chunk->end);
    return true;
}

/* The front of the range, which others may shorten from behind meanwhile. What lies beyond
 * the limit stays in it, and is known not to have been run. */
static bool take_front(struct cadre_window *w, struct cdr_seat *seat,
                       struct cdr_intent *in, uint64_t most, struct cdr_span *chunk)
{
    uint64_t range = load(&seat->range), limit = load(&w->limit), first, count;

    do {
        first = cdr_range_first(range);
        count = cdr_range_count(range);
        if (count == 0 || first >= limit) {
            if (in)
                store(&in->slice, 0);
            return false;
        }
        count = cdr_min(count, in && first < load(&in->alone) ? 1 : most);
        note_slice(in, first, count);
    } while (!replace(seat, &range,
                      cdr_range_pack(first + count, cdr_range_count(range) - count)));
    CDR_CRASH_POINT();
    *chunk = (struct cdr_span){ first, first + count };
    return true;
}

static bool claim_more(struct cadre_window *w, unsigned s, uint64_t most)
{
    struct cdr_span span;

    if (!cdr_window_claim(w, s, cdr_min(most, CDR_CLAIM_MAX), &span))
        return false;
    CDR_CRASH_POINT();
    CDR_COUNT(RANGE, &w->seat[s].range);
    /* Release: who reads this range and then the claim sees the claim, or its end. */
    atomic_store_explicit(&w->seat[s].range,
                          cdr_range_pack(span.first, span.end - span.first),
                          memory_order_release);
    CDR_CRASH_POINT();
    note_claim(intent_of(w, s), 0);
    return true;
}

/* The back half of what another seat holds, rounded up. */
static bool steal_from(struct cdr_seat *victim, struct cdr_seat *seat, uint64_t limit)
{
    uint64_t range = load(&victim->range), kept;

    CDR_COUNT(LOOK, NULL);
    do {
        if (cdr_range_count(range) == 0 || cdr_range_first(range) >= limit)
            return false;
        kept = cdr_range_count(range) / 2;
    } while (!replace(victim, &range, cdr_range_pack(cdr_range_first(range), kept)));
    CDR_COUNT(STOLEN, &victim->range);
    CDR_COUNT(RANGE, &seat->range);
    store(&seat->range,
          cdr_range_pack(cdr_range_first(range) + kept, cdr_range_count(range) - kept));
    return true;
}

/* From a process that may be dead only its caller's process takes (intent.h). */
static bool steal(struct cadre_window *w, unsigned s)
{
    uint64_t limit = load(&w->limit);

    for (unsigned i = 1; !w->intents_at && i < w->seats; i++)
        if (steal_from(&w->seat[(s + i) % w->seats], &w->seat[s], limit))
            return true;
    return false;
}

bool cdr_window_take(struct cadre_window *w, unsigned s, uint64_t slice, uint64_t claim,
                     struct cdr_span *chunk)
{
    struct cdr_seat *seat = &w->seat[s];
    struct cdr_intent *in = intent_of(w, s);

    while (!cdr_window_over(w)) {
        if (take_front(w, seat, in, slice, chunk)) {
            if (begin(w, seat, chunk))
                return true;
            cdr_window_give(w, s, chunk, chunk->first);
        } else if (!claim_more(w, s, claim) && !steal(w, s)) {
            return false;
        }
    }
    return false;
}

bool cdr_window_give(struct cadre_window *w, unsigned s, const struct cdr_span *chunk,
                     uint64_t begun)
{
    struct cdr_seat *seat = &w->seat[s];
    struct cdr_intent *in = intent_of(w, s);
    uint64_t rest = chunk->end - begun, range = load(&seat->range);
    bool asked = atomic_load_explicit(&seat->asked, memory_order_relaxed);

    note_progress(in, begun);
    store(&seat->slice_end, 0);
    if (asked)
        atomic_store_explicit(&seat->asked, false, memory_order_relaxed);
    /* What is still in the range follows the slice directly, or there is nothing. */
    while (rest &&
           !replace(seat, &range, cdr_range_pack(begun, rest + cdr_range_count(range))))
        ;
    note_given(in);
    return asked;
}

/* ---- sharing the end of a run ---- */

/* Units of seat's slice that it has not begun. */
static uint64_t spare(const struct cadre_window *w, const struct cdr_seat *seat)
{
    uint64_t end = load(&seat->slice_end);
    uint64_t current = load(&seat->current) / w->grain;

    return end > current + 1 ? end - current - 1 : 0;
}

bool cdr_window_stealable(const struct cadre_window *w, unsigned s)
{
    uint64_t limit = load(&w->limit);

    for (unsigned i = 0; i < w->seats; i++) {
        uint64_t range = load(&w->seat[i].range);
        CDR_COUNT(LOOK, NULL);
        if (i != s && cdr_range_count(range) && cdr_range_first(range) < limit)
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
        uint64_t since = load(&seat->since);

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
        uint64_t at = load(&seat->since) + overdue_ns;
        if (i != s && spare(w, seat) && at < first)
            first = at;
    }
    return first;
}
