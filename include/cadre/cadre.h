/* cadre.h - one parallel map, many ways to run it.
 * SPDX-License-Identifier: MIT
 *
 * Four rules hold for every call in this header.
 *
 *   1. All-zero is a valid value. Any struct here may be declared `= {0}`; a
 *      field left at zero means "the default".
 *   2. Calls that can fail return CADRE_OK (0) or a negative CADRE_E... code,
 *      take `cadre_error *err` last, and accept NULL there.
 *   3. cadre keeps a pointer that you passed only as long as the call, or the pool or
 *      stream that the call opened, and frees nothing of yours.
 *   4. What a job computes depends on the job only: not on the backend, the
 *      number of workers, the chunk size or the order in which tasks finished.
 *
 * Words: a *job* is what to do, a *kernel* your function, a *task* one call of
 * it, an *item* its input, a *result* its output, a *worker* who runs it, a
 * *pool* workers that are ready.
 */
#ifndef CADRE_CADRE_H
#define CADRE_CADRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cadre/error.h>

CADRE_BEGIN_DECLS

/* ---- pools ---- */

typedef struct cadre_pool cadre_pool;
typedef struct cadre_backend cadre_backend; /* <cadre/backend.h> */

enum cadre_level { CADRE_INFO = 0, CADRE_WARNING = 1, CADRE_DEBUG = 2 };

/* Called from the thread that called cadre; text is one line without an end. */
typedef void cadre_log(void *arg, int level, const char *text);

enum cadre_if_serial { CADRE_ALLOW = 0, CADRE_WARN = 1, CADRE_FAIL = 2 };

typedef struct cadre_options {
    const char *backend;     /* "auto" (or NULL), "serial", "threads", "processes" */
    int workers;             /* 0 auto, n, -1 every usable CPU, -2 all but one, ... */
    bool isolate;            /* a crashing kernel must not take the program down */
    bool not_thread_safe;    /* kernels use static state */
    bool oversubscribe;      /* allow more workers than CPUs (else: capped, and said) */
    bool ignore_environment; /* shut out CADRE_WORKERS and CADRE_BACKEND */
    int if_serial;      /* when the plan comes out serial: an enum cadre_if_serial */
    uint64_t min_items; /* fewer items than this run serially; 0: measured */
    const char *name;   /* workers' names in ps and top, and in messages */
    cadre_log *log;
    void *log_arg;
    const cadre_backend *custom; /* a backend of your own, instead of a name */
    bool persistent; /* worker processes start clean, and stay: cadre_processes(3) */
    bool portable;   /* kernels use what the job gives, and no pointers */
    uint64_t retire_after; /* fresh worker processes after so many tasks; 0: never */
    uint64_t retire_bytes; /* or once one has grown by so much; 0: never */
    uint64_t chunk;        /* of jobs that name none */
    bool exact_workers;    /* more workers than CPUs is CADRE_EINVAL, and not capped */
    const char *const *worker_command; /* persistent workers are this program, with its
                        arguments, NULL last: <cadre/worker.h> */
    uint64_t reserved[5];              /* must be zero */
} cadre_options;

/* Read the machine and the environment, decide backend and workers, make the pool. NULL
 * options: all defaults. Threads start when first needed, persistent processes and what was
 * asked for by name here, and stay until cadre_close; others are forked by each run. */
CADRE_API int cadre_open(cadre_pool **out, const cadre_options *opt, cadre_error *err);

/* End the workers and free the pool. No job may be running. NULL is fine. */
CADRE_API void cadre_close(cadre_pool *pool);

/* Cancel what runs on the pool now; later jobs are not affected. Tasks that run can ask
 * cadre_task_cancelled; threads are waited for, processes as long as grace_ms says. Safe
 * from any thread and from a signal handler. NULL is fine. */
CADRE_API void cadre_cancel(cadre_pool *pool);

CADRE_API unsigned cadre_workers(const cadre_pool *pool); /* NULL pool: 1 */
CADRE_API const char *cadre_backend_name(const cadre_pool *pool);

/* Whether tasks can follow pointers into all of the caller's memory. False where workers
 * are persistent: then only into what cadre_alloc_shared gave. */
CADRE_API bool cadre_shares_memory(const cadre_pool *pool);

/* ---- tasks: what a kernel can see ---- */

typedef struct cadre_task cadre_task;
struct cadre_rng;  /* <cadre/random.h> */
struct cadre_seed; /* <cadre/random.h> */

/* A kernel turns one item into one result. Return 0, or anything else to fail. */
typedef int cadre_fn(cadre_task *task, const void *item, void *result);

/* The same over `count` neighbours at once, for work so small that the call itself shows:
 * items[0..count) to results[0..count), packed. If it fails, cadre calls it again one item
 * at a time to find the first that does. */
typedef int cadre_range_fn(cadre_task *task, uint64_t first, uint64_t count,
                           const void *items, void *results);

