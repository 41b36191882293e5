/* mpi.h - the ranks of an MPI program as the workers of a pool.
 * SPDX-License-Identifier: MIT
 *
 * In a library of its own, libcadre-mpi, as only this needs an MPI.
 */
#ifndef CADRE_MPI_H
#define CADRE_MPI_H

#include <cadre/cadre.h>
#include <mpi.h>

CADRE_BEGIN_DECLS

/* Who runs the tasks of a rank. Threads of it share its fate: a kernel that crashes takes the
 * rank down. Processes, which are forked as the rank begins to serve and never use MPI, cost
 * a task, and can be ended by force. Automatically: threads, unless pool.isolate is set, or
 * pool.not_thread_safe with several on a rank. */
enum cadre_rank_kind {
    CADRE_RANK_AUTO = 0,
    CADRE_RANK_THREADS = 1,
    CADRE_RANK_PROCESSES = 2
};

typedef struct cadre_mpi_options {
    cadre_options pool;    /* as for cadre_open; without backend and custom */
    unsigned rank_workers; /* that run tasks on each rank but 0; 0: 1 */
    uint32_t silence_ms;   /* who says nothing for so long is dead; 0: 30000 */
    int rank_kind;         /* an enum cadre_rank_kind */
    uint64_t reserved[5];  /* must be zero */
} cadre_mpi_options;

/* All ranks of the communicator call it, with a program that is the same. Rank 0 gets a
 * pool, whose workers are the others. Those serve, and return CADRE_DONE when it is closed,
 * or a failure. On a rank alone, the pool is one of this machine. Initialises MPI if nobody
 * has, and then ends it as the process ends. NULL options: all defaults.
 *
 * While the pool is open, cadre_open on rank 0 gives further pools of the same ranks, with
 * backend "mpi" or "auto", and this call does with the same communicator; the others go on
 * serving. One communicator at a time. */
CADRE_API int cadre_mpi_open(cadre_pool **out, MPI_Comm comm,
                             const cadre_mpi_options *options, cadre_error *err);

CADRE_END_DECLS
#endif
