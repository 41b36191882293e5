/* context.c - what a pool lends its callers: contexts of maps, events of streams.
 * SPDX-License-Identifier: MIT
 */
#include "core/pool/pool.h"
#include "base/alloc.h"
#include "base/descriptor.h"
#include "base/error.h"
#include "memory/shared.h"
#include "machine/process.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* ---- contexts ---- */

static void context_close(struct cdr_context *f)
{
    cdr_worker_fini(&f->caller);
    cdr_shm_buffer_fini(&f->manifest);
    cdr_shm_buffer_fini(&f->staging);
    if (f->event >= 0)
        close(f->event);
    if (f->shared_size)
        cdr_shared_unmap(f->window, f->shared_size);
    free(f);
}

static void *no_memory(unsigned seats, cadre_error *err)
{
    cdr_fail(err, CADRE_ENOMEM, "no memory for a run with %u workers",
             seats > 1 ? seats - 1 : 1);
    return NULL;
}

/* What cadre_cancel writes to. */
static int make_event(struct cdr_context *f, cadre_error *err)
{
    f->event = cdr_fd_own(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    return f->event < 0
               ? cdr_fail_sys(err, errno,
                              "a run with processes needs eventfd, which fails")
               : CADRE_OK;
}

static struct cdr_context *shared_context_open(unsigned seats, cadre_error *err)
{
    struct cdr_context *f = cdr_alloc_aligned(sizeof *f);

    if (!f)
        return no_memory(seats, err);
    memset(f, 0, sizeof *f);
    f->shared_size = cdr_shared_window_size(seats);
    f->window = cdr_shared_map(f->shared_size, "a run's window", err);
    f->event = -1;
    if (!f->window || make_event(f, err)) {
        context_close(f);
        return NULL;
    }
    cdr_shared_window_init(f->window, seats);
    atomic_init(&f->taken, true);
    return f;
}

static struct cdr_context *context_open(unsigned seats, cadre_error *err)
{
    size_t head = (sizeof(struct cdr_context) + CDR_FALSE_SHARING - 1) /
                  CDR_FALSE_SHARING * CDR_FALSE_SHARING;
    struct cdr_context *f = cdr_alloc_aligned(head + cdr_window_size(seats));

    if (!f)
        return no_memory(seats, err);
    memset(f, 0, head);
    f->event = -1;
    f->window = (struct cadre_window *)(void *)((char *)f + head);
    cdr_window_init(f->window, seats);
    atomic_init(&f->taken, true);
    return f;
}

void cdr_contexts_close(struct cdr_context *f)
{
    while (f) {
        struct cdr_context *next = f->next;
        context_close(f);
        f = next;
    }
}

/* In a process forked from its owner, contexts of a pool whose workers are processes are
 * not to be touched: their windows are shared with it. */
static bool lends_contexts(const cadre_pool *pool)
{
    return pool &&
           (!cdr_plan_has(&pool->plan, CADRE_REMOTE) || cdr_own_pid() == pool->owner);
}

static struct cdr_context *free_context(cadre_pool *pool)
{
    struct cdr_context *f = atomic_load_explicit(&pool->contexts, memory_order_acquire);

    for (; f; f = f->next)
        if (!atomic_load_explicit(&f->taken, memory_order_relaxed) &&
            !atomic_exchange(&f->taken, true))
            return f;
    return NULL;
}

struct cdr_context *cdr_context_take(cadre_pool *pool, cadre_error *err)
{
    bool lends = lends_contexts(pool);
    struct cdr_context *f = lends ? free_context(pool) : NULL;

    if (f)
        return f;
    f = cdr_pool_is_mapped(pool) ? shared_context_open(cdr_pool_seats(pool), err)
                                 : context_open(cdr_pool_seats(pool), err);
    if (f && cdr_pool_is_remote(pool) && f->event < 0 && make_event(f, err)) {
        context_close(f);
        return NULL;
    }
    if (!f || !lends)
        return f;
    f->next = atomic_load_explicit(&pool->contexts, memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(
        &pool->contexts, &f->next, f, memory_order_seq_cst, memory_order_relaxed))
        ;
    return f;
}

void cdr_context_give(cadre_pool *pool, struct cdr_context *f)
{
    if (lends_contexts(pool))
        atomic_store_explicit(&f->taken, false, memory_order_release);
    else
        context_close(f);
}

/* ---- events ---- */

int cdr_pool_take_event(cadre_pool *pool, cadre_error *err)
{
    uint64_t taken = atomic_load_explicit(&pool->events_taken, memory_order_relaxed),
             bit;
    int number, fd;

    do {
        if (taken == UINT64_MAX)
            return cdr_fail(err, CADRE_EBUSY,
                            "%d streams are open on this pool already",
                            CDR_STREAMS_MAX),
                   -1;
        bit = ~taken & (taken + 1);
    } while (!atomic_compare_exchange_weak_explicit(&pool->events_taken, &taken,
                                                    taken | bit, memory_order_acquire,
                                                    memory_order_relaxed));
    number = __builtin_ctzll(bit);
    if (atomic_load_explicit(&pool->events[number], memory_order_relaxed) >= 0)
        return number;
    fd = cdr_fd_own(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (fd < 0) {
        cdr_fail_sys(err, errno, "a stream needs eventfd, which fails");
        cdr_pool_give_event(pool, number);
        return -1;
    }
    atomic_store_explicit(&pool->events[number], fd, memory_order_release);
    return number;
}

void cdr_pool_give_event(cadre_pool *pool, int number)
{
    atomic_fetch_and_explicit(&pool->events_taken, ~((uint64_t)1 << number),
                              memory_order_release);
}

/* ---- runs ---- */

void cdr_pool_env(const cadre_pool *pool, struct cdr_run_env *env)
{
    const struct cdr_plan *plan = pool ? &pool->plan : NULL;

    *env = (struct cdr_run_env){ .workers = 1 };
    if (!pool)
        return;
    env->backend = plan->backend;
    env->state = cdr_pool_state(pool);
    env->log = &pool->log;
    env->name = pool->name;
    env->costs = (struct cdr_costs *)(uintptr_t)&pool->costs;
    env->workers = plan->workers;
    if (cdr_own_pid() == pool->owner)
        env->kept = (struct cdr_kept_states *)(uintptr_t)&pool->kept;
    env->remote = cdr_pool_is_remote(pool);
    env->keeps_states = !env->remote || !cdr_plan_has(plan, CADRE_INHERITS);
    env->killable = env->remote && cdr_plan_has(plan, CADRE_KILLABLE);
    env->own_cpus = cdr_plan_has(plan, CADRE_OWN_CPUS);
    env->spin = plan->workers <= plan->machine.cpus;
    env->chunk = plan->chunk;
    env->retire_after = plan->retire_after;
    env->retire_kib = (plan->retire_bytes + 1023) / 1024;
}

void cdr_context_set_up(struct cdr_context *f, cadre_pool *pool,
                        const struct cdr_program *p, const cadre_job *job,
                        const struct cdr_call *call)
{
    struct cdr_run_env env;

    cdr_window_reset(f->window, (p->n + p->grain - 1) / p->grain, p->grain);
    cdr_pool_env(pool, &env);
    cdr_run_set_up(&f->run, p, f->window, &env, job, call);
    f->run.pool = pool;
    f->run.cancelled = f->event;
    f->run.given_up = &f->given_up;
    /* Sequentially consistent, as are the window's limit and what cadre_cancel does to both:
     * who comes too early to find the window in use is seen here. */
    if (atomic_load(f->run.cancel) != f->run.cancel_seen)
        cdr_window_stop(f->window, CADRE_ECANCELLED);
}
