/* run.c - one execution of a job: set up, joined by workers, judged.
 * SPDX-License-Identifier: MIT
 *
 * Maps, reductions and streams are all runs. What differs between them is who their caller
 * is (core/map, core/stream) and how it spends its time; what is here is the same for all.
 */
#include "core/run/run.h"
#include "core/board/tree.h"
#include "base/clock.h"
#include "base/counter.h"
#include "base/error.h"
#include "core/run/call.h"
#include "core/run/cost.h"
#include "core/run/job.h"

#include <errno.h>
#include <inttypes.h>
#include <unistd.h>

/* ---- set-up ---- */

uint64_t cdr_run_number(void)
{
    static _Atomic uint64_t last;

    return atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
}

void cdr_run_set_up(cadre_run *run, const struct cdr_program *p, struct cadre_window *w,
                    const struct cdr_run_env *env, const cadre_job *job,
                    const struct cdr_call *call)
{
    uint64_t chunk = job->chunk ? job->chunk : env->chunk;
    uint64_t units = job->prefetch / p->grain;
    double cost = env->costs ? cdr_cost_of(env->costs, cdr_program_kernel(p)) : 0;

    *run = (cadre_run){
        .number = p->worker_begin ? cdr_run_number() : 0,
        .program = p,
        .window = w,
        .env = *env,
        .workers = env->workers,
        .cancel = call->cancel,
        .cancel_seen = call->cancel_seen,
        .deadline = call->deadline,
        .chunk = chunk > CDR_CLAIM_MAX ? CDR_CLAIM_MAX : chunk,
        .prefetch = !job->prefetch ? UINT64_MAX
                    : units > 0    ? units
                                   : 1,
        .started = cdr_now(),
        .known_cost = cost * (double)p->grain,
        .event = -1,
        .cancelled = -1,
        .progress = job->progress,
        .progress_arg = job->progress_arg,
        .alone = true,
        /* Elsewhere nobody could end the task. */
        .timeout_ns = env->killable ? job->timeout_ms * UINT64_C(1000000) : 0,
        .grace_ns = (job->grace_ms ? job->grace_ms : CDR_GRACE_MS) * UINT64_C(1000000),
        .retries = job->retries,
        .spin = env->spin,
    };
    run->next_progress = run->started + CDR_PROGRESS_NS;
}

/* ---- workers and the caller ---- */

static void wake_workers(void *arg)
{
    cadre_run *run = arg;

    run->env.backend->wake(run->env.state, run);
}

int cdr_run_begin(cadre_run *run, cadre_error *err)
{
    int rc;

    cdr_error_clear(err);
    run->wake = wake_workers;
    run->wake_arg = run;
    rc = run->env.backend->begin(run->env.state, run, err);
    rc = cdr_error_complete(err, rc, "the backend could not begin a run");
    if (rc)
        run->wake = NULL;
    return rc;
}

bool cdr_run_wake_caller(const cadre_run *run)
{
    static const uint64_t one = 1;
    int number = errno;
    bool woken = true;

    CDR_COUNT(EVENT, NULL);
    if (run->event >= 0 && write(run->event, &one, sizeof one) < 0) {
        woken = errno == EAGAIN; /* signalled already, and stays so */
        errno = number;
    }
    return woken;
}

/* The first who says so is heard. */
void cdr_run_give_up(cadre_run *run, const cadre_error *why)
{
    if (!cdr_run_is_given_up(run)) {
        *run->given_up = *why;
        atomic_store_explicit(&run->is_given_up, true, memory_order_release);
    }
    cdr_window_stop(run->window, why->code);
    cdr_run_wake_caller(run);
}

static int ms_until(uint64_t now, uint64_t then)
{
    uint64_t ms = then > now ? (then - now + 999999) / 1000000 : 0;

    return ms > 60000 ? 60000 : (int)ms;
}

int cdr_run_patience(const cadre_run *run)
{
    uint64_t now = cdr_now();
    int ms = -1;

    if (run->deadline != UINT64_MAX)
        ms = ms_until(now, run->deadline);
    if (run->progress && (ms < 0 || ms_until(now, run->next_progress) < ms))
        ms = ms_until(now, run->next_progress);
    return ms;
}

/* Tasks of a worker that died when it had counted them, and not yet let go of them, are run
 * and counted again. */
static uint64_t at_most(uint64_t total, uint64_t done)
{
    return done < total ? done : total;
}

void cdr_run_report(cadre_run *run, uint64_t now, uint64_t done, uint64_t total)
{
    cadre_counts c = { .done = total ? at_most(total, done) : done, .total = total };

    done = c.done;
    run->next_progress = now + CDR_PROGRESS_NS;
    c.elapsed = (double)(now - run->started) / 1e9;
    c.left = total && done ? c.elapsed * (double)(total - done) / (double)done : -1;
    run->progress(run->progress_arg, &c);
}

/* ---- the verdict ---- */

static int stopped_early(const struct cadre_window *w, const cadre_job *job, uint64_t n,
                         int code, cadre_error *err)
{
    uint64_t done = at_most(n, cdr_window_done(w));

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
static int why_stopped(const struct cadre_window *w, uint64_t failed)
{
    int code = atomic_load_explicit(&w->stop_code, memory_order_relaxed);

    if (code || !cdr_window_over(w) || w->units == 0)
        return code;
    return failed < w->grain ? CADRE_OK : CADRE_ECANCELLED;
}

/* All tasks have run, and what a reduction's gave was combined: who did the last of that may
 * have died, and others had been told to stop. */
static bool is_complete(const cadre_run *run)
{
    const struct cdr_program *p = run->program;

    return cdr_window_done(run->window) >= p->n &&
           (!p->tree || p->n == 0 || cdr_tree_complete(p->tree));
}

int cdr_run_verdict(const cadre_run *run, const cadre_job *job, cadre_error *err)
{
    const struct cdr_program *p = run->program;
    uint64_t failed;
    const cadre_error *failure = cdr_window_failure(run->window, &failed);
    int stop = why_stopped(run->window, failed);

    if (atomic_load_explicit(&run->window->heard_unwanted, memory_order_relaxed))
        cdr_job_settle_unwanted(p);
    if (stop && cdr_run_is_given_up(run)) {
        *err = *run->given_up;
        return run->given_up->code;
    }
    if (stop && (!is_complete(run) || atomic_load_explicit(&run->window->heard_unwanted,
                                                           memory_order_relaxed)))
        return stopped_early(run->window, job, p->n, stop, err);
    if (!failure)
        return CADRE_OK;
    if (cdr_window_is_halted(run->window))
        cdr_job_cut_outcomes(p, failed);
    *err = *failure;
    return failure->code;
}
