/* affinity.h - on which CPU a thread runs.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_MACHINE_AFFINITY_H
#define CDR_MACHINE_AFFINITY_H

/* The CPU this thread runs on now, or -1 when the system does not say. */
int cdr_this_cpu(void);

/* If this thread runs on `cpu`, move to another CPU that it may use; where it may run
 * stays as it was. Does nothing when there is no other. */
void cdr_leave_cpu(int cpu);

#endif
