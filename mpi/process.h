/* process.h - the worker process of a hand, as the rank has it.
 * SPDX-License-Identifier: MIT
 *
 * The hand's thread says one thing after another to the process, and waits for the answer;
 * the thread that serves halts it and kills it. When it has died, rank 0 is told, and what
 * comes for it until rank 0 has heard that goes unheeded: it is handed out again.
 */
#ifndef CDR_MPI_PROCESS_H
#define CDR_MPI_PROCESS_H

#include "frame.h"
#include "message.h"

struct cdr_mpi_hand;
struct cdr_mpi_job;
struct cdr_mpi_served;

struct cdr_mpi_process {
    int socket; /* to its place in the forkserver; -1: there is no process */
    struct cdr_mpi_inbox in; /* this and the next two: the hand's thread's */
    uint64_t life;
    bool alive, open; /* it was started; and has the hand's run */
    /* The server's lock guards the rest. */
    int pid, pidfd;            /* once it has a run; or 0, -1 */
    uint32_t run;              /* that it has, or is about to be told of; or 0 */
    bool halt_due;             /* there was no room to say it */
    bool deaf;                 /* leases that come are those of one that has died */
    uint64_t expired;          /* the task that it is killed for; or CADRE_NO_ITEM */
    uint64_t grace;            /* from the one signal to the other, in nanoseconds */
    uint64_t term_at, kill_at; /* when to send them; 0: never */
};

/* The hand's thread. It has the run of the job, or has said why not; run the job's lease; the
 * run is over; end it. */
bool cdr_mpi_process_open(struct cdr_mpi_hand *h, const struct cdr_mpi_job *job);
void cdr_mpi_process_run(struct cdr_mpi_hand *h, const struct cdr_mpi_job *job);
void cdr_mpi_process_leave(struct cdr_mpi_hand *h, const struct cdr_mpi_job *job);
void cdr_mpi_process_close(struct cdr_mpi_hand *h);

/* With the server's lock held, by the thread that serves: positions of the run from there on
 * are not wanted; end it for this task, or once the grace is over, as nobody waits for it any
 * more; send what is due. */
void cdr_mpi_process_halt(struct cdr_mpi_process *p, const struct cdr_mpi_served *run);
void cdr_mpi_process_expire(struct cdr_mpi_process *p, uint64_t item, uint64_t grace);
void cdr_mpi_process_hurry(struct cdr_mpi_process *p, uint64_t grace);
void cdr_mpi_process_look(struct cdr_mpi_process *p, const struct cdr_mpi_served *run,
                          uint64_t now);

/* A file in memory with these bytes, to be mapped by all workers; -1: none is to be had. */
int cdr_mpi_process_share(const void *bytes, size_t size);

#endif
