/* simulator.h - a cluster that there is not: ranks, links and a clock of their own.
 * SPDX-License-Identifier: MIT
 *
 * What decides is real: a run of libcadre, its ledger (how many tasks a lease has, as measured),
 * the dispatcher of libcadre-mpi (who gets how many ahead, who hands back) and its naps. Invented
 * are the time that tasks take, the network, and what MPI costs a message. Rank 0 is charged
 * the processor time that the real code takes here, and that of its messages.
 *
 * The library takes its time from the clock below: see clock_gettime in clock.c.
 */
#ifndef CDR_BENCH_SIMULATOR_H
#define CDR_BENCH_SIMULATOR_H

#include "dispatch.h"
#include "nap.h"

/* The cluster, and the work. Times in nanoseconds. */
struct cluster {
    unsigned ranks;         /* that work */
    double task_ns, spread; /* a task takes task_ns times 1 - spread .. 1 + spread */
    double latency_ns, byte_ns; /* from rank to rank */
    double message_ns;          /* what one costs rank 0's processor, in MPI */
    double start_ns;            /* from a lease's arrival to its first task */
};

/* What came of a run. */
struct outcome {
    double makespan_ns, tasks_ns; /* of the run; of all tasks */
    double root_ns;               /* rank 0 was busy */
    double scheduling_ns;         /* ... in libcadre-mpi and libcadre */
    uint64_t leases, messages;
};

/* The time of the cluster, which is all that the library sees. And this machine's. */
extern uint64_t simulated_now;
double real_cpu_ns(void);
double real_cpu_overhead(void); /* what two looks at it add to what is between them */

/* ---- events, in the order of their times ---- */

enum event_kind {
    ROOT_HEARS, /* a message has come to rank 0 */
    ROOT_LOOKS, /* the thread of rank 0 that speaks MPI does */
    RANK_HEARS, /* a message has come to a rank */
    RANK_LOOKS,
    RANK_TELLS,  /* its worker has an outcome */
    RANK_IS_FREE /* its worker has done a lease */
};

struct event {
    uint64_t at, order; /* of two at the same time, the first that was made */
    enum event_kind kind;
    unsigned seat;
    struct message *message;
};

struct message {
    struct message *next;
    enum cdr_mpi_kind kind;
    unsigned seat;
    uint64_t id;
    size_t size;
    void *body; /* on a boundary of 16 */
};

struct events {
    struct event *heap;
    size_t n, room;
    uint64_t made;
};

/* Without memory the program ends: it is a benchmark. */
void events_add(struct events *e, uint64_t at, enum event_kind kind, unsigned seat,
                struct message *message);
bool events_take(struct events *e, struct event *first);
void events_free(struct events *e);
void *have_memory(void *memory);

/* ---- a run on the cluster ---- */

struct outcome simulate(const struct cluster *c, uint64_t tasks);

#endif
