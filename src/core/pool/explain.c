/* explain.c - the plan in words, with the figure that decided.
 * SPDX-License-Identifier: MIT
 */
#include "base/counter.h"
#include "base/error.h"
#include "machine/process.h"
#include "core/pool/fallback.h"
#include "core/pool/forecast.h"
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

static void explain_start(struct text *t, const cadre_pool *pool,
                          const struct cdr_program *p, bool stream)
{
    unsigned others = cdr_threads_now() - 1;
    cadre_plan plan = { 0 };
    cadre_error why;

    cdr_forecast_start(&plan, pool, p, stream);
    line(t, "start:    %s", plan.why_start);
    if (!cdr_pool_is_remote(pool) || cdr_fallback_of(pool, p, &why))
        return;
    if (cdr_plan_has(&pool->plan, CADRE_INHERITS) && others > 0)
        line(t,
             "start:    with %u other thread%s in this process: a kernel that needs a "
             "lock one of them holds when it forks waits for ever",
             others, others == 1 ? "" : "s");
    if (pool->plan.persistent && cdr_manifest_check(p, &why))
        line(t, "start:    they may not have this job: %s", why.message);
}

static void explain_job(struct text *t, const cadre_pool *pool, const cadre_job *job,
                        const struct cdr_program *p)
{
    const char *kind = job->source || job->range_source ? "from a source"
                       : job->columns                   ? "columns"
                       : job->items                     ? "an array"
                                                        : "indices only";

    if (p->n == CADRE_ENDLESS || (cdr_job_is_stream(job) && p->n == 0))
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
    if (pool && (cdr_plan_has(&pool->plan, CADRE_REMOTE) || pool->plan.workers > 1))
        explain_start(t, pool, p, cdr_job_is_stream(job));
}

static void explain_pool(struct text *t, const cadre_pool *pool)
{
    const struct cdr_plan *plan = &pool->plan;
    void *state = cdr_pool_state(pool);
    char workers[512] = "";

    line(t, "backend:  %s, %s", plan->backend->name, plan->why_backend);
    line(t, "workers:  %u, %s", plan->workers, plan->why_workers);
    if (state && plan->backend->explain) {
        plan->backend->explain(state, workers, sizeof workers);
        line(t, "where:    %s", workers);
    }
    line(t, "memory:   %s", plan->machine.memory_reason);
}

static void explain_machine(struct text *t, const struct cdr_machine *m)
{
    for (unsigned i = 0; i < m->n_facts; i++)
        line(t, "found:    %s", m->facts[i].text);
    if (m->n_more)
        line(t, "found:    and %u more", m->n_more);
}

#ifdef CDR_COUNTERS
static void explain_counters(struct text *t)
{
    char counted[80];

    for (unsigned k = 0; cdr_counter_text(k, counted, sizeof counted); k++)
        line(t, "counted:  %s", counted);
}
#endif

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
        rc = cdr_job_prepare(&p, job, cdr_job_is_stream(job), err);
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
#ifdef CDR_COUNTERS
    explain_counters(&t);
#endif
    return CADRE_OK;
}
