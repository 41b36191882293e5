/* local.c - run a program: begin alone, bring workers in, see it through.
 * SPDX-License-Identifier: MIT
 *
 * The story. A caller comes with a job; map.c and reduce.c have made a program of it.
 * The engine makes a window over its units, and the caller's thread begins to serve
 * at seat 0, exactly as every other worker does (serve.c): take a slice, run it
 * (chunk.c), give it back (window.c). After each slice it comes by here (cdr_tick),
 * and decides whether to bring the pool's workers in: that costs some microseconds,
 * so it must be worth it.
 *
 *   - The kernel's cost is known from an earlier run: worth it when the whole job is
 *     longer than the
 *     backend's threshold. Decided before anything runs.
 *   - It is not known, and tasks are few (at most 20 a worker): bring them in at once.
 *     Were each task long, measuring the first alone would leave the others idle for
 *     more than a twentieth of the run. The few microseconds are lost once a kernel.
 *   - It is not known, and tasks are many: measure, for PROBE_NS, then decide by what
 *     is left. That a serial loop would not have been slower holds either way.
 *
 * When nothing is left to take, the caller tends: it waits until workers have left
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
#include "core/pool/pool.h"

#include <inttypes.h>
#include <unistd.h>

#define PROBE_NS    5000
#define PROGRESS_NS 100000000
#define LONG_NS     20e6 /* a unit that takes longer keeps its caller from reporting */

/* ---- bringing workers in ---- */

void cdr_run_wake_workers(void *arg)
{
    cadre_run *run = arg;

    run->pool->plan.backend->wake(run->pool->state, run);
}

/* From here on run->alone is false, or it stays true for good. */
static void bring_in(cadre_run *run)
{
    cadre_pool *pool = run->pool;
    cadre_error error;

    run->may_begin = false;
    if (getpid() != pool->owner || cdr_pool_start(pool, &error))
        return;
    run->wake = cdr_run_wake_workers;
    run->wake_arg = run;
    cdr_error_clear(&error);
    if (pool->plan.backend->begin(pool->state, run, &error)) {
        run->wake = NULL;
        cdr_log(&pool->log, CADRE_DEBUG, "%s: running in place: %s", pool->name,
                error.message);
        return;
    }
    run->alone = false;
}

double cdr_engine_threshold(const cadre_pool *pool)
{
    const cadre_backend *backend = pool->plan.backend;

    if (atomic_load_explicit(&pool->started, memory_order_acquire) != CDR_STARTED)
        return CDR_COLD_START_NS;
    return backend->threshold ? (double)backend->threshold(pool->state) : 0;
}

static bool worth_at_once(const cadre_run *run, uint64_t min_items)
{
    const struct cdr_program *p = run->program;
    const struct cadre_window *w = run->window;
    double cost;

    if (min_items > 0)
        return true;
    cost = cdr_cost_of(&run->pool->costs, cdr_program_kernel(p));
    if (cost > 0)
        return cost * (double)p->n > cdr_engine_threshold(run->pool);
    return w->units <= (uint64_t)CDR_FEW_PER_WORKER * run->pool->plan.workers;
}

static bool worth_by_now(const cadre_run *run, const struct cadre_worker *w)
{
    return w->now - run->started >= PROBE_NS &&
           (double)cdr_window_unclaimed(run->window) * w->cost >
               cdr_engine_threshold(run->pool);
}

/* ---- at seat 0, between slices ---- */

void cdr_engine_report(cadre_run *run, uint64_t now)
{
    cadre_counts c = { .total = run->program->n };

    run->next_progress = now + PROGRESS_NS;
    c.done = cdr_window_done(run->window);
    c.elapsed = (double)(now - run->started) / 1e9;
    c.left = c.done ? c.elapsed * (double)(c.total - c.done) / (double)c.done : -1;
    run->progress(run->progress_arg, &c);
}

