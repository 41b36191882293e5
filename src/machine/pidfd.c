/* pidfd.c - watch, signal and wait for a child process, and nobody else.
 * SPDX-License-Identifier: MIT
 */
#include "machine/pidfd.h"
#include "base/descriptor.h"

#include <errno.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

/* Linux does not know the call, or does not let us make it. */
static bool is_refused(int number)
{
    return number == ENOSYS || number == EPERM || number == EACCES || number == EINVAL;
}

bool cdr_pidfds_work(void)
{
    int fd = (int)syscall(SYS_pidfd_open, getpid(), 0), number = errno;

    if (fd >= 0)
        close(fd);
    return fd >= 0 || !is_refused(number);
}

int cdr_pidfd_open(int *pidfd, pid_t pid)
{
    *pidfd = cdr_fd_own((int)syscall(SYS_pidfd_open, pid, 0));
    if (*pidfd >= 0)
        return 0;
    if (is_refused(errno))
        return ENOSYS;
    if (errno != ESRCH)
        return errno;
    /* SIGCHLD is ignored, or somebody waits for any child. What is no pidfd names no
     * process (EBADF), and is always readable. */
    *pidfd = cdr_fd_own(eventfd(1, EFD_CLOEXEC));
    return *pidfd < 0 ? errno : 0;
}

static int wait_by_number(pid_t pid, siginfo_t *info, struct rusage *usage, int options)
{
    return syscall(SYS_waitid, P_PID, pid, info, options, usage) ? errno : 0;
}

static int wait_once(pid_t pid, int pidfd, siginfo_t *info, struct rusage *usage,
                     int options)
{
    memset(info, 0, sizeof *info);
    if (pidfd < 0)
        return wait_by_number(pid, info, usage, options);
    if (syscall(SYS_waitid, P_PIDFD, pidfd, info, options, usage) == 0)
        return 0;
    if (errno == EBADF)
        return ECHILD;
    return is_refused(errno) ? wait_by_number(pid, info, usage, options) : errno;
}

int cdr_pidfd_wait(pid_t pid, int pidfd, siginfo_t *info, struct rusage *usage,
                   int options)
{
    int rc;

    do
        rc = wait_once(pid, pidfd, info, usage, options);
    while (rc == EINTR);
    return rc;
}

void cdr_pidfd_signal(pid_t pid, int pidfd, int number)
{
    siginfo_t info;

    if (pidfd >= 0 && (syscall(SYS_pidfd_send_signal, pidfd, number, NULL, 0) == 0 ||
                       !is_refused(errno)))
        return;
    /* As long as it is there to be waited for, the number is its own. */
    if (cdr_pidfd_wait(pid, pidfd, &info, NULL, WEXITED | WNOHANG | WNOWAIT) == 0)
        kill(pid, number);
}

static bool has_been(pid_t pid, int pidfd, int options)
{
    siginfo_t info;

    return cdr_pidfd_wait(pid, pidfd, &info, NULL, options | WNOHANG) == 0 &&
           info.si_pid != 0;
}

bool cdr_pidfd_is_stopped(pid_t pid, int pidfd)
{
    return has_been(pid, pidfd, WSTOPPED | WNOWAIT);
}

bool cdr_pidfd_was_continued(pid_t pid, int pidfd)
{
    return has_been(pid, pidfd, WCONTINUED);
}
