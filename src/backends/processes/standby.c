/* standby.c - a worker that was forked in advance.
 * SPDX-License-Identifier: MIT
 *
 * Forking takes the longer the more memory the program has: some 30 ms for a gigabyte in
 * pages of the usual size. Where it takes long, and the run has lasted four times as long
 * since the last time, the caller's thread forks one more than there are seats. That waits
 * until somebody dies, and takes the seat at once.
 *
 * The standby waits for the number of its seat, and wipes it out once it has read it, so
 * that the next one cannot take it for its own. Nobody watches it meanwhile: if it has
 * died, that is noticed when it has a seat, and settled as for any other.
 */
#include "backends/processes/supervisor.h"
#include "base/clock.h"
#include "base/crash_point.h"

#define LONG_NS 1000000 /* forking that takes less is not done in advance */

uint64_t cdr_standby_prepare(struct cdr_supervisor *c)
{
    _Atomic uint32_t *seat = &c->scoreboard->standby_seat;

    if (c->fork_ns < LONG_NS || c->standby.pid > 0)
        return UINT64_MAX;
    if (cdr_now() < c->standby_at)
        return c->standby_at;
    if (atomic_load_explicit(seat, memory_order_acquire) == 0 &&
        cdr_child_fork(c, 0, &c->standby)) {
        c->fork_ns = 0; /* who dies is replaced in the usual way */
        return UINT64_MAX;
    }
    return c->standby.pid > 0 ? UINT64_MAX
                              : c->standby_at + CDR_STANDBY_TIMES * c->fork_ns;
}

bool cdr_standby_adopt(struct cdr_supervisor *c, unsigned seat)
{
    struct cdr_child standby = c->standby;

    c->standby.pid = 0;
    if (standby.pid == 0)
        return false;
    c->standby_at = cdr_now() + CDR_STANDBY_TIMES * c->fork_ns;
    if (cdr_child_adopt(c, seat, &standby))
        return false;
    atomic_store_explicit(&c->scoreboard->standby_seat, seat, memory_order_release);
    cdr_futex_wake_shared(&c->scoreboard->standby_seat, 1);
    return true;
}

/* It may have died before it heard of its seat. */
void cdr_standby_gone(struct cdr_supervisor *c, unsigned seat)
{
    if (atomic_load_explicit(&c->scoreboard->standby_seat, memory_order_acquire) ==
        seat)
        atomic_store_explicit(&c->scoreboard->standby_seat, 0, memory_order_release);
}

void cdr_standby_end(struct cdr_supervisor *c)
{
    if (c->standby.pid > 0)
        cdr_child_discard(&c->standby);
}
