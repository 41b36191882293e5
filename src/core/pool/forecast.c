/* forecast.c - what a job would use, before it runs: as fields, and how its tasks begin.
 * SPDX-License-Identifier: MIT
 */
#include "core/pool/forecast.h"
#include "base/error.h"
#include "machine/process.h"
#include "core/pool/fallback.h"
#include "core/run/gain.h"
#include "core/run/job.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool cdr_job_is_stream(const cadre_job *job)
{
    for (unsigned k = 0; job->columns && k < job->n_columns; k++)
        if (job->columns[k].source)
            return true;
    return job->source || job->range_source || job->window || job->unordered ||
           job->memory_limit || job->n == CADRE_ENDLESS;
}

/* ---- how tasks begin ---- */

static void set(cadre_plan *out, enum cadre_start start, const char *format, ...)
    CADRE_PRINTF(3, 4);

static void set(cadre_plan *out, enum cadre_start start, const char *format, ...)
{
    va_list args;

    out->start = (int)start;
    va_start(args, format);
    vsnprintf(out->why_start, sizeof out->why_start, format, args);
    va_end(args);
}

static const char *in_words(char *out, size_t size, double ns)
{
    if (ns < 1e3)
        snprintf(out, size, "%.3g ns", ns);
    else if (ns < 1e6)
        snprintf(out, size, "%.3g us", ns / 1e3);
    else if (ns < 1e9)
        snprintf(out, size, "%.3g ms", ns / 1e6);
    else
        snprintf(out, size, "%.4g s", ns / 1e9);
    return out;
}

static void in_callers_thread(cadre_plan *out, const cadre_pool *pool,
                              const struct cdr_program *p)
{
    if (p->local) {
        set(out, CADRE_START_SERIAL,
            "serial, as tasks are local and workers do not share the caller's memory");
        out->limit = "local";
        return;
    }
    set(out, CADRE_START_SERIAL,
        "serial, %" PRIu64 " items are fewer than min_items %" PRIu64, p->n,
        pool->plan.min_items);
    out->limit = "min_items";
}

/* What earlier runs of the kernel say, or that there were none. */
static void by_cost(cadre_plan *out, const cadre_pool *pool,
                    const struct cdr_program *p)
{
    double cost = cdr_cost_of(&pool->costs, cdr_program_kernel(p));
    double needed = cdr_pool_threshold(pool), whole = cost * (double)p->n;
    char a[24], b[24], c[24];

    if (cost > 0)
        set(out, whole > needed ? CADRE_START_ALL : CADRE_START_SERIAL,
            "%s, an item took %s last time, so all take %s: it pays from %s on",
            whole > needed ? "with all workers" : "serial", in_words(a, sizeof a, cost),
            in_words(b, sizeof b, whole), in_words(c, sizeof c, needed));
    else if (p->n <= (uint64_t)CDR_FEW_PER_WORKER * pool->plan.workers)
        set(out, CADRE_START_ALL,
            "with all workers, %" PRIu64 " items are too few to measure one first (the "
            "kernel has not run yet)",
            p->n);
    else
        set(out, CADRE_START_MEASURED,
            "measured, the first items run in place and workers join if what is left "
            "takes longer than %s (the kernel has not run yet)",
            in_words(a, sizeof a, needed));
}

/* Adds to why: what the workers are, if that is little. */
static void by_gain(cadre_plan *out, const cadre_pool *pool, double gain)
{
    size_t said = strlen(out->why_start);
    unsigned workers = pool->plan.workers;

    if (gain < CDR_GAIN_NONE) {
        set(out, CADRE_START_SERIAL,
            "serial, memory-bound: %u workers were only %.3g times as fast as one",
            workers, gain);
        out->limit = "memory-bound";
    } else if (out->start == CADRE_START_ALL && cdr_gain_is_poor(gain, workers)) {
        snprintf(out->why_start + said, sizeof out->why_start - said,
                 "; memory-bound: %u workers were only %.3g times as fast as one",
                 workers, gain);
    }
}

static void in_process(cadre_plan *out, const cadre_pool *pool,
                       const struct cdr_program *p, bool stream)
{
    double gain = cdr_pool_gain(pool, cdr_program_kernel(p), p->n);

    if (pool->plan.workers < 2)
        set(out, CADRE_START_SERIAL, "serial, there is one worker");
    else if (p->n < pool->plan.min_items)
        in_callers_thread(out, pool, p);
    else if (stream)
        set(out, CADRE_START_ALL,
            "with all workers, unless items are known to take next to nothing");
    else if (pool->plan.min_items > 0)
        set(out, CADRE_START_ALL,
            "with all workers, %" PRIu64 " items reach min_items %" PRIu64, p->n,
            pool->plan.min_items);
    else
        by_cost(out, pool, p);
    if (!stream && gain > 0)
        by_gain(out, pool, gain);
}

