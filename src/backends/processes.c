/* processes.c - workers that are processes, forked when a run begins.
 * SPDX-License-Identifier: MIT
 *
 * A crew (crew.c) belongs to one run, and is gone when that ends. What workers share with
 * the caller is the window, which core puts into shared memory, and their idleness.
 */
#include "backends/crew.h"
#include "backends/table.h"
#include "base/error.h"

#include <stdio.h>
#include <unistd.h>

#define FAN_OUT 4

static int processes_open(void *state, const cadre_setup *setup, cadre_error *err)
{
    struct cdr_team *team = state;

    if (!cdr_fences_share())
        return cdr_fail(err, CADRE_ENOTSUP,
                        "processes need a newer Linux, with membarrier for all");
    team->workers = setup->workers;
    snprintf(team->name, sizeof team->name, "%s", setup->name);
    return CADRE_OK;
}

static int processes_begin(void *state, cadre_run *run, cadre_error *err)
{
    struct cdr_crew *crew;

    return cdr_crew_begin(&crew, state, run, err);
}

static unsigned processes_tend(void *state, cadre_run *run, int timeout_ms)
{
    (void)state;
    return cdr_crew_tend(cadre_run_slot(run), timeout_ms);
}

/* The caller has fed a stream; or a worker of a map gave back what it was asked for. */
static void processes_wake(void *state, cadre_run *run)
{
    struct cdr_crew *c = cadre_run_slot(run);
    static const uint64_t one = 1;

    (void)state;
    if (c->seat > 0) {
        if (write(c->event, &one, sizeof one) < 0)
            return; /* it is signalled already */
        return;
    }
    cdr_light_fence();
    if (cdr_crew_has_idle(c))
        cdr_crew_rouse(c, FAN_OUT);
}

static void processes_end(void *state, cadre_run *run)
{
    (void)state;
    cdr_crew_end(cadre_run_slot(run));
}

static int processes_watch(void *state, cadre_run *run)
{
    struct cdr_crew *c = cadre_run_slot(run);

    (void)state;
    return c->poll;
}

const cadre_backend cdr_processes_backend = {
    .abi = CADRE_BACKEND_ABI,
    .name = "processes",
    .state_size = sizeof(struct cdr_team),
    .open = processes_open,
    .begin = processes_begin,
    .tend = processes_tend,
    .wake = processes_wake,
    .end = processes_end,
    .apart = true,
    .watch = processes_watch,
};