static void set_busy(cadre_run *run, bool busy)
{
    atomic_store_explicit(&run->caller_is_busy, busy, memory_order_relaxed);
}

/* With progress to report and long tasks, the caller's thread leaves those to the
 * others, one of whom takes its place: else reports would come once a task. */
void cdr_tick(cadre_run *run, struct cadre_worker *w)
{
    if (run->may_begin && worth_by_now(run, w))
        bring_in(run);
    if (!run->progress)
        return;
    if (w->now >= run->next_progress)
        cdr_engine_report(run, w->now);
    if (!run->alone && !cadre_run_caller_is_busy(run) && w->cost > LONG_NS) {
        set_busy(run, true);
        cdr_run_wake_workers(run);
    }
}

/* ---- waiting for the others ---- */

static int ms_until(uint64_t now, uint64_t then)
{
    uint64_t ms = then > now ? (then - now + 999999) / 1000000 : 0;

    return ms > 60000 ? 60000 : (int)ms;
}

/* How long the caller may sleep before it has something to do. */
int cdr_engine_patience(const cadre_run *run)
{
    uint64_t now = cdr_now();
    int ms = -1;

    if (run->deadline != UINT64_MAX)
        ms = ms_until(now, run->deadline);
    if (run->progress && (ms < 0 || ms_until(now, run->next_progress) < ms))
        ms = ms_until(now, run->next_progress);
    return ms;
}

static void see_through(cadre_run *run, struct cadre_worker *w)
{
    const cadre_backend *backend = run->pool->plan.backend;
    unsigned others;

    while ((others = backend->poll(run->pool->state, run, cdr_engine_patience(run))) >
               0 ||
           cadre_run_has_work(run)) {
        uint64_t now = cdr_now();
        if (now >= run->deadline)
            cdr_window_stop(run->window, CADRE_ETIMEOUT);
        if (run->progress && now >= run->next_progress)
            cdr_engine_report(run, now);
        if (others == 0)
            set_busy(run, false);
        if (!cadre_run_caller_is_busy(run))
            cadre_serve(w, run, 0);
    }
    backend->end(run->pool->state, run);
}

/* ---- the verdict ---- */

static int stopped_early(const struct cadre_window *w, const cadre_job *job, uint64_t n,
                         int code, cadre_error *err)
{
    uint64_t done = cdr_window_done(w);

    if (code == CADRE_ETIMEOUT)
        return cdr_fail(err, code,
                        "the deadline of %" PRIu32 " ms passed after %" PRIu64
                        " of %" PRIu64 " tasks",
                        job->deadline_ms, done, n);
    return cdr_fail(err, code, "cancelled after %" PRIu64 " of %" PRIu64 " tasks", done,
                    n);
}

/* A limit of 0 that no task's failure explains came from a cancellation whose code is
 * still to come, or came before the window was made ready for this run. */
static int why_stopped(const struct cadre_window *w, const cadre_error *failure)
{
    int code = atomic_load_explicit(&w->stop_code, memory_order_relaxed);

    if (code || !cdr_window_over(w) || w->units == 0)
        return code;
    return failure && failure->item < w->grain ? CADRE_OK : CADRE_ECANCELLED;
}

int cdr_engine_verdict(const cadre_run *run, const cadre_job *job, cadre_error *err)
{
    const struct cdr_program *p = run->program;
    const cadre_error *failure = cdr_window_failure(run->window);
    int stop = why_stopped(run->window, failure);

    if (atomic_load_explicit(&run->window->told, memory_order_relaxed))
        cdr_job_settle_unwanted(p);
    if (stop && run->recovery && run->recovery->over.code) {
        *err = run->recovery->over;
        return run->recovery->over.code;
    }
    if (stop && (cdr_window_done(run->window) < p->n ||
                 atomic_load_explicit(&run->window->told, memory_order_relaxed)))
        return stopped_early(run->window, job, p->n, stop, err);
    if (!failure)
        return CADRE_OK;
    if (cdr_window_is_halted(run->window))
        cdr_job_cut_outcomes(p, failure->item);
    *err = *failure;
    return failure->code;
}

