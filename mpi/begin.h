/* begin.h - MPI itself: begun where it is not yet, and ended well.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_MPI_BEGIN_H
#define CDR_MPI_BEGIN_H

#include "serve.h"
#include "world.h"

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

/* What this process has of MPI. */
extern struct cdr_mpi_here {
    pthread_mutex_t lock;        /* guards the rest */
    struct cdr_mpi_world *world; /* on rank 0, with pools: the ranks */
    struct cdr_mpi_server
        *server;       /* on others: it serves, and has no pools of ranks; */
    pthread_t speaker; /* in this thread, which runs no tasks */
    pid_t owner;
    bool ours;      /* MPI was begun here, and is ended at exit */
    bool abandoned; /* a rank is gone: MPI cannot be ended in good order any more */
} cdr_mpi_here;

/* With the lock held: MPI is ready, and how far threads may use it. */
int cdr_mpi_begin(int *level, cadre_error *err);

#endif
