/* message.c - what a rank and its worker processes say to each other.
 * SPDX-License-Identifier: MIT
 */
#include "message.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PIECE ((size_t)60 << 10) /* bytes in one packet */

union enclosure {
    struct cmsghdr head; /* aligns it */
    char room[CMSG_SPACE(sizeof(int))];
};

/* ---- sending ---- */

/* 0 or an errno value. */
static int send_packet(int socket, struct cdr_mpi_message *head, const void *piece,
                       size_t size, int fd, int flags)
{
    struct iovec part[2] = { { head, sizeof *head },
                             { (void *)(uintptr_t)piece, size } };
    struct msghdr packet = { .msg_iov = part, .msg_iovlen = size > 0 ? 2 : 1 };
    union enclosure e;
    ssize_t n;

    if (fd >= 0) {
        memset(&e, 0, sizeof e);
        e.head = (struct cmsghdr){ .cmsg_level = SOL_SOCKET,
                                   .cmsg_type = SCM_RIGHTS,
                                   .cmsg_len = CMSG_LEN(sizeof fd) };
        memcpy(CMSG_DATA(&e.head), &fd, sizeof fd);
        packet.msg_control = &e;
        packet.msg_controllen = sizeof e.room;
    }
    do
        n = sendmsg(socket, &packet, MSG_NOSIGNAL | flags);
    while (n < 0 && errno == EINTR);
    return n < 0 ? errno : 0;
}

bool cdr_mpi_message_send(int socket, struct cdr_mpi_message head, const void *body,
                          int fd)
{
    head.at = 0;
    do {
        size_t left = (size_t)(head.size - head.at);
        size_t size = left < PIECE ? left : PIECE;
        const char *piece = size > 0 ? (const char *)body + head.at : NULL;
        if (send_packet(socket, &head, piece, size, head.at == 0 ? fd : -1, 0))
            return false;
        head.at += size;
    } while (head.at < head.size);
    return true;
}

bool cdr_mpi_message_try(int socket, struct cdr_mpi_message head)
{
    int rc;

    head.size = head.at = 0;
    rc = send_packet(socket, &head, NULL, 0, -1, MSG_DONTWAIT);
    return rc != EAGAIN && rc != EWOULDBLOCK && rc != ENOBUFS;
}

/* ---- receiving ---- */

void cdr_mpi_inbox_free(struct cdr_mpi_inbox *in)
{
    free(in->body);
    free(in->packet);
    *in = (struct cdr_mpi_inbox){ 0 };
}

static int enclosed(struct msghdr *packet)
{
    struct cmsghdr *c = CMSG_FIRSTHDR(packet);
    int fd = -1;

    if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS &&
        c->cmsg_len >= CMSG_LEN(sizeof fd))
        memcpy(&fd, CMSG_DATA(c), sizeof fd);
    return fd;
}

/* Bytes of the packet, with its head; 0: nobody speaks any more. */
static size_t receive_packet(int socket, char *bytes, int *fd)
{
    struct iovec part = { bytes, sizeof(struct cdr_mpi_message) + PIECE };
    union enclosure e;
    struct msghdr packet = { .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = &e,
                             .msg_controllen = sizeof e.room };
    ssize_t n;

    do
        n = recvmsg(socket, &packet, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    *fd = n > 0 ? enclosed(&packet) : -1;
    return n > 0 ? (size_t)n : 0;
}

/* A first packet begins a message, whatever was to come of another. False: no memory. */
static bool take_piece(struct cdr_mpi_inbox *in, const struct cdr_mpi_message *head,
                       const char *piece, size_t size)
{
    if (head->at == 0) {
        free(in->body);
        in->head = *head;
        in->have = 0;
        in->body = head->size > SIZE_MAX / 4 ? NULL : malloc((size_t)head->size);
    }
    if (!in->body)
        return head->at > 0;
    if (head->at != in->have || size > in->head.size - in->have)
        return true; /* the rest of what nobody has the beginning of */
    memcpy(in->body + in->have, piece, size);
    in->have += size;
    return true;
}

bool cdr_mpi_message_receive(int socket, struct cdr_mpi_inbox *in,
                             struct cdr_mpi_message *head, void **body, int *fd)
{
    int with = -1, some;
    size_t n;

    *body = NULL;
    *fd = -1;
    if (!in->packet)
        in->packet = malloc(sizeof *head + PIECE);
    while (in->packet &&
           (n = receive_packet(socket, in->packet, &some)) >= sizeof *head) {
        if (some >= 0) {
            if (with >= 0)
                close(with);
            with = some;
        }
        memcpy(head, in->packet, sizeof *head);
        if (head->size > 0 &&
            !take_piece(in, head, in->packet + sizeof *head, n - sizeof *head))
            break;
        if (head->size > 0 && (!in->body || in->have < in->head.size))
            continue;
        if (head->size > 0) {
            *head = in->head;
            *body = in->body;
            in->body = NULL;
        }
        *fd = with;
        return true;
    }
    if (with >= 0)
        close(with);
    return false;
}

bool cdr_mpi_message_pair(int ends[2])
{
    return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0;
}
