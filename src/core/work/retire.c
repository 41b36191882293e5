/* retire.c - worker processes that have served, or grown, long enough.
 * SPDX-License-Identifier: MIT
 *
 * For kernels that leak, or libraries that slow down. A worker counts its tasks, and looks
 * at its memory now and then, after it has given back what it ran: so it ends with nothing
 * begun, and what it has not begun stays at its seat for the fresh worker. To its caller
 * that is a death outside of tasks (fault/recover.c), but one that nobody minds.
 */
#include "base/clock.h"
#include "machine/process.h"
#include "core/run/run.h"

#define LOOK_NS 1000000 /* looking takes some microseconds */

uint64_t cdr_worker_allowance(const struct cadre_worker *w, uint64_t units)
{
    const cadre_run *run = w->task.run;
    uint64_t left;

    if (!run->env.remote || !run->env.retire_after)
        return units;
    left = run->env.retire_after > w->served ? run->env.retire_after - w->served : 1;
    left = (left + run->program->grain - 1) / run->program->grain;
    return units < left ? units : left;
}

static bool has_grown(struct cadre_worker *w, uint64_t most)
{
    uint64_t now = cdr_now(), kib;

    if (w->first_kib && now - w->looked < LOOK_NS)
        return false;
    w->looked = now;
    kib = cdr_private_kib();
    if (!w->first_kib)
        w->first_kib = kib;
    return kib > w->first_kib + most;
}

void cdr_worker_served(struct cadre_worker *w, uint64_t tasks)
{
    const cadre_run *run = w->task.run;

    if (!run->env.remote)
        return;
    w->served += tasks;
    if ((run->env.retire_after && w->served >= run->env.retire_after) ||
        (run->env.retire_kib && has_grown(w, run->env.retire_kib)))
        w->retired = true;
}
