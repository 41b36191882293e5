/* pool.c - open and close pools, start workers, lend contexts.
 * SPDX-License-Identifier: MIT
 *
 * An explicit backend starts its workers in cadre_open, so that what cannot be had is
 * known there. With "auto" they start when a run first wants them; if they cannot, the
 * log says so and runs stay in the caller's thread.
 */
#include "core/pool/pool.h"
#include "base/alloc.h"
#include "base/descriptor.h"
#include "base/error.h"
#include "memory/shared.h"
#include "core/board/intent.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* ---- contexts ---- */

static void frame_close(struct cdr_context *f)
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

static struct cdr_context *shared_frame_open(unsigned seats, cadre_error *err)
{
    struct cdr_context *f = cdr_alloc_aligned(sizeof *f);

    if (!f)
        return no_memory(seats, err);
    memset(f, 0, sizeof *f);
    f->shared_size = cdr_shared_window_size(seats);
    f->window = cdr_shared_map(f->shared_size, "a run's window", err);
    f->event = cdr_fd_own(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (f->window && f->event < 0)
        cdr_fail_sys(err, errno, "a run with processes needs an event");
    if (!f->window || f->event < 0) {
        frame_close(f);
        return NULL;
    }
    cdr_shared_window_init(f->window, seats);
    atomic_init(&f->taken, true);
    return f;
}

static struct cdr_context *frame_open(unsigned seats, cadre_error *err)
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

static void close_frames(struct cdr_context *f)
{
    while (f) {
        struct cdr_context *next = f->next;
        frame_close(f);
        f = next;
    }
}

bool cdr_pool_is_remote(const cadre_pool *pool)
{
    return pool && pool->plan.backend->remote && getpid() == pool->owner;
}

/* In a process forked from its owner, contexts of a pool whose workers are processes are
 * not to be touched: their windows are shared with it. */
static bool lends_frames(const cadre_pool *pool)
{
    return pool && (!pool->plan.backend->remote || getpid() == pool->owner);
}

unsigned cdr_pool_seats(const cadre_pool *pool)
{
    if (cdr_pool_is_remote(pool))
        return pool->plan.workers + 1;
    return pool && pool->plan.workers > 1 ? pool->plan.workers + 1 : 1;
}

static struct cdr_context *free_frame(cadre_pool *pool)
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
    bool lends = lends_frames(pool);
    struct cdr_context *f = lends ? free_frame(pool) : NULL;

    if (f)
        return f;
    f = cdr_pool_is_remote(pool) ? shared_frame_open(cdr_pool_seats(pool), err)
                                 : frame_open(cdr_pool_seats(pool), err);
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
    if (lends_frames(pool))
        atomic_store_explicit(&f->taken, false, memory_order_release);
    else
        frame_close(f);
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
        cdr_fail_sys(err, errno, "a stream needs an event");
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

/* ---- workers ---- */

static int start_locked(cadre_pool *pool, cadre_error *err)
{
    const cadre_backend *backend = pool->plan.backend;
    cadre_setup setup = { .workers = pool->plan.workers,
                          .cpus = pool->plan.machine.cpus,
                          .name = pool->name };
    void *state = NULL;
    int rc;

    if (backend->state_size > 0 && !(state = cdr_alloc_aligned(backend->state_size)))
        return cdr_fail(err, CADRE_ENOMEM, "no memory for the %s backend",
                        backend->name);
    if (state)
        memset(state, 0, backend->state_size);
    cdr_error_clear(err);
    rc = backend->open ? backend->open(state, &setup, err) : CADRE_OK;
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
    if (rc && !pool->plan.backend->remote)
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
    return CADRE_OK;
}

static int judge_serial(const cadre_pool *pool, cadre_error *err)
{
    const struct cdr_plan *plan = &pool->plan;

    if (plan->workers > 1 || plan->backend->remote || plan->if_serial == CADRE_ALLOW)
        return CADRE_OK;
    if (plan->if_serial == CADRE_FAIL)
        return cdr_fail(err, CADRE_ESERIAL, "the plan came out serial: %s",
                        plan->why_workers);
    cdr_log(&pool->log, CADRE_WARNING, "%s: the plan came out serial: %s", pool->name,
            plan->why_workers);
    return CADRE_OK;
}

/* The first run finds its context made, and its pages there. Without memory it tries again. */
static void ready_frame(cadre_pool *pool)
{
    cadre_error error;
    struct cdr_context *f = cdr_context_take(pool, &error);

    if (f)
        cdr_context_give(pool, f);
}

/* Nobody asked for processes by name, and there can be none that stay. */
static int plan_without_kept(cadre_pool *pool, const cadre_options *opt,
                             const cadre_error *why, cadre_error *err)
{
    cadre_options without = *opt;

    cdr_log(&pool->log, CADRE_WARNING,
            "%s: threads instead of persistent processes: %s", pool->name,
            why->message);
    without.persistent = false;
    close_frames(pool->contexts); /* they were for processes */
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
    pool->owner = getpid();
    snprintf(pool->name, sizeof pool->name, "%s", opt->name ? opt->name : "cadre");
    rc = cdr_plan_make(&pool->plan, opt, NULL, cdr_workers_here(), err);
    if (!rc)
        rc = judge_serial(pool, err);
    if (rc)
        return rc;
    for (unsigned i = 0; i < pool->plan.n_warnings; i++)
        cdr_log(&pool->log, CADRE_WARNING, "%s: %s", pool->name,
                pool->plan.warnings[i]);
    ready_frame(pool);
    if ((pool->plan.automatic && !pool->plan.persistent) ||
        (pool->plan.workers < 2 && !pool->plan.backend->remote))
        return CADRE_OK;
    rc = cdr_pool_start(pool, &local);
    if (rc && pool->plan.persistent && pool->plan.automatic && !pool->plan.apart_only)
        return plan_without_kept(pool, opt, &local, err);
    if (rc)
        *err = local;
    return rc;
}

int cadre_open(cadre_pool **out, const cadre_options *opt, cadre_error *err)
{
    static const cadre_options defaults;
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
    pool = calloc(1, sizeof *pool);
    if (!pool)
        return cdr_fail(err, CADRE_ENOMEM, "no memory for a pool");
    rc = pthread_mutex_init(&pool->starting, NULL);
    if (rc) {
        free(pool);
        return cdr_fail_sys(err, rc, "a pool needs a mutex");
    }
    for (int i = 0; i < CDR_STREAMS_MAX; i++)
        atomic_init(&pool->events[i], -1);
    rc = set_up(pool, opt, err);
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
        pool->owner == getpid())
        pool->plan.backend->close(pool->state);
    cadre_close(pool->other);
    free(pool->state);
    for (int i = 0; i < CDR_STREAMS_MAX; i++)
        if (pool->events[i] >= 0)
            close(pool->events[i]);
    close_frames(pool->contexts);
    pthread_mutex_destroy(&pool->starting);
    free(pool);
}

