/* backend.h - the contract for backends: kinds of workers.
 * SPDX-License-Identifier: MIT
 *
 * A backend brings workers into a run, and nothing more. Every worker, wherever it
 * lives, calls cadre_serve on the run until that returns; order, errors, sizes of
 * hand-outs, progress and nesting are the engine's, so backends can be short and
 * equal. Those that come with cadre (src/backends/) are written against this header;
 * one of your own goes into cadre_options.custom.
 *
 * Stability: second tier. It may change with a minor release; CADRE_BACKEND_ABI
 * then changes too, and cadre_open refuses a backend built for another.
 */
#ifndef CADRE_BACKEND_H
#define CADRE_BACKEND_H

#include <cadre/cadre.h>

CADRE_BEGIN_DECLS

#define CADRE_BACKEND_ABI 4

typedef struct cadre_run cadre_run;       /* one execution of a job */
typedef struct cadre_worker cadre_worker; /* one worker's own state, kept over runs */

/* What is true of a backend's workers: cadre_backend.traits. Core goes by these and knows no
 * backend by name. Threads have none of them; processes forked from the caller's have all
 * but the last; workers on other machines have REMOTE and OWN_CPUS. */
#define CADRE_REMOTE   1u /* kernels run outside the caller's process */
#define CADRE_MAPPED   2u /* ... where cadre's shared memory is at the same addresses */
#define CADRE_INHERITS 4u /* ... and so is all that the caller had when the run began */
#define CADRE_ISOLATED 8u /* a crash costs a task, not the program */
#define CADRE_KILLABLE 16u /* a task can be ended by force */
#define CADRE_OWN_CPUS \
    32u /* workers have CPUs of their own: this machine's are no limit */

/* For the thread that will serve with it, in the process where that runs; NULL without
 * memory. NULL is fine to close. */
CADRE_API cadre_worker *cadre_worker_open(void);
CADRE_API void cadre_worker_close(cadre_worker *worker);

/* Take tasks of the run and run them until none is left to take. `seat` numbers the
 * workers of a run from 1 (0 is the caller's thread); two may not share one. Returns
 * while other workers still run; there may be more to take later (see `wake`).
 * Returns false when the worker could not even begin, for want of memory or since Linux
 * refuses what processes need to wake each other. */
CADRE_API bool cadre_serve(cadre_worker *worker, cadre_run *run, unsigned seat);

/* Whether the worker, a process, has served or grown as much as the pool's options allow:
 * it is in no task, and its process is to end and be told of as retired. */
CADRE_API bool cadre_worker_is_retired(const cadre_worker *worker);

/* Whether there is anything to take now. */
CADRE_API bool cadre_run_has_work(const cadre_run *run);

/* Whether the run is over, and the worker of this seat left it with a state to end (see
 * cadre_begin). `end` has it call cadre_serve once more, which does that in its thread;
 * otherwise cadre_worker_close does. */
CADRE_API bool cadre_run_has_state(const cadre_run *run, unsigned seat);

/* Whether the caller's thread leaves the tasks of this run to others, so that one more
 * worker can be of use (it never begins to do so without a wake). */
CADRE_API bool cadre_run_caller_is_busy(const cadre_run *run);

/* The backend's own pointer in a run, NULL at first. */
CADRE_API void cadre_run_set_data(cadre_run *run, void *slot);
CADRE_API void *cadre_run_data(const cadre_run *run);

/* ---- workers in other processes (CADRE_REMOTE | CADRE_MAPPED) ---- */

/* Whether work may come at any moment, and not only from other workers. */
CADRE_API bool cadre_run_is_stream(const cadre_run *run);

/* False once it is certain that what this seat's worker is in, and all that it holds, is
 * beyond what anybody wants. */
CADRE_API bool cadre_run_is_wanted(const cadre_run *run, unsigned seat);

/* An eventfd to sleep on in poll and end, and to read when it is readable: cadre_cancel
 * writes to it. -1 for a stream, whose caller sees to that itself. */
CADRE_API int cadre_run_event(const cadre_run *run);

/* How many workers can be of use, and how long they are given to end by themselves. */
CADRE_API unsigned cadre_run_workers(const cadre_run *run);
CADRE_API uint64_t cadre_run_grace_ns(const cadre_run *run);

/* When the task that this seat's worker is in now has had its time, by CLOCK_MONOTONIC in
 * nanoseconds, and which task that is; UINT64_MAX: never. With seat 0: the same of a task
 * that would begin now. */
CADRE_API uint64_t cadre_run_expiry(const cadre_run *run, unsigned seat,
                                    uint64_t *item);

/* In the caller's process: give the idle worker of this seat what another has not begun.
 * False: there is none; *again is then when there may be (UINT64_MAX: never). */
CADRE_API bool cadre_run_rebalance(cadre_run *run, unsigned seat, uint64_t *again);

