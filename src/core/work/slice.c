/* slice.c - run a slice of tasks, with results where they belong.
 * SPDX-License-Identifier: MIT
 *
 * A slice runs through in one go, unless there is a deadline, or each task has a time limit of
 * its own: then with looks at the clock in between. Slices of reductions are in fold.c.
 */
#include "core/work/write_ahead.h"
#include "core/run/run.h"
#include "core/run/staging.h"
#include "base/clock.h"

/* Under a deadline; stops when it has passed. */
static uint64_t run_timed(struct cadre_worker *w, uint64_t i, uint64_t end)
{
    struct cadre_task *t = &w->task;
    const struct cdr_program *p = t->program;
    uint64_t until;

    while (i < end && !cdr_task_stopped(t, i)) {
        until = i + cdr_stride(w, end - i);
        i = cdr_run_through(t, i, until, p->items + i * p->item_size,
                            p->results + i * p->result_size);
        if (i < until)
            break;
        if (cdr_now() >= t->run->deadline)
            cdr_window_stop(t->run->window, CADRE_ETIMEOUT);
    }
    return i;
}

/* In another process, where a task has a time limit of its own, or what it emitted must
 * be safe before the next one begins. */
static uint64_t run_singly(struct cadre_worker *w, uint64_t i, uint64_t end)
{
    struct cadre_task *t = &w->task;
    const struct cdr_program *p = t->program;

    while (i < end && !cdr_task_stopped(t, i)) {
        cdr_task_stamp(t);
        if (cdr_run_through(t, i, i + 1, p->items + i * p->item_size,
                            p->results + i * p->result_size) == i)
            break;
        cdr_task_flush(t);
        i++;
        if (t->run->deadline != UINT64_MAX && cdr_now() >= t->run->deadline)
            cdr_window_stop(t->run->window, CADRE_ETIMEOUT);
    }
    return i;
}

static uint64_t run_tasks(struct cadre_worker *w, uint64_t first, uint64_t end)
{
    struct cadre_task *t = &w->task;
    const struct cdr_program *p = t->program;
    uint64_t i = first;

    if (t->run->window->intents_at)
        cdr_staging_fill(w, first, end);
    cdr_task_begins(t);
    if (t->run->timeout_ns || p->spill || (p->sink && p->emits))
        i = run_singly(w, i, end);
    else if (t->run->deadline != UINT64_MAX)
        i = run_timed(w, i, end);
    else if (!cdr_task_stopped(t, i))
        i = cdr_run_to_stop(t, i, p->items + i * p->item_size,
                            p->results + i * p->result_size);
    cdr_note_done(p, first, i);
    return i;
}

uint64_t cdr_slice_run(struct cadre_worker *w, uint64_t first, uint64_t end)
{
    uint64_t begun = w->task.program->tree ? cdr_run_blocks(w, first, end)
                                           : run_tasks(w, first, end);

    cdr_task_flush(&w->task);
    return begun;
}