/* Reductions: fold `count` neighbours into `into`, which starts as all zero bytes: the same
 * as combining their results one after another, in one call. Where the calls begin and end
 * follows from n alone, unless one fails: then it is made again one item at a time, to find
 * the first that does. */
typedef int cadre_fold(cadre_task *task, uint64_t first, uint64_t count,
                       const void *items, void *into);

CADRE_API uint64_t cadre_task_index(const cadre_task *task);
CADRE_API const void *cadre_task_shared(const cadre_task *task);

/* Range kernels: say which item is worked on now, before asking for its random
 * numbers or emitting its bytes. Returns 0, or CADRE_EINVAL outside the range. */
CADRE_API int cadre_task_at(cadre_task *task, uint64_t index);

/* The item's own random stream, SeedSequence(seed).spawn(n)[index] in NumPy's
 * words: the same numbers whoever runs the task. Made on first use; never NULL. */
CADRE_API struct cadre_rng *cadre_task_rng(cadre_task *task);

/* True once this task's result is no longer wanted; long kernels may ask. */
CADRE_API bool cadre_task_cancelled(const cadre_task *task);

/* The worker's own memory: what one task leaves there, the worker's next task of the run
 * finds, or zeros; asking for more keeps what is there. NULL: there is none, and the task
 * fails with CADRE_ENOMEM, whatever the kernel returns. */
CADRE_API void *cadre_task_scratch(cadre_task *task, size_t size);

/* What the job's worker_begin made for this worker; else NULL. */
CADRE_API void *cadre_task_state(const cadre_task *task);

/* Append to this task's result of any size (job.emitted). Returns 0, or a code that the
 * task then fails with, whatever the kernel returns. */
CADRE_API int cadre_task_emit(cadre_task *task, const void *bytes, size_t size);

/* Record a message and return `user`:  return cadre_task_fail(t, 7, "..."); */
CADRE_API int cadre_task_fail(cadre_task *task, int user, const char *format, ...)
    CADRE_PRINTF(3, 4);

/* Set up and clean up what a worker needs for many tasks: a database handle, a plan of an
 * FFT. Begin runs at most once for each worker and run, on the worker's own thread, before
 * its first task; it returns 0, or fails that task and ends the run. End runs there after
 * the worker's last task, however the run ends, unless its process has died. With keep_state
 * this holds for each worker of the pool, over all runs that name these two functions; the
 * state of a thread that calls cadre itself ends in cadre_close. */
typedef int cadre_begin(cadre_task *task, void **state);
typedef void cadre_end(void *state);

/* ---- jobs ---- */

typedef struct cadre_bytes {
    void *data;
    size_t size;
} cadre_bytes;

/* Free every data and leave the array all zero. */
CADRE_API void cadre_bytes_free(cadre_bytes *bytes, uint64_t n);

/* Fills *item; returns CADRE_OK, CADRE_DONE when there are no more, CADRE_LATER when there
 * is none yet (see cadre_stream_wake), or anything else to fail. Called from the thread that
 * called cadre, never from two at once. Items of CADRE_BYTES are a cadre_bytes whose bytes
 * stay until the next call. */
typedef int cadre_source(void *arg, void *item, cadre_error *err);

/* The same for several items a call: writes 1 to `most` of them, of item_size bytes each, one
 * after another, and says in *n how many. With CADRE_DONE, CADRE_LATER or a failure *n may be
 * 0; the items that it counts come before the end. Not for CADRE_BYTES. */
typedef int cadre_range_source(void *arg, void *items, uint64_t most, uint64_t *n,
                               cadre_error *err);

#define CADRE_BYTES   SIZE_MAX   /* item_size: items are cadre_bytes, of any size */
#define CADRE_ENDLESS UINT64_MAX /* n: indices without an end */

typedef struct cadre_column { /* one argument of a starmap: a zip over columns */
    const void *data;
    size_t size;      /* bytes per element */
    uint64_t n;       /* elements; the shortest column ends the map, unless `fill` */
    const void *fill; /* what stands in once this column is exhausted (zip_longest) */
    bool same;        /* data is one element, given to every task */
    cadre_source *source; /* streams: instead of data and n */
    void *source_arg;
} cadre_column;

/* The k-th argument of a starmap task:  double x = CADRE_ARG(item, 0, double); */
#define CADRE_ARG(item, k, type) (*(const type *)((const void *const *)(item))[k])

typedef struct cadre_counts {
    uint64_t done, total;
    double elapsed; /* seconds since the run began */
    double left;    /* seconds, estimated; negative while unknown */
} cadre_counts;

/* Called now and then, and at the end, from the thread that called cadre. */
typedef void cadre_progress(void *arg, const cadre_counts *counts);

enum cadre_on_error { CADRE_STOP = 0, CADRE_KEEP_GOING = 1 };

