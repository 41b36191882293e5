/* apart.c - run a program whose workers are other processes.
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
#include "base/process.h"
#include "core/engine.h"
#include "core/loss.h"
#include "core/shadow.h"

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

int cdr_apart_begin(cadre_run *run, struct cdr_room *room, cadre_error *err)
{
    cadre_pool *pool = run->pool;
    int rc = cdr_pool_start(pool, err);

    if (rc)
        return rc;
    if (!pool->plan.backend->clean)
        notice_threads(pool);
    run->wake = cdr_run_wake_workers;
    run->wake_arg = run;
    atomic_store_explicit(&run->caller_is_busy, true, memory_order_relaxed);
    run->alone = false;
    if (pool->plan.backend->clean)
        rc = cdr_order_write(room, run, err);
    return rc ? rc : pool->plan.backend->begin(pool->state, run, err);
}

static void tend(cadre_run *run)
{
    const cadre_backend *backend = run->pool->plan.backend;
    struct cadre_window *w = run->window;

    while (backend->tend(run->pool->state, run, cdr_engine_patience(run)) > 0) {
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
        cdr_post_settle(run->window, s, run->program->tree || run->program->range_fn,
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

static int see_through(cadre_run *run, struct cdr_shadow *shadow, const cadre_job *job,
                       cadre_error *err)
{
    const cadre_error *failure;
    cadre_error local;
    uint64_t end = run->program->n;
    int rc, late;

    tend(run);
    settle(run);
    if (!cdr_window_over(run->window))
        count_all(run);
    if (run->progress)
        cdr_engine_report(run, cdr_now());
    rc = cdr_engine_verdict(run, job, err);
    failure = cdr_window_failure(run->window);
    if (rc && !run->program->keep_going && failure && rc == failure->code)
        end = failure->item;
    late = cdr_shadow_collect(shadow, run->window, end, rc ? &local : err);
    return rc ? rc : late;
}

int cdr_apart_run(cadre_pool *pool, const struct cdr_program *p, const cadre_job *job,
                  cadre_error *err)
{
    struct cdr_frame *f = cdr_frame_take(pool, err);
    struct cdr_losses losses = { 0 };
    struct cdr_shadow shadow;
    int rc;

    if (!f)
        return err && err->code ? err->code : CADRE_ENOMEM;
    rc =
        cdr_shadow_open(&shadow, p, pool->plan.backend->clean ? &f->shadow : NULL, err);
    if (rc) {
        cdr_frame_give(pool, f);
        return rc;
    }
    cdr_engine_set_up(f, pool, &shadow.program, job);
    f->run.losses = &losses;
    rc = cdr_apart_begin(&f->run, &f->order, err);
    if (!rc)
        rc = see_through(&f->run, &shadow, job, err);
    cdr_losses_fini(&losses);
    cdr_shadow_close(&shadow);
    cdr_room_trim(&f->order);
    cdr_frame_give(pool, f);
    return rc;
}
