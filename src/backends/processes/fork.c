/* fork.c - workers that are processes, forked when a run begins.
 * SPDX-License-Identifier: MIT
 *
 * A supervisor (supervisor.c) belongs to one run, and is gone when that ends. What workers
 * share with the caller is the window, which core puts into shared memory, and the scoreboard.
 */
#include "backends/processes/supervisor.h"
#include "backends/table.h"
#include "base/error.h"

#define SLOW_FORK_NS 3000000 /* with some hundred MiB in pages of the usual size */
#define WAIT_SHARE   4       /* of the time of a fork: to wait before the next */

static struct cdr_supervisor *take(struct cdr_process_pool *process_pool,
                                   cadre_run *run, cadre_error *err)
{
    return cdr_supervisor_make(
        process_pool,
        cdr_supervisor_fit_memory(process_pool, run, cadre_run_workers(run)), err);
}

static int fork_one(struct cdr_supervisor *c, unsigned seat, cadre_error *err)
{
    struct cdr_child m;
    int rc = cdr_child_fork(c, seat, &m);

    if (!rc)
        rc = cdr_child_adopt(c, seat, &m);
    if (!rc)
        return CADRE_OK;
    return cdr_fail_sys(err, rc, "worker process %u of %u could not be started", seat,
                        c->n);
}

static int replace(struct cdr_supervisor *c, unsigned seat, cadre_error *err)
{
    return cdr_standby_adopt(c, seat) ? CADRE_OK : fork_one(c, seat, err);
}

/* Where forking takes long, a small map is over before the second fork would be: the first
 * worker gets a little time for that. */
static bool wants_another(struct cdr_supervisor *c, unsigned seat)
{
    if (seat != 2 || c->fork_ns < SLOW_FORK_NS || cadre_run_is_stream(c->run))
        return true;
    cdr_supervisor_await(c, (int)(c->fork_ns / WAIT_SHARE / 1000000) + 1);
    return cadre_run_has_work(c->run) || cdr_supervisor_busy(c) > 0;
}

static int join(struct cdr_supervisor *c, cadre_error *err)
{
    int rc = CADRE_OK;

    for (unsigned seat = 1; seat <= c->n && !rc && wants_another(c, seat); seat++)
        rc = replace(c, seat, err);
    return rc;
}

static const struct cdr_start by_fork = {
    .take = take, .join = join, .replace = replace, .release = cdr_supervisor_free
};

static int open(void *state, const cadre_setup *setup, cadre_error *err)
{
    struct cdr_process_pool *process_pool = state;

    process_pool->start = &by_fork;
    return cdr_processes_open(state, setup, err);
}

const cadre_backend cdr_processes_backend = {
    .abi = CADRE_BACKEND_ABI,
    .name = "processes",
    .state_size = sizeof(struct cdr_process_pool),
    .open = open,
    .begin = cdr_processes_begin,
    .poll = cdr_processes_poll,
    .wake = cdr_processes_wake,
    .end = cdr_processes_end,
    .traits =
        CADRE_REMOTE | CADRE_MAPPED | CADRE_INHERITS | CADRE_ISOLATED | CADRE_KILLABLE,
    .pollfd = cdr_processes_pollfd,
};
