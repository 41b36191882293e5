/* fold.c - run a slice of a reduction: blocks of tasks, folded and carried up the tree.
 * SPDX-License-Identifier: MIT
 *
 * Kernels are called by kernel.c; what comes between their results, the user's combine, is
 * called here. A fold does both in one call, for as many neighbours each time as follows from
 * the job alone.
 */
#include "core/work/block.h"
#include "core/work/write_ahead.h"

#include <string.h>

#define FOLD_MAX 1024 /* tasks of a call; fixed, since its bytes may depend on that */

static bool no_longer_wanted(const struct cadre_task *t, uint64_t unit)
{
    return unit >= atomic_load_explicit(&t->run->window->limit, memory_order_relaxed) ||
           cdr_run_cancelled(t->run);
}

/* In here: combining may take two nanoseconds. */
static inline bool combine(struct cadre_task *t, void *into, const void *from,
                           uint64_t index)
{
    int rc;
    bool ok;

    atomic_store_explicit(&t->seat->current, index, memory_order_relaxed);
    t->message_for = CADRE_NO_ITEM;
    t->misuse = CADRE_OK;
    t->unwanted = false;
    t->combining = true;
    cdr_task_folds(t, true);
    rc = t->program->tree->combine(t, into, from);
    cdr_task_folds(t, false);
    t->combining = false;
    if (t->unwanted)
        rc = 1; /* it may have returned early */
    else if (t->misuse)
        cdr_task_failed(t, index, t->misuse, 0, true);
    else if (rc)
        cdr_task_failed(t, index, CADRE_EKERNEL, rc, true);
    ok = rc == 0 && !t->misuse;
    t->misuse = CADRE_OK; /* it was this call's, and not that of a task after it */
    return ok;
}

bool cdr_combine(struct cadre_task *t, void *into, const void *from, uint64_t index)
{
    return combine(t, into, from, index);
}

/* Fold the results of tasks first .. end-1 into *sum, which has a value if *any. */
static bool fold(struct cadre_worker *w, uint64_t first, uint64_t end, char *sum,
                 bool *any)
{
    const struct cdr_program *p = w->task.program;
    const char *result = w->block;

    for (uint64_t i = first; i < end; i++, result += p->result_size) {
        if (p->keep_going && *cdr_program_status(p, i) < CADRE_OK &&
            *cdr_program_status(p, i) != CADRE_ECANCELLED)
            continue; /* it failed */
        if (!*any)
            memcpy(sum, result, p->result_size);
        else if (!combine(&w->task, sum, result, i))
            return false;
        *any = true;
    }
    return true;
}

/* Nothing was folded into *sum by tasks that failed. */
static bool any_succeeded(const struct cdr_program *p, uint64_t first, uint64_t end)
{
    if (!p->keep_going)
        return true;
    for (uint64_t i = first; i < end; i++)
        if (*cdr_program_status(p, i) == CADRE_OK)
            return true;
    return false;
}

/* Of a block that is run again after a task of it took a worker down: it was reported. */
static bool was_lost(const struct cdr_program *p, uint64_t i)
{
    return p->keep_going && (*cdr_program_status(p, i) == CADRE_ECRASH ||
                             *cdr_program_status(p, i) == CADRE_ETIMEOUT);
}

/* Where the tasks end that are run together, from i on: none, if i was lost. */
static uint64_t block_part(const struct cadre_worker *w, uint64_t i, uint64_t end)
{
    const struct cadre_run *run = w->task.run;
    uint64_t most = run->program->folds ? FOLD_MAX : w->block_tasks;
    uint64_t until = i + cdr_stride(w, end - i < most ? end - i : most);

    for (uint64_t k = i; run->env.remote && k < until; k++)
        if (was_lost(w->task.program, k))
            return k;
    return until;
}

void cdr_block_start(struct cdr_block *b, const struct cdr_program *p, uint64_t unit,
                     char *sum)
{
    uint64_t first = unit * p->grain;

    *b = (struct cdr_block){ .unit = unit,
                             .next = first,
                             .end = p->n - first < p->grain ? p->n : first + p->grain,
                             .sum = sum };
    if (p->folds)
        memset(sum, 0, p->result_size);
}

/* Results are zeroed before each task: what was there depends on who ran what. */
bool cdr_block_part(struct cadre_worker *w, struct cdr_block *b)
{
    struct cadre_task *t = &w->task;
    const struct cdr_program *p = t->program;
    uint64_t i = b->next, until;

    if (no_longer_wanted(t, b->unit))
        return false;
    until = block_part(w, i, b->end);
    if (until == i) {
        b->next++;
        return true;
    }
    cdr_task_stamp(t);
    if (!p->folds)
        memset(w->block, 0, (until - i) * p->result_size);
    t->before = w->block;
    b->next = cdr_run_through(t, i, until, p->items + i * p->item_size,
                              (uintptr_t)(p->folds ? b->sum : w->block));
    cdr_note_done(p, i, b->next);
    if (b->next != until || (t->unwanted_at >= i && t->unwanted_at < until))
        return false;
    if (!p->folds)
        return fold(w, i, until, b->sum, &b->any);
    b->any |= any_succeeded(p, i, until);
    return true;
}

static bool run_block(struct cadre_worker *w, uint64_t unit)
{
    const struct cdr_program *p = w->task.program;
    struct cdr_block b;

    cdr_block_start(&b, p, unit, cdr_tree_place(p->tree, unit));
    while (b.next < b.end)
        if (!cdr_block_part(w, &b))
            return false;
    cdr_tree_set(p->tree, unit, b.any);
    return true;
}

/* Carry a block up the tree as far as its siblings are there. */
static bool climb(struct cadre_task *t, struct cdr_climb_note *note)
{
    struct cdr_climb c = { .block = note->block, .level = note->level };
    const struct cdr_program *p = t->program;
    bool ok = true;

    cdr_climb_begin(t, note);
    while (ok && cdr_tree_climb(p->tree, &c)) {
        cdr_climb_save(t, note, &c);
        ok = combine(t, c.into, c.from, c.from_block * p->grain);
        note->block = c.block;
        note->level = c.level;
        cdr_climb_begin(t, note);
    }
    cdr_climb_end(t);
    return ok;
}

void cdr_slice_resume(struct cadre_worker *w)
{
    struct cdr_climb_note note;

    if (w->task.program->tree && cdr_climb_left(&w->task, &note) &&
        cdr_state_ready(w, note.origin * w->task.program->grain))
        climb(&w->task, &note);
}

uint64_t cdr_run_blocks(struct cadre_worker *w, uint64_t first, uint64_t end)
{
    uint64_t u;

    cdr_task_begins(&w->task);
    for (u = first; u < end && !cdr_task_stopped(&w->task, u); u++) {
        struct cdr_climb_note note = { .origin = u, .block = u };
        cdr_block_begin(&w->task, u);
        if (!run_block(w, u))
            return u;
        if (!climb(&w->task, &note))
            return u + 1; /* not to be run again: what failed may lie above it */
    }
    return u;
}
