/* open.c - begin and end a stream: its memory, its event, its workers.
 * SPDX-License-Identifier: MIT
 */
#include "base/alloc.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "base/error.h"
#include "memory/shared.h"
#include "core/pool/fallback.h"
#include "core/run/job.h"
#include "core/stream/stream.h"
#include "machine/process.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#define CHEAP_NS 50 /* known to be cheaper than this, a task is not worth a worker */

/* ---- checks ---- */

static int check(const cadre_job *job, cadre_error *err)
{
    if (job->results)
        return cdr_fail(err, CADRE_EINVAL,
                        "results must be NULL for a stream: records carry them");
    if (job->emitted)
        return cdr_fail(
            err, CADRE_EINVAL,
            "emitted must be NULL for a stream: records carry what tasks emit");
    if (job->statuses)
        return cdr_fail(err, CADRE_EINVAL,
                        "statuses must be NULL for a stream: records carry errors");
    if (job->window > CDR_WINDOW_MAX)
        return cdr_fail(err, CADRE_EINVAL, "window is %" PRIu64 ": at most %" PRIu64,
                        job->window, CDR_WINDOW_MAX);
    return CADRE_OK;
}

/* What differs from a map's program. */
static int prepare(cadre_stream *s, const cadre_job *job, cadre_error *err)
{
    struct cdr_program *p = &s->program;
    int rc = cdr_job_prepare(p, job, true, err);

    if (!rc)
        rc = cdr_job_refuse_fold(job, err);
    if (!rc)
        rc = check(job, err);
    if (!rc)
        rc = cdr_source_open(&s->source, p, job, err);
    if (!rc && job->source == cadre_stream_source)
        rc = cdr_chain_open(&s->source, job, err);
    if (rc)
        return rc;
    p->n = s->source.n;
    p->emits = job->result_size == 0;
    p->result_size = job->result_size;
    p->bytes = s->source.bytes;
    p->in_place = cdr_source_in_place(&s->source);
    if (!p->in_place)
        p->item_size = s->source.item_size;
    p->column_at = s->source.column_at;
    p->there_at = s->source.there_at;
    p->error_at = s->source.error_at;
    s->stages = s->source.upstream ? s->source.upstream->stages + 1 : 1;
    if (s->stages > CDR_STAGES_MAX)
        return cdr_fail(err, CADRE_EINVAL, "more than %d streams feed each other",
                        CDR_STAGES_MAX);
    return CADRE_OK;
}

/* ---- the run ---- */

