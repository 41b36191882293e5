/* letter.h - messages between a process and its workers, with descriptors.
 * SPDX-License-Identifier: MIT
 *
 * A letter is one struct of a size that both sides know, over a socket that keeps letters
 * apart (SOCK_SEQPACKET). What has another size is refused, and its descriptors are closed.
 */
#ifndef CDR_BACKENDS_LETTER_H
#define CDR_BACKENDS_LETTER_H

#include <stddef.h>

#define CDR_LETTER_FDS 4 /* descriptors in one letter, at most */

/* 0, or an errno value: EPIPE when nobody can read it any more; EAGAIN when the socket does
 * not block and the other has not read what came before. Never raises SIGPIPE. */
int cdr_letter_send(int socket, const void *letter, size_t size, const int *fds,
                    unsigned n_fds);

/* Receive one letter of exactly that size, and up to *n_fds descriptors, which are yours to
 * close and not inherited; *n_fds is then how many came (NULL: none may). 0, or an errno
 * value: EPIPE when the other has closed, EPROTO when it was no such letter. */
int cdr_letter_receive(int socket, void *letter, size_t size, int *fds,
                       unsigned *n_fds);

#endif
