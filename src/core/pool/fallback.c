/* fallback.c - jobs that do not suit the workers of a pool, and who runs them instead.
 * SPDX-License-Identifier: MIT
 *
 * Where min_items says that a job is too small for processes, it runs in the caller's
 * thread, unless kernels must not run there; and so does a job whose tasks are local. Two more pools have others behind them, opened
 * when first needed and closed with them:
 *
 *   - Persistent workers that "auto" chose cannot have every kernel: nested functions, code made
 *     at run time, libraries that were opened. Threads run those, and the log says so.
 *     Asked for by name, or where kernels must not run in this process, it is an error.
 *   - Forking with other threads in the process copies locks that these hold. Whether a
 *     kernel would do without its caller's memory nobody can see: it may follow a pointer
 *     in an item, or read a variable that the program has set. So workers are forked all
 *     the same, with a warning, unless the program says that its kernels are portable: then
 *     persistent workers, which are started clean, run what they can have. Not in place of a
 *     backend of the program's own, whose workers may be elsewhere for a reason.
 */
#include "core/pool/fallback.h"
#include "base/error.h"
#include "machine/process.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

static bool may_be_threads(const cadre_pool *pool)
{
    return pool->plan.persistent && pool->plan.automatic && !pool->plan.must_isolate &&
           !pool->by_command;
}

static bool may_be_persistent(const cadre_pool *pool)
{
    return !pool->plan.custom && cdr_plan_has(&pool->plan, CADRE_INHERITS) &&
           pool->plan.portable &&
           !atomic_load_explicit(&pool->no_persistent, memory_order_relaxed);
}

enum cdr_fallback cdr_fallback_of(const cadre_pool *pool, const struct cdr_program *p,
                                  cadre_error *why)
{
    if (!cdr_pool_is_remote(pool))
        return CDR_AS_PLANNED;
    if (p->local && !cadre_shares_memory(pool))
        return CDR_FALLBACK_SERIAL;
    if (p->n < pool->plan.min_items && !pool->plan.isolate && !p->needs_processes)
        return CDR_FALLBACK_SERIAL;
    if (may_be_threads(pool) && cdr_manifest_check(p, why))
        return CDR_FALLBACK_THREADS;
    if (may_be_persistent(pool) && cdr_threads_now() > 1 && !cdr_manifest_check(p, why))
        return CDR_FALLBACK_PERSISTENT;
    return CDR_AS_PLANNED;
}

static int open_other(cadre_pool *pool, bool persistent, cadre_error *err)
{
    cadre_options opt = { .backend = persistent ? "processes" : "threads",
                          .persistent = persistent,
                          .workers = (int)pool->plan.workers,
                          .oversubscribe = true,
                          .ignore_environment = true,
                          .min_items = pool->plan.min_items,
                          .chunk = pool->plan.chunk,
                          .retire_after = pool->plan.retire_after,
                          .retire_bytes = pool->plan.retire_bytes,
                          .if_serial = pool->plan.if_serial,
                          .name = pool->name,
                          .log = pool->log.call,
                          .log_arg = pool->log.arg };
    cadre_pool *other;
    int rc = cadre_open(&other, &opt, err);

    if (!rc)
        atomic_store(&pool->other, other); /* see cadre_cancel */
    return rc;
}

/* The pool behind it; tells the log when it is opened. */
static cadre_pool *other_pool(cadre_pool *pool, bool persistent, const char *why,
                              cadre_error *err)
{
    int rc = CADRE_OK;

    pthread_mutex_lock(&pool->starting); /* a plain mutex, not held: cannot fail */
    if (!pool->other) {
        cdr_log(&pool->log, CADRE_WARNING, "%s: %s", pool->name, why);
        rc = open_other(pool, persistent, err);
    }
    pthread_mutex_unlock(&pool->starting);
    return rc ? NULL : atomic_load_explicit(&pool->other, memory_order_acquire);
}

/* Workers are forked all the same, now and later: that is how it is without `portable`. */
static void fork_instead(cadre_pool *pool, const cadre_error *why)
{
    if (!atomic_exchange_explicit(&pool->no_persistent, true, memory_order_relaxed))
        cdr_log(&pool->log, CADRE_WARNING,
                "%s: forked processes all the same: persistent ones cannot be had: %s",
                pool->name, why->message);
}