/* How a worker died. */
typedef struct cadre_death {
    int32_t pid, signal, status;
    uint32_t flags, peak_kib; /* as in cadre_error */
    bool unknown;             /* somebody else has collected how it ended */
    uint64_t expired;         /* it was killed since this task had had its time; or
                           CADRE_NO_ITEM */
    const char *stderr_tail;  /* the last it wrote to stderr, or NULL */
    bool retired;             /* it ended by itself: it had served or grown enough */
    const char *where;        /* "rank 3 (host b)"; NULL: on this machine */
} cadre_death;

/* In the caller's process: the worker of this seat is dead. Finds out what it was doing,
 * blames the task that it was in, hands out the rest again. True: a fresh worker is wanted
 * at the seat. */
CADRE_API bool cadre_run_lost(cadre_run *run, unsigned seat, const cadre_death *death);

/* To the log of the pool. */
CADRE_API void cadre_run_log(const cadre_run *run, int level, const char *text);

/* No worker can be had any more: end the run with this failure. */
CADRE_API void cadre_run_give_up(cadre_run *run, const cadre_error *why);

/* Tasks from this position on nobody wants; UINT64_MAX: all are wanted; 0: the run is over. */
CADRE_API uint64_t cadre_run_limit(const cadre_run *run);

/* ---- workers that share no memory with the caller: CADRE_REMOTE without CADRE_MAPPED ----
 *
 * In the caller's process a backend writes the run down once for each worker (manifest), and
 * then takes leases for it: consecutive tasks with their items. What became of them comes
 * back as outcomes. All three are plain bytes, for any way there is to send bytes between
 * machines of the same kind.
 *
 * What is in a packet is yours; begin with all zero, and use it again as it is. */
typedef struct cadre_packet {
    void *data;
    size_t size, capacity;
} cadre_packet;

CADRE_API void cadre_packet_free(cadre_packet *packet); /* NULL is fine */

typedef struct cadre_lease {
    uint64_t id;           /* its number in the run */
    uint64_t first, count; /* positions; count 0: two results are to be combined */
    cadre_packet packet;   /* to send */
} cadre_lease;

/* In the caller's process, for one run from one thread at a time, which may be any. The
 * manifest of a run. CADRE_ENOTSUP: a function has no name elsewhere, and what to do. */
CADRE_API int cadre_manifest_pack(const cadre_run *run, cadre_packet *out,
                                  cadre_error *err);

/* Take a lease for the worker of this seat, which may have several: of `most` tasks (blocks
 * of a reduction) at most, and no more than pay as far as was measured; 0: as many as those.
 * CADRE_DONE: there is nothing to take now. */
CADRE_API int cadre_lease_take(cadre_run *run, unsigned seat, uint64_t most,
                               cadre_lease *lease, cadre_error *err);

/* An outcome of a lease that is out at this seat. CADRE_OK: there is more to come of it;
 * CADRE_DONE: that was the last; CADRE_EBUSY: there is no room for all of it now, so give it
 * again after a wake; CADRE_EINVAL: it is none, and nothing has changed. */
CADRE_API int cadre_lease_give(cadre_run *run, unsigned seat, const void *outcome,
                               size_t size, cadre_error *err);

/* Hand a lease back: what no outcome has told of is as if it had not been taken. Of all that
 * a lost worker has, cadre_run_lost does the same, and finds who pays. */
CADRE_API void cadre_lease_return(cadre_run *run, unsigned seat, uint64_t id);

/* The worker of this seat is gone with the machine that it was on, and no other takes its
 * place. The first task that it had pays: where `retries` of the job allows, all that it had
 * is handed out again; else that task has failed for this reason, and the run ends with it
 * unless it keeps going. What is below still runs. True: the run goes on. */
CADRE_API bool cadre_lease_fail(cadre_run *run, unsigned seat, const cadre_error *why);

/* A run, as one worker elsewhere has it. */
typedef struct cadre_program cadre_program;

/* In the worker. The manifest's bytes lie on a boundary of 16, and stay there until the
 * program is closed, which happens before the worker is. CADRE_ENOTSUP: the kernel is not
 * there. CADRE_EINVAL: it is no manifest. Whoever sends one decides what is run here. */
CADRE_API int cadre_manifest_open(cadre_program **out, const void *manifest,
                                  size_t size, cadre_error *err);
CADRE_API void cadre_program_close(cadre_program *program); /* NULL is fine */

/* Run a lease, whose bytes lie on a boundary of 16 and stay until it is done. CADRE_OK: the
 * outcome is to be sent, and the call repeated with the same lease; CADRE_DONE: there is no
 * more to send. An outcome tells of `most` tasks at most; 0: of what takes some
 * milliseconds. Anything else: the worker cannot go on. */
CADRE_API int cadre_lease_run(cadre_worker *worker, cadre_program *program,
                              const void *lease, size_t size, uint64_t most,
                              cadre_packet *outcome, cadre_error *err);

/* Tasks from position `limit` on are not wanted any more (cadre_run_limit). Any thread, and
 * signal handlers. */
CADRE_API void cadre_program_halt(cadre_program *program, uint64_t limit);

