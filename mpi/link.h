/* link.h - frames of any size between two ranks, in messages of bounded number and size.
 * SPDX-License-Identifier: MIT
 *
 * Each side of a link has receives posted, and the other may send as many messages as it
 * knows that there are (credits), so that each message finds its receive and none lies about
 * in MPI. Credits come back with what is sent the other way, or by themselves. What has no
 * credit waits here. Frames are cut into messages as they come: many small ones share one, a
 * large one takes several.
 *
 * All of it belongs to the one thread of the process that speaks MPI.
 */
#ifndef CDR_MPI_LINK_H
#define CDR_MPI_LINK_H

#include "frame.h"

#include <mpi.h>

#define CDR_MPI_CREDITS 4
#define CDR_MPI_SLOTS   (CDR_MPI_CREDITS + 2) /* two more can come that return credits */

struct cdr_mpi_slot {
    MPI_Request request;
    char *data;
};

struct cdr_mpi_link {
    int peer;              /* its rank */
    bool dead;             /* nothing can be sent any more */
    uint64_t heard, spoke; /* when something came from it last, and went to it */
    /* to send */
    struct cdr_mpi_slot send[CDR_MPI_SLOTS];
    unsigned next_send, credits;
    char *queue; /* bytes from queue_at to queue_end */
    size_t queue_at, queue_end, queue_size;
    /* to receive */
    struct cdr_mpi_slot receive[CDR_MPI_SLOTS];
    unsigned next_receive, owed; /* credits to give back */
    struct cdr_mpi_frame frame;  /* that is coming in ... */
    size_t have;                 /* ... bytes of it, head and body */
    char *body;
};

/* A frame has come; the body, on a boundary of 16, is the callee's to free. */
typedef void cdr_mpi_arrive(void *arg, struct cdr_mpi_link *link,
                            const struct cdr_mpi_frame *frame, void *body);

struct cdr_mpi_links {
    MPI_Comm comm;
    int n;
    size_t message; /* bytes of one */
    struct cdr_mpi_link *link;
    char *memory;          /* of all slots */
    MPI_Request *requests; /* the next receive of each link, and what came of it */
    MPI_Status *statuses;
    int *ready;
    cdr_mpi_arrive *arrive;
    void *arg;
};

/* Links to ranks first .. first + n - 1 of the communicator. All ranks call it. */
int cdr_mpi_links_open(struct cdr_mpi_links *links, MPI_Comm comm, int first, int n,
                       cadre_error *err);

/* What was not sent is dropped. With `broken`, receives are left to MPI, which may not be
 * able to cancel them any more. */
void cdr_mpi_links_close(struct cdr_mpi_links *links, bool broken);

/* Queue a frame: what is at body is copied. False: no memory, or the link is dead. */
bool cdr_mpi_link_send(struct cdr_mpi_links *links, struct cdr_mpi_link *link,
                       struct cdr_mpi_frame frame, const void *body);

/* Send what can be, take what has come. True: there was something. */
bool cdr_mpi_links_progress(struct cdr_mpi_links *links);

/* Everything that was queued has left this process. */
bool cdr_mpi_links_are_empty(const struct cdr_mpi_links *links);

#endif
