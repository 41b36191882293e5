/* run.h - what a run is made of: program, run, worker and task.
 * SPDX-License-Identifier: MIT
 *
 *     program   the job, checked and prepared: what to call, on what
 *     window    who has which tasks (segment.h)
 *     run       one execution: program, window, cancellation, deadline
 *     worker    one thread's own state, kept over many runs
 *     task      the part of it that a kernel sees
 */
#ifndef CDR_CORE_RUN_RUN_H
#define CDR_CORE_RUN_RUN_H

#include "core/board/segment.h"
#include "core/run/cost.h"
#include "core/run/spill_file.h"
#include <cadre/backend.h>
#include <cadre/cadre.h>
#include <cadre/random.h>
#include <pthread.h>
#include <sys/types.h>
#include <limits.h>

/* How often progress is reported. */
#define CDR_PROGRESS_NS 100000000

/* How long a worker process is given to end by itself, unless the job says. */
#define CDR_GRACE_MS 1000

/* A slice that runs for longer than this can be asked back. */
#define CDR_OVERDUE_NS (2 * (uint64_t)CDR_SLICE_NS)

struct cadre_worker;
struct cdr_tree;
struct cdr_spill;
struct cdr_recovery;
struct cdr_costs;
struct cdr_log;
struct cdr_call;
struct cdr_manifest;
struct cdr_ledger;
struct cdr_sink;
struct cdr_trial;

/* Read-only while the run lasts. Items and results are addresses, so that index
 * jobs can have none: 0 plus any offset is not pointer arithmetic on NULL. */
struct cdr_program {
    cadre_fn *fn;
    cadre_range_fn *range_fn; /* or, if folds: a cadre_fold, whose result is `into` */
    bool folds;
    const char *name;        /* NULL: unnamed */
    const void *kernel_name; /* what workers with a resolver know the functions by */
    size_t kernel_name_size;
    uint64_t n;              /* tasks: a task's place among them is its position */
    const uint64_t *indexes; /* of the first of them: see cdr_program_index */
    uint64_t n_indexes;
    uint64_t grain; /* tasks per unit; 1 but for reductions */
    uintptr_t items, results;
    size_t item_size, result_size; /* 0 where there are no items or results */
    const cadre_column *columns;
    unsigned n_columns;
    const size_t
        *column_at;  /* streams: where in an item each column's element is ... */
    size_t there_at; /* ... and the bits that say which of them are there */
    bool bytes;      /* streams: items are bytes of any size */
    bool in_place;   /* streams: items are read from `items`, not from the ring */
    size_t error_at; /* streams: where in an item an error may lie; 0: nowhere */
    bool together;   /* streams: a range kernel may have several at once */
    struct cdr_spill_file *spill_file; /* streams: for what no arena holds */
    bool emits;                        /* tasks may emit */
    cadre_bytes *emitted;              /* maps: where to */
    int *statuses;                     /* of tasks from position statuses_from on */
    uint64_t statuses_from;            /* 0, but in leases */
    bool keep_going;
    bool needs_processes; /* it has limits that only those keep */
    bool local;           /* for who shares the caller's memory */
    const void *shared;
    size_t shared_size; /* 0: not said */
    cadre_begin *worker_begin;
    cadre_end *worker_end;
    bool keep_state; /* states outlive the run */
    uint64_t seed;
    const cadre_seed *seed_sequence;
    struct cdr_tree *tree; /* reductions: where blocks are combined; else NULL */
    /* Maps in other processes (staging.h): */
    uintptr_t original;      /* `results` stand for what lies here; 0: they are it */
    struct cdr_spill *spill; /* where tasks emit to, instead of `emitted` */
    /* In workers that share no memory with the caller: */
    struct cdr_sink *sink; /* what tasks emit, and how they fail; else NULL */
    bool packed_columns;   /* each column's element lies in the item */
};

/* The index of the task at this position: that of its random stream and its messages. Items,
 * results and all that counts tasks go by position. */
static inline uint64_t cdr_program_index(const struct cdr_program *p, uint64_t position)
{
    if (__builtin_expect(p->n_indexes == 0, 1))
        return position;
    return position < p->n_indexes
               ? p->indexes[position]
               : p->indexes[p->n_indexes - 1] + (position - p->n_indexes + 1);
}

/* Where the status of the task at this position is. */
static inline int *cdr_program_status(const struct cdr_program *p, uint64_t position)
{
    return &p->statuses[position - p->statuses_from];
}