static void signal_event(int fd)
{
    static const uint64_t one = 1;

    if (fd >= 0 && write(fd, &one, sizeof one) < 0)
        return; /* it is signalled already */
}

/* Runs that begin while this goes on may or may not be cancelled: the window's limit of
 * 0 alone says that one was (local.c). That a call which had begun before is, whether or not
 * its context is found here, follows from the order of all that is sequentially consistent:
 * it takes the context, sets the limit, and then looks at the count; here the count is
 * raised, then contexts are looked for, then limits are lowered. A run's caller may be asleep, waiting for processes;
 * one who has the context after it only wakes once for nothing. */
static void halt_maps(cadre_pool *pool)
{
    struct cdr_context *f = atomic_load(&pool->contexts);

    for (; f; f = f->next)
        if (atomic_load(&f->taken)) {
            cdr_window_stop(f->window, CADRE_ECANCELLED);
            signal_event(f->event);
        }
}

static void wake_streams(const cadre_pool *pool)
{
    for (int i = 0; i < CDR_STREAMS_MAX; i++)
        signal_event(atomic_load_explicit(&pool->events[i], memory_order_acquire));
}

/* In a process that was forked from the pool's, windows and events may be shared with it. A
 * worker has its run's; anybody else has the count, which is a copy, and what is not shared. */
static void cancel_after_fork(cadre_pool *pool)
{
    const struct cadre_worker *w = cdr_current_worker();
    cadre_run *run = w ? w->task.run : NULL;

    if (!pool->plan.backend->remote) {
        halt_maps(pool);
    } else if (run && run->pool == pool && run->window->intents_at) {
        cdr_window_stop(run->window, CADRE_ECANCELLED);
        signal_event(run->cancelled);
        signal_event(run->event);
    }
}

void cadre_cancel(cadre_pool *pool)
{
    int number = errno;

    if (!pool)
        return;
    atomic_fetch_add(&pool->cancelled, 1);
    if (getpid() != pool->owner) {
        cancel_after_fork(pool);
    } else {
        halt_maps(pool);
        wake_streams(pool);
    }
    cadre_cancel(atomic_load(&pool->other));
    errno = number;
}

unsigned cadre_workers(const cadre_pool *pool)
{
    return pool ? pool->plan.workers : 1;
}

bool cadre_shares_memory(const cadre_pool *pool)
{
    return !cdr_pool_is_remote(pool) || !pool->plan.backend->spawned;
}

const char *cadre_backend_name(const cadre_pool *pool)
{
    return pool ? pool->plan.backend->name : "serial";
}
