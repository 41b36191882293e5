/* write_ahead.c - what a worker notes on its intent while it runs tasks.
 * SPDX-License-Identifier: MIT
 */
#include "core/work/write_ahead.h"
#include "base/clock.h"

#include <string.h>

static void store(_Atomic uint64_t *word, uint64_t value)
{
    atomic_store_explicit(word, value, memory_order_relaxed);
    CDR_CRASH_POINT();
}

static uint64_t load(const _Atomic uint64_t *word)
{
    return atomic_load_explicit(word, memory_order_relaxed);
}

bool cdr_task_is_alone(const struct cadre_task *t)
{
    const struct cdr_intent *intent = cdr_task_intent(t);

    if (!intent)
        return t->run->singly;
    return t->run->timeout_ns || load(&intent->progress) < load(&intent->alone);
}

/* No step after it: whatever is beyond is the kernel's. */
void cdr_task_begins(struct cadre_task *t)
{
    struct cdr_intent *intent = cdr_task_intent(t);

    CDR_CRASH_POINT();
    if (intent)
        atomic_store_explicit(&intent->running, 1, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
}

void cdr_task_sets_up(struct cadre_task *t, bool begins)
{
    struct cdr_intent *intent = cdr_task_intent(t);

    CDR_CRASH_POINT();
    if (intent)
        atomic_store_explicit(&intent->beginning, begins, memory_order_relaxed);
    atomic_signal_fence(memory_order_seq_cst);
}

void cdr_task_stamp(struct cadre_task *t)
{
    if (t->run->timeout_ns)
        store(&cdr_task_intent(t)->stamp, cdr_now()); /* leases: see core/lease */
}

void cdr_task_puts(struct cadre_task *t, uint64_t p)
{
    struct cdr_intent *intent = cdr_task_intent(t);

    if (!intent)
        return;
    intent->putting = p;
    CDR_CRASH_POINT();
    store(&intent->stamp, 0); /* waiting for room takes none of the task's time */
}

void cdr_task_asks(struct cadre_task *t, bool begins)
{
    struct cdr_intent *intent = cdr_task_intent(t);

    if (intent)
        atomic_store_explicit(&intent->asking, begins, memory_order_relaxed);
    CDR_CRASH_POINT();
}

void cdr_task_has_put(struct cadre_task *t)
{
    const struct cadre_window *w = t->run->window;
    struct cdr_intent *intent = cdr_task_intent(t);
    struct cdr_arena *arena = cdr_window_arena(w, (unsigned)(t->seat - w->seat));

    if (!intent || !arena || intent->putting == CADRE_NO_ITEM)
        return;
    CDR_CRASH_POINT();
    cdr_arena_commit(arena);
    CDR_CRASH_POINT();
    intent->putting = CADRE_NO_ITEM;
}

bool cdr_task_crashed(struct cadre_task *t, uint64_t p)
{
    struct cdr_intent *intent = cdr_task_intent(t);

    if (!intent || load(&intent->crashed) != p)
        return false;
    t->error = intent->error;
    t->failed_at = p;
    atomic_store_explicit(&t->seat->current, p, memory_order_relaxed);
    cdr_window_fail(t->run->window, t->seat, p,
                    t->program->keep_going ? CADRE_NO_ITEM : p, &t->error);
    return true;
}

void cdr_task_folds(struct cadre_task *t, bool begins)
{
    struct cdr_intent *intent = cdr_task_intent(t);

    if (intent)
        atomic_store_explicit(&intent->folding, begins, memory_order_relaxed);
}

void cdr_block_begin(struct cadre_task *t, uint64_t block)
{
    struct cdr_intent *intent = cdr_task_intent(t);

    if (intent)
        store(&intent->progress, block);
}

void cdr_climb_begin(struct cadre_task *t, const struct cdr_climb_note *note)
{
    struct cdr_intent *intent = cdr_task_intent(t);

    if (intent)
        store(&intent->climb, cdr_climb_pack(note));
}

void cdr_climb_save(struct cadre_task *t, const struct cdr_climb_note *note,
                    const struct cdr_climb *climb)
{
    const struct cdr_tree *tree = t->program->tree;
    struct cdr_climb_note changing = { .origin = note->origin,
                                       .block = climb->came_as,
                                       .level = climb->level - 1,
                                       .combining = true };
    struct cdr_intent *intent = cdr_task_intent(t);

    if (!intent)
        return;
    memcpy(cdr_tree_saved(tree, (unsigned)(t->seat - t->run->window->seat)),
           climb->into, t->program->result_size);
    atomic_thread_fence(memory_order_release);
    CDR_CRASH_POINT();
    store(&intent->climb, cdr_climb_pack(&changing));
}

void cdr_climb_end(struct cadre_task *t)
{
    struct cdr_intent *intent = cdr_task_intent(t);

    if (!intent)
        return;
    store(&intent->progress, cdr_climb_unpack(load(&intent->climb)).origin + 1);
    store(&intent->climb, 0);
}

bool cdr_climb_left(const struct cadre_task *t, struct cdr_climb_note *note)
{
    uint64_t word = load(&cdr_task_intent(t)->climb);

    *note = cdr_climb_unpack(word);
    return word != 0;
}
