/* serve.c - a worker's loop: take a slice, run it, give it back.
 * SPDX-License-Identifier: MIT
 *
 * How much to take is measured. A slice is what runs for about 20 microseconds at the
 * cost of the slice before, but never more than 16 times as many units as that had, so
 * that a few cheap items at the start do not lead to one long slice. A claim on the
 * shared counter is eight slices, less towards the end (half of an equal share of what
 * is left), so that workers finish together. Claims of less than a microsecond's work
 * would cost more than they share out.
 *
 * A worker that finds nothing to claim or to steal looks for a slice that has been
 * running for twice its time with units to spare, and asks for them: that is how one
 * worker's unexpectedly long items come to be shared. Until then it spins, at most 40
 * microseconds; when all that others hold is the single task each is in, it leaves.
 */
#include "core/board/claim.h"
#include "core/board/intent.h"
#include "core/run/run.h"
#include "base/clock.h"
#include "base/counter.h"

#define FLOOR_NS 1000.0
#define GROWTH   16
#define SURE_NS  200.0 /* what a slice of one unit takes beside the unit, at most */
#define CHEAP_NS 100.0 /* a few such tasks more make no difference */

static double at_most(double a, double b)
{
    return a < b ? a : b;
}

static uint64_t wanted_size(const struct cadre_worker *w)
{
    double units;

    if (w->task.run->chunk)
        return w->task.run->chunk;
    if (w->cost == 0)
        return 1;
    units = at_most(CDR_SLICE_NS / w->cost, (double)w->last_slice * GROWTH);
    return units < 1 ? 1 : (uint64_t)at_most(units, (double)CDR_CLAIM_MAX);
}

static uint64_t slice_size(const struct cadre_worker *w)
{
    uint64_t size = wanted_size(w), most = w->task.run->prefetch;

    return cdr_worker_allowance(w, size < most ? size : most);
}

static uint64_t claim_size(const struct cadre_worker *w, uint64_t slice)
{
    const struct cadre_window *window = w->task.run->window;
    double units;

    if (w->task.run->chunk || w->cost == 0)
        return slice;
    units =
        cdr_claim_units(cdr_window_unclaimed(window), w->task.run->workers, w->cost);
    if (units < FLOOR_NS / w->cost)
        units = FLOOR_NS / w->cost;
    units = at_most(units, (double)w->task.run->prefetch);
    return (uint64_t)at_most(units, (double)CDR_CLAIM_MAX);
}

/* Cancellation and the deadline end the run from here, whoever sees them first. */
static void check_time(struct cadre_worker *w)
{
    const cadre_run *run = w->task.run;

    if (atomic_load_explicit(run->cancel, memory_order_relaxed) != run->cancel_seen)
        cdr_window_stop(run->window, CADRE_ECANCELLED);
    else if (w->now >= run->deadline)
        cdr_window_stop(run->window, CADRE_ETIMEOUT);
}

/* Only this worker writes done. A block with a task that was not wanted is not begun. */
static void count(struct cadre_worker *w, uint64_t first, uint64_t end)
{
    const struct cdr_program *p = w->task.program;
    _Atomic uint64_t *done = &w->task.seat->done;
    uint64_t tasks = (end - first) * p->grain;

    if (p->n - first * p->grain < tasks)
        tasks = p->n - first * p->grain; /* the last block may be short */
    if (!p->tree)
        tasks -= w->task.n_unwanted;
    w->task.n_unwanted = 0;
    atomic_store_explicit(done,
                          atomic_load_explicit(done, memory_order_relaxed) + tasks,
                          memory_order_relaxed);
}

/* What a unit takes, and with it how large the next slice may be. A first slice that says
 * nothing else than earlier runs did is followed by a full one: what it cost is mostly
 * the clock. */
static void measure(struct cadre_worker *w, uint64_t units, double ns)
{
    double known = w->task.run->known_cost;

    w->cost = ns / (double)units;
    if (w->cost < 0.1)
        w->cost = 0.1; /* a clock that stood still */
    if (w->last_slice == 0 && known > 0 && ns < known * (double)units * 2 + SURE_NS) {
        w->cost = known;
        units = (uint64_t)at_most(CDR_SLICE_NS / known, (double)CDR_CLAIM_MAX) + 1;
    }
    w->last_slice = units;
    w->task.cheap = w->cost < CHEAP_NS * (double)w->task.program->grain;
}

