/* serve.h - a rank that serves.
 * SPDX-License-Identifier: MIT
 *
 * The thread that opened the pool speaks MPI, so that any thread level will do, and signs of
 * life and halts go through while a kernel runs. Local workers, a thread each, run leases,
 * or have a process run them: those of one run at a time, since a run may wait for another.
 * They stay for the next.
 */
#ifndef CDR_MPI_SERVE_H
#define CDR_MPI_SERVE_H

#include "cast.h"
#include "census.h"
#include "link.h"
#include "nap.h"
#include "forkserver.h"
#include "process.h"

#include <pthread.h>

/* A run, as this rank has it. */
struct cdr_mpi_served {
    struct cdr_mpi_served *next;
    uint32_t id;
    uint64_t pool;
    void *manifest;
    size_t size;
    int shared;          /* processes: the manifest, as a file to map; or -1 */
    bool leaving;        /* nobody waits for its tasks any more */
    bool is_cast, ready; /* the manifest is here */
    struct cdr_mpi_cast cast;
    struct cdr_mpi_job *early, **last_early; /* what has come before it was */
    uint64_t limit;
    unsigned in;                /* workers that have not left */
    struct cdr_mpi_hand **hand; /* its workers, until then */
};

enum cdr_mpi_work { CDR_MPI_OPEN, CDR_MPI_RUN, CDR_MPI_END, CDR_MPI_STOP };

/* What a local worker is to do. */
struct cdr_mpi_job {
    struct cdr_mpi_job *next;
    enum cdr_mpi_work work;
    struct cdr_mpi_served *run;
    struct cdr_mpi_frame frame;
    void *body; /* a lease */
};

struct cdr_mpi_hand {
    struct cdr_mpi_hand *next; /* among all */
    struct cdr_mpi_server *server;
    struct cdr_mpi_served *run; /* whose it is now; or NULL */
    uint64_t pool;              /* whose it is until that is closed */
    bool ended;
    pthread_t thread;
    pthread_cond_t some;
    struct cdr_mpi_job *first, **last;
    struct cdr_mpi_process process; /* which runs the leases, if there is one; else: */
    cadre_program *program; /* of the run; changed by the worker alone; or NULL */
    cadre_worker *worker;   /* its own */
    cadre_packet outcome;   /* its own */
};

/* A frame that a local worker wants sent. */
struct cdr_mpi_letter {
    struct cdr_mpi_letter *next;
    struct cdr_mpi_frame frame;
    void *body;
};

/* All but what is the speaking thread's is guarded by `lock`. */
struct cdr_mpi_server {
    pthread_mutex_t lock;
    struct cdr_mpi_nap nap;
    MPI_Comm comm;
    int rank, size;
    bool driven;                  /* rank 0 may be silent for long */
    uint64_t silence_ns, stepped; /* when the thread looked last */
    struct cdr_mpi_census census;
    struct cdr_mpi_links links; /* the speaking thread's, as casts are */
    struct cdr_mpi_casts casts;
    unsigned local; /* workers of a run */
    bool processes; /* which are processes, from this forkserver */
    struct cdr_mpi_forkserver forkserver;
    struct cdr_mpi_hand *hands;
    uint64_t dismissing; /* the pool whose workers are about to end; or 0 */
    struct cdr_mpi_served *runs;
    struct cdr_mpi_letter *letters, **last_letter;
    bool closing, lost;
    cadre_error error; /* why, if lost */
};

/* Serve until rank 0 closes the pool: CADRE_DONE, or what happened. */
int cdr_mpi_serve(struct cdr_mpi_server *s, cadre_error *err);

/* ---- say.c ---- */

/* With the lock held. Queue a frame for rank 0; send what hands want sent, true: there was
 * something. Rank 0 is gone; there is no memory to serve: the rank ends. */
void cdr_mpi_serve_send(struct cdr_mpi_server *s, struct cdr_mpi_frame frame,
                        const void *body);
bool cdr_mpi_send_letters(struct cdr_mpi_server *s);
void cdr_mpi_serve_lose(struct cdr_mpi_server *s, int code, const char *why);
void cdr_mpi_serve_starve(struct cdr_mpi_server *s);

/* By a hand's thread: have a frame sent, whose body is given away; say that the job cannot be
 * done. */
void cdr_mpi_hand_post(struct cdr_mpi_server *s, struct cdr_mpi_frame frame,
                       void *body);
void cdr_mpi_hand_refuse(struct cdr_mpi_server *s, const struct cdr_mpi_job *job,
                         const cadre_error *err);

/* ---- jobs.c ---- */

/* With the lock held: a job for it. By its thread: wait for the next one. */
void cdr_mpi_hand_give(struct cdr_mpi_hand *h, struct cdr_mpi_job *job);
struct cdr_mpi_job *cdr_mpi_hand_next(struct cdr_mpi_hand *h);

/* With the lock held: leases that it has not begun are gone; their numbers, of at most
 * `most`, go to ids, which may be NULL. Returns how many. */
size_t cdr_mpi_hand_take_leases(struct cdr_mpi_hand *h, uint64_t *ids, size_t most);

/* Nobody has the run any more. */
void cdr_mpi_served_free(struct cdr_mpi_served *run);

/* ---- hear.c: with the lock held ---- */

/* What rank 0 says: a cdr_mpi_arrive whose arg is the server. */
void cdr_mpi_hear(void *arg, struct cdr_mpi_link *l, const struct cdr_mpi_frame *frame,
                  void *body);

/* Runs whose manifest is here now begin; workers that have ended go. */
void cdr_mpi_look_at_casts(struct cdr_mpi_server *s);
void cdr_mpi_reap(struct cdr_mpi_server *s);

/* Signals that are due to worker processes, and halts that they could not be told of. */
void cdr_mpi_look_at_processes(struct cdr_mpi_server *s);

/* Positions of the run from there on are not wanted; the worker is to end. */
void cdr_mpi_halt(struct cdr_mpi_server *s, struct cdr_mpi_served *run, uint64_t limit);
void cdr_mpi_stop(struct cdr_mpi_server *s, struct cdr_mpi_hand *h);

/* ---- local workers ---- */

/* With the lock held: one of the run's pool that is in no run, which has this from now on;
 * NULL: none is to be had. And have it end, once it has done what it has. */
struct cdr_mpi_hand *cdr_mpi_hand_take(struct cdr_mpi_server *s,
                                       struct cdr_mpi_served *run);
bool cdr_mpi_hand_stop(struct cdr_mpi_hand *h);

/* It has ended. */
void cdr_mpi_hand_free(struct cdr_mpi_hand *h);

#endif
