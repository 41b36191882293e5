/* fork.c - workers that are processes, forked when a run begins.
 * SPDX-License-Identifier: MIT
 *
 * A supervisor (supervisor.c) belongs to one run, and is gone when that ends. What workers share with
 * the caller is the window, which core puts into shared memory, and their idleness.
 */
#include "backends/processes/supervisor.h"
#include "backends/table.h"
#include "base/error.h"

#include <stdio.h>
#include <unistd.h>

#define FAN_OUT 4

static int processes_open(void *state, const cadre_setup *setup, cadre_error *err)
{
    struct cdr_process_pool *process_pool = state;

    int rc = cdr_supervisor_check_calls(err);

    if (rc)
        return rc;
    process_pool->workers = setup->workers;
    snprintf(process_pool->name, sizeof process_pool->name, "%s", setup->name);
    return CADRE_OK;
}

static int processes_begin(void *state, cadre_run *run, cadre_error *err)
{
    struct cdr_supervisor *supervisor;

    return cdr_supervisor_begin(&supervisor, state, run, err);
}

static unsigned processes_tend(void *state, cadre_run *run, int timeout_ms)
{
    (void)state;
    return cdr_supervisor_poll(cadre_run_data(run), timeout_ms);
}

/* The caller has fed a stream; or a worker of a map gave back what it was asked for. */
static void processes_wake(void *state, cadre_run *run)
{
    struct cdr_supervisor *c = cadre_run_data(run);
    static const uint64_t one = 1;

    (void)state;
    if (c->seat > 0) {
        if (write(c->event, &one, sizeof one) < 0)
            return; /* it is signalled already */
        return;
    }
    cdr_light_fence();
    if (cdr_supervisor_has_idle(c))
        cdr_supervisor_wake_some(c, FAN_OUT);
}

static void processes_end(void *state, cadre_run *run)
{
    (void)state;
    cdr_supervisor_end(cadre_run_data(run));
}

static int processes_watch(void *state, cadre_run *run)
{
    struct cdr_supervisor *c = cadre_run_data(run);

    (void)state;
    return c->poll;
}

const cadre_backend cdr_processes_backend = {
    .abi = CADRE_BACKEND_ABI,
    .name = "processes",
    .state_size = sizeof(struct cdr_process_pool),
    .open = processes_open,
    .begin = processes_begin,
    .poll = processes_tend,
    .wake = processes_wake,
    .end = processes_end,
    .remote = true,
    .pollfd = processes_watch,
};