/* The one behind it that runs a few items in the caller's thread. */
static cadre_pool *serial_pool(cadre_pool *pool, cadre_error *err)
{
    cadre_options opt = { .backend = "serial",
                          .ignore_environment = true,
                          .chunk = pool->plan.chunk,
                          .name = pool->name,
                          .log = pool->log.call,
                          .log_arg = pool->log.arg };
    cadre_pool *serial = NULL;

    pthread_mutex_lock(&pool->starting); /* a plain mutex, not held: cannot fail */
    if (!pool->serial && !cadre_open(&serial, &opt, err))
        atomic_store(&pool->serial, serial); /* see cadre_cancel */
    pthread_mutex_unlock(&pool->starting);
    return atomic_load_explicit(&pool->serial, memory_order_acquire);
}

int cdr_pool_choose(cadre_pool **pool, const struct cdr_program *p, cadre_error *err)
{
    cadre_error why, failure;
    cadre_pool *other;
    char text[600];

    switch (cdr_fallback_of(*pool, p, &why)) {
    case CDR_FALLBACK_SERIAL: other = serial_pool(*pool, &failure); break;
    case CDR_FALLBACK_THREADS:
        snprintf(text, sizeof text, "threads instead of persistent processes: %.500s",
                 why.message);
        other = other_pool(*pool, false, text, &failure);
        break;
    case CDR_FALLBACK_PERSISTENT:
        snprintf(
            text, sizeof text,
            "persistent processes instead of forked ones: there are %u other threads in "
            "this process",
            cdr_threads_now() - 1);
        other = other_pool(*pool, true, text, &failure);
        if (!other) {
            fork_instead(*pool, &failure);
            return CADRE_OK;
        }
        break;
    default: return CADRE_OK;
    }
    if (!other) {
        *err = failure;
        return failure.code;
    }
    *pool = other;
    return CADRE_OK;
}

#define HINT_ITEMS 1000 /* tasks: fewer deserve no hint */

/* Once a pool: workers that are no processes can be neither killed nor replaced. */
static void notice_limits(cadre_pool *pool, const cadre_job *job)
{
    bool both = job->timeout_ms && job->retries;

    if ((job->timeout_ms || job->retries) &&
        !atomic_exchange_explicit(&pool->warned_of_limits, true, memory_order_relaxed))
        cdr_log(&pool->log, CADRE_INFO,
                "%s: %s no effect here: %s with worker processes only", pool->name,
                both              ? "timeout_ms and retries have"
                : job->timeout_ms ? "timeout_ms has"
                                  : "retries has",
                both ? "they count" : "it counts");
}

int cdr_pool_suits(cadre_pool *pool, const cadre_job *job, uint64_t n, cadre_error *err)
{
    static _Atomic bool hinted; /* once a process: relaxed */
    const struct cdr_plan *plan = pool ? &pool->plan : NULL;

    if (plan && !cdr_plan_has(plan, CADRE_KILLABLE))
        notice_limits(pool, job);
    if (!plan || (cdr_plan_has(plan, CADRE_REMOTE) &&
                  (plan->isolate || job->timeout_ms || job->retries)))
        return CADRE_OK;
    if (n < plan->min_items && plan->if_serial == CADRE_FAIL)
        return cdr_fail(err, CADRE_ESERIAL,
                        "the plan came out serial: %" PRIu64 " items are fewer than "
                        "min_items %" PRIu64,
                        n, plan->min_items);
    if (n < plan->min_items && plan->if_serial == CADRE_WARN)
        cdr_log(&pool->log, CADRE_WARNING,
                "%s: running serially: %" PRIu64
                " items are fewer than min_items %" PRIu64,
                pool->name, n, plan->min_items);
    if (n >= HINT_ITEMS && !cdr_plan_has(plan, CADRE_REMOTE) && plan->workers == 1 &&
        plan->automatic && pool->log.call &&
        !atomic_exchange_explicit(&hinted, true, memory_order_relaxed))
        cdr_log(&pool->log, CADRE_INFO,
                "%s: %" PRIu64 " tasks run serially, since there is %s", pool->name, n,
                plan->why_workers);
    return CADRE_OK;
}
