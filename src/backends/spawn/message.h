/* message.h - messages between a process and its workers, with descriptors.
 * SPDX-License-Identifier: MIT
 *
 * A message is one struct of a size that both sides know, over a socket that keeps messages
 * apart (SOCK_SEQPACKET). What has another size is refused, and its descriptors are closed.
 */
#ifndef CDR_BACKENDS_SPAWN_MESSAGE_H
#define CDR_BACKENDS_SPAWN_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#define CDR_MESSAGE_FDS 4 /* descriptors in one message, at most */

/* 0, or an errno value: EPIPE when nobody can read it any more; EAGAIN when the socket does
 * not block and the other has not read what came before. Never raises SIGPIPE. */
int cdr_message_send(int socket, const void *bytes, size_t size, const int *fds,
                     unsigned n_fds);

/* Wait for something to receive, or for the end of the process that the pidfd is of; -1 for
 * either: not for that. 0, or an errno value: ETIMEDOUT by `until` (cdr_now), ESRCH where it
 * has ended and nothing came. */
int cdr_message_await(int socket, int pidfd, uint64_t until);

/* Receive one message of exactly that size, and up to *n_fds descriptors, which are yours to
 * close and not inherited; *n_fds is then how many came (NULL: none may). 0, or an errno
 * value: EPIPE when the other has closed, EPROTO when it was no such message. */
int cdr_message_receive(int socket, void *bytes, size_t size, int *fds,
                        unsigned *n_fds);

#endif
