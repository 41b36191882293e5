/* supervisor.h - worker processes: forked for one run, or persistent.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_BACKENDS_PROCESSES_SUPERVISOR_H
#define CDR_BACKENDS_PROCESSES_SUPERVISOR_H

#include "backends/table.h"
#include "base/sync.h"

#include <cadre/backend.h>
#include <pthread.h>
#include <signal.h>
#include <sys/types.h>

#define CDR_STDERR_TAIL 320 /* of a worker's last lines, that are kept */

/* Functions that libraries have for it: how many threads they start of their own. */
#define CDR_CAPS 4

#define CDR_STANDBY_TIMES 4 /* forking in advance takes a fifth of the time at most */

struct cdr_process_pool;
struct cdr_supervisor;

/* How a pool's workers come and go: fork.c and persistent.c have one each. */
struct cdr_start {
    /* A supervisor for the run: a fresh one, or one that is spare. */
    struct cdr_supervisor *(*take)(struct cdr_process_pool *process_pool,
                                   cadre_run *run, cadre_error *err);
    /* All workers of the run come in. */
    int (*join)(struct cdr_supervisor *c, cadre_error *err);
    /* A worker for this seat, who joins the run that is on. On failure nobody is there. */
    int (*replace)(struct cdr_supervisor *c, unsigned seat, cadre_error *err);
    /* The run has ended; all workers are idle or dead. */
    void (*release)(struct cdr_supervisor *c);
    bool stays; /* idle workers outlive the run */
};

/* What all supervisors of a pool have in common. Read-only once open, but for what a worker was
 * found to need of its own, in KiB: the last supervisor's largest; relaxed. */
struct cdr_process_pool {
    const struct cdr_start *start;
    unsigned workers;
    char name[32];
    _Atomic uint64_t kib_each;
    /* Persistent workers (persistent.c): */
    struct cdr_spawn *spawned;    /* what starts them */
    pthread_mutex_t lock;         /* guards `spare`, and starting */
    struct cdr_supervisor *spare; /* has no run now; or NULL */
};

/* In memory that the supervisor's processes share. */
struct cdr_scoreboard_slot {
    _Alignas(CDR_FALSE_SHARING) _Atomic uint32_t
        called; /* futex: its worker is to look again */
    /* Persistent: the number of the last run that its worker joined, or left: release. */
    _Atomic uint64_t at;
    /* Its worker ends by itself, as it has served enough: release. An exit status would not
     * do, which may be a kernel's own. */
    _Atomic uint32_t retired;
};

struct cdr_scoreboard {
    /* A bit for each seat whose worker has nothing to do and sleeps, or is about to. Set by
     * the worker, taken by who wakes it: with the asymmetric fences. */
    _Alignas(CDR_FALSE_SHARING) _Atomic uint64_t idle[CDR_WORKERS_MAX / 64 + 1];
    _Atomic bool report; /* the caller waits for workers that go idle */
    /* The seat that the standby is to take, and has not heard of; or 0. A futex: release,
     * acquire. */
    _Atomic uint32_t standby_seat;
    /* Persistent workers: the number of the run that is on, or of none that follows it; released
     * after the rest, which the caller writes before it calls anybody to that. */
    _Atomic uint64_t number;
    const void *manifest; /* NULL: none is on */
    unsigned n;           /* seats in it */
    bool over;            /* there will be no other: workers are to end */
    /* Why a worker cannot join: 1 while it says so, then 2: release. */
    _Atomic uint32_t refused;
    cadre_error refusal;
    struct cdr_scoreboard_slot slot[];
};

struct cdr_child {
    pid_t pid;           /* 0: nobody is at this seat */
    int pidfd;           /* -1: Linux has none */
    int lifeline;        /* a pipe that ends with it, instead; -1 */
    int stderr_fd;       /* what it writes to stderr; -1 */
    int socket;          /* persistent: for messages; -1 */
    bool asked_to_end;   /* it was sent SIGTERM */
    bool vacant;         /* nobody is at this seat until there is nothing else to do */
    bool killed;         /* it was sent SIGKILL */
    uint64_t expired;    /* why: this task had had its time; or CADRE_NO_ITEM */
    uint64_t kill_at;    /* by CLOCK_MONOTONIC, once it was asked */
    bool seen_stopped;   /* in its task, which has got its time anew */
    uint64_t not_before; /* its task's time is not over sooner */
    uint64_t stopped_since; /* outside of a task, as far as was seen; 0: it is not */
    size_t n_tail;
    char stderr_tail[CDR_STDERR_TAIL];
};