static void run_slice(struct cadre_worker *w, const struct cdr_span *chunk)
{
    struct cadre_task *t = &w->task;
    cadre_run *run = t->run;
    uint64_t began = w->now, begun, units;

    CDR_COUNT(SLICE, NULL);
    atomic_store_explicit(&t->seat->since, began, memory_order_relaxed);
    begun = cdr_task_stopped(t, chunk->first) ||
                    !cdr_state_ready(w, chunk->first * t->program->grain)
                ? chunk->first
                : cdr_slice_run(w, chunk->first, chunk->end);
    if (run->window->intents_at)
        cdr_intent_ran(run->window, w->seat, begun);
    w->now = cdr_now();
    units = begun - chunk->first;
    if (units > 0)
        measure(w, units, (double)(w->now - began));
    count(w, chunk->first, begun);
    cdr_worker_served(w, units * t->program->grain);
    check_time(w);
    if (cdr_window_give(run->window, w->seat, chunk, begun) && run->wake)
        run->wake(run->wake_arg);
}

/* Nothing to take. True: look again, there may be. */
static bool linger(struct cadre_worker *w)
{
    struct cadre_window *window = w->task.run->window;
    uint64_t until = w->now + CDR_OVERDUE_NS;

    if (window->intents_at)
        return false; /* the caller's process sees to that (cadre_run_rebalance) */
    while (w->now < until && !cdr_window_over(window) &&
           cdr_window_spare(window, w->seat)) {
        if (cdr_window_stealable(window, w->seat))
            return true;
        if (cdr_window_ask(window, w->seat, w->now, CDR_OVERDUE_NS))
            return false; /* whoever was asked wakes us */
        for (int i = 0; i < 64; i++)
            cdr_pause();
        w->now = cdr_now();
    }
    return false;
}

/* Seat 0 finds out what tasks take when nobody runs any beside it (map/trial.c). */
static void stand_still(struct cadre_worker *w)
{
    const cadre_run *run = w->task.run;

    while (w->now < atomic_load_explicit(&run->still_until, memory_order_relaxed) &&
           !cdr_window_over(run->window)) {
        for (int i = 0; i < 32; i++)
            cdr_pause();
        w->now = cdr_now();
    }
}

/* At seat 0, somebody else may take the caller's place. */
static bool steps_aside(const struct cadre_worker *w)
{
    return w->seat == 0 && cdr_run_caller_is_busy(w->task.run);
}

static void serve_units(struct cadre_worker *w)
{
    cadre_run *run = w->task.run;
    struct cdr_span chunk;
    uint64_t slice;

    check_time(w);
    if (run->window->intents_at)
        cdr_slice_resume(w);
    do {
        slice = slice_size(w);
        while (!steps_aside(w) && cdr_window_take(run->window, w->seat, slice,
                                                  claim_size(w, slice), &chunk)) {
            run_slice(w, &chunk);
            if (w->seat == 0 && run->tick)
                run->tick(run, w);
            if (w->retired)
                return;
            if (w->seat > 0)
                stand_still(w);
            slice = slice_size(w);
        }
    } while (!steps_aside(w) && linger(w));
}

void cdr_serve_entered(cadre_worker *w, uint64_t now)
{
    struct cadre_worker *outer = cdr_set_current_worker(w);
    const struct cadre_window *window = w->task.run->window;

    w->now = now;
    if (window->ring_at)
        cdr_serve_ring(w);
    else
        serve_units(w);
    if (w->retired || atomic_load_explicit(&window->closing, memory_order_seq_cst))
        cdr_state_end(w);
    if (w->retired)
        cdr_states_fini(&w->states);
    cdr_set_current_worker(outer);
}

bool cdr_serve(cadre_worker *w, cadre_run *run, unsigned seat)
{
    if (cdr_worker_enter(w, run, seat))
        return false;
    cdr_serve_entered(w, cdr_now());
    return true;
}
