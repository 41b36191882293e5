/* pidfd.h - watch, signal and wait for a child process, and nobody else.
 * SPDX-License-Identifier: MIT
 *
 * A pidfd names a process for good; a number may be another's once somebody has waited for
 * the process that had it. Where Linux has no pidfds (before 5.4, or in a sandbox), the
 * functions here do with the number what can be done with it, and the caller watches
 * something else that ends with the process. `pidfd` is -1 then.
 */
#ifndef CDR_MACHINE_PIDFD_H
#define CDR_MACHINE_PIDFD_H

#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/types.h>

/* Whether pidfd_open works here and now: it may be forbidden at any time. */
bool cdr_pidfds_work(void);

/* For a child of this process: readable once that is dead; also if it is dead already and
 * somebody else has waited for it. 0, or an errno value; ENOSYS: there are no pidfds. */
int cdr_pidfd_open(int *pidfd, pid_t pid);

/* Send the signal, unless the child has been waited for. */
void cdr_pidfd_signal(pid_t pid, int pidfd, int number);

/* As waitid, for that child alone. 0, or an errno value: ECHILD when somebody else has
 * waited for it. `usage` may be NULL. */
int cdr_pidfd_wait(pid_t pid, int pidfd, siginfo_t *info, struct rusage *usage,
                   int options);

/* Whether a signal has stopped it; and whether it has been continued since the last time
 * this was asked. */
bool cdr_pidfd_is_stopped(pid_t pid, int pidfd);
bool cdr_pidfd_was_continued(pid_t pid, int pidfd);

#endif
