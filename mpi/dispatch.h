/* dispatch.h - which rank gets which tasks of a run, and how many ahead.
 * SPDX-License-Identifier: MIT
 *
 * On rank 0. Knows nothing of MPI: what it has to say to a worker it posts, and it is told
 * what came and what time it is. So the benchmarks can drive it with ranks that they invent.
 *
 * Each seat has some leases ahead of the one that it works on, so that it never waits for the
 * next: as many as it gets through in the time that a message may take to be seen. What a
 * seat has and has not begun is recalled once another has nothing to do.
 */
#ifndef CDR_MPI_DISPATCH_H
#define CDR_MPI_DISPATCH_H

#include "frame.h"

/* A lease that is out. */
struct cdr_mpi_out {
    uint64_t id, first, count; /* as in cadre_lease */
};

/* An outcome for which there was no room. */
struct cdr_mpi_held {
    struct cdr_mpi_held *next;
    void *bytes;
    size_t size;
};

struct cdr_mpi_seat {
    bool in_run;        /* leases may be sent */
    bool changed;       /* it is in the dispatcher's list of those */
    bool recalled;      /* and has not answered yet */
    bool fruitless;     /* it had nothing to hand back, and has told of nothing since */
    unsigned out, room; /* leases out, in the order they were sent */
    struct cdr_mpi_out *list;
    uint64_t began;   /* about when it began with the first of them */
    double pace;      /* nanoseconds from one lease's end to the next's; 0: unknown */
    uint64_t expired; /* the task whose time is over, as was told; or CADRE_NO_ITEM */
    struct cdr_mpi_held *held, **last_held;
};

/* Say it to the worker at the seat, or with 0 to all; `lease` is the number of one, or 0. */
typedef bool cdr_mpi_post(void *arg, enum cdr_mpi_kind kind, unsigned seat,
                          uint64_t lease, const void *body, size_t size);

struct cdr_mpi_dispatch {
    cadre_run *run;
    unsigned n; /* seats 1 .. n */
    struct cdr_mpi_seat *seat;
    cdr_mpi_post *post;
    void *arg;
    cadre_lease lease;
    uint64_t out;      /* of all seats */
    uint64_t limit;    /* as the workers know it */
    double lease_size; /* bytes that a lease takes, there or back; about */
    unsigned turn;     /* the seat that is served first */
    /* Looking at all seats takes long where there are thousands. So mostly only those are
     * looked at of which something has been told since. */
    unsigned *changed, n_changed;
    unsigned holding;   /* seats with outcomes for which there was no room */
    bool short_of_work; /* some seat got nothing, as there was nothing left */
    uint64_t looked_at_all;
    bool over; /* hand out nothing more */
};

/* CADRE_OK or CADRE_ENOMEM. */
int cdr_mpi_dispatch_open(struct cdr_mpi_dispatch *d, cadre_run *run, unsigned n,
                          cdr_mpi_post *post, void *arg, cadre_error *err);
void cdr_mpi_dispatch_close(struct cdr_mpi_dispatch *d);

/* Give what waited, pass on what is wanted, hand out what there is. True: it did. */
bool cdr_mpi_dispatch_pump(struct cdr_mpi_dispatch *d, uint64_t now);

/* An outcome, whose bytes are d's to free from now on; leases that were handed back. */
void cdr_mpi_dispatch_outcome(struct cdr_mpi_dispatch *d, unsigned seat, void *bytes,
                              size_t size, uint64_t now);
void cdr_mpi_dispatch_returned(struct cdr_mpi_dispatch *d, unsigned seat,
                               const void *ids, size_t size, uint64_t now);

/* The worker at the seat is dead; whether a fresh one is wanted there. */
bool cdr_mpi_dispatch_lost(struct cdr_mpi_dispatch *d, unsigned seat,
                           const cadre_death *death);

/* Tasks first .. end-1 are the first and the last that the seat has; false: it has none. */
bool cdr_mpi_dispatch_has(const struct cdr_mpi_dispatch *d, unsigned seat,
                          uint64_t *first, uint64_t *end);

/* The seat's place is gone, and all that was there: as cadre_lease_fail. */
bool cdr_mpi_dispatch_gone(struct cdr_mpi_dispatch *d, unsigned seat,
                           const cadre_error *why);

/* Nothing that anybody wants is under way or to be had. */
bool cdr_mpi_dispatch_is_idle(const struct cdr_mpi_dispatch *d);

#endif
