/* cast.h - bytes from rank 0 to all others at once, however many there are.
 * SPDX-License-Identifier: MIT
 *
 * Casts happen in the order in which they are begun, which is the same on all ranks: that of
 * the frames that tell of them. Belongs to the thread that speaks MPI.
 */
#ifndef CDR_MPI_CAST_H
#define CDR_MPI_CAST_H

#include "frame.h"

#include <mpi.h>

struct cdr_mpi_cast {
    struct cdr_mpi_cast *next;
    char *bytes; /* stay where they are until it is done */
    size_t size, at;
    bool done;
};

struct cdr_mpi_casts {
    MPI_Comm comm; /* its own: nothing else is sent there */
    MPI_Request request;
    struct cdr_mpi_cast *first; /* not done yet */
    bool failed;
};

void cdr_mpi_cast_begin(struct cdr_mpi_casts *casts, struct cdr_mpi_cast *cast,
                        void *bytes, size_t size);

/* True: there was something. */
bool cdr_mpi_casts_progress(struct cdr_mpi_casts *casts);

#endif
