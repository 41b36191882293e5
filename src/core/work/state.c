/* state.c - what a worker sets up for a run, and cleans up after it.
 * SPDX-License-Identifier: MIT
 *
 * A worker may leave a run and come back, and be in others meanwhile. So it keeps what
 * worker_begin made by the run it is for, in its own memory. Its seat says that there is
 * something to end.
 *
 * It is ended by the worker's own thread, when the worker has nothing more to do in the run:
 * the caller sets `closing`, and the backend, as it ends the run, calls back those who left
 * it with a state. Who still serves sees `closing` as it leaves. Each sets its own word before
 * it reads that of the other, so a state is ended by the one or seen by the other.
 */
#include "core/work/write_ahead.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static void set_state(struct cadre_worker *w, void *state, bool has)
{
    w->task.state = state;
    w->task.has_state = has;
}

void cdr_state_find(struct cadre_worker *w)
{
    set_state(w, NULL, false);
    for (unsigned i = 0; w->task.program->worker_begin && i < w->n_states; i++)
        if (w->states[i].run == w->task.run)
            set_state(w, w->states[i].state, true);
}

static bool make_room(struct cadre_worker *w)
{
    unsigned capacity = w->states_capacity ? 2 * w->states_capacity : 4;
    struct cdr_state *more;

    if (w->n_states < w->states_capacity)
        return true;
    more = realloc(w->states, capacity * sizeof *more);
    if (!more)
        return false;
    w->states = more;
    w->states_capacity = capacity;
    return true;
}

static int call_begin(struct cadre_task *t, uint64_t position, void **state)
{
    int rc;

    atomic_store_explicit(&t->seat->current, position, memory_order_relaxed);
    t->message_for = CADRE_NO_ITEM;
    t->misuse = CADRE_OK;
    t->beginning = true;
    cdr_task_sets_up(t, true);
    rc = t->program->worker_begin(t, state);
    cdr_task_sets_up(t, false);
    t->beginning = false;
    if (rc && t->message_for != position) {
        snprintf(t->message, sizeof t->message, "worker_begin returned %d", rc);
        t->message_for = position;
    }
    return rc;
}

/* A worker that fails to begin would soon have failed all tasks of a run that keeps going;
 * so it ends that, too. */
bool cdr_state_make(struct cadre_worker *w, uint64_t position)
{
    struct cadre_task *t = &w->task;
    void *state = NULL;
    int rc;

    if (!make_room(w)) {
        cdr_task_failed(t, position, CADRE_ENOMEM, 0, true);
        return false;
    }
    rc = call_begin(t, position, &state);
    if (rc || t->misuse) {
        if (!rc && t->program->worker_end)
            t->program->worker_end(state);
        cdr_task_failed(t, position, t->misuse ? t->misuse : CADRE_EKERNEL,
                        t->misuse ? 0 : rc, true);
        return false;
    }
    w->states[w->n_states++] =
        (struct cdr_state){ t->run, state, t->program->worker_end, getpid() };
    set_state(w, state, true);
    atomic_store_explicit(&t->seat->has_state, true, memory_order_seq_cst);
    return true;
}

void cdr_state_end(struct cadre_worker *w)
{
    unsigned i = 0;

    if (!w->task.has_state)
        return;
    while (w->states[i].run != w->task.run)
        i++;
    w->states[i] = w->states[--w->n_states];
    if (w->task.program->worker_end)
        w->task.program->worker_end(w->task.state);
    set_state(w, NULL, false);
    atomic_store_explicit(&w->task.seat->has_state, false, memory_order_seq_cst);
}

void cdr_states_fini(struct cadre_worker *w)
{
    for (unsigned i = 0; i < w->n_states; i++)
        if (w->states[i].end && w->states[i].pid == getpid())
            w->states[i].end(w->states[i].state);
    free(w->states);
    w->states = NULL;
    w->n_states = w->states_capacity = 0;
}

void cdr_run_end_states(cadre_run *run)
{
    if (run->program->worker_begin)
        atomic_store_explicit(&run->window->closing, true, memory_order_seq_cst);
}
