/* explain.c - the plan in words, with the figure that decided.
 * SPDX-License-Identifier: MIT
 */
#include "base/error.h"
#include "machine/process.h"
#include "core/pool/fallback.h"
#include "core/run/job.h"
#include "core/pool/pool.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

struct text {
    char *at;
    size_t room; /* with the final NUL */
};

static void line(struct text *t, const char *format, ...) CADRE_PRINTF(2, 3);

/* One line; what does not fit is cut, and nothing after it is written. */
static void line(struct text *t, const char *format, ...)
{
    va_list args;
    int n;

    if (t->room < 2)
        return;
    va_start(args, format);
    n = vsnprintf(t->at, t->room - 1, format, args);
    va_end(args);
    if (n < 0 || (size_t)n >= t->room - 1)
        n = (int)t->room - 2;
    t->at += n;
    t->room -= (size_t)n;
    *t->at++ = '\n';
    *t->at = '\0';
    t->room--;
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

static void explain_start(struct text *t, const cadre_pool *pool,
                          const struct cdr_program *p)
{
    double cost = cdr_cost_of(&pool->costs, cdr_program_kernel(p));
    double needed = cdr_pool_threshold(pool), whole = cost * (double)p->n;
    char a[24], b[24], c[24];

    if (p->n < pool->plan.min_items)
        line(t, "start:    serial, %" PRIu64 " items are fewer than min_items %" PRIu64,
             p->n, pool->plan.min_items);
    else if (pool->plan.min_items > 0)
        line(t,
             "start:    with all workers, %" PRIu64 " items reach min_items %" PRIu64,
             p->n, pool->plan.min_items);
    else if (cost > 0)
        line(
            t,
            "start:    %s, an item took %s last time, so all take %s: it pays from %s on",
            whole > needed ? "with all workers" : "serial", in_words(a, sizeof a, cost),
            in_words(b, sizeof b, whole), in_words(c, sizeof c, needed));
    else if (p->n <= (uint64_t)CDR_FEW_PER_WORKER * pool->plan.workers)
        line(t,
             "start:    with all workers, %" PRIu64 " items are too few to measure one "
             "first (the kernel has not run yet)",
             p->n);
    else
        line(
            t,
            "start:    measured, the first items run in place and workers join if what "
            "is left takes longer than %s (the kernel has not run yet)",
            in_words(a, sizeof a, needed));
}

/* A job that only a stream can run. */
static bool is_stream(const cadre_job *job)
{
    for (unsigned k = 0; job->columns && k < job->n_columns; k++)
        if (job->columns[k].source)
            return true;
    return job->source || job->window || job->unordered || job->memory_limit ||
           job->n == CADRE_ENDLESS;
}

static void explain_fork(struct text *t)
{
    unsigned others = cdr_threads_now() - 1;

    line(t,
         "start:    forked at each run: all workers when it begins, and have what the "
         "caller has; its thread runs no task");
    if (others > 0)
        line(t,
             "start:    with %u other thread%s in this process: a kernel that needs a "
             "lock one of them holds when it forks waits for ever",
             others, others == 1 ? "" : "s");
}

static void explain_kept(struct text *t, const struct cdr_program *p)
{
    cadre_error why;

    line(
        t,
        "start:    persistent, workers were started clean with the pool: they have the "
        "program's code, and of its data what the job gives; its thread runs no "
        "task");
    if (cdr_manifest_check(p, &why))
        line(t, "start:    they may not have this job: %s", why.message);
}

static void explain_start_apart(struct text *t, const cadre_pool *pool,
                                const struct cdr_program *p)
{
    cadre_error why;

    switch (cdr_fallback_of(pool, p, &why)) {
    case CDR_FALLBACK_THREADS:
        line(t, "start:    by threads, as persistent workers cannot have this job: %s",
             why.message);
        break;
    case CDR_FALLBACK_PERSISTENT:
        line(
            t,
            "start:    persistent, with %u other threads in this process: workers are started "
            "clean, as the kernel is portable, and not forked",
            cdr_threads_now() - 1);
        break;
    default:
        if (pool->plan.persistent)
            explain_kept(t, p);
        else
            explain_fork(t);
    }
}

static void explain_job(struct text *t, const cadre_pool *pool, const cadre_job *job,
                        const struct cdr_program *p)
{
    const char *kind = job->source    ? "from a source"
                       : job->columns ? "columns"
                       : job->items   ? "an array"
                                      : "indices only";

    if (p->n == CADRE_ENDLESS || (is_stream(job) && p->n == 0))
        line(t, "items:    without a known end (%s)", kind);
    else
        line(t, "items:    %" PRIu64 " (%s)", p->n, kind);
    if (job->chunk)
        line(t, "chunk:    %" PRIu64 " (asked for)", job->chunk);
    else if (pool && pool->plan.chunk)
        line(t, "chunk:    %" PRIu64 " (asked for all jobs of the pool)",
             pool->plan.chunk);
    else
        line(t, "chunk:    adaptive, what runs for about %s at the measured cost",
             CDR_SLICE_TEXT);
    if (pool && pool->plan.backend->remote) {
        explain_start_apart(t, pool, p);
        return;
    }
    if (!pool || pool->plan.workers < 2)
        return;
    if (is_stream(job))
        line(
            t,
            "start:    with all workers, unless items are known to take next to nothing");
    else
        explain_start(t, pool, p);
}

static void explain_pool(struct text *t, const cadre_pool *pool)
{
    const struct cdr_plan *plan = &pool->plan;

    line(t, "backend:  %s, %s", plan->backend->name, plan->why_backend);
    line(t, "workers:  %u, %s", plan->workers, plan->why_workers);
    line(t, "memory:   %s", plan->machine.memory_reason);
}

static void explain_machine(struct text *t, const struct cdr_machine *m)
{
    for (unsigned i = 0; i < m->n_facts; i++)
        line(t, "found:    %s", m->facts[i].text);
    if (m->n_more)
        line(t, "found:    and %u more", m->n_more);
}

int cadre_explain(cadre_pool *pool, const cadre_job *job, char *text, size_t size,
                  cadre_error *err)
{
    struct text t = { text, size };
    struct cdr_program p;
    int rc;

    cdr_error_clear(err);
    if (!text || size == 0)
        return cdr_fail(err, CADRE_EINVAL, "cadre_explain: there is no room for text");
    text[0] = '\0';
    if (job) {
        rc = cdr_job_prepare(&p, job, is_stream(job), err);
        if (rc)
            return rc;
    }
    if (pool)
        explain_pool(&t, pool);
    else
        line(&t, "backend:  serial, no pool was given");
    if (job)
        explain_job(&t, pool, job, &p);
    if (pool)
        explain_machine(&t, &pool->plan.machine);
    return CADRE_OK;
}
