/* workers.c - start a pool's workers, and bring them into runs.
 * SPDX-License-Identifier: MIT
 */
#include "core/pool/pool.h"
#include "base/alloc.h"
#include "base/error.h"
#include "base/sync.h"
#include "machine/process.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

bool cdr_pool_is_remote(const cadre_pool *pool)
{
    return pool && cdr_plan_has(&pool->plan, CADRE_REMOTE) &&
           cdr_own_pid() == pool->owner;
}

bool cdr_pool_is_mapped(const cadre_pool *pool)
{
    return cdr_pool_is_remote(pool) && cdr_plan_has(&pool->plan, CADRE_MAPPED);
}

bool cdr_pool_is_clean(const cadre_pool *pool)
{
    return cdr_plan_has(&pool->plan, CADRE_MAPPED) &&
           !cdr_plan_has(&pool->plan, CADRE_INHERITS);
}

unsigned cdr_pool_seats(const cadre_pool *pool)
{
    if (cdr_pool_is_remote(pool))
        return pool->plan.workers + 1;
    return pool && pool->plan.workers > 1 ? pool->plan.workers + 1 : 1;
}

/* ---- starting ---- */

/* Who sleeps in one process is woken from another: see base/sync.h. May be forbidden from
 * some moment on, so each run asks again. Workers do the same in cadre_serve. */
static int share_fences(const struct cdr_plan *plan, cadre_error *err)
{
    if (!cdr_plan_has(plan, CADRE_MAPPED) || cdr_fences_share())
        return CADRE_OK;
    return cdr_fail_sys(err, errno,
                        "worker processes need membarrier, which fails (where it is "
                        "forbidden, use threads)");
}

static int start_locked(cadre_pool *pool, cadre_error *err)
{
    const cadre_backend *backend = pool->plan.backend;
    cadre_setup setup = { .workers = pool->plan.workers,
                          .cpus = pool->plan.machine.cpus,
                          .name = pool->name,
                          .worker_command = pool->worker_command };
    void *state = NULL;
    int rc;

    if (backend->state_size > 0 && !(state = cdr_alloc_aligned(backend->state_size)))
        return cdr_fail(err, CADRE_ENOMEM, "no memory for the %s backend",
                        backend->name);
    if (state)
        memset(state, 0, backend->state_size);
    cdr_error_clear(err);
    rc = share_fences(&pool->plan, err);
    if (!rc && backend->open)
        rc = backend->open(state, &setup, err);
    if (rc != CADRE_DONE)
        rc = cdr_error_complete(err, rc, "the backend could not get its workers ready");
    if (rc) {
        free(state);
        return rc;
    }
    pool->state = state;
    return CADRE_OK;
}

static int start_once(cadre_pool *pool, cadre_error *err)
{
    int rc;

    switch (atomic_load_explicit(&pool->started, memory_order_relaxed)) {
    case CDR_STARTED: return CADRE_OK;
    case CDR_NOT_TO_BE_HAD:
        return cdr_fail(err, CADRE_ESYS, "the workers could not be started before");
    default: break;
    }
    rc = start_locked(pool, err);
    if (rc < CADRE_OK && !cdr_plan_has(&pool->plan, CADRE_REMOTE))
        cdr_log(&pool->log, CADRE_WARNING, "%s: running serially: %s", pool->name,
                err->message);
    atomic_store_explicit(&pool->started, rc ? CDR_NOT_TO_BE_HAD : CDR_STARTED,
                          memory_order_release);
    return rc;
}

int cdr_pool_start(cadre_pool *pool, cadre_error *err)
{
    int rc;

    if (atomic_load_explicit(&pool->started, memory_order_acquire) == CDR_STARTED)
        return CADRE_OK;
    /* A plain mutex that this thread does not hold: locking cannot fail. */
    pthread_mutex_lock(&pool->starting);
    rc = start_once(pool, err);
    pthread_mutex_unlock(&pool->starting);
    return rc;
}

double cdr_pool_threshold(const cadre_pool *pool)
{
    const cadre_backend *backend = pool->plan.backend;

    if (atomic_load_explicit(&pool->started, memory_order_acquire) != CDR_STARTED)
        return CDR_COLD_START_NS;
    return backend->threshold ? (double)backend->threshold(pool->state) : 0;
}

double cdr_pool_gain(const cadre_pool *pool, uintptr_t kernel, uint64_t tasks)
{
    const struct cdr_plan *plan = &pool->plan;

    if (!plan->automatic || plan->min_items > 0 || cdr_plan_has(plan, CADRE_REMOTE))
        return 0;
    return cdr_gain_of(&pool->gains, kernel, tasks);
}

/* ---- workers in other processes ---- */

/* Once a pool: there are threads whose locks a fork copies. */
static void notice_threads(cadre_pool *pool)
{
    unsigned others = cdr_threads_now() - 1;

    if (others > 0 &&
        !atomic_exchange_explicit(&pool->warned_of_threads, true, memory_order_relaxed))
        cdr_log(&pool->log, CADRE_WARNING,
                "%s: forking with %u other thread%s in this process: a kernel that "
                "needs a lock one of them holds would wait for ever",
                pool->name, others, others == 1 ? "" : "s");
}

int cdr_pool_begin_remote(cadre_run *run, const struct cdr_call *call,
                          struct cdr_shm_buffer *buffer, cadre_error *err)
{
    cadre_pool *pool = run->pool;
    int rc = cdr_pool_start(pool, err);

    if (!rc)
        rc = share_fences(&pool->plan, err);
    if (rc)
        return rc;
    if (cdr_plan_has(&pool->plan, CADRE_INHERITS))
        notice_threads(pool);
    run->env.state = pool->state;
    cdr_run_set_busy(run, true);
    run->alone = false;
    if (cdr_pool_is_clean(pool))
        rc = cdr_manifest_write(buffer, run, call, err);
    return rc ? rc : cdr_run_begin(run, err);
}
