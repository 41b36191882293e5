/* descriptor.c - cadre's own file descriptors: never standard input, output or error.
 * SPDX-License-Identifier: MIT
 */
#include "base/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

void cdr_fd_close(int fd)
{
    if (fd >= 0)
        close(fd);
}

int cdr_fd_lift(int fd, int least)
{
    int high, number = errno;

    if (fd < 0)
        return -1;
    high = fcntl(fd, F_DUPFD_CLOEXEC, least);
    if (high < 0)
        number = errno == EINVAL ? EMFILE : errno; /* the limit is below `least` */
    close(fd);
    errno = number;
    return high;
}

int cdr_fd_own(int fd)
{
    return fd < 0 || fd >= CDR_FD_FIRST ? fd : cdr_fd_lift(fd, CDR_FD_FIRST);
}

int cdr_fd_own_pair(int rc, int fds[2])
{
    if (rc) {
        fds[0] = fds[1] = -1;
        return errno;
    }
    rc = 0;
    for (int k = 0; k < 2; k++) {
        fds[k] = cdr_fd_own(fds[k]);
        if (fds[k] < 0)
            rc = errno;
    }
    for (int k = 0; k < 2 && rc; k++) {
        cdr_fd_close(fds[k]);
        fds[k] = -1;
    }
    return rc;
}
