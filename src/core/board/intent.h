/* intent.h - what a worker process writes down, so that its death costs one item.
 * SPDX-License-Identifier: MIT
 *
 * Where workers are processes, each seat of a window has a intent behind it, in the same
 * shared memory. On it the worker notes what it is about to do before it does it, and that
 * it has done it afterwards; each note is one word. The caller's process, told of the
 * worker's death, finds there exactly what the worker had, how far it was, and whether it
 * was inside the kernel (fault/recover.c). A fresh worker at the seat goes on from what is noted.
 *
 * Maps. A worker's units are, from left to right: done, its slice, its range, and they
 * lie side by side. The front of the range is moved by the owner alone, and the owner never
 * takes from other seats; the caller's process takes from the back and gives to those who
 * have nothing (share). So the front says whether a slice that was noted was taken, or
 * given back.
 *
 *     progress      front of the range
 *        |------------------|----------------|
 *          slice: not done        not begun
 *
 * Claims: `next` holds with the first unclaimed unit the seat that claimed last. A claim is
 * noted first; who claims after another seat raises that one's `confirmed` before it
 * overwrites the seat in `next`. So the one place or the other tells whether a claim that
 * was noted came to be. The same goes for batches of a stream's ring.
 */
#ifndef CDR_CORE_BOARD_INTENT_H
#define CDR_CORE_BOARD_INTENT_H

#include "core/board/segment.h"
#include "base/counter.h"

/* The tasks of a slice have been run. (That they begin is noted by cdr_task_begins.) */
void cdr_intent_ran(struct cadre_window *w, unsigned s, uint64_t begun);

/* For claims of windows and rings alike, by the seat that is about to replace `next`: see to
 * it that the claim before it can be told. And whether a claim came to be. */
void cdr_claim_confirm(struct cadre_window *w, uint64_t next, unsigned seat);
bool cdr_claim_was_made(const struct cadre_window *w, uint64_t next, unsigned seat,
                        uint64_t end);

/* Claim from `next`, as it was last `seen`, up to `end`; false: it is another by now, and that
 * is in `seen`. Release and acquire: who sees a claim sees that the one before is confirmed. */
static inline bool cdr_next_move(struct cadre_window *w, _Atomic uint64_t *next,
                                 uint64_t *seen, uint64_t end, unsigned seat)
{
    if (w->intents_at)
        cdr_claim_confirm(w, *seen, seat);
    CDR_COUNT(NEXT, next);
    return atomic_compare_exchange_weak_explicit(next, seen, cdr_next_pack(end, seat),
                                                 memory_order_acq_rel,
                                                 memory_order_acquire);
}

/* The batch that is about to be claimed; and that it has ended. */
void cdr_intent_note_batch(struct cadre_window *w, unsigned s,
                           const struct cdr_batch *batch);
void cdr_intent_end_batch(struct cadre_window *w, unsigned s);

/* What of the dead owner's batch was not published stays in it, and `first` is then
 * the first of those; a claim that did not come to be is gone. */
void cdr_intent_settle_batch(struct cadre_window *w, unsigned s);

/* In the caller's process: move half of what the seat with most left has to idle seat s. */
bool cdr_intent_rebalance(struct cadre_window *w, unsigned s);

uint64_t cdr_climb_pack(const struct cdr_climb_note *note);
struct cdr_climb_note cdr_climb_unpack(uint64_t word);

/* What a dead worker leaves behind of a map, made whole: no claim or slice is open any more,
 * and its units from progress on are its range. */
struct cdr_left {
    uint64_t first;    /* units of the slice, if there was one: from here ... */
    uint64_t progress; /* ... the first not done ... */
    uint64_t taken;    /* ... up to here */
    bool running;      /* it was among its tasks */
};

/* `whole`: what is done of a slice does not follow from the task it was in. */
void cdr_intent_settle(struct cadre_window *w, unsigned s, bool whole,
                       struct cdr_left *left);

/* Units that s holds and has not begun, as after settling. */
struct cdr_span cdr_intent_range(const struct cadre_window *w, unsigned s);
void cdr_intent_set_range(struct cadre_window *w, unsigned s, struct cdr_span chunk);

/* All settled: call `each` for every stretch of units that were run. */
void cdr_window_each_run(const struct cadre_window *w,
                         void (*each)(void *arg, uint64_t first, uint64_t end),
                         void *arg);

#endif
