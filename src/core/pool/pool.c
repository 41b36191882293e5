/* pool.c - open and close pools.
 * SPDX-License-Identifier: MIT
 *
 * An explicit backend starts its workers in cadre_open, so that what cannot be had is
 * known there. With "auto" they start when a run first wants them; if they cannot, the
 * log says so and runs stay in the caller's thread.
 */
#include "core/pool/pool.h"
#include "base/alloc.h"
#include "base/error.h"
#include "memory/shared.h"
#include "core/board/intent.h"
#include "machine/process.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* ---- open and close ---- */

static int check_options(const cadre_options *opt, cadre_error *err)
{
    for (size_t i = 0; i < sizeof opt->reserved / sizeof opt->reserved[0]; i++)
        if (opt->reserved[i])
            return cdr_fail(
                err, CADRE_EINVAL,
                "options: reserved[%zu] is not zero: this program was built "
                "for another version of cadre",
                i);
    if (opt->if_serial < CADRE_ALLOW || opt->if_serial > CADRE_FAIL)
        return cdr_fail(err, CADRE_EINVAL, "options: no if_serial is called %d",
                        opt->if_serial);
    if (opt->worker_command && !opt->worker_command[0])
        return cdr_fail(err, CADRE_EINVAL,
                        "options: worker_command is empty: it has to begin with a "
                        "program");
    if (opt->exact_workers && opt->oversubscribe)
        return cdr_fail(
            err, CADRE_EINVAL,
            "options: exact_workers refuses what oversubscribe allows: only "
            "one of them");
    return CADRE_OK;
}

static int judge_serial(const cadre_pool *pool, cadre_error *err)
{
    const struct cdr_plan *plan = &pool->plan;

    if (plan->workers > 1 || cdr_plan_has(plan, CADRE_REMOTE) ||
        plan->if_serial == CADRE_ALLOW)
        return CADRE_OK;
    if (plan->if_serial == CADRE_FAIL)
        return cdr_fail(err, CADRE_ESERIAL, "the plan came out serial: %s",
                        plan->why_workers);
    cdr_log(&pool->log, CADRE_WARNING, "%s: the plan came out serial: %s", pool->name,
            plan->why_workers);
    return CADRE_OK;
}

/* The first run finds its context made, and its pages there. Without memory it tries again. */
static void ready_context(cadre_pool *pool)
{
    cadre_error error;
    struct cdr_context *f = cdr_context_take(pool, &error);

    if (f)
        cdr_context_give(pool, f);
}

/* Nobody asked for processes by name, and there can be none that stay. */
static int plan_threads_instead(cadre_pool *pool, const cadre_options *opt,
                                const cadre_error *why, cadre_error *err)
{
    cadre_options without = *opt;

    cdr_log(&pool->log, CADRE_WARNING,
            "%s: threads instead of persistent processes: %s", pool->name,
            why->message);
    without.persistent = false;
    cdr_contexts_close(pool->contexts); /* they were for processes */
    pool->contexts = NULL;
    atomic_store_explicit(&pool->started, CDR_NOT_STARTED, memory_order_relaxed);
    return cdr_plan_make(&pool->plan, &without, NULL, cdr_workers_here(), err);
}

static int set_up(cadre_pool *pool, const cadre_options *opt, cadre_error *err)
{
    cadre_error local;
    int rc;

    pool->log.call = opt->log;
    pool->log.arg = opt->log_arg;
    pool->owner = cdr_own_pid();
    snprintf(pool->name, sizeof pool->name, "%s", opt->name ? opt->name : "cadre");
    rc = cdr_plan_make(&pool->plan, opt, NULL, cdr_workers_here(), err);
    if (!rc)
        rc = judge_serial(pool, err);
    if (rc)
        return rc;
    for (unsigned i = 0; i < pool->plan.n_warnings; i++)
        cdr_log(&pool->log, CADRE_WARNING, "%s: %s", pool->name,
                pool->plan.warnings[i]);
    ready_context(pool);
    if ((pool->plan.automatic && !pool->plan.persistent &&
         !cdr_plan_has(&pool->plan, CADRE_OWN_CPUS)) ||
        (pool->plan.workers < 2 && !cdr_plan_has(&pool->plan, CADRE_REMOTE)))
        return CADRE_OK;
    rc = cdr_pool_start(pool, &local);
    if (rc && pool->plan.persistent && pool->plan.automatic &&
        !pool->plan.must_isolate && !opt->worker_command)
        return plan_threads_instead(pool, opt, &local, err);
    if (rc)
        *err = local;
    return rc;
}

static int make_mutexes(cadre_pool *pool)
{
    int rc = pthread_mutex_init(&pool->starting, NULL);

    if (rc)
        return rc;
    rc = pthread_mutex_init(&pool->kept.lock, NULL);
    if (rc)
        pthread_mutex_destroy(&pool->starting);
    return rc;
}

int cadre_open(cadre_pool **out, const cadre_options *opt, cadre_error *err)
{
    static const cadre_options defaults;
    cadre_options persistent;
    cadre_error local;
    cadre_pool *pool;
    int rc;

    if (!err)
        err = &local;
    cdr_error_clear(err);
    if (!out)
        return cdr_fail(err, CADRE_EINVAL, "cadre_open: out is NULL");
    *out = NULL;
    if (!opt)
        opt = &defaults;
    rc = check_options(opt, err);
    if (rc)
        return rc;
    if (opt->worker_command) { /* what else would start them? */
        persistent = *opt;
        persistent.persistent = true;
        opt = &persistent;
    }
    pool = calloc(1, sizeof *pool);
    if (!pool)
        return cdr_fail(err, CADRE_ENOMEM, "no memory for a pool");
    rc = make_mutexes(pool);
    if (rc) {
        free(pool);
        return cdr_fail_sys(err, rc, "a pool needs a mutex");
    }
    for (int i = 0; i < CDR_STREAMS_MAX; i++)
        atomic_init(&pool->events[i], -1);
    pool->worker_command = opt->worker_command;
    pool->by_command = opt->worker_command != NULL;
    rc = set_up(pool, opt, err);
    pool->worker_command = NULL;
    if (rc)
        cadre_close(pool);
    else
        *out = pool;
    return rc;
}

void cadre_close(cadre_pool *pool)
{
    if (!pool)
        return;
    /* In a process forked from its owner the workers do not exist. */
    if (pool->started == CDR_STARTED && pool->plan.backend->close &&
        pool->owner == cdr_own_pid())
        pool->plan.backend->close(pool->state);
    cadre_close(pool->other);
    cadre_close(pool->serial);
    free(pool->state);
    for (int i = 0; i < CDR_STREAMS_MAX; i++)
        if (pool->events[i] >= 0)
            close(pool->events[i]);
    cdr_contexts_close(pool->contexts);
    cdr_states_fini(&pool->kept.states);
    pthread_mutex_destroy(&pool->kept.lock);
    pthread_mutex_destroy(&pool->starting);
    free(pool);
}

unsigned cadre_workers(const cadre_pool *pool)
{
    return pool ? pool->plan.workers : 1;
}

bool cadre_shares_memory(const cadre_pool *pool)
{
    return !cdr_pool_is_remote(pool) || cdr_plan_has(&pool->plan, CADRE_INHERITS);
}

const char *cadre_backend_name(const cadre_pool *pool)
{
    return pool ? pool->plan.backend->name : "serial";
}
