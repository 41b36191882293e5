/* forkserver.h - who starts a rank's worker processes.
 * SPDX-License-Identifier: MIT
 *
 * A process that the rank forks as it begins to serve, and which never uses MPI: from there
 * on nothing is forked from a process that does. For each local worker of the rank it has a
 * thread, with a pool of one process of its own: that one runs leases, and when it dies, the
 * pool says how, and has another.
 */
#ifndef CDR_MPI_FORKSERVER_H
#define CDR_MPI_FORKSERVER_H

#include <cadre/cadre.h>

#include <sys/types.h>

struct cdr_mpi_forkserver {
    pid_t pid;  /* 0: there is none */
    int socket; /* to it; -1 */
};

/* Fork it: by the thread that serves, as it ends with that. */
int cdr_mpi_forkserver_open(struct cdr_mpi_forkserver *n, cadre_error *err);

/* A place for a worker: the end of a socket (message.h), on which one answers whenever
 * something is said there, until it is closed. -1: there is none to be had. */
int cdr_mpi_forkserver_place(const struct cdr_mpi_forkserver *n);

/* All places are closed: it ends. */
void cdr_mpi_forkserver_close(struct cdr_mpi_forkserver *n);

/* In a worker process: do what is said on the socket, in this life, to the end. */
_Noreturn void cdr_mpi_process_serve(int socket, uint64_t life);

#endif