/* What a run has of its pool; read-only while it lasts. */
struct cdr_run_env {
    const cadre_backend *backend; /* NULL: the NULL pool */
    void *state;                  /* the backend's */
    const struct cdr_log *log;    /* NULL: nobody listens */
    const char *name;             /* the pool's */
    struct cdr_costs *costs;      /* NULL: nothing is learned */
    unsigned workers;
    bool remote;                       /* workers are other processes */
    bool own_cpus;                     /* ... and not limited by this machine's CPUs */
    bool killable;                     /* ... whose tasks can be ended by force */
    bool spin;                         /* there is a CPU for each worker */
    bool keeps_states;                 /* workers outlive the run ... */
    struct cdr_kept_states *kept;      /* ... and threads that call, or NULL */
    uint64_t chunk;                    /* of jobs that name none; 0: adaptive */
    uint64_t retire_after, retire_kib; /* what a process may serve, and grow; 0: any */
};

struct cadre_run {
    uint64_t number; /* of no other run of this process that has states; else 0 */
    const struct cdr_program *program;
    struct cadre_window *window;
    struct cdr_run_env env;
    cadre_pool *pool; /* its callers alone look into it (core/map, core/stream) */
    unsigned workers; /* that may work at once */
    const _Atomic uint32_t *cancel; /* the pool's count of cancellations; relaxed */
    uint32_t cancel_seen;           /* its value when the run began */
    uint64_t chunk;                 /* units per hand-out as asked for; 0: adaptive */
    uint64_t prefetch; /* most units a worker holds; UINT64_MAX: any number */
    uint64_t deadline; /* by cdr_now(); UINT64_MAX: none */
    double known_cost; /* nanoseconds a unit took in earlier runs; 0: unknown */
    void *data;        /* the backend's own */
    _Atomic bool caller_is_busy; /* the caller leaves tasks to others: relaxed */
    /* Others than seat 0 stand still between slices: until then, by cdr_now(). Relaxed. */
    _Atomic uint64_t still_until;
    void (*wake)(void *arg); /* there is work again for workers that left; or NULL */
    void *wake_arg;
    int event;     /* an eventfd that the caller of a stream sleeps on; or -1 */
    int cancelled; /* one that cadre_cancel writes to, of a map in processes; or -1 */
    /* Workers are processes: */
    uint64_t timeout_ns; /* for each task; 0: none */
    uint64_t grace_ns;
    unsigned retries;
    const struct cdr_manifest
        *manifest; /* they are spawned, and this describes the run; or NULL */
    struct cdr_ledger *ledger; /* leases, where workers share no memory; or NULL */
    unsigned
        size; /* in those: what cadre_size says; else 0: as many as there are seats */
    bool singly;                   /* and tasks are told of one by one */
    struct cdr_recovery *recovery; /* the caller's process alone (fault/recover.h) */
    cadre_error *given_up;         /* its caller's: why the run was given up, ... */
    _Atomic bool is_given_up;      /* ... if it was, which is released after that */
    bool spin;                     /* there is a CPU for each worker */
    /* Seat 0 alone reads and writes the rest. */
    /* Maps: called after each slice, for progress, and to bring workers in; or NULL. */
    void (*tick)(cadre_run *run, struct cadre_worker *w);
    uint64_t started;
    uint64_t next_progress; /* by cdr_now() */
    cadre_progress *progress;
    void *progress_arg;
    struct cdr_trial *trial; /* of a map on threads: map/trial.h; or NULL */
    bool alone;              /* workers have not been brought in (yet) ... */
    bool may_begin;          /* ... but may be */
};

/* While the run lasts, the status of a task that heard that it was not wanted, and may have
 * returned early. */
#define CDR_UNWANTED INT_MIN

struct cadre_task {
    const struct cdr_program *program;
    cadre_run *run;
    struct cdr_seat *seat;
    uint64_t failed_at; /* the last task whose failure was recorded; or CADRE_NO_ITEM */
    uint64_t
        unwanted_at; /* the last task that heard that it is not wanted; or NO_ITEM */
    uint64_t n_unwanted; /* how many have, of the slice */
    /* Range kernels: */
    uint64_t range_first, range_end; /* of the call; else both 0 */
    void *before;   /* folds: room for what was in `into` before the call */
    bool named;     /* cadre_task_at was called */
    bool cheap;     /* tasks are known to be so short that a few more
                                        make no difference */
    bool combining; /* the call is one of a reduction's combine */
    bool unwanted;  /* the call of a range kernel or of combine heard that it is */
    int misuse;     /* a code that fails the call; or 0 */
    bool beginning; /* the call is one of worker_begin */
    void *state;    /* what worker_begin made for this run ... */
    bool has_state; /* ... if it was called (state.c) */
    /* The random stream: */
    uint64_t rng_for; /* whose it is; CADRE_NO_ITEM: nobody's */
    bool root_ready;
    cadre_seed root;
    cadre_rng rng;
    /* Memory, kept from run to run: */
    void *scratch;
    size_t scratch_size, scratch_capacity;
    const void **args; /* one starmap item: n_columns pointers */
    unsigned args_capacity;
    cadre_error error; /* of task failed_at */
    char *emitted;     /* by task `emitting`, and not yet handed to the job */
    size_t emitted_size, emitted_capacity;
    struct cdr_extent extent; /* streams: what came before it, in the spill file */
    uint64_t emitting;
    uint64_t message_for; /* whose message it is; CADRE_NO_ITEM: nobody's */
    char message[400];
};

