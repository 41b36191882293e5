/* ring_stepped.c - the ring, built to be stepped.
 * SPDX-License-Identifier: MIT
 */
#include "ring_memory.h"
#include "core/board/ring.c"
#include "core/board/claim_batch.c"
#include "ring_model.h"

/* Of workers that are threads nothing is noted. */
void cdr_claim_confirm(struct cadre_window *w, uint64_t next, unsigned seat)
{
    (void)w, (void)next, (void)seat;
    broken("a claim of a thread is confirmed");
}

void cdr_intent_note_batch(struct cadre_window *w, unsigned s,
                           const struct cdr_batch *batch)
{
    (void)w, (void)s, (void)batch;
    broken("a thread's batch is noted");
}

void cdr_intent_end_batch(struct cadre_window *w, unsigned s)
{
    (void)w, (void)s;
    broken("a thread's batch is noted to have ended");
}