/* The caller's thread alone has it; workers have it as it was when they were forked. Of a
 * persistent supervisor it is the thread's whose run it has; persistent workers have one of their own. */
struct cdr_supervisor {
    struct cdr_process_pool *process_pool;
    cadre_run *run;
    pid_t parent;
    unsigned n;     /* seats 1 .. n are in the run */
    unsigned seats; /* there are so many; more than n only in a persistent supervisor */
    unsigned seat;  /* in a worker: its own */
    struct cdr_scoreboard *scoreboard;
    size_t scoreboard_size;
    int event;      /* workers signal it: one went idle, or gave something back */
    int poll;       /* an epoll descriptor for all that the caller waits for */
    int timer;      /* tasks with a time limit; -1 */
    bool lifelines; /* of forked workers, as there are no pidfds */
    bool ending;
    uint64_t oom_kills; /* of the machine, before; UINT64_MAX: unknown */
    uint64_t oom_seen;  /* the same when a worker was found to be one of them */
    uint64_t own_kib;   /* what the caller had in use then */
    uint64_t most_kib;  /* what a child was found to need beside that, at most */
    void (*cap[CDR_CAPS])(int threads);
    struct cdr_child *children; /* seats + 1 */
    struct cdr_child standby;   /* forked in advance; pid 0: nobody is */
    uint64_t standby_at;        /* not before, by cdr_now() */
    uint64_t fork_ns;           /* what forking took the last time */
    bool
        release; /* persistent: workers hold something of the run that they have to let go */
    uint64_t number; /* persistent workers: of the run they have last looked at */
};

/* A supervisor of so many seats, with nobody there. */
struct cdr_supervisor *cdr_supervisor_make(struct cdr_process_pool *process_pool,
                                           unsigned seats, cadre_error *err);
void cdr_supervisor_free(struct cdr_supervisor *c);

/* What supervisors need of Linux: an error names what it refuses, and what else to use. */
int cdr_supervisor_check_calls(cadre_error *err);

/* No more workers than there is memory for. */
unsigned cdr_supervisor_fit_memory(struct cdr_process_pool *process_pool,
                                   const cadre_run *run, unsigned n);

int cdr_supervisor_begin(struct cdr_supervisor **out,
                         struct cdr_process_pool *process_pool, cadre_run *run,
                         cadre_error *err);
unsigned cdr_supervisor_poll(struct cdr_supervisor *c, int timeout_ms);
void cdr_supervisor_end(struct cdr_supervisor *c);

/* Kill all workers at once, or those that are not idle, and wait for their end. */
void cdr_supervisor_kill_all(struct cdr_supervisor *c, bool idle_too);

/* Wait for something to happen and see to it. */
void cdr_supervisor_await(struct cdr_supervisor *c, int timeout_ms);

/* ---- who is idle, who is late (idle.c) ---- */

/* Wake up to `count` idle workers. In any of the processes. */
void cdr_supervisor_wake_some(struct cdr_supervisor *c, unsigned count);
bool cdr_supervisor_has_idle(const struct cdr_supervisor *c);

/* Of a stream: a worker that died may have been about to wake others, who then sleep and
 * are not known to be idle. To those who do not it makes no difference. */
void cdr_supervisor_wake_again(struct cdr_supervisor *c);
bool cdr_supervisor_is_idle(const struct cdr_supervisor *c, unsigned seat);

/* It is no longer idle: true for the one who made it so. And: it is to look again. */
bool cdr_supervisor_take_idle(struct cdr_supervisor *c, unsigned seat);
void cdr_supervisor_wake_one(struct cdr_supervisor *c, unsigned seat);

/* Give idle workers what others have not begun. Returns when to look again. */
uint64_t cdr_supervisor_rebalance(struct cdr_supervisor *c);

/* Workers that may be doing something that is wanted. */
unsigned cdr_supervisor_busy(const struct cdr_supervisor *c);

/* See to tasks that have had their time, and set the timer for the next. */
void cdr_supervisor_look_at_limits(struct cdr_supervisor *c);