/* What worker_begin made for a run that the worker may come back to, or for all of them. */
struct cdr_state {
    uint64_t run; /* its number, as others may lie where it lay; 0: it is kept */
    void *state;
    cadre_begin *begin;
    cadre_end *end;  /* or NULL */
    pid_t pid;       /* whose it is, and not of a process forked from that */
    uint64_t thread; /* the same: see state.c */
};

/* In no order. */
struct cdr_states {
    struct cdr_state *at;
    unsigned n, capacity;
};

/* A pool's, for threads that call: those come and go with no worker of their own. */
struct cdr_kept_states {
    pthread_mutex_t lock; /* guards the rest */
    struct cdr_states states;
};

struct cadre_worker {
    struct cadre_task task;
    struct cdr_states states; /* of runs that are on, and kept ones */
    unsigned seat;            /* its number in the window */
    uint64_t now;             /* when its last slice ended */
    double cost;              /* nanoseconds a unit took in that slice; 0: unknown */
    uint64_t last_slice;      /* its size in units */
    bool took_all;            /* streams: all that a source had given, the last time */
    char *block;              /* reductions: results waiting to be folded ... */
    uint64_t block_tasks;     /* ... of at most so many tasks */
    size_t block_capacity;
    uint64_t served;    /* processes: tasks, in all runs ... */
    uint64_t first_kib; /* ... memory it had after the first of them ... */
    uint64_t looked;    /* ... which was looked at last then ... */
    bool retired;       /* ... and it has had enough */
    bool shares_fences; /* processes: this one's reach the others (base/sync.h) */
    cadre_bytes piece;  /* streams: one item of any size ... */
    void *mapped_item;  /* ... which lies in the spill file, or NULL */
    uintptr_t mapped_from, mapped_to; /* processes: results whose pages are mapped */
};

static inline uint64_t cdr_task_position(const struct cadre_task *t)
{
    return atomic_load_explicit(&t->seat->current, memory_order_relaxed);
}

/* The worker that runs on this thread now, or NULL. */
struct cadre_worker *cdr_current_worker(void);

/* From now on it is this one; returns the one that was, which has to come back. */
struct cadre_worker *cdr_set_current_worker(struct cadre_worker *w);

/* Workers of the run whose task runs on this thread; 0 outside tasks. */
unsigned cdr_workers_here(void);

/* Prepare the worker for a run, at a seat. CADRE_ENOMEM: nothing changed. */
int cdr_worker_enter(struct cadre_worker *w, cadre_run *run, unsigned seat);

/* Take tasks and run them until none is left to take: see cadre_serve. The second is for a
 * worker that has entered the run, at this time by cdr_now(). */
bool cdr_serve(struct cadre_worker *w, cadre_run *run, unsigned seat);
void cdr_serve_entered(struct cadre_worker *w, uint64_t now);

/* Free what the worker holds, not the worker. */
void cdr_worker_fini(struct cadre_worker *w);

/* Per-worker state (state.c). Find what the worker has of the run it enters; have it begin
 * before it runs the task at this position: false, it failed and so has that task; end it if the
 * worker has nothing more to do in the run. */
void cdr_state_find(struct cadre_worker *w);
bool cdr_state_make(struct cadre_worker *w, uint64_t position);
void cdr_state_end(struct cadre_worker *w);

static inline bool cdr_state_ready(struct cadre_worker *w, uint64_t position)
{
    return !w->task.program->worker_begin || w->task.has_state ||
           cdr_state_make(w, position);
}

/* End those that are left, in this process. */
void cdr_states_fini(struct cdr_states *states);

/* End what the worker has of a run that is over for it. */
void cdr_state_end_of(struct cadre_worker *w, const cadre_run *run);

/* The run is over, for its caller, which has the backend end it next: workers are to end
 * their states. */
void cdr_run_end_states(cadre_run *run);

/* Run units first .. end-1, the slice that the worker holds, and return the first that
 * was not begun. */
uint64_t cdr_slice_run(struct cadre_worker *w, uint64_t first, uint64_t end);

/* The same where the program is a reduction's (fold.c). */
uint64_t cdr_run_blocks(struct cadre_worker *w, uint64_t first, uint64_t end);

/* How many tasks to run between two looks, of at most `most`; and that some are done. */
uint64_t cdr_stride(const struct cadre_worker *w, uint64_t most);
void cdr_note_done(const struct cdr_program *p, uint64_t first, uint64_t end);

