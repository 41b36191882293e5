/* backend.c - what the backends of processes have in common.
 * SPDX-License-Identifier: MIT
 */
#include "backends/processes/supervisor.h"
#include "base/error.h"

#include <stdio.h>
#include <unistd.h>

#define FAN_OUT 4

int cdr_processes_open(void *state, const cadre_setup *setup, cadre_error *err)
{
    struct cdr_process_pool *process_pool = state;

    int rc = cdr_supervisor_check_calls(err);

    if (rc)
        return rc;
    process_pool->workers = setup->workers;
    snprintf(process_pool->name, sizeof process_pool->name, "%s", setup->name);
    return CADRE_OK;
}

int cdr_processes_begin(void *state, cadre_run *run, cadre_error *err)
{
    struct cdr_supervisor *supervisor;

    return cdr_supervisor_begin(&supervisor, state, run, err);
}

unsigned cdr_processes_poll(void *state, cadre_run *run, int timeout_ms)
{
    (void)state;
    return cdr_supervisor_poll(cadre_run_data(run), timeout_ms);
}

/* The caller has fed a stream; or a worker of a map gave back what it was asked for. */
void cdr_processes_wake(void *state, cadre_run *run)
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

void cdr_processes_end(void *state, cadre_run *run)
{
    (void)state;
    cdr_supervisor_end(cadre_run_data(run));
}

int cdr_processes_pollfd(void *state, cadre_run *run)
{
    struct cdr_supervisor *c = cadre_run_data(run);

    (void)state;
    return c->poll;
}
