/* affinity.c - on which CPU a thread runs.
 * SPDX-License-Identifier: MIT
 *
 * Linux often wakes a thread on the CPU of who woke it, and lets it push that one
 * aside, while another CPU is idle; balancing takes milliseconds to notice. A helper
 * that finds itself on its caller's CPU moves away by ruling that CPU out for a moment.
 */
#include "machine/affinity.h"

#include <sched.h>

int cdr_this_cpu(void)
{
    return sched_getcpu();
}

void cdr_leave_cpu(int cpu)
{
    cpu_set_t all, others;

    if (cpu < 0 || cpu >= CPU_SETSIZE || sched_getcpu() != cpu ||
        sched_getaffinity(0, sizeof all, &all))
        return;
    others = all;
    CPU_CLR(cpu, &others);
    if (CPU_COUNT(&others) == 0 || sched_setaffinity(0, sizeof others, &others))
        return;
    sched_setaffinity(0, sizeof all, &all); /* what was allowed just now still is */
}