void cdr_child_tell_to_end(struct cdr_child *m, uint64_t now, uint64_t grace);
void cdr_child_kill(struct cdr_child *m);

/* ---- children (child.c) ---- */

/* The same in two steps: a pipe for its stderr (0 or an errno value; both -1 if we have
 * none); and a process that is there. On failure it is gone. */
int cdr_child_pipe(int ends[2]);
int cdr_child_adopt(struct cdr_supervisor *c, unsigned seat, const struct cdr_child *m);

/* Fork one that will be at the seat; 0: at any (standby.c). 0 or an errno value. */
int cdr_child_fork(struct cdr_supervisor *c, unsigned seat, struct cdr_child *m);

/* Kill one that has no seat, wait for its end, and close what is ours. */
void cdr_child_discard(struct cdr_child *m);

/* Pass on some of what it wrote to stderr, and keep the end of it. */
void cdr_child_listen(const struct cdr_supervisor *c, struct cdr_child *m);

/* The child is dead, or will be at once: wait for that, say how, and free what it had. */
void cdr_child_reap(struct cdr_supervisor *c, unsigned seat, cadre_death *death);

void cdr_child_signal(const struct cdr_child *m, int number);

/* ---- who was forked in advance (standby.c) ---- */

/* Fork one in advance, if it is time; returns when it will be, or UINT64_MAX. */
uint64_t cdr_standby_prepare(struct cdr_supervisor *c);

/* It takes the seat. False: nobody is there. */
bool cdr_standby_adopt(struct cdr_supervisor *c, unsigned seat);
/* Who was at the seat is dead. */
void cdr_standby_gone(struct cdr_supervisor *c, unsigned seat);
void cdr_standby_end(struct cdr_supervisor *c);

/* In its process: wait for a seat. */
unsigned cdr_supervisor_await_seat(const struct cdr_supervisor *c);

/* ---- what both backends have in common (backend.c) ---- */

int cdr_processes_open(void *state, const cadre_setup *setup, cadre_error *err);
int cdr_processes_begin(void *state, cadre_run *run, cadre_error *err);
unsigned cdr_processes_poll(void *state, cadre_run *run, int timeout_ms);
void cdr_processes_wake(void *state, cadre_run *run);
void cdr_processes_end(void *state, cadre_run *run);
int cdr_processes_pollfd(void *state, cadre_run *run);

/* ---- in the worker (worker.c) ---- */

/* What becomes of the process after fork; stderr_fd is its new stderr, or
 * -1; lifeline its end of that pipe, or -1. */
_Noreturn void cdr_worker_main(struct cdr_supervisor *c, unsigned seat, int stderr_fd,
                               int lifeline);

/* Serve, and when there is nothing to take sleep until called. */
void cdr_worker_serve(struct cdr_supervisor *c, cadre_worker *worker);
void cdr_worker_idle(struct cdr_supervisor *c, bool stream);

#define CDR_STARVED 12 /* exit status: no memory to begin with */
#define CDR_ORPHAN  13

/* ---- persistent supervisors (persistent.c) ---- */

/* ---- starting them (persistent_start.c) ---- */

/* A worker for each of the first n seats that has none; they wait until they are called. */
int cdr_persistent_fill(struct cdr_supervisor *c, unsigned n, cadre_error *err);

/* Kill the one at this seat, if there is one, and wait for its end. */
void cdr_persistent_remove(struct cdr_supervisor *c, unsigned seat);

/* What of the run goes by descriptor. */
int cdr_persistent_send_descriptors(struct cdr_supervisor *c, unsigned seat,
                                    cadre_error *err);

/* Start a worker for the seat, who joins the run that is on. */
int cdr_persistent_start(struct cdr_supervisor *c, unsigned seat, cadre_error *err);

/* Why workers cannot join the run; NULL: nobody has said so. */
const cadre_error *cdr_supervisor_refusal(const struct cdr_supervisor *c);

/* What is said to a worker, and by it, before its first run. */
struct cdr_worker_setup {
    cadre_mapping memory;
    struct cdr_scoreboard *scoreboard;
    uint32_t called; /* as it was then */
    bool waits;      /* until it is called */
};

struct cdr_worker_ready {
    cadre_error error;
};

/* All that a persistent worker does (persistent_worker.c). */
void cdr_persistent_main(int socket, unsigned seat);

#endif
