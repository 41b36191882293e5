/* recycle.c - worker processes that have served, or grown, long enough.
 * SPDX-License-Identifier: MIT
 *
 * For kernels that leak, or libraries that slow down. A worker counts its tasks, and looks
 * at its memory now and then, after it has given back what it ran: so it ends with nothing
 * begun, and what it has not begun stays at its seat for the fresh worker. To its caller
 * that is a death outside of tasks (loss.c), but one that nobody minds.
 */
#include "base/clock.h"
#include "base/process.h"
#include "core/pool.h"

#define LOOK_NS 1000000 /* looking takes some microseconds */

void cdr_run_set_recycling(cadre_run *run)
{
    const struct cdr_plan *plan = run->pool ? &run->pool->plan : NULL;

    run->recycle_after = plan ? plan->recycle_after : 0;
    run->recycle_kib = plan ? (plan->recycle_bytes + 1023) / 1024 : 0;
}

uint64_t cdr_worker_allowance(const struct cadre_worker *w, uint64_t units)
{
    const cadre_run *run = w->task.run;
    uint64_t left;

    if (!run->window->posts_at || !run->recycle_after)
        return units;
    left = run->recycle_after > w->served ? run->recycle_after - w->served : 1;
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

    if (!run->window->posts_at)
        return;
    w->served += tasks;
    if ((run->recycle_after && w->served >= run->recycle_after) ||
        (run->recycle_kib && has_grown(w, run->recycle_kib)))
        w->spent = true;
}

bool cadre_worker_is_spent(const cadre_worker *w)
{
    return w->spent;
}
