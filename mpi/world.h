/* world.h - the ranks of a pool, as rank 0 has them.
 * SPDX-License-Identifier: MIT
 *
 * One thread of rank 0 speaks MPI for all pools of the world and all their runs. Where the
 * program has initialised MPI so that only its main thread may, that does it, whenever it
 * waits for a run.
 */
#ifndef CDR_MPI_WORLD_H
#define CDR_MPI_WORLD_H

#include "cast.h"
#include "census.h"
#include "dispatch.h"
#include "link.h"
#include "nap.h"

enum cdr_mpi_phase { CDR_MPI_BEGUN, CDR_MPI_RUNNING, CDR_MPI_ENDING, CDR_MPI_ENDED };

/* A run that is on. */
struct cdr_mpi_flight {
    struct cdr_mpi_flight *next;
    /* What the speaking thread does with it, with the lock held: look at it, take a frame
     * of it, whose body is its to free, and see to what a rank had that is gone. */
    bool (*step)(struct cdr_mpi_flight *f, uint64_t now);
    void (*hear)(struct cdr_mpi_flight *f, int rank, const struct cdr_mpi_frame *frame,
                 void *body);
    void (*lose)(struct cdr_mpi_flight *f, int rank, const cadre_error *why);
    struct cdr_mpi_world *world;
    struct cdr_mpi_dispatch dispatch;
    cadre_packet manifest;
    struct cdr_mpi_cast cast;
    bool is_cast;
    uint32_t id;
    uint64_t pool;
    int ranks; /* that are told of it: 1 .. ranks; of each of them: */
    struct cdr_mpi_attendance {
        bool has_answered, has_refused, has_left;
    } * rank;
    int answered, left; /* so many of them, or gone */
    char warning[600];  /* for the log, by the thread that has the run; or empty */
    bool idle;          /* as poll says */
    uint64_t looked;    /* when at tasks that may have had their time */
    enum cdr_mpi_phase phase;
    int refused; /* so many ranks have */
    uint64_t refused_at;
    char refusing[160];  /* which */
    cadre_error refusal; /* what the first of them says */
};

/* All but what is said to be otherwise is guarded by `lock`, or never changes once the world
 * is there. */
struct cdr_mpi_world {
    pthread_mutex_t lock;
    pthread_cond_t changed; /* a flight is idle, or over; the world is closed */
    struct cdr_mpi_nap nap;
    pthread_t thread;
    bool driven; /* there is no such thread: callers do its work */
    MPI_Comm comm;
    int size;
    unsigned local; /* workers of each rank */
    bool processes; /* which are processes */
    uint64_t silence_ns;
    struct cdr_mpi_census census;
    struct cdr_mpi_links links; /* the speaking thread's, as casts are */
    struct cdr_mpi_casts casts;
    struct cdr_mpi_flight *flights;
    uint32_t last_id;
    uint64_t last_pool;
    bool dismissing; /* somebody waits for `dismissed` to be that of all ranks */
    int dismissed;
    uint64_t stepped; /* when the thread looked last */
    int readable;     /* driven: a descriptor that always is; or -1 */
    int byes;
    bool *said_bye;
    bool closing, closed;
    bool *is_lost;     /* by rank */
    bool broken;       /* one is gone: no run begins any more ... */
    cadre_error error; /* ... as this says of the first */
};

/* Collective, with cdr_mpi_serve on the other ranks. */
int cdr_mpi_world_open(struct cdr_mpi_world *w, cadre_error *err);

/* False: a rank was lost, before or meanwhile, and the others may be left. */
bool cdr_mpi_world_close(struct cdr_mpi_world *w);

/* Whether a rank was lost; and end the job, whose thread speaks MPI until then. */
bool cdr_mpi_world_is_broken(struct cdr_mpi_world *w);
void cdr_mpi_world_abort(struct cdr_mpi_world *w);

/* A pool's number; and have all its workers end, with what they keep. */
uint64_t cdr_mpi_world_enlist(struct cdr_mpi_world *w);
void cdr_mpi_world_dismiss(struct cdr_mpi_world *w, uint64_t pool);

/* A run, from begin to end, for the thread that has it. */
int cdr_mpi_flight_begin(struct cdr_mpi_world *w, uint64_t pool, cadre_run *run,
                         cadre_error *err);
bool cdr_mpi_flight_poll(struct cdr_mpi_flight *f, int timeout_ms);
void cdr_mpi_flight_end(struct cdr_mpi_flight *f);

/* With threads on each rank, and with processes: of one name. */
extern const cadre_backend cdr_mpi_backend;
extern const cadre_backend cdr_mpi_isolated_backend;

/* ---- between the files on rank 0: with the lock held ---- */

/* Wait until the flight is idle or in this phase, or the time is over (ns; UINT64_MAX). */
void cdr_mpi_world_wait_idle(struct cdr_mpi_world *w, struct cdr_mpi_flight *f,
                             uint64_t until);
void cdr_mpi_world_wait_ended(struct cdr_mpi_world *w, struct cdr_mpi_flight *f);

#endif
