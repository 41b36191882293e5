/* local.c - run a program: begin alone, bring workers in, see it through.
 * SPDX-License-Identifier: MIT
 *
 * The story. A caller comes with a job; map.c and reduce.c have made a program of it.
 * The engine makes a window over its units, and the caller's thread begins to serve
 * at seat 0, exactly as every other worker does (serve.c): take a slice, run it
 * (slice.c), give it back (claim.c). After each slice it comes by here (tick),
 * and decides whether to bring the pool's workers in: that costs some microseconds,
 * so it must be worth it.
 *
 *   - Tasks are few (at most 20 a worker), or one is known to be long: bring them in at once,
 *     unless the kernel's cost is known from an earlier run and the whole job is shorter than
 *     the backend's threshold. To measure a long task alone would leave the others idle for
 *     more than a twentieth of the run. If tasks turn out to be short, some microseconds are
 *     lost, once a kernel.
 *   - Tasks are many: measure, then decide by what is left: after the first slice if that took
 *     what was known before, and else after a part of what bringing workers in must be worth.
 *     That a serial loop would not have been slower holds either way.
 *
 * When nothing is left to take, the caller polls: it waits until workers have left
 * the run, serving again when one of them gave back tasks it will not come to soon.
 * Then nobody touches the window any more, and the verdict is read off it.
 *
 * Backends with no workers of their own (serial) never leave the first step; so
 * debugging a kernel on the NULL pool runs the very same code.
 */
#include "core/map/local.h"
#include "base/clock.h"
#include "base/error.h"
#include "core/run/job.h"
#include "core/fault/recover.h"
#include "core/map/trial.h"
#include "core/pool/pool.h"
#include "machine/process.h"

#include <inttypes.h>

#define PROBE_NS    5000
#define PROBE_SHARE 5    /* of what bringing workers in must be worth */
#define LONG_NS     20e6 /* a unit that takes longer keeps its caller from reporting */

/* ---- bringing workers in ---- */

/* From here on run->alone is false, or it stays true for good. */
static void bring_in(cadre_run *run)
{
    cadre_pool *pool = run->pool;
    cadre_error error;

    run->may_begin = false;
    if (cdr_own_pid() != pool->owner || cdr_pool_start(pool, &error))
        return;
    run->env.state = pool->state;
    if (cdr_run_begin(run, &error)) {
        cdr_log(&pool->log, CADRE_DEBUG, "%s: running in place: %s", pool->name,
                error.message);
        return;
    }
    run->alone = false;
}

/* Without a look at a task of this job. */
static bool worth_at_once(const cadre_run *run, uint64_t min_items)
{
    uint64_t units = run->window->units;
    bool few = units <= (uint64_t)CDR_FEW_PER_WORKER * run->pool->plan.workers;
    double to_measure = run->known_cost * (double)(run->chunk ? run->chunk : 1);

    if (min_items > 0)
        return true;
    if (run->known_cost == 0)
        return few;
    return (few ? run->known_cost * (double)units : to_measure) >
           cdr_pool_threshold(run->pool);
}

/* What has run may have taken many times what the rest will, as it found nothing in the caches.
 * So unless it took what was known before, the longer is measured the more a mistake costs; and
 * for as long as bringing workers in must be worth, if they were known not to pay. */
static bool worth_by_now(const cadre_run *run, const struct cadre_worker *w)
{
    double so_far = (double)(w->now - run->started), known = run->known_cost;
    double left = (double)cdr_window_unclaimed(run->window), needed;
    bool may_pay;

    if (left == 0 || (known == 0 && so_far < PROBE_NS))
        return false;
    needed = cdr_pool_threshold(run->pool);
    if (left * w->cost <= needed)
        return false;
    may_pay = known == 0 || known * left > needed;
    if (known > 0 && may_pay && w->cost > known / 2)
        return true;
    return so_far >= (may_pay ? needed / PROBE_SHARE : needed);
}

/* ---- at seat 0, between slices ---- */

static void report(cadre_run *run, uint64_t now)
{
    cdr_run_report(run, now, cdr_window_done(run->window), run->program->n);
}

/* With progress to report and long tasks, the caller's thread leaves those to the
 * others, one of whom takes its place: else reports would come once a task. */
