/* frame.h - what ranks say to each other, and small things that all of mpi/ needs.
 * SPDX-License-Identifier: MIT
 *
 * Rank 0 has the pool. The others serve, and each speaks with rank 0 alone. What is said is
 * a frame: this head, and bytes behind it.
 */
#ifndef CDR_MPI_FRAME_H
#define CDR_MPI_FRAME_H

#include <cadre/backend.h>

#include <time.h>

enum cdr_mpi_kind {
    /* From rank 0. */
    CDR_MPI_BEGIN = 1, /* a run: its manifest, or its size if that is broadcast */
    CDR_MPI_LEASE,
    CDR_MPI_HALT,   /* a uint64_t: positions from there on are not wanted */
    CDR_MPI_RECALL, /* hand back what this seat has not begun */
    CDR_MPI_EXPIRED, /* a uint64_t, the grace: end this seat's worker; number: its task */
    CDR_MPI_RESUME, /* that the seat's worker died is known: leases are new from here on */
    CDR_MPI_LEAVE,   /* the run is over; a uint64_t, the grace for its tasks */
    CDR_MPI_DISMISS, /* a pool is closed: its workers end */
    CDR_MPI_CLOSE,   /* the last one is */
    /* To rank 0. */
    CDR_MPI_OUTCOME,
    CDR_MPI_READY,    /* this rank has the run's kernel */
    CDR_MPI_REFUSED,  /* a cadre_error: it has not, or cannot go on */
    CDR_MPI_RETURNED, /* uint64_t each: the numbers of leases that were not begun */
    CDR_MPI_LOST,     /* a struct cdr_mpi_lost: a local worker process died */
    CDR_MPI_LEFT,
    CDR_MPI_DISMISSED,
    CDR_MPI_BYE,
    /* Both ways. */
    CDR_MPI_BEAT /* a sign of life */
};

struct cdr_mpi_frame {
    uint32_t kind;
    uint32_t run;  /* its number, from 1 up; 0: it is about none */
    uint32_t seat; /* in the run */
    uint32_t flags;
    uint64_t number; /* of the lease; of the pool that begins a run, or is closed */
    uint64_t size;   /* of what follows */
};

/* How a local worker process died: as in cadre_death. */
struct cdr_mpi_lost {
    int32_t pid, signal, status;
    uint32_t flags, peak_kib, unused;
    uint64_t expired;
    char tail[256]; /* the last it wrote to stderr */
};

#define CDR_MPI_IS_CAST 1u /* frame.flags: the manifest is broadcast to all ranks */
#define CDR_MPI_IS_LOST 2u /* the pool is closed since a rank is gone: a cadre_error */

static inline uint64_t cdr_mpi_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* Fill the error, which may be NULL; returns the code. */
int cdr_mpi_fail(cadre_error *err, int code, const char *format, ...)
    CADRE_PRINTF(3, 4);

/* The same of an MPI function that returned rc. */
int cdr_mpi_fail_call(cadre_error *err, int rc, const char *what);

#endif