/* Workers are processes: carry on with what a dead one had not finished carrying. */
void cdr_slice_resume(struct cadre_worker *w);

/* Run tasks i .. end-1 with items from `item` and results from `result` on, up to the
 * first that fails unless failures are gone over. Returns the first task not done. */
uint64_t cdr_run_through(struct cadre_task *t, uint64_t i, uint64_t end, uintptr_t item,
                         uintptr_t result);

/* The same up to where the seat's stop_at is, or what it is lowered to meanwhile. */
uint64_t cdr_run_to_stop(struct cadre_task *t, uint64_t i, uintptr_t item,
                         uintptr_t result);

/* Columns: where the elements of task i lie; `item` is its item where it has one. */
void cdr_fill_args(const void **args, const struct cdr_program *p, uint64_t i,
                   uintptr_t item);

/* Processes: no more units at once than the worker may serve before it is recycled; and
 * that it has served so many tasks. */
uint64_t cdr_worker_allowance(const struct cadre_worker *w, uint64_t units);
void cdr_worker_served(struct cadre_worker *w, uint64_t tasks);

/* Streams: claim one batch and run it; false when there is none. */
bool cdr_serve_batch(struct cadre_worker *w);

/* Streams: do so until the ring has nothing for a while. */
void cdr_serve_ring(struct cadre_worker *w);

/* ---- the run itself (run.c) ---- */

/* A number for a run. */
uint64_t cdr_run_number(void);

/* Get ready for a run of this program in this window, for maps and streams alike. Nobody
 * else touches the run before its workers are brought in. */
void cdr_run_set_up(cadre_run *run, const struct cdr_program *p, struct cadre_window *w,
                    const struct cdr_run_env *env, const cadre_job *job,
                    const struct cdr_call *call);

/* Bring the backend's workers in; on failure none is. The run's env has the backend's state
 * by now. */
int cdr_run_begin(cadre_run *run, cadre_error *err);

/* No worker can be had any more: end the run with this failure. Any thread. */
void cdr_run_give_up(cadre_run *run, const cadre_error *why);

static inline bool cdr_run_is_given_up(const cadre_run *run)
{
    return atomic_load_explicit(&run->is_given_up, memory_order_acquire);
}

/* How it ended, when nobody touches the window any more. */
int cdr_run_verdict(const cadre_run *run, const cadre_job *job, cadre_error *err);

/* How long its caller may sleep, in milliseconds, before it has something to do; -1: for
 * ever. And: report how far it is, of `total` tasks (0: unknown). */
int cdr_run_patience(const cadre_run *run);
void cdr_run_report(cadre_run *run, uint64_t now, uint64_t done, uint64_t total);

/* Streams: end the caller's sleep. False if this process cannot: its descriptor is closed.
 * Safe in a signal handler. */
bool cdr_run_wake_caller(const cadre_run *run);

/* There is work again for workers that left. */
static inline void cdr_run_wake_workers(const cadre_run *run)
{
    if (run->wake)
        run->wake(run->wake_arg);
}

static inline bool cdr_run_caller_is_busy(const cadre_run *run)
{
    return atomic_load_explicit(&run->caller_is_busy, memory_order_relaxed);
}

static inline void cdr_run_set_busy(cadre_run *run, bool busy)
{
    atomic_store_explicit(&run->caller_is_busy, busy, memory_order_relaxed);
}

/* The kernel as a key for what is known of it. */
uintptr_t cdr_program_kernel(const struct cdr_program *p);

static inline bool cdr_run_cancelled(const cadre_run *run)
{
    return atomic_load_explicit(run->cancel, memory_order_relaxed) != run->cancel_seen;
}

/* Whether the worker should begin no unit from this one on. Read after very few tasks:
 * nothing but plain loads. */
static inline bool cdr_task_stopped(const struct cadre_task *t, uint64_t unit)
{
    return unit >= atomic_load_explicit(&t->seat->stop_at, memory_order_relaxed) ||
           cdr_run_cancelled(t->run);
}

/* Record that the task at this position failed. What is fatal ends the run even when it goes
 * over failed tasks. */
void cdr_task_failed(struct cadre_task *t, uint64_t position, int code, int user,
                     bool fatal);

/* Tasks first .. end-1 heard that they are not wanted: whatever they return, they have
 * neither failed nor been done. */
void cdr_task_unwanted(struct cadre_task *t, uint64_t first, uint64_t end);

/* The task at this position returned rc != 0. True: go on with the next one. */
bool cdr_task_returned(struct cadre_task *t, uint64_t position, int rc);

/* Hand to the job what a finished task emitted, if anything. */
void cdr_task_flush(struct cadre_task *t);

#endif
