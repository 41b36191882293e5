/* thread.h - threads of the program's own, beside those that run jobs.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_THREAD_H
#define CDR_CLI_THREAD_H

#include <pthread.h>
#include <time.h>

/* pthread_create; signals stay the other threads'. Returns 0, or what failed as errno has it. */
int cdr_thread_start(pthread_t *thread, void *run(void *), void *arg);

/* When so many nanoseconds, less than a second's, have passed: for pthread_cond_timedwait. */
struct timespec cdr_time_after(long ns);

#endif