static int make_event(cadre_stream *s, cadre_error *err)
{
    if (s->pool && cdr_own_pid() == s->pool->owner) {
        s->event_slot = cdr_pool_take_event(s->pool, err);
        if (s->event_slot < 0)
            return err->code;
        s->run.event =
            atomic_load_explicit(&s->pool->events[s->event_slot], memory_order_relaxed);
        return CADRE_OK;
    }
    s->run.event = cdr_fd_own(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    return s->run.event < 0
               ? cdr_fail_sys(err, errno, "a stream needs eventfd, which fails")
               : CADRE_OK;
}

/* Workers come in at once, unless tasks are known to be cheaper than handing them on. */
static void bring_in(cadre_stream *s)
{
    const struct cdr_plan *plan = s->pool ? &s->pool->plan : NULL;
    double cost;
    cadre_error error;

    if (!plan || plan->workers < 2 || s->program.n < plan->min_items ||
        cdr_own_pid() != s->pool->owner)
        return;
    cost = cdr_cost_of(&s->pool->costs, cdr_program_kernel(&s->program));
    if (plan->automatic && plan->min_items == 0 && cost > 0 && cost < CHEAP_NS)
        return;
    if (cdr_pool_start(s->pool, &error))
        return;
    cdr_error_clear(&error);
    s->run.env.state = s->pool->state;
    s->run.workers = plan->workers;
    atomic_store_explicit(&s->ring->away, plan->workers - 1, memory_order_relaxed);
    if (cdr_run_begin(&s->run, &error)) {
        s->run.workers = 1;
        return;
    }
    s->begun = true;
}

/* Workers that are processes come in always. */
static int bring_in_remote(cadre_stream *s, const struct cdr_call *call,
                           cadre_error *err)
{
    const struct cdr_plan *plan = &s->pool->plan;
    int rc;

    if (s->program.spill_file && (!(s->program.emits || s->program.bytes) ||
                                  cdr_spill_file_open(&s->spill_file)))
        cdr_spill_file_refuse(&s->spill_file); /* what is too large fails */
    s->run.workers = plan->workers;
    s->run.recovery = &s->recovery;
    s->run.spin = plan->workers < plan->machine.cpus; /* it feeds meanwhile */
    rc = s->mapped ? CADRE_OK
                   : cdr_ledger_open(&s->ledger, &s->run, s->memory_limit, err);
    if (rc)
        return rc;
    rc = cdr_pool_begin_remote(&s->run, call, &s->manifest, err);
    s->begun = !rc;
    return rc;
}

static void set_up_run(cadre_stream *s, const cadre_job *job,
                       const struct cdr_call *call)
{
    struct cdr_program *p = &s->program;
    struct cdr_run_env env;

    cdr_pool_env(s->pool, &env);
    cdr_run_set_up(&s->run, p, NULL, &env, job, call);
    p->together =
        !p->emits && !p->bytes && !p->keep_going && !p->error_at && !s->run.timeout_ns;
    s->run.pool = s->pool;
    s->run.given_up = &s->given_up;
    s->run.workers = 1;
    s->run.next_progress = s->run.started;
    s->now = s->run.started;
    s->event_slot = -1;
    s->deadline_ms = job->deadline_ms;
    s->waited_for = CADRE_ENDLESS;
    s->caller_waits = job->caller_waits;
    atomic_store_explicit(&s->run.caller_is_busy, s->caller_waits,
                          memory_order_relaxed); /* workers see it when they begin */
}

int cadre_stream_open(cadre_stream **out, cadre_pool *pool, const cadre_job *job,
                      cadre_error *err)
{
    struct cdr_call call;
    cadre_error local;
    cadre_stream *s;
    int rc;

    cdr_call_begin(&call, pool ? &pool->cancelled : NULL, job);
    if (!err)
        err = &local;
    cdr_error_clear(err);
    if (!out)
        return cdr_fail(err, CADRE_EINVAL, "cadre_stream_open: out is NULL");
    *out = NULL;
    s = cdr_alloc_aligned(sizeof *s);
    if (!s)
        return cdr_fail(err, CADRE_ENOMEM, "no memory for a stream");
    memset(s, 0, sizeof *s);
    s->owner = cdr_own_pid();
    s->pool = pool;
    s->run.event = -1;
    s->event_slot = -1;
    rc = prepare(s, job, err);
    if (!rc)
        rc = cdr_pool_choose(&pool, &s->program, err);
    s->pool = pool;
    s->remote = cdr_pool_is_remote(pool);
    s->mapped = cdr_pool_is_mapped(pool);
    if (!rc)
        rc = cdr_pool_suits(pool, job, s->program.n, err);
    if (!rc) {
        set_up_run(s, job, &call);
        rc = cdr_stream_make_window(s, job, err);
    }
    if (!rc)
        rc = make_event(s, err);
    if (!rc && cdr_worker_enter(&s->worker, &s->run, 0))
        rc = cdr_fail(err, CADRE_ENOMEM, "no memory for the caller's own work");
    if (!rc) {
        atomic_store_explicit(&s->worker.task.seat->stop_at, UINT64_MAX,
                              memory_order_relaxed);
        cdr_fences_prepare();
        if (s->remote)
            rc = bring_in_remote(s, &call, err);
        else
            bring_in(s);
    }
    if (rc) {
        s->source.upstream = NULL; /* its items are still there for another stream */
        cadre_stream_close(s);
        return rc;
    }
    *out = s;
    return CADRE_OK;
}

static void learn(cadre_stream *s)
{
    uint32_t cost = 0;

    for (unsigned k = 0; k < s->run.window->seats && !cost; k++)
        cost = s->run.window->seat[k].cost;
    if (s->pool && cost)
        cdr_cost_learn(&s->pool->costs, cdr_program_kernel(&s->program), cost);
}

static void end_run(cadre_stream *s)
{
    cdr_stream_halt(s);
    cdr_run_end_states(&s->run);
    if (s->begun)
        s->run.env.backend->end(s->run.env.state, &s->run);
    if (s->worker.task.run)
        cdr_state_end(&s->worker);
    learn(s);
}

/* In a process that was forked from the stream's there are no workers of it, and what is
 * shared stays as it is. */
void cadre_stream_close(cadre_stream *s)
{
    if (!s)
        return;
    if (s->run.window && cdr_own_pid() == s->owner)
        end_run(s);
    cdr_spill_file_unmap(s->lent_mapping, s->lent_size);
    cdr_spill_file_fini(&s->spill_file);
    cdr_ledger_close(&s->ledger);
    if (s->run.window)
        cdr_stream_unmap_window(s);
    cadre_stream_stop(s->source.upstream);
    if (s->event_slot >= 0)
        cdr_pool_give_event(s->pool, s->event_slot);
    else if (s->run.event >= 0)
        close(s->run.event);
    cdr_worker_fini(&s->worker);
    cdr_slots_close(&s->slots);
    cdr_shm_buffer_fini(&s->manifest);
    cdr_recovery_fini(&s->recovery);
    cdr_source_close(&s->source);
    free(s);
}