static void tick(cadre_run *run, struct cadre_worker *w)
{
    if (run->may_begin && worth_by_now(run, w))
        bring_in(run);
    if (run->trial && !run->alone)
        cdr_trial_tick(run, w, run->trial);
    if (!run->progress)
        return;
    if (w->now >= run->next_progress)
        report(run, w->now);
    if (!run->alone && !cdr_run_caller_is_busy(run) && w->cost > LONG_NS) {
        cdr_run_set_busy(run, true);
        cdr_run_wake_workers(run);
    }
}

/* ---- waiting for the others ---- */

static void see_through(cadre_run *run, struct cadre_worker *w)
{
    const cadre_backend *backend = run->env.backend;
    unsigned others;

    while ((others = backend->poll(run->env.state, run, cdr_run_patience(run))) > 0 ||
           cadre_run_has_work(run)) {
        uint64_t now = cdr_now();
        if (now >= run->deadline)
            cdr_window_stop(run->window, CADRE_ETIMEOUT);
        if (run->progress && now >= run->next_progress)
            report(run, now);
        if (others == 0)
            cdr_run_set_busy(run, false);
        if (!cdr_run_caller_is_busy(run))
            cdr_serve(w, run, 0);
    }
    cdr_run_end_states(run);
    backend->end(run->env.state, run);
}

/* ---- a run from start to end ---- */

/* Which the hand-out decides, and not the caller. */
static bool may_try(const cadre_run *run, uintptr_t kernel)
{
    const struct cdr_plan *plan = &run->pool->plan;

    return plan->automatic && plan->min_items == 0 && run->chunk == 0 &&
           cdr_gain_is_wanted(&run->pool->gains, kernel, run->program->n);
}

static void consider(cadre_run *run, struct cdr_trial *trial)
{
    const struct cdr_plan *plan = &run->pool->plan;
    uintptr_t kernel = cdr_program_kernel(run->program);
    uint64_t n = run->program->n;
    double gain;

    if (plan->workers < 2 || run->window->units < 2 || n < plan->min_items)
        return;
    gain = cdr_pool_gain(run->pool, kernel, n);
    if (gain > 0)
        cdr_gain_used(&run->pool->gains, kernel);
    if (gain > 0 && gain < CDR_GAIN_NONE)
        return;
    if (may_try(run, kernel)) {
        cdr_trial_init(trial);
        run->trial = trial;
    }
    run->may_begin = true;
    if (worth_at_once(run, plan->min_items))
        bring_in(run);
}

/* Up to when the caller last looked at the clock: after its last slice. */
static void learn(cadre_run *run, const struct cadre_worker *caller)
{
    const struct cdr_seat *seat = &run->window->seat[0];
    uint64_t done = atomic_load_explicit(&seat->done, memory_order_relaxed);
    uint64_t elapsed = caller->now - run->started;

    if (run->pool && done > 0)
        cdr_cost_learn(run->env.costs, cdr_program_kernel(run->program),
                       (double)elapsed / (double)done);
}

int cdr_map_run(cadre_pool *pool, const struct cdr_program *p, const cadre_job *job,
                const struct cdr_call *call, cadre_error *err)
{
    struct cdr_trial trial; /* where there is one */
    struct cdr_context *f;
    cadre_error local;
    int rc;

    if (!err)
        err = &local;
    if (cdr_pool_is_mapped(pool))
        return cdr_map_run_remote(pool, p, job, call, err);
    if (cdr_pool_is_remote(pool))
        return cdr_map_run_leased(pool, p, job, call, err);
    f = cdr_context_take(pool, err);
    if (!f)
        return err->code;
    cdr_context_set_up(f, pool, p, job, call);
    if (cdr_worker_enter(&f->caller, &f->run, 0)) {
        cdr_context_give(pool, f);
        return cdr_fail(err, CADRE_ENOMEM, "no memory for the caller's own work");
    }
    if (pool)
        consider(&f->run, &trial);
    if (f->run.may_begin || f->run.trial || f->run.progress)
        f->run.tick = tick;
    cdr_serve_entered(&f->caller, f->run.alone ? f->run.started : cdr_now());
    atomic_store_explicit(&f->run.still_until, 0, memory_order_relaxed);
    learn(&f->run, &f->caller);
    if (!f->run.alone)
        see_through(&f->run, &f->caller);
    cdr_state_end(&f->caller);
    if (f->run.progress)
        report(&f->run, cdr_now());
    rc = cdr_run_verdict(&f->run, job, err);
    cdr_context_give(pool, f);
    return rc;
}