/* Where a backend's workers run, and what they have. */
static const char *where_workers_are(const cadre_pool *pool)
{
    const struct cdr_plan *plan = &pool->plan;

    if (cdr_plan_has(plan, CADRE_INHERITS))
        return "forked at each run: all workers when it begins, and have what the "
               "caller has; its thread runs no task";
    if (pool->by_command)
        return "persistent, workers were started with the pool, by its worker_command: "
               "they have of the caller's data what the job gives; its thread runs no "
               "task";
    if (cdr_plan_has(plan, CADRE_MAPPED))
        return "persistent, workers were started clean with the pool: they have the "
               "program's code, and of its data what the job gives; its thread runs "
               "no task";
    return "sent, workers elsewhere get of the caller's data what the job gives, as "
           "bytes; its thread runs no task";
}

static void in_processes(cadre_plan *out, const cadre_pool *pool,
                         const struct cdr_program *p)
{
    cadre_error why;

    out->persistent = pool->plan.persistent;
    switch (cdr_fallback_of(pool, p, &why)) {
    case CDR_FALLBACK_SERIAL:
        in_callers_thread(out, pool, p);
        out->backend = "serial";
        out->persistent = false;
        break;
    case CDR_FALLBACK_THREADS:
        set(out, CADRE_START_ALL,
            "by threads, as persistent workers cannot have this job: %.400s",
            why.message);
        out->backend = "threads";
        out->persistent = false;
        break;
    case CDR_FALLBACK_PERSISTENT:
        set(out, CADRE_START_ALL,
            "persistent, with %u other threads in this process: workers are started "
            "clean, as the kernel is portable, and not forked",
            cdr_threads_now() - 1);
        out->persistent = true;
        break;
    default: set(out, CADRE_START_ALL, "%s", where_workers_are(pool));
    }
}

void cdr_forecast_start(cadre_plan *out, const cadre_pool *pool,
                        const struct cdr_program *p, bool stream)
{
    out->backend = cadre_backend_name(pool);
    if (!pool)
        set(out, CADRE_START_SERIAL, "serial, no pool was given");
    else if (cdr_pool_is_remote(pool))
        in_processes(out, pool, p);
    else
        in_process(out, pool, p, stream);
}

/* ---- the rest ---- */

/* The sort of what limits CPUs most, as the machine has it. */
static const char *cpu_limit(const struct cdr_machine *m)
{
    for (unsigned i = 0; i < m->n_facts; i++)
        if (m->facts[i].kind == CDR_CPU_LIMIT && m->facts[i].value == m->cpus)
            return m->facts[i].name;
    return "machine";
}

static void tell_pool(cadre_plan *out, const cadre_pool *pool)
{
    const struct cdr_plan *plan = &pool->plan;

    out->workers = plan->workers;
    out->cpus = plan->machine.cpus;
    out->memory = plan->machine.memory;
    out->limit = plan->limit ? plan->limit : cpu_limit(&plan->machine);
    snprintf(out->why_backend, sizeof out->why_backend, "%s", plan->why_backend);
    snprintf(out->why_workers, sizeof out->why_workers, "%s", plan->why_workers);
}

static void tell_chunk(cadre_plan *out, const cadre_pool *pool, const cadre_job *job)
{
    uint64_t asked = job->chunk ? job->chunk : pool ? pool->plan.chunk : 0;
    uint64_t fixed = asked > CDR_CLAIM_MAX ? CDR_CLAIM_MAX : asked;
    double most = cdr_claim_units(out->tasks, out->workers, 1e9 * out->item_seconds);

    out->chunk_is_fixed = fixed > 0;
    out->chunk = fixed                          ? fixed
                 : most < (double)CDR_CLAIM_MAX ? (uint64_t)most
                                                : CDR_CLAIM_MAX;
}

int cadre_plan_job(cadre_plan *out, cadre_pool *pool, const cadre_job *job,
                   cadre_error *err)
{
    struct cdr_program p;
    bool stream;
    int rc;

    cdr_error_clear(err);
    if (!out)
        return cdr_fail(err, CADRE_EINVAL, "cadre_plan_job: out is NULL");
    if (!job)
        return cdr_fail(err, CADRE_EINVAL, "the job is NULL");
    stream = cdr_job_is_stream(job);
    rc = cdr_job_prepare(&p, job, stream, err);
    if (rc)
        return rc;
    *out = (cadre_plan){ .workers = 1, .limit = "no pool" };
    out->tasks = stream && p.n == 0 ? CADRE_ENDLESS : p.n;
    if (pool) {
        tell_pool(out, pool);
        out->item_seconds = cdr_cost_of(&pool->costs, cdr_program_kernel(&p)) / 1e9;
    }
    cdr_forecast_start(out, pool, &p, stream);
    if (out->start == CADRE_START_SERIAL)
        out->workers = 1;
    tell_chunk(out, pool, job);
    return CADRE_OK;
}

uint64_t cadre_chunk(uint64_t tasks, unsigned workers)
{
    double units = cdr_claim_units(tasks, workers ? workers : 1, 0);

    return units < (double)CDR_CLAIM_MAX ? (uint64_t)units : CDR_CLAIM_MAX;
}
