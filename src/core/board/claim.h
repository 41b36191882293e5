/* claim.h - who has which units of a map's window.
 * SPDX-License-Identifier: MIT
 *
 * What each worker holds is written at its seat:
 *
 *     range    claimed, not begun. The owner slices pieces off the front; when
 *              nothing is left to claim, others steal from the back.
 *     slice     being run: current .. slice_end
 *
 * Claims are large and rare, slices small, so that the end of a run is shared out
 * evenly while the shared counter is hardly touched. A slice whose tasks turn out
 * to be long can be asked back: lowering stop_at makes its owner stop after the
 * task it is in, and the rest returns to its range.
 *
 * Where a worker is a process, which may die at any moment, each of these acts is noted
 * before it is done, and others take nothing from it: intent.h.
 */
#ifndef CDR_CORE_BOARD_CLAIM_H
#define CDR_CORE_BOARD_CLAIM_H

#include "core/board/segment.h"

/* Claim up to `most` units that nobody has, in order; false when there are none below the
 * limit. Where there is an intent, the claim stays noted on it: at most CDR_CLAIM_MAX then. */
bool cdr_window_claim(struct cadre_window *w, unsigned s, uint64_t most,
                      struct cdr_span *claimed);

/* The same for positions of a stream's ring, at most CDR_BATCH_MAX; the intent has the batch
 * as its own until cdr_intent_end_batch. */
bool cdr_ring_claim(struct cadre_window *w, unsigned s, uint64_t most,
                    struct cdr_batch *batch);

/* Take up to `slice` units that seat `s` holds; when it holds none, claim up to
 * `claim` first, and when there are none to claim, steal. False when nothing is
 * left to take. The caller is the seat's owner. */
bool cdr_window_take(struct cadre_window *w, unsigned s, uint64_t slice, uint64_t claim,
                     struct cdr_span *chunk);

/* Give back what was taken; units from `begun` on were not begun. Returns true
 * when somebody asked for the rest: wake who sleeps, to look again. */
bool cdr_window_give(struct cadre_window *w, unsigned s, const struct cdr_span *chunk,
                     uint64_t begun);

/* If another seat's slice has been running for longer than `overdue_ns` and has
 * units to spare, ask for them. True when there was one. */
bool cdr_window_ask(struct cadre_window *w, unsigned s, uint64_t now,
                    uint64_t overdue_ns);

/* When cdr_window_ask would find one, as things are; UINT64_MAX: nobody has any to spare.
 */
uint64_t cdr_window_overdue_at(const struct cadre_window *w, unsigned s,
                               uint64_t overdue_ns);

/* True when another seat than `s` holds units below the limit that can be stolen. */
bool cdr_window_stealable(const struct cadre_window *w, unsigned s);

/* True while another seat than `s` has units that can be stolen or asked for. */
bool cdr_window_spare(const struct cadre_window *w, unsigned s);

#endif
