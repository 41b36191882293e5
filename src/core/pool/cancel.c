/* cancel.c - end all that a pool is doing, from any thread or signal handler.
 * SPDX-License-Identifier: MIT
 */
#include "core/pool/pool.h"
#include "machine/process.h"

#include <errno.h>
#include <unistd.h>

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

    if (!cdr_plan_has(&pool->plan, CADRE_REMOTE)) {
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
    if (cdr_own_pid() != pool->owner) {
        cancel_after_fork(pool);
    } else {
        halt_maps(pool);
        wake_streams(pool);
    }
    cadre_cancel(atomic_load(&pool->other));
    cadre_cancel(atomic_load(&pool->serial));
    errno = number;
}
