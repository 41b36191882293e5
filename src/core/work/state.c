/* state.c - what a worker sets up for a run, and cleans up after it.
 * SPDX-License-Identifier: MIT
 *
 * A worker may leave a run and come back, and be in others meanwhile. So it keeps what
 * worker_begin made by the number of the run it is for, in its own memory. Its seat says that
 * there is something to end.
 *
 * It is ended by the worker's own thread, when the worker has nothing more to do in the run:
 * the caller sets `closing`, and the backend, as it ends the run, calls back those who left
 * it with a state. Who still serves sees `closing` as it leaves. Each sets its own word before
 * it reads that of the other, so a state is ended by the one or seen by the other.
 *
 * A state that is kept goes by the job's two functions instead, and nobody is called back for
 * it: it ends with the worker.
 */
#include "core/work/write_ahead.h"
#include "machine/process.h"

#include <stdio.h>
#include <stdlib.h>

static void set_state(struct cadre_worker *w, void *state, bool has)
{
    w->task.state = state;
    w->task.has_state = has;
}

/* ---- whose states ---- */

/* Threads get numbers, which are never used again: a thread may be gone when another one has
 * its address. */
static uint64_t this_thread(void)
{
    static _Atomic uint64_t last;
    static _Thread_local uint64_t number;

    if (number == 0)
        number = atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
    return number;
}

/* A kept state of a thread that calls is the pool's, since the worker at seat 0 may serve
 * another thread next; any other is the worker's own. Without a pool, and in processes that
 * end with their run, nothing is kept. */
static bool is_kept(const struct cadre_worker *w)
{
    const struct cdr_run_env *env = &w->task.run->env;

    return w->task.program->keep_state && env->keeps_states &&
           (w->seat > 0 || env->kept);
}

static struct cdr_states *lock_states(struct cadre_worker *w)
{
    struct cdr_kept_states *kept = w->task.run->env.kept;

    if (w->seat > 0 || !is_kept(w))
        return &w->states;
    pthread_mutex_lock(&kept->lock); /* a plain mutex, not held: cannot fail */
    return &kept->states;
}

static void unlock_states(struct cadre_worker *w)
{
    if (w->seat == 0 && is_kept(w))
        pthread_mutex_unlock(&w->task.run->env.kept->lock);
}

static bool is_of(const struct cdr_state *s, struct cadre_worker *w)
{
    const struct cdr_program *p = w->task.program;

    if (!is_kept(w))
        return s->run == w->task.run->number;
    return !s->run && s->begin == p->worker_begin && s->end == p->worker_end &&
           s->thread == this_thread() && s->pid == cdr_own_pid();
}

void cdr_state_find(struct cadre_worker *w)
{
    struct cdr_states *states;

    set_state(w, NULL, false);
    if (!w->task.program->worker_begin)
        return;
    states = lock_states(w);
    for (unsigned i = 0; i < states->n; i++)
        if (is_of(&states->at[i], w))
            set_state(w, states->at[i].state, true);
    unlock_states(w);
}

static bool has_room(struct cdr_states *states)
{
    unsigned capacity = states->capacity ? 2 * states->capacity : 4;
    struct cdr_state *more;

    if (states->n < states->capacity)
        return true;
    more = realloc(states->at, capacity * sizeof *more);
    if (!more)
        return false;
    states->at = more;
    states->capacity = capacity;
    return true;
}

/* False: no memory. */
static bool add_state(struct cadre_worker *w, void *state)
{
    const struct cdr_program *p = w->task.program;
    struct cdr_states *states = lock_states(w);
    bool ok = has_room(states);

    if (ok)
        states->at[states->n++] =
            (struct cdr_state){ .run = is_kept(w) ? 0 : w->task.run->number,
                                .state = state,
                                .begin = p->worker_begin,
                                .end = p->worker_end,
                                .pid = cdr_own_pid(),
                                .thread = this_thread() };
    unlock_states(w);
    return ok;
}

/* ---- begin and end ---- */

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
    int rc = call_begin(t, position, &state);

    if (!rc && !t->misuse && !add_state(w, state))
        t->misuse = CADRE_ENOMEM;
    if (rc || t->misuse) {
        if (!rc && t->program->worker_end)
            t->program->worker_end(state);
        cdr_task_failed(t, position, t->misuse ? t->misuse : CADRE_EKERNEL,
                        t->misuse ? 0 : rc, true);
        return false;
    }
    set_state(w, state, true);
    if (!is_kept(w))
        atomic_store_explicit(&t->seat->has_state, true, memory_order_seq_cst);
    return true;
}

void cdr_state_end(struct cadre_worker *w)
{
    struct cdr_states *states = &w->states;
    unsigned i = 0;

    if (!w->task.has_state || is_kept(w))
        return;
    while (states->at[i].run != w->task.run->number)
        i++;
    states->at[i] = states->at[--states->n];
    if (w->task.program->worker_end)
        w->task.program->worker_end(w->task.state);
    set_state(w, NULL, false);
    atomic_store_explicit(&w->task.seat->has_state, false, memory_order_seq_cst);
}

void cdr_state_end_of(struct cadre_worker *w, const cadre_run *run)
{
    struct cdr_states *states = &w->states;

    for (unsigned i = 0; i < states->n; i++) {
        struct cdr_state s = states->at[i];
        if (s.run != run->number)
            continue;
        states->at[i] = states->at[--states->n];
        if (s.end && s.pid == cdr_own_pid())
            s.end(s.state);
        break;
    }
    if (w->task.run != run)
        return;
    set_state(w, NULL, false);
    w->task.run = NULL;
    w->task.program = NULL;
}

void cdr_states_fini(struct cdr_states *states)
{
    for (unsigned i = 0; i < states->n; i++)
        if (states->at[i].end && states->at[i].pid == cdr_own_pid())
            states->at[i].end(states->at[i].state);
    free(states->at);
    *states = (struct cdr_states){ 0 };
}

void cdr_run_end_states(cadre_run *run)
{
    if (run->program->worker_begin)
        atomic_store_explicit(&run->window->closing, true, memory_order_seq_cst);
}