typedef struct cadre_job {
    cadre_fn *fn; /* one of these three is required */
    cadre_range_fn *range_fn;
    cadre_fold *fold;        /* cadre_reduce only */
    const char *name;        /* in messages */
    const void *kernel_name; /* bytes by which the workers' own program knows the job's
                        functions: <cadre/worker.h> */
    size_t kernel_name_size;
    uint64_t n;        /* how many tasks; columns: 0 means all */
    const void *items; /* n of item_size; NULL: index only */
    size_t item_size;
    const cadre_column *columns; /* instead of items: a starmap */
    unsigned n_columns;
    const uint64_t *indexes; /* of the first n_indexes tasks, ever higher; later ones
                                count on from there. NULL: 0, 1, 2, ... */
    uint64_t n_indexes;
    void *results; /* n of result_size; NULL: none kept */
    size_t result_size;
    cadre_bytes *emitted;      /* n results of any size; each data yours to free */
    const void *shared;        /* read-only bytes every task may see */
    size_t shared_size;        /* needed only where memory is not shared */
    cadre_begin *worker_begin; /* see cadre_begin; NULL: workers have no state */
    cadre_end *worker_end;     /* free, fclose; NULL: there is nothing to end */
    bool keep_state; /* states live as long as their workers: see cadre_begin */
    bool local; /* tasks reach into the caller's memory: where workers do not share it,
                        they run in the caller's thread */
    uint64_t seed; /* names the random streams, with the item's index */
    const struct cadre_seed *seed_sequence; /* instead of seed: any entropy, any key */
    uint64_t chunk; /* tasks per hand-out; 0: automatic, adaptive */
    uint64_t
        prefetch;  /* most a worker has at hand, with the one it is in; 0: automatic */
    int on_error;  /* an enum cadre_on_error */
    int *statuses; /* n codes, one per task; required to keep going */
    uint32_t deadline_ms; /* for the whole run; 0: none */
    unsigned retries; /* processes: how often a task is run again whose worker died */
    uint32_t timeout_ms;  /* processes: for each task, from its own start; 0: none */
    uint32_t grace_ms;    /* processes: from SIGTERM to SIGKILL, and before SIGTERM when
                             a run is over early; 0: 1000 */
    cadre_source *source; /* this and the next six: streams only, <cadre/stream.h> */
    cadre_range_source *range_source; /* instead of source */
    void *source_arg;
    uint64_t window;
    uint64_t memory_limit;
    bool unordered;
    bool caller_waits; /* streams: the caller's thread runs no tasks; workers do */
    cadre_progress *progress;
    void *progress_arg;
    uint64_t reserved[5]; /* must be zero */
} cadre_job;

/* Zeroed memory that worker processes write to as well: results there need no copy. All
 * of it is there from the start, or err says how much was wanted. */
CADRE_API void *cadre_alloc_shared(size_t size, cadre_error *err);
CADRE_API void cadre_free_shared(void *memory); /* NULL is fine */

/* How many tasks the job has: n, or what its columns give. */
CADRE_API uint64_t cadre_job_tasks(const cadre_job *job);

/* Run the tasks and fill job->results; blocks until no task runs. A NULL pool runs them
 * here, one after another. The error is that which a plain loop would meet first, and every
 * result before it is complete; when keeping going, every other task has run too, and
 * statuses says how each ended. Any thread may call it, also from inside a task. */
CADRE_API int cadre_map(cadre_pool *pool, const cadre_job *job, cadre_error *err);

/* One call, without a pool to open: fn for each index below n, on threads that last as long
 * as the call. Tasks may write to what arg points to, each to its own part of it. */
typedef int cadre_index_fn(cadre_task *task, uint64_t index, void *arg);
CADRE_API int cadre_for(uint64_t n, cadre_index_fn *fn, void *arg, cadre_error *err);

/* Fold `from`, the result of later items, into `into`, that of earlier ones. */
typedef int cadre_combine(cadre_task *task, void *into, const void *from);

/* Combine the n results into *out (result_size bytes), in a tree whose shape depends on n
 * alone: same bytes for any worker count. With n = 0, and when no task succeeded, out is
 * left as it was. job->results must be NULL. */
CADRE_API int cadre_reduce(cadre_pool *pool, const cadre_job *job,
                           cadre_combine *combine, void *out, cadre_error *err);

/* The plan for this job (NULL: for any) and why, one decision a line with the
 * figure that decided. Text that does not fit is cut; CADRE_EXPLAIN_MAX fits. */
#define CADRE_EXPLAIN_MAX 16384
CADRE_API int cadre_explain(cadre_pool *pool, const cadre_job *job, char *text,
                            size_t size, cadre_error *err);

/* Where am I. Of a pool's size outside of tasks, ask cadre_workers. */
CADRE_API unsigned cadre_rank(void); /* 0 in the caller, 1.. in another worker */
CADRE_API unsigned cadre_size(void); /* in a task: ranks of its run are below; else 1 */
CADRE_API bool cadre_is_main(void);  /* whether the rank is 0 */

CADRE_END_DECLS
#endif
