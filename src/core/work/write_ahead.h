/* write_ahead.h - what a worker notes on its intent while it runs tasks; nothing where there is none.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CORE_WORK_WRITE_AHEAD_H
#define CDR_CORE_WORK_WRITE_AHEAD_H

#include "core/board/intent.h"
#include "core/board/tree.h"
#include "core/run/run.h"

static inline struct cdr_intent *cdr_task_intent(const struct cadre_task *t)
{
    const struct cadre_window *w = t->run->window;

    return w->intents_at ? cdr_window_intent(w, (unsigned)(t->seat - w->seat)) : NULL;
}

/* Whether tasks are to be run one at a time: they have a time limit, or one of those that
 * come now has taken a worker down. */
bool cdr_task_is_alone(const struct cadre_task *t);

/* From here on until the slice ends, the worker is inside its tasks. */
void cdr_task_begins(struct cadre_task *t);

/* worker_begin is called, or has returned. */
void cdr_task_sets_up(struct cadre_task *t, bool begins);

/* A task with a time limit begins. */
void cdr_task_stamp(struct cadre_task *t);

/* Streams: task p is about to put bytes into its arena; it asks for room for a large
 * piece, or no longer; it has been published. Whether it is one that took the
 * worker before down: it has failed, as its error. */
void cdr_task_puts(struct cadre_task *t, uint64_t p);
void cdr_task_asks(struct cadre_task *t, bool begins);
void cdr_task_has_put(struct cadre_task *t);
bool cdr_task_crashed(struct cadre_task *t, uint64_t p);

/* A reduction's combining begins, or ends. */
void cdr_task_folds(struct cadre_task *t, bool begins);

/* A reduction's worker begins a block; begins to carry one, is about to change a place on
 * the way, has come to the end of it. */
void cdr_block_begin(struct cadre_task *t, uint64_t block);
void cdr_climb_begin(struct cadre_task *t, const struct cdr_climb_note *note);
void cdr_climb_save(struct cadre_task *t, const struct cdr_climb_note *note,
                    const struct cdr_climb *climb);
void cdr_climb_end(struct cadre_task *t);

/* What a dead worker was carrying; false: nothing. */
bool cdr_climb_left(const struct cadre_task *t, struct cdr_climb_note *note);

#endif
