/* remote.c - run a program whose workers are other processes.
 * SPDX-License-Identifier: MIT
 *
 * The caller's thread runs no task: a kernel that crashes must not take the program down.
 * It makes the places for results that processes share, has the backend fork workers,
 * and polls them until there is nothing left to do for anybody. Then, with all of them
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

void cdr_map_poll(cadre_run *run)
{
    const cadre_backend *backend = run->env.backend;
    struct cadre_window *w = run->window;

    while (backend->poll(run->env.state, run, cdr_run_patience(run)) > 0) {
        uint64_t now = cdr_now();
        if (now >= run->deadline)
            cdr_window_stop(w, CADRE_ETIMEOUT);
        if (run->progress && now >= run->next_progress)
            cdr_run_report(run, now, cdr_window_done(run->window), run->program->n);
        if (cdr_window_over(w))
            break;
    }
    cdr_run_end_states(run);
    backend->end(run->env.state, run);
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
    uint64_t n = run->program->n, done = cdr_window_done(w), failed;

    if (!cdr_window_failure(w, &failed) && !cdr_window_unclaimed(w) && done < n)
        atomic_store_explicit(&w->seat[0].done, n - done, memory_order_relaxed);
}

static void add_units(void *units, uint64_t first, uint64_t end)
{
    *(uint64_t *)units += end - first;
}

/* Workers that died may have counted what was run again after them, or not counted what
 * they had run: nobody else works any more, and what is left says what was run. */
static void count_anew(cadre_run *run)
{
    const struct cdr_program *p = run->program;
    struct cadre_window *w = run->window;
    uint64_t units = 0, done;

    cdr_window_each_run(w, add_units, &units);
    done = units * p->grain < p->n ? units * p->grain : p->n;
    for (uint64_t i = 0; p->statuses && i < p->n; i++)
        done -= p->statuses[i] == CDR_UNWANTED;
    for (unsigned s = 0; s < w->seats; s++)
        atomic_store_explicit(&w->seat[s].done, s ? 0 : done, memory_order_relaxed);
}

static int see_through(cadre_run *run, struct cdr_staging *staging,
                       const cadre_job *job, cadre_error *err)
{
    const cadre_error *failure;
    cadre_error local;
    uint64_t end = run->program->n, failed;
    int rc, late;

    cdr_map_poll(run);
    settle(run);
    if (!cdr_window_over(run->window))
        count_all(run);
    else if (run->recovery->dead > 0)
        count_anew(run);
    if (run->progress)
        cdr_run_report(run, cdr_now(), cdr_window_done(run->window), run->program->n);
    rc = cdr_run_verdict(run, job, err);
    failure = cdr_window_failure(run->window, &failed);
    if (rc && failure && rc == failure->code && cdr_window_is_halted(run->window))
        end = failed;
    late = cdr_staging_collect(staging, run->window, end, rc ? &local : err);
    return rc ? rc : late;
}

int cdr_map_run_remote(cadre_pool *pool, const struct cdr_program *p,
                       const cadre_job *job, const struct cdr_call *call,
                       cadre_error *err)
{
    struct cdr_context *f = cdr_context_take(pool, err);
    struct cdr_recovery recovery = { 0 };
    struct cdr_staging staging;
    int rc;

    if (!f)
        return err->code;
    rc = cdr_staging_open(&staging, p, call,
                          cdr_pool_is_clean(pool) ? &f->staging : NULL, err);
    if (rc) {
        cdr_context_give(pool, f);
        return rc;
    }
    cdr_context_set_up(f, pool, &staging.program, job, call);
    f->run.recovery = &recovery;
    rc = cdr_call_check(call, err);
    if (!rc)
        rc = cdr_pool_begin_remote(&f->run, call, &f->manifest, err);
    if (!rc)
        rc = see_through(&f->run, &staging, job, err);
    cdr_recovery_fini(&recovery);
    cdr_staging_close(&staging);
    cdr_shm_buffer_trim(&f->manifest);
    cdr_context_give(pool, f);
    return rc;
}
