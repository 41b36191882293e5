/* nap.h - how a thread that speaks MPI waits.
 * SPDX-License-Identifier: MIT
 *
 * MPI has no way to sleep until something comes. So the thread looks again and again: at once
 * for some microseconds after there was something, then after ever longer naps, up to a
 * millisecond. Other threads of the process end a nap.
 */
#ifndef CDR_MPI_NAP_H
#define CDR_MPI_NAP_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct cdr_mpi_nap {
    pthread_mutex_t lock; /* guards the wait alone */
    pthread_cond_t ended;
    _Atomic bool roused; /* seq_cst: set by who has something, taken by who naps */
    uint64_t busy_at;    /* the napping thread's: when there was something last ... */
    uint64_t length;     /* ... and the next nap, in nanoseconds */
};

/* 0, or what pthread says. */
int cdr_mpi_nap_init(struct cdr_mpi_nap *nap);
void cdr_mpi_nap_fini(struct cdr_mpi_nap *nap);

/* Any thread; cheap. */
void cdr_mpi_nap_end(struct cdr_mpi_nap *nap);

/* How long that is now; 0: look again at once. Decides, and waits for nothing. */
uint64_t cdr_mpi_nap_length(struct cdr_mpi_nap *nap, bool busy, uint64_t now,
                            uint64_t most);

/* Wait a little before looking again. `busy`: there was something; `most`: nanoseconds. */
void cdr_mpi_nap(struct cdr_mpi_nap *nap, bool busy, uint64_t most);

#endif