/* ---- workers in processes that were not forked from the caller's: CADRE_MAPPED without
 * CADRE_INHERITS ----
 *
 * They have the program's code, and what cadre makes for workers to share, at the same
 * addresses. Of a run they know what its order says, which lies there. */
#define CADRE_RUN_FDS 2

/* In the caller's process, while a pool is open: where that memory lies, as plain bytes, and
 * the descriptor to send with them, which stays cadre's. In a worker, once, before it joins
 * a run: have it there, too; the descriptor may be closed afterwards. */
typedef struct cadre_mapping {
    uint64_t base, size;
} cadre_mapping;

CADRE_API int cadre_mapping_describe(cadre_mapping *out, int *fd, cadre_error *err);
CADRE_API int cadre_mapping_join(const cadre_mapping *mapping, int fd,
                                 cadre_error *err);

/* In the caller's process: the order; the descriptors that go with it (returns how many);
 * and whether a worker has to be asked if it has the kernel: that joining goes well. */
CADRE_API const void *cadre_run_manifest(const cadre_run *run);
CADRE_API unsigned cadre_run_descriptors(const cadre_run *run, int fds[CADRE_RUN_FDS]);
CADRE_API bool cadre_run_is_unsure(const cadre_run *run);

/* In the worker: how many descriptors belong to the order; and a run to serve, to be left
 * by cadre_run_leave, which closes those. `wake` gets `arg` when there is work again.
 * CADRE_ENOTSUP: the kernel is not there; nothing is left then. */
CADRE_API unsigned cadre_manifest_descriptors(const void *manifest);
CADRE_API int cadre_run_join(cadre_run **out, const void *manifest, const int *fds,
                             void (*wake)(void *arg), void *arg, cadre_error *err);
CADRE_API void cadre_run_leave(cadre_run *run);

/* What a backend is given to open. */
typedef struct cadre_setup {
    unsigned workers; /* in all; unless REMOTE, the caller's thread is one of them */
    unsigned cpus;    /* that this process may use */
    const char *name; /* of the pool; never NULL */
    const char *const *worker_command; /* of the options, or NULL; not to be kept */
    uint64_t reserved[7];
} cadre_setup;

/* Functions may be NULL where it says so. `state` is state_size bytes, zeroed, that
 * cadre allocates. begin, poll, wake and end may be called from several threads at
 * once, for different runs, but for wake in this order for each: begin poll* end. */
struct cadre_backend {
    uint32_t abi;     /* CADRE_BACKEND_ABI */
    const char *name; /* lower case, static */
    size_t state_size;

    /* Get workers ready. On failure leave nothing behind. CADRE_DONE: this process was one
     * of the workers, and has served; cadre_open returns it, without a pool. May be NULL. */
    int (*open)(void *state, const cadre_setup *setup, cadre_error *err);

    /* How many nanoseconds' worth of work there must be for bringing workers in to pay
     * now. May be NULL: always. */
    uint64_t (*threshold)(void *state);

    /* Bring workers into the run, without waiting for them. CADRE_EBUSY when there
     * is no room for one more run: then the caller's thread does it alone. NULL for
     * a backend that never has workers beside the caller's thread. */
    int (*begin)(void *state, cadre_run *run, cadre_error *err);

    /* The caller's thread has nothing left to take: wait until something changes or
     * timeout_ms is over (negative: no limit). Returns how many workers are in the
     * run still. Required with begin. */
    unsigned (*poll)(void *state, cadre_run *run, int timeout_ms);

    /* There is work again for workers that left the run. Called by any worker in it and
     * by the caller, often: must be cheap while nobody waits. Required with begin. */
    void (*wake)(void *state, cadre_run *run);

    /* Let no worker in any more, and return when none is left in. Required with
     * begin. */
    void (*end)(void *state, cadre_run *run);

    /* Dismiss the workers. No run is on. May be NULL. */
    void (*close)(void *state);

    /* A set of CADRE_REMOTE and so on. With REMOTE the caller's thread runs no tasks. What
     * workers with MAPPED share with it lies in memory that cadre makes for that; they are
     * forked by begin and poll, from the thread that calls those, if they have INHERITS.
     * Such a backend tells of deaths (cadre_run_lost). */
    uint32_t traits;

    /* REMOTE: a descriptor that is readable when poll has something to do. Required with
     * MAPPED. */
    int (*pollfd)(void *state, cadre_run *run);

    /* How many workers there are where nobody says how many; 0: none, as things are, so
     * that "auto" is not to take it. From any thread. May be NULL: as many as CPUs, and not
     * for "auto". */
    unsigned (*available)(void);

    /* For cadre_explain: one line about the workers, and where they run. May be NULL. */
    void (*explain)(void *state, char *text, size_t size);
};

/* Have cadre_open find the backend by its name, in options and in CADRE_BACKEND, for as long
 * as the process lasts; with workers available, "auto" takes it, and it starts at once. May
 * be called before main. */
CADRE_API int cadre_backend_register(const cadre_backend *backend, cadre_error *err);

CADRE_END_DECLS
#endif
