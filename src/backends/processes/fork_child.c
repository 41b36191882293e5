/* fork_child.c - fork a worker process.
 * SPDX-License-Identifier: MIT
 */
#include "backends/processes/supervisor.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "machine/pidfd.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

/* Nobody else is to have the workers' end of a lifeline, also if another thread begins a
 * run of its own. */
static pthread_mutex_t forking = PTHREAD_MUTEX_INITIALIZER;

/* Signals wait until it is clear in which process they are: a handler of the program's
 * must not run in the worker. */
static pid_t fork_quietly(struct cdr_supervisor *c, unsigned seat, int stderr_fd,
                          int lifeline)
{
    sigset_t all, old;
    pid_t pid;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old); /* cannot fail */
    pid = fork();
    if (pid == 0) {
        if (c->lifelines)
            pthread_mutex_unlock(&forking); /* locked by this thread, before */
        cdr_worker_main(c, seat, stderr_fd, lifeline);
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return pid;
}

static int fork_between(struct cdr_supervisor *c, unsigned seat, struct cdr_child *m,
                        int stderr_end, int lifeline)
{
    uint64_t began = cdr_now();
    int rc;

    m->pid = fork_quietly(c, seat, stderr_end, lifeline);
    if (m->pid < 0)
        return errno;
    c->fork_ns = cdr_now() - began;
    c->standby_at = cdr_now() + CDR_STANDBY_TIMES * c->fork_ns;
    rc = cdr_pidfd_open(&m->pidfd, m->pid);
    return rc == ENOSYS && m->lifeline >= 0 ? 0 : rc;
}

static int make_lifeline(const struct cdr_supervisor *c, int ends[2])
{
    ends[0] = ends[1] = -1;
    return c->lifelines ? cdr_fd_own_pair(pipe2(ends, O_CLOEXEC), ends) : 0;
}

static int fork_with_pipes(struct cdr_supervisor *c, unsigned seat, struct cdr_child *m)
{
    int output[2], lifeline[2], rc = cdr_child_pipe(output);

    if (rc)
        return rc;
    *m = (struct cdr_child){ .pidfd = -1, .socket = -1 };
    rc = make_lifeline(c, lifeline);
    m->stderr_fd = output[0];
    m->lifeline = lifeline[0];
    if (!rc)
        rc = fork_between(c, seat, m, output[1], lifeline[1]);
    cdr_fd_close(output[1]);
    cdr_fd_close(lifeline[1]);
    if (rc && m->pid > 0) {
        cdr_child_discard(m);
    } else if (rc) {
        cdr_fd_close(output[0]);
        cdr_fd_close(lifeline[0]);
        m->pid = 0;
    }
    return rc;
}

int cdr_child_fork(struct cdr_supervisor *c, unsigned seat, struct cdr_child *m)
{
    int rc;

    if (!c->lifelines)
        return fork_with_pipes(c, seat, m);
    pthread_mutex_lock(&forking);
    rc = fork_with_pipes(c, seat, m);
    pthread_mutex_unlock(&forking);
    return rc;
}