/* ---- a run from start to end ---- */

void cdr_engine_set_up(struct cdr_context *f, cadre_pool *pool,
                       const struct cdr_program *p, const cadre_job *job,
                       const struct cdr_call *call)
{
    cadre_run *run = &f->run;

    cdr_window_reset(f->window, (p->n + p->grain - 1) / p->grain, p->grain);
    run->program = p;
    run->window = f->window;
    run->pool = pool;
    run->workers = pool ? pool->plan.workers : 1;
    run->cancel = call->cancel;
    run->cancel_seen = call->cancel_seen;
    run->chunk = job->chunk > CDR_CLAIM_MAX ? CDR_CLAIM_MAX : job->chunk;
    run->started = cdr_now();
    run->deadline = call->deadline;
    run->known_cost =
        pool ? cdr_cost_of(&pool->costs, cdr_program_kernel(p)) * (double)p->grain : 0;
    run->data = NULL;
    run->manifest = NULL;
    run->event = -1;
    run->cancelled = f->event;
    set_busy(run, false);
    run->wake = NULL;
    run->progress = job->progress;
    run->progress_arg = job->progress_arg;
    run->next_progress = run->started + PROGRESS_NS;
    run->alone = true;
    run->may_begin = false;
    /* Elsewhere nobody could end the task. */
    run->timeout_ns = f->window->intents_at ? job->timeout_ms * UINT64_C(1000000) : 0;
    run->grace_ns = (job->grace_ms ? job->grace_ms : CDR_GRACE_MS) * UINT64_C(1000000);
    run->retries = job->retries;
    cdr_run_set_retirement(run);
    run->recovery = NULL;
    /* Sequentially consistent, as are the window's limit and what cadre_cancel does to both:
     * who comes too early to find the window in use is seen here. */
    if (atomic_load(run->cancel) != run->cancel_seen)
        cdr_window_stop(f->window, CADRE_ECANCELLED);
}

static void consider(cadre_run *run)
{
    const struct cdr_plan *plan = &run->pool->plan;

    if (run->pool->plan.workers < 2 || run->window->units < 2 ||
        run->program->n < plan->min_items)
        return;
    run->may_begin = true;
    if (worth_at_once(run, plan->min_items))
        bring_in(run);
}

static void learn(cadre_run *run)
{
    const struct cdr_seat *seat = &run->window->seat[0];
    uint64_t done = atomic_load_explicit(&seat->done, memory_order_relaxed);
    uint64_t spent = cdr_now() - run->started;

    if (run->pool && done > 0)
        cdr_cost_learn(&run->pool->costs, cdr_program_kernel(run->program),
                       (double)spent / (double)done);
}

int cdr_engine_run(cadre_pool *pool, const struct cdr_program *p, const cadre_job *job,
                   const struct cdr_call *call, cadre_error *err)
{
    struct cdr_context *f;
    int rc;

    if (cdr_pool_is_remote(pool))
        return cdr_remote_run(pool, p, job, call, err);
    f = cdr_context_take(pool, err);
    if (!f)
        return err->code;
    cdr_engine_set_up(f, pool, p, job, call);
    if (cdr_worker_enter(&f->caller, &f->run, 0)) {
        cdr_context_give(pool, f);
        return cdr_fail(err, CADRE_ENOMEM, "no memory for the caller's own work");
    }
    if (pool)
        consider(&f->run);
    cadre_serve(&f->caller, &f->run, 0);
    learn(&f->run);
    if (!f->run.alone)
        see_through(&f->run, &f->caller);
    if (f->run.progress)
        cdr_engine_report(&f->run, cdr_now());
    rc = cdr_engine_verdict(&f->run, job, err);
    cdr_context_give(pool, f);
    return rc;
}
