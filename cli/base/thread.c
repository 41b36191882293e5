/* thread.c - threads of the program's own, beside those that run jobs.
 * SPDX-License-Identifier: MIT
 */
#include "cli/base/thread.h"

#include <signal.h>

int cdr_thread_start(pthread_t *thread, void *run(void *), void *arg)
{
    sigset_t all, old;
    int rc;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    rc = pthread_create(thread, NULL, run, arg);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return rc;
}

struct timespec cdr_time_after(long ns)
{
    struct timespec t = { 0 };

    (void)clock_gettime(CLOCK_REALTIME, &t); /* always there on Linux */
    t.tv_nsec += ns;
    t.tv_sec += t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    return t;
}
