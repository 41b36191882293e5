/* relief.c - a worker that was forked in advance.
 * SPDX-License-Identifier: MIT
 *
 * Forking takes the longer the more memory the program has: some 30 ms for a gigabyte in
 * pages of the usual size. Where it takes long, and the run has lasted four times as long
 * since the last time, the caller's thread forks one more than there are seats. That waits
 * until somebody dies, and takes the seat at once.
 *
 * The relief waits for the number of its seat, and wipes it out once it has read it, so
 * that the next one cannot take it for its own. Nobody watches it meanwhile: if it has
 * died, that is noticed when it has a seat, and settled as for any other.
 */
#include "backends/crew.h"
#include "base/clock.h"
#include "base/step.h"

#define LONG_NS 1000000 /* forking that takes less is not done in advance */
#define TIMES   4

void cdr_relief_forked(struct cdr_crew *c, uint64_t began)
{
    uint64_t now = cdr_now();

    c->fork_ns = now - began;
    c->relief_at = now + TIMES * c->fork_ns;
}

uint64_t cdr_relief_prepare(struct cdr_crew *c)
{
    _Atomic uint32_t *seat = &c->quarters->relieved;

    if (c->fork_ns < LONG_NS || c->relief.pid > 0)
        return UINT64_MAX;
    if (cdr_now() < c->relief_at)
        return c->relief_at;
    if (atomic_load_explicit(seat, memory_order_acquire) == 0 &&
        cdr_member_fork(c, 0, &c->relief)) {
        c->fork_ns = 0; /* who dies is replaced in the usual way */
        return UINT64_MAX;
    }
    return c->relief.pid > 0 ? UINT64_MAX : c->relief_at + TIMES * c->fork_ns;
}

bool cdr_relief_come(struct cdr_crew *c, unsigned seat)
{
    struct cdr_member relief = c->relief;

    c->relief.pid = 0;
    if (relief.pid == 0)
        return false;
    c->relief_at = cdr_now() + TIMES * c->fork_ns;
    if (cdr_member_take_up(c, seat, &relief))
        return false;
    atomic_store_explicit(&c->quarters->relieved, seat, memory_order_release);
    cdr_futex_wake_shared(&c->quarters->relieved, 1);
    return true;
}

/* It may have died before it heard of its seat. */
void cdr_relief_gone(struct cdr_crew *c, unsigned seat)
{
    if (atomic_load_explicit(&c->quarters->relieved, memory_order_acquire) == seat)
        atomic_store_explicit(&c->quarters->relieved, 0, memory_order_release);
}

void cdr_relief_end(struct cdr_crew *c)
{
    if (c->relief.pid > 0)
        cdr_member_discard(&c->relief);
}

unsigned cdr_relief_await(const struct cdr_crew *c)
{
    _Atomic uint32_t *relieved = &c->quarters->relieved;
    uint32_t seat;

    while ((seat = atomic_load_explicit(relieved, memory_order_acquire)) == 0)
        cdr_futex_wait_shared(relieved, 0, -1);
    CDR_THEN();
    atomic_store_explicit(relieved, 0, memory_order_release);
    return seat;
}
