/* pool.h - workers, ready, and what was decided when they were asked for.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CORE_POOL_POOL_H
#define CDR_CORE_POOL_POOL_H

#include "base/log.h"
#include "core/run/cost.h"
#include "core/run/gain.h"
#include "core/run/manifest.h"
#include "core/plan/plan.h"
#include "core/run/run.h"

#include <pthread.h>
#include <sys/types.h>

/* One caller's place to run a job: made once, kept for the next until the pool closes,
 * so that cadre_cancel may halt its window at any moment. */
struct cdr_context {
    struct cdr_shm_buffer manifest; /* spawned workers: orders are written here ... */
    struct cdr_shm_buffer staging;  /* ... and this is for results of their own */
    struct cdr_context *next;       /* in the pool's list; never changes there */
    size_t shared_size; /* of the window's own mapping, if processes share it; or 0 */
    int event; /* then: an eventfd that cadre_cancel writes to; never changes; or -1 */
    _Atomic bool taken; /* somebody runs a job in it: see cadre_cancel; release */
    cadre_run run;
    cadre_error given_up;        /* for the run */
    struct cadre_worker caller;  /* seat 0 */
    struct cadre_window *window; /* in the same allocation, or shared */
};

#define CDR_STREAMS_MAX 64 /* open at once on one pool */

enum cdr_workers_state { CDR_NOT_STARTED = 0, CDR_STARTED = 1, CDR_NOT_TO_BE_HAD = 2 };

struct cadre_pool {
    struct cdr_plan plan; /* read-only once open */
    struct cdr_log log;
    char name[32];
    pid_t owner;                       /* a process forked from it has no workers */
    void *state;                       /* the backend's, behind `started` */
    const char *const *worker_command; /* while it is opened: of the options */
    bool by_command;                   /* its workers are started by one */
    pthread_mutex_t starting;          /* guards the change of `started` */
    _Atomic int started; /* enum cdr_workers_state; released when state is ready */
    _Atomic uint32_t
        cancelled; /* counts cadre_cancel: lock-free, for signal handlers */
    /* Events of the streams that are open: made when first wanted, kept until the pool
     * closes, so that cadre_cancel may write to them at any moment. */
    _Atomic uint64_t events_taken;       /* a bit each: acquire, release */
    _Atomic int events[CDR_STREAMS_MAX]; /* file descriptors, or -1: acquire, release */
    _Atomic(struct cdr_context *) contexts; /* all: only grows; see cadre_cancel */
    struct cdr_costs costs;
    struct cdr_gains gains;
    struct cdr_kept_states kept;
    _Atomic(cadre_pool *)
        other; /* behind this one (fallback.c), or NULL: acquire, release */
    _Atomic(cadre_pool *) serial;   /* the same, for a few items */
    _Atomic bool no_persistent;     /* they could not be had in its place: relaxed */
    _Atomic bool warned_of_threads; /* the log has it that there are others: relaxed */
    _Atomic bool
        warned_of_limits; /* and that time limits of tasks do not count: relaxed */
};

/* Here and below `err` is never NULL, and its code is what is returned.
 *
 * Start the pool's workers unless they are. CADRE_OK or the backend's error. */
int cdr_pool_start(cadre_pool *pool, cadre_error *err);

/* An event for a stream: its number in the pool, or -1 with the error set. */
int cdr_pool_take_event(cadre_pool *pool, cadre_error *err);
void cdr_pool_give_event(cadre_pool *pool, int number);

/* Whether the pool's workers are other processes, and this is the one that has them. */
bool cdr_pool_is_remote(const cadre_pool *pool);

/* Whether those share memory with this one. */
bool cdr_pool_is_mapped(const cadre_pool *pool);

/* Whether those have what cadre shares with them, and nothing else of this process. */
bool cdr_pool_is_clean(const cadre_pool *pool);

/* While workers have not been started, a job shorter than this is not shared out. */
#define CDR_COLD_START_NS 200000.0

/* So few unmeasured tasks for each worker begin with all workers. */
#define CDR_FEW_PER_WORKER 20

/* A job of so many tasks of this kernel begins by what workers were seen to gain: that gain,
 * or 0 where nothing is known or others decide. */
double cdr_pool_gain(const cadre_pool *pool, uintptr_t kernel, uint64_t tasks);

/* How much work, in nanoseconds, there must be for bringing workers in to pay now. */
double cdr_pool_threshold(const cadre_pool *pool);

/* Bring in workers that live in other processes; where they are clean, the room is for what
 * they are told. On failure none is in. */
int cdr_pool_begin_remote(cadre_run *run, const struct cdr_call *call,
                          struct cdr_shm_buffer *buffer, cadre_error *err);

/* The backend's state, once its workers are ready; NULL before. Another thread may be getting
 * them ready. */
static inline void *cdr_pool_state(const cadre_pool *pool)
{
    return atomic_load_explicit(&pool->started, memory_order_acquire) == CDR_STARTED
               ? pool->state
               : NULL;
}

/* What a run has of the pool, which may be NULL. */
void cdr_pool_env(const cadre_pool *pool, struct cdr_run_env *env);

/* Seats in a window: the caller's, and one for each worker a backend may bring. */
unsigned cdr_pool_seats(const cadre_pool *pool);

/* A context for a run; NULL with the error set. Give it back. */
struct cdr_context *cdr_context_take(cadre_pool *pool, cadre_error *err);
void cdr_context_give(cadre_pool *pool, struct cdr_context *context);
void cdr_contexts_close(struct cdr_context *first); /* all of a pool's */

/* A run in this context, from now on. */
void cdr_context_set_up(struct cdr_context *context, cadre_pool *pool,
                        const struct cdr_program *p, const cadre_job *job,
                        const struct cdr_call *call);

#endif
