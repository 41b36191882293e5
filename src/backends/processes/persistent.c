/* persistent.c - worker processes that stay from run to run.
 * SPDX-License-Identifier: MIT
 *
 * A persistent worker is a fresh process of the program that serves before main (spawn/spawn.c), and
 * has what its supervisor shares at the same addresses (memory/shared_range.c). So between two runs it
 * needs nothing but to be woken: it sleeps on its slot, and the supervisor's scoreboard say which
 * run is on, by a number, and where its manifest lies. It joins that, serves, and is idle
 * again: then it is out of the run, but for what it may hold of it (a stream's window, a
 * file that tasks emit to). Where that is so, it is called once more to let go, and says
 * that it has.
 *
 * A run has a supervisor of its own, as a forked one does. The pool's first supervisor starts with
 * the pool; runs at the same time get others, of which one at most is kept when they end.
 *
 * Workers that died, or were killed since they did not end with their run, are replaced
 * when the next one begins; those that die during a run, at once. So a run always has
 * workers of the program as it was started, whatever kernels did in those before.
 */
#include "backends/spawn/spawn.h"
#include "backends/processes/supervisor.h"
#include "backends/spawn/message.h"
#include "backends/table.h"
#include "memory/shared_range.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "base/error.h"
#include "machine/pidfd.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define DEADLINE_MS 30000
#define DEADLINE_NS (DEADLINE_MS * UINT64_C(1000000))
#define END_NS      UINT64_C(1000000000) /* then they are killed */

/* ---- a run ---- */

/* What the scoreboard say from now on. */
static void announce(struct cdr_supervisor *c, const void *manifest)
{
    struct cdr_scoreboard *q = c->scoreboard;

    q->manifest = manifest;
    q->n = c->n;
    atomic_store_explicit(&q->number, q->number + 1, memory_order_release);
}

/* Whether the worker has looked at what was announced last. */
static bool has_seen(const struct cdr_supervisor *c, unsigned seat)
{
    return atomic_load_explicit(&c->scoreboard->slot[seat].at, memory_order_acquire) ==
           atomic_load_explicit(&c->scoreboard->number, memory_order_relaxed);
}

static int call_in(struct cdr_supervisor *c, unsigned seat, cadre_error *err)
{
    int rc = cdr_persistent_send_descriptors(c, seat, err);

    if (rc)
        return rc;
    cdr_supervisor_take_idle(c, seat);
    cdr_supervisor_wake_one(c, seat);
    return CADRE_OK;
}

/* Nothing has run: the first worker's word will do for all. */
static int hear_first(struct cdr_supervisor *c, cadre_error *err)
{
    uint64_t until = cdr_now() + DEADLINE_NS;
    const cadre_error *refusal;

    while (c->children[1].pid > 0 && !has_seen(c, 1)) {
        if (cdr_now() >= until)
            return cdr_fail(err, CADRE_ETIMEOUT, "worker 1 (pid %d) does not answer",
                            (int)c->children[1].pid);
        cdr_supervisor_await(c, DEADLINE_MS);
    }
    atomic_store_explicit(&c->scoreboard->report, false, memory_order_relaxed);
    refusal = cdr_supervisor_refusal(c);
    if (!refusal)
        return CADRE_OK;
    *err = *refusal;
    return refusal->code;
}

static int call_all(struct cdr_supervisor *c, cadre_error *err)
{
    int rc = CADRE_OK;

    for (unsigned seat = 1; seat <= c->n && !rc; seat++) {
        rc = call_in(c, seat, err);
        if (!rc && seat == 1 && cadre_run_is_unsure(c->run))
            rc = hear_first(c, err);
    }
    return rc;
}

/* Workers that somebody has stopped would not come when they are called. */
static void remove_stopped(struct cdr_supervisor *c)
{
    for (unsigned seat = 1; seat <= c->n; seat++)
        if (c->children[seat].pid > 0 &&
            cdr_pidfd_is_stopped(c->children[seat].pid, c->children[seat].pidfd))
            cdr_persistent_remove(c, seat);
}

static int join(struct cdr_supervisor *c, cadre_error *err)
{
    int fds[CADRE_RUN_FDS], rc;

    remove_stopped(c);
    rc = cdr_persistent_fill(c, c->n, err);

    if (rc)
        return rc;
    for (unsigned seat = 1; seat <= c->n; seat++) {
        struct cdr_child *m = &c->children[seat];
        m->asked_to_end = m->killed = m->vacant = m->seen_stopped = false;
        m->stopped_since = 0;
        m->expired = CADRE_NO_ITEM;
    }
    c->release = cadre_run_descriptors(c->run, fds) > 0;
    atomic_store_explicit(&c->scoreboard->refused, 0, memory_order_relaxed);
    atomic_store_explicit(&c->scoreboard->report, cadre_run_is_unsure(c->run),
                          memory_order_relaxed); /* until the first has been heard */
    announce(c, cadre_run_manifest(c->run));
    return call_all(c, err);
}

/* Idle again, too: else it would say so when it is called to the next run already. */
static bool has_let_go(const struct cdr_supervisor *c, unsigned seat)
{
    return has_seen(c, seat) && cdr_supervisor_is_idle(c, seat);
}

static bool all_have_let_go(struct cdr_supervisor *c)
{
    bool all = true;

    for (unsigned seat = 1; seat <= c->n; seat++) {
        if (c->children[seat].pid == 0 || has_let_go(c, seat))
            continue;
        all = false;
        if (!has_seen(c, seat) && cdr_supervisor_take_idle(c, seat))
            cdr_supervisor_wake_one(c, seat);
    }
    return all;
}

