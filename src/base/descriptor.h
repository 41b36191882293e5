/* descriptor.h - cadre's own file descriptors: never standard input, output or error.
 * SPDX-License-Identifier: MIT
 *
 * A program may start with descriptor 0, 1 or 2 closed. Linux then gives that number to
 * whatever is opened next, and what the program prints would go there. So everything that
 * cadre opens for itself passes through here.
 */
#ifndef CDR_BASE_DESCRIPTOR_H
#define CDR_BASE_DESCRIPTOR_H

#define CDR_FD_FIRST 3

/* The same open file at a number that is none of those three, close-on-exec; below 0 it is
 * returned as it is, with errno. On failure, which errno tells, it is closed: -1. */
int cdr_fd_own(int fd);

/* The same at `least` or above, whatever the number was. EMFILE: the limit is below. */
int cdr_fd_lift(int fd, int least);

/* A pair from pipe2 or socketpair, whose result is `rc`. 0 or an errno value; both are
 * closed then, and -1. */
int cdr_fd_own_pair(int rc, int fds[2]);

void cdr_fd_close(int fd); /* below 0: nothing */

#endif
