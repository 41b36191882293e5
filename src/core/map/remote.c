/* remote.c - run a program whose workers are other processes.
 * SPDX-License-Identifier: MIT
 *
 * The caller's thread runs no task: a kernel that crashes must not take the program down.
 * It makes the places for results that processes share, has the backend fork workers,
 * and tends them until there is nothing left to do for anybody. Then, with all of them
 * gone, results are copied to where they belong, unless they are there already.
 *
 * A run that is over early (a deadline, a cancellation) does not wait for kernels that
 * do not ask whether they are still wanted: ending the backend's part gives them the
 * job's grace, and then kills. The same goes for tasks beyond a failure.
 */
#include "base/clock.h"
#include "base/error.h"
#include "machine/process.h"
#include "core/map/local.h"
#include "core/fault/recover.h"
#include "core/run/staging.h"

/* Once a pool: there are threads whose locks a fork copies. */
static void notice_threads(cadre_pool *pool)
{
    unsigned others = cdr_threads_now() - 1;

    if (others > 0 &&
        !atomic_exchange_explicit(&pool->told_of_threads, true, memory_order_relaxed))
        cdr_log(&pool->log, CADRE_WARNING,
                "%s: forking with %u other thread%s in this process: a kernel that "
                "needs a lock one of them holds would wait for ever",
                pool->name, others, others == 1 ? "" : "s");
}

int cdr_remote_begin(cadre_run *run, const struct cdr_call *call,
                     struct cdr_shm_buffer *buffer, cadre_error *err)
{
    cadre_pool *pool = run->pool;
    int rc = cdr_pool_start(pool, err);

    if (rc)
        return rc;
    if (!pool->plan.backend->spawned)
        notice_threads(pool);
    run->wake = cdr_run_wake_workers;
    run->wake_arg = run;
    atomic_store_explicit(&run->caller_is_busy, true, memory_order_relaxed);
    run->alone = false;
    if (pool->plan.backend->spawned)
        rc = cdr_manifest_write(buffer, run, call, err);
    if (rc)
        return rc;
    cdr_error_clear(err);
    rc = pool->plan.backend->begin(pool->state, run, err);
    return cdr_error_complete(err, rc, "the backend could not begin a run");
}

static void poll_workers(cadre_run *run)
{
    const cadre_backend *backend = run->pool->plan.backend;
    struct cadre_window *w = run->window;

    while (backend->poll(run->pool->state, run, cdr_engine_patience(run)) > 0) {
        uint64_t now = cdr_now();
        if (now >= run->deadline)
            cdr_window_stop(w, CADRE_ETIMEOUT);
        if (run->progress && now >= run->next_progress)
            cdr_engine_report(run, now);
        if (cdr_window_over(w))
            break;
    }
    backend->end(run->pool->state, run);
}

/* Whoever still had something has been killed. */
static void settle(cadre_run *run)
{
    struct cdr_left left;

    for (unsigned s = 1; s < run->window->seats; s++)
        cdr_intent_settle(run->window, s, run->program->tree || run->program->range_fn,
                          &left);
}

/* What dead workers had done and not counted. */
static void count_all(cadre_run *run)
{
    struct cadre_window *w = run->window;
    uint64_t n = run->program->n, done = cdr_window_done(w);

    if (!cdr_window_failure(w) && !cdr_window_unclaimed(w) && done < n)
        atomic_store_explicit(&w->seat[0].done, n - done, memory_order_relaxed);
}

static int see_through(cadre_run *run, struct cdr_staging *staging,
                       const cadre_job *job, cadre_error *err)
{
    const cadre_error *failure;
    cadre_error local;
    uint64_t end = run->program->n;
    int rc, late;

    poll_workers(run);
    settle(run);
    if (!cdr_window_over(run->window))
        count_all(run);
    if (run->progress)
        cdr_engine_report(run, cdr_now());
    rc = cdr_engine_verdict(run, job, err);
    failure = cdr_window_failure(run->window);
    if (rc && !run->program->keep_going && failure && rc == failure->code)
        end = failure->item;
    late = cdr_staging_collect(staging, run->window, end, rc ? &local : err);
    return rc ? rc : late;
}

int cdr_remote_run(cadre_pool *pool, const struct cdr_program *p, const cadre_job *job,
                   const struct cdr_call *call, cadre_error *err)
{
    struct cdr_context *f = cdr_context_take(pool, err);
    struct cdr_recovery recovery = { 0 };
    struct cdr_staging staging;
    int rc;

    if (!f)
        return err->code;
    rc = cdr_staging_open(&staging, p, call,
                          pool->plan.backend->spawned ? &f->staging : NULL, err);
    if (rc) {
        cdr_context_give(pool, f);
        return rc;
    }
    cdr_engine_set_up(f, pool, &staging.program, job, call);
    f->run.recovery = &recovery;
    rc = cdr_call_check(call, err);
    if (!rc)
        rc = cdr_remote_begin(&f->run, call, &f->manifest, err);
    if (!rc)
        rc = see_through(&f->run, &staging, job, err);
    cdr_recovery_fini(&recovery);
    cdr_staging_close(&staging);
    cdr_shm_buffer_trim(&f->manifest);
    cdr_context_give(pool, f);
    return rc;
}
