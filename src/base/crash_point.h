/* crash_point.h - where tests cut in.
 * SPDX-License-Identifier: MIT
 *
 * Before each access to what threads share, the ring says CDR_SCHED_POINT(). It is nothing,
 * but for one test that is built with a function there, which decides who goes on: so
 * it can try every order of the steps of several threads. Another test kills worker
 * processes there, at every step.
 */
#ifndef CDR_BASE_CRASH_POINT_H
#define CDR_BASE_CRASH_POINT_H

#include <stdatomic.h>

#ifdef CDR_CRASH_POINT_FUNCTION
void CDR_CRASH_POINT_FUNCTION(void);
#define CDR_SCHED_POINT() CDR_CRASH_POINT_FUNCTION()
#else
#define CDR_SCHED_POINT() ((void)0)
#endif

/* Between two stores that must be made in this order by a process that may die between
 * them: who looks after its death sees all that it did, so only the compiler has to be
 * told. */
#define CDR_CRASH_POINT()                          \
    do {                                           \
        atomic_signal_fence(memory_order_seq_cst); \
        CDR_SCHED_POINT();                         \
    } while (0)

#endif
