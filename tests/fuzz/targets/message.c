/* message.c - what comes over a socket is a message of the size that is wanted, or refused.
 * SPDX-License-Identifier: MIT
 *
 * Byte 0: how many bytes are wanted. Byte 1: how many descriptors are, and how many come.
 * The rest is what is sent.
 */
#include "target.h"
#include "backends/spawn/message.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The lowest number that is free shows whether any stays open. */
static int next_free(void)
{
    int fd = fcntl(STDERR_FILENO, F_DUPFD, 3);

    close(fd);
    return fd;
}

static void receive(int socket, const uint8_t *sent, size_t n_sent, size_t wanted,
                    unsigned room, unsigned n_fds)
{
    uint8_t bytes[256];
    int fds[CDR_MESSAGE_FDS], rc;
    unsigned n = room;

    rc = cdr_message_receive(socket, bytes, wanted, fds, &n);
    HOLDS(rc == 0 || rc == EPROTO || rc == EPIPE);
    HOLDS((rc == 0) == (n_sent == wanted && n_sent > 0 && n_fds <= room));
    if (rc)
        return;
    HOLDS(memcmp(bytes, sent, wanted) == 0);
    HOLDS(n == n_fds);
    while (n-- > 0)
        HOLDS(fds[n] >= 3 && close(fds[n]) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int given[CDR_MESSAGE_FDS] = { STDERR_FILENO, STDERR_FILENO,
                                                STDERR_FILENO, STDERR_FILENO };
    int ends[2], before;
    unsigned room, n_fds;

    if (size < 2)
        return 0;
    room = data[1] & 7;
    n_fds = data[1] >> 3 & 7;
    room = room > CDR_MESSAGE_FDS ? CDR_MESSAGE_FDS : room;
    n_fds = n_fds > CDR_MESSAGE_FDS ? CDR_MESSAGE_FDS : n_fds;
    HOLDS(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) == 0);
    before = next_free();
    HOLDS(cdr_message_send(ends[0], data + 2, size - 2, given, n_fds) == 0);
    receive(ends[1], data + 2, size - 2, data[0], room, n_fds);
    HOLDS(next_free() == before);
    close(ends[0]);
    close(ends[1]);
    return 0;
}