/* Have workers let go of what they hold, those that do not go with the run. */
static void release_workers(struct cdr_supervisor *c)
{
    uint64_t until = cdr_now() + cadre_run_grace_ns(c->run), now;

    announce(c, NULL);
    while (!all_have_let_go(c) && (now = cdr_now()) < until)
        cdr_supervisor_await(c, (int)((until - now + 999999) / 1000000));
    for (unsigned seat = 1; seat <= c->n; seat++)
        if (!has_let_go(c, seat))
            cdr_persistent_remove(c, seat);
}

static bool any_left(const struct cdr_supervisor *c)
{
    for (unsigned seat = 1; seat <= c->n; seat++)
        if (c->children[seat].pid > 0)
            return true;
    return false;
}

/* Workers may have states to end: have them end by themselves. */
static void let_end(struct cdr_supervisor *c)
{
    uint64_t until = cdr_now() + END_NS, now;

    c->n = c->seats;
    remove_stopped(c);
    c->scoreboard->over = true;
    announce(c, NULL);
    for (unsigned seat = 1; seat <= c->n; seat++)
        if (c->children[seat].pid > 0 && cdr_supervisor_take_idle(c, seat))
            cdr_supervisor_wake_one(c, seat);
    while (any_left(c) && (now = cdr_now()) < until)
        cdr_supervisor_await(c, (int)((until - now + 999999) / 1000000));
}

static void close_supervisor(struct cdr_supervisor *c)
{
    let_end(c);
    cdr_supervisor_kill_all(c, true);
    cdr_supervisor_free(c);
}

static void release(struct cdr_supervisor *c)
{
    struct cdr_supervisor *other;

    if (c->release)
        release_workers(c);
    c->run = NULL;
    c->ending = c->release = false;
    pthread_mutex_lock(&c->process_pool->lock);
    other = c->process_pool->spare;
    if (!other)
        c->process_pool->spare = c;
    pthread_mutex_unlock(&c->process_pool->lock);
    if (other)
        close_supervisor(c);
}

static struct cdr_supervisor *take(struct cdr_process_pool *process_pool,
                                   cadre_run *run, cadre_error *err)
{
    unsigned wanted = cadre_run_workers(run);
    struct cdr_supervisor *c;

    pthread_mutex_lock(&process_pool->lock);
    c = process_pool->spare;
    process_pool->spare = NULL;
    pthread_mutex_unlock(&process_pool->lock);
    if (!c)
        c = cdr_supervisor_make(
            process_pool,
            cdr_supervisor_fit_memory(process_pool, run, process_pool->workers), err);
    if (!c)
        return NULL;
    c->n = wanted < c->seats ? wanted : c->seats;
    cdr_supervisor_await(c, 0); /* who has died since the last run */
    return c;
}

static const struct cdr_start persistent = { .take = take,
                                             .join = join,
                                             .replace = cdr_persistent_start,
                                             .release = release,
                                             .stays = true };

/* ---- the pool ---- */

static int start_workers(struct cdr_process_pool *process_pool,
                         const cadre_setup *setup, cadre_error *err)
{
    struct cdr_spawn_plan plan = { .serve = cdr_persistent_main,
                                   .name = setup->name,
                                   .command = setup->worker_command };
    int rc = cdr_spawn_open(&process_pool->spawned, &plan, err);
    struct cdr_supervisor *c;

    if (rc)
        return rc;
    c = cdr_supervisor_make(process_pool, process_pool->workers, err);
    if (!c)
        return err->code;
    if (!cdr_shared_range_holds(c->scoreboard, c->scoreboard_size))
        rc = cdr_shared_range_refuse("persistent workers", err);
    else
        rc = cdr_persistent_fill(c, c->n, err);
    if (rc)
        cdr_supervisor_free(c);
    else
        process_pool->spare = c;
    return rc;
}

static int persistent_open(void *state, const cadre_setup *setup, cadre_error *err)
{
    struct cdr_process_pool *process_pool = state;
    int rc;

    process_pool->start = &persistent;
    rc = cdr_processes_open(state, setup, err);

    if (rc)
        return rc;
    rc = pthread_mutex_init(&process_pool->lock, NULL);
    if (rc)
        return cdr_fail_sys(err, rc, "persistent workers need a mutex");
    rc = start_workers(process_pool, setup, err);
    if (!rc)
        return CADRE_OK;
    cdr_spawn_close(process_pool->spawned);
    pthread_mutex_destroy(&process_pool->lock);
    return rc;
}

static void persistent_close(void *state)
{
    struct cdr_process_pool *process_pool = state;

    if (process_pool->spare)
        close_supervisor(process_pool->spare);
    cdr_spawn_close(process_pool->spawned);
    pthread_mutex_destroy(&process_pool->lock);
}

const cadre_backend cdr_persistent_backend = {
    .abi = CADRE_BACKEND_ABI,
    .name = "processes",
    .state_size = sizeof(struct cdr_process_pool),
    .open = persistent_open,
    .begin = cdr_processes_begin,
    .poll = cdr_processes_poll,
    .wake = cdr_processes_wake,
    .end = cdr_processes_end,
    .close = persistent_close,
    .traits = CADRE_REMOTE | CADRE_MAPPED | CADRE_ISOLATED | CADRE_KILLABLE,
    .pollfd = cdr_processes_pollfd,
};
