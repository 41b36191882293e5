/* message.c - messages between a process and its workers, with descriptors.
 * SPDX-License-Identifier: MIT
 */
#include "backends/spawn/message.h"
#include "base/clock.h"
#include "base/descriptor.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union enclosure {
    struct cmsghdr head; /* aligns it */
    char room[CMSG_SPACE(CDR_MESSAGE_FDS * sizeof(int))];
};

static void enclose(struct msghdr *message, union enclosure *e, const int *fds,
                    unsigned n_fds)
{
    memset(e, 0, sizeof *e);
    message->msg_control = e;
    message->msg_controllen = CMSG_SPACE(n_fds * sizeof *fds);
    e->head.cmsg_level = SOL_SOCKET;
    e->head.cmsg_type = SCM_RIGHTS;
    e->head.cmsg_len = CMSG_LEN(n_fds * sizeof *fds);
    memcpy(CMSG_DATA(&e->head), fds, n_fds * sizeof *fds);
}

int cdr_message_send(int socket, const void *bytes, size_t size, const int *fds,
                     unsigned n_fds)
{
    struct iovec part = { .iov_base = (void *)(size_t)bytes, .iov_len = size };
    struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
    union enclosure e;
    ssize_t sent;

    if (n_fds > CDR_MESSAGE_FDS)
        return EINVAL;
    if (n_fds > 0)
        enclose(&message, &e, fds, n_fds);
    do
        sent = sendmsg(socket, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    if (sent < 0)
        return errno == ECONNRESET ? EPIPE : errno;
    return (size_t)sent == size ? 0 : EPROTO;
}

int cdr_message_await(int socket, int pidfd, uint64_t until)
{
    struct pollfd what[2] = { { .fd = socket, .events = POLLIN },
                              { .fd = pidfd, .events = POLLIN } };
    uint64_t now;
    int n;

    do {
        now = cdr_now();
        n = poll(what, 2, now < until ? (int)((until - now + 999999) / 1000000) : 0);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno;
    if (n == 0)
        return ETIMEDOUT;
    return what[0].revents ? 0 : ESRCH;
}

/* Those that fit go to fds, the rest is closed. Returns how many there were; -1 in fds: it
 * could not be had. */
static unsigned take_out(struct msghdr *message, int *fds, unsigned room)
{
    unsigned n = 0;

    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
        size_t bytes = c->cmsg_len - CMSG_LEN(0);
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t at = 0; at + sizeof(int) <= bytes; at += sizeof(int), n++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + at, sizeof fd);
            if (n < room)
                fds[n] = cdr_fd_own(fd);
            else
                close(fd);
        }
    }
    return n;
}

static int check(ssize_t got, size_t size, const struct msghdr *message, const int *fds,
                 unsigned n, unsigned room)
{
    if (got == 0)
        return EPIPE;
    if ((size_t)got != size || message->msg_flags & (MSG_TRUNC | MSG_CTRUNC) ||
        n > room)
        return EPROTO;
    for (unsigned k = 0; k < n; k++)
        if (fds[k] < 0)
            return EMFILE;
    return 0;
}

int cdr_message_receive(int socket, void *bytes, size_t size, int *fds, unsigned *n_fds)
{
    struct iovec part = { .iov_base = bytes, .iov_len = size };
    union enclosure e;
    struct msghdr message = {
        .msg_iov = &part, .msg_iovlen = 1, .msg_control = &e, .msg_controllen = sizeof e
    };
    unsigned room = n_fds ? *n_fds : 0, n;
    ssize_t got;
    int rc;

    do
        got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return errno == ECONNRESET ? EPIPE : errno;
    n = take_out(&message, fds, room);
    rc = check(got, size, &message, fds, n, room);
    while (rc && n > 0)
        if (n-- <= room)
            cdr_fd_close(fds[n]);
    if (n_fds)
        *n_fds = n;
    return rc;
}
