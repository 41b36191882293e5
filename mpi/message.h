/* message.h - what a rank and its worker processes say to each other.
 * SPDX-License-Identifier: MIT
 *
 * Over a socket that keeps packets apart (SOCK_SEQPACKET), so that a worker that dies while it
 * speaks leaves no half of a packet. A message is this head, and bytes that follow it in as
 * many packets as they take. One without bytes may come between the packets of another.
 */
#ifndef CDR_MPI_MESSAGE_H
#define CDR_MPI_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cdr_mpi_message_kind {
    /* To the worker. */
    CDR_MPI_WORKER_START = 1, /* number: its life; what comes before is not for it */
    CDR_MPI_WORKER_OPEN, /* a run; number: its limit; the manifest's file comes along */
    CDR_MPI_WORKER_LEASE, /* run this */
    CDR_MPI_WORKER_HALT,  /* at any time: number: the limit of the run */
    CDR_MPI_WORKER_LEAVE, /* the run is over */
    CDR_MPI_WORKER_CLOSE, /* end */
    /* From it. All but an outcome are the one answer to what was said. */
    CDR_MPI_WORKER_READY, /* number: its pid */
    CDR_MPI_WORKER_OUTCOME,
    CDR_MPI_WORKER_DONE,    /* with the lease; number: 1 if it ends now */
    CDR_MPI_WORKER_REFUSED, /* a cadre_error: it cannot */
    CDR_MPI_WORKER_LEFT,
    /* From who starts workers: this one has ended. */
    CDR_MPI_WORKER_DIED /* a cadre_error: how */
};

struct cdr_mpi_message {
    uint32_t kind;
    uint32_t run;
    uint64_t number;
    uint64_t size; /* of the bytes */
    uint64_t at;   /* where in them those of this packet begin */
};

/* What has come of a message so far. Begin with all zero. */
struct cdr_mpi_inbox {
    struct cdr_mpi_message head;
    char *body; /* or NULL */
    uint64_t have;
    char *packet;
};

void cdr_mpi_inbox_free(struct cdr_mpi_inbox *in);

/* Send it all; `fd` goes with its first packet, -1: none. False: nobody can read it any
 * more. */
bool cdr_mpi_message_send(int socket, struct cdr_mpi_message head, const void *body,
                          int fd);

/* One without bytes, without waiting. False: there is no room for it now. */
bool cdr_mpi_message_try(int socket, struct cdr_mpi_message head);

/* Wait for the next. The body, on a boundary of 16, is yours to free, and so is the
 * descriptor, if not -1. False: nobody speaks any more, or there is no memory for it. */
bool cdr_mpi_message_receive(int socket, struct cdr_mpi_inbox *in,
                             struct cdr_mpi_message *head, void **body, int *fd);

/* Two ends, which are not inherited by programs. False, and errno. */
bool cdr_mpi_message_pair(int ends[2]);

#endif
