/* claim_batch.c - who has which positions of a stream's ring.
 * SPDX-License-Identifier: MIT
 */
#include "core/board/claim.h"
#include "core/board/intent.h"
#include "base/counter.h"
#include "base/minimum.h"

bool cdr_ring_claim(struct cadre_window *w, unsigned s, uint64_t most,
                    struct cdr_batch *b)
{
    struct cdr_ring *r = cdr_window_ring(w);
    uint64_t next, tail;

    CDR_SCHED_POINT();
    next = atomic_load_explicit(&r->next, memory_order_relaxed);
    do {
        CDR_SCHED_POINT();
        tail = atomic_load_explicit(&r->tail, memory_order_acquire);
        b->first = cdr_next_first(next);
        if (tail <= b->first) {
            if (w->intents_at)
                cdr_intent_end_batch(w, s);
            return false;
        }
        b->count = (uint32_t)cdr_min(cdr_min(most, CDR_BATCH_MAX), tail - b->first);
        cdr_ring_locate(r, b);
        if (w->intents_at)
            cdr_intent_note_batch(w, s, b);
        CDR_SCHED_POINT();
    } while (!cdr_next_move(w, &r->next, &next, b->first + b->count, s));
    if (w->intents_at)
        CDR_CRASH_POINT();
    CDR_COUNT(CLAIM, NULL);
    return true;
}
