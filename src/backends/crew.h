/* crew.h - worker processes: of one run, or kept from run to run.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_BACKENDS_CREW_H
#define CDR_BACKENDS_CREW_H

#include "base/common.h"
#include "base/sync.h"

#include <cadre/backend.h>
#include <pthread.h>
#include <signal.h>
#include <sys/types.h>

#define CDR_CREW_MAX   8192 /* seats, at most */
#define CDR_WORDS_SIZE 320  /* of a worker's last lines, that are kept */

/* Functions that libraries have for it: how many threads they start of their own. */
#define CDR_CAPS 4

/* What all crews of a pool have in common. Read-only once open, but for what a worker was
 * found to need of its own, in KiB: the last crew's largest; relaxed. */
struct cdr_team {
    unsigned workers;
    char name[32];
    _Atomic uint64_t kib_each;
    /* Kept workers (kept.c): */
    struct cdr_clean *clean; /* what starts them; NULL: they are forked */
    pthread_mutex_t lock;    /* guards `spare`, and starting */
    struct cdr_crew *spare;  /* has no run now; or NULL */
};

/* In memory that the crew's processes share. */
struct cdr_berth {
    _Alignas(
        CDR_APART) _Atomic uint32_t called; /* futex: its worker is to look again */
    /* Kept: the number of the last run that its worker joined, or left: release. */
    _Atomic uint64_t at;
};

struct cdr_quarters {
    /* A bit for each seat whose worker has nothing to do and sleeps, or is about to. Set by
     * the worker, taken by who wakes it: with the unequal fences. */
    _Alignas(CDR_APART) _Atomic uint64_t idle[CDR_CREW_MAX / 64];
    _Atomic bool report; /* the caller waits for workers that go idle */
    /* The seat that the relief is to take, and has not heard of; or 0. A futex: release,
     * acquire. */
    _Atomic uint32_t relieved;
    /* Kept workers: the number of the run that is on, or of none that follows it; released
     * after the rest, which the caller writes before it calls anybody to that. */
    _Atomic uint64_t number;
    const void *order; /* NULL: none is on */
    unsigned n;        /* seats in it */
    /* Why a worker cannot join: 1 while it says so, then 2: release. */
    _Atomic uint32_t refused;
    cadre_error refusal;
    struct cdr_berth berth[];
};

struct cdr_member {
    pid_t pid; /* 0: nobody is at this seat */
    int pidfd;
    int words_fd;     /* what it writes to stderr; -1 */
    int socket;       /* kept: for letters; -1 */
    bool told;        /* it was sent SIGTERM */
    bool vacant;      /* nobody is at this seat until there is nothing else to do */
    bool killed;      /* it was sent SIGKILL */
    uint64_t expired; /* why: this task had had its time; or CADRE_NO_ITEM */
    uint64_t kill_at; /* by CLOCK_MONOTONIC, once it was told */
    size_t n_words;
    char words[CDR_WORDS_SIZE];
};

/* The caller's thread alone has it; workers have it as it was when they were forked. Of a
 * kept crew it is the thread's whose run it has; kept workers have one of their own. */
struct cdr_crew {
    struct cdr_team *team;
    cadre_run *run;
    pid_t parent;
    unsigned n;     /* seats 1 .. n are in the run */
    unsigned seats; /* there are so many; more than n only in a kept crew */
    unsigned seat;  /* in a worker: its own */
    struct cdr_quarters *quarters;
    size_t quarters_size;
    int event; /* workers signal it: one went idle, or gave something back */
    int poll;  /* an epoll descriptor for all that the caller waits for */
    int timer; /* tasks with a time limit; -1 */
    bool ending;
    uint64_t oom_kills; /* of the machine, before; UINT64_MAX: unknown */
    uint64_t oom_seen;  /* the same when a worker was found to be one of them */
    uint64_t own_kib;   /* what the caller had in use then */
    uint64_t most_kib;  /* what a member was found to need beside that, at most */
    void (*cap[CDR_CAPS])(int threads);
    struct cdr_member *members; /* seats + 1 */
    struct cdr_member relief;   /* forked in advance; pid 0: nobody is */
    uint64_t relief_at;         /* not before, by cdr_now() */
    uint64_t fork_ns;           /* what forking took the last time */
    bool
        farewell; /* kept: workers hold something of the run that they have to let go */
    uint64_t number; /* kept workers: of the run they have last looked at */
};

/* A crew of so many seats, with nobody there. */
struct cdr_crew *cdr_crew_make(struct cdr_team *team, unsigned seats, cadre_error *err);
void cdr_crew_free(struct cdr_crew *c);

/* No more workers than there is memory for. */
unsigned cdr_crew_fit_memory(struct cdr_team *team, const cadre_run *run, unsigned n);

int cdr_crew_begin(struct cdr_crew **out, struct cdr_team *team, cadre_run *run,
                   cadre_error *err);
unsigned cdr_crew_tend(struct cdr_crew *c, int timeout_ms);
void cdr_crew_end(struct cdr_crew *c);

/* Kill all workers at once, or those that are not idle, and wait for their end. */
void cdr_crew_dismiss(struct cdr_crew *c, bool idle_too);

/* Wait for something to happen and see to it. */
void cdr_crew_await(struct cdr_crew *c, int timeout_ms);

/* ---- who is idle, who is late (muster.c) ---- */

/* Wake up to `count` idle workers. In any of the processes. */
void cdr_crew_rouse(struct cdr_crew *c, unsigned count);
bool cdr_crew_has_idle(const struct cdr_crew *c);
bool cdr_crew_is_idle(const struct cdr_crew *c, unsigned seat);

/* It is no longer idle: true for the one who made it so. And: it is to look again. */
bool cdr_crew_take_idle(struct cdr_crew *c, unsigned seat);
void cdr_crew_call(struct cdr_crew *c, unsigned seat);

/* Give idle workers what others have not begun. Returns when to look again. */
uint64_t cdr_crew_share_out(struct cdr_crew *c);

/* Workers that may be doing something that is wanted. */
unsigned cdr_crew_busy(const struct cdr_crew *c);

/* See to tasks that have had their time, and set the timer for the next. */
void cdr_crew_look_at_limits(struct cdr_crew *c);

void cdr_member_tell_to_end(struct cdr_member *m, uint64_t now, uint64_t grace);
void cdr_member_kill(struct cdr_member *m);

/* ---- members (member.c) ---- */

/* Get a worker for the seat, who joins the run. On failure nobody is there. */
int cdr_member_hire(struct cdr_crew *c, unsigned seat, cadre_error *err);

/* The same in two steps: a pipe for its stderr (0 or an errno value; both -1 if we have
 * none); and a process that is there. On failure it is gone. */
int cdr_member_pipe(int words[2]);
int cdr_member_take_up(struct cdr_crew *c, unsigned seat, const struct cdr_member *m);

/* Fork one that will be at the seat; 0: at any (relief.c). 0 or an errno value. */
int cdr_member_fork(struct cdr_crew *c, unsigned seat, struct cdr_member *m);

/* Kill one that has no seat, wait for its end, and close what is ours. */
void cdr_member_discard(struct cdr_member *m);

/* Pass on what it wrote to stderr, and keep the end of it. */
void cdr_member_listen(struct cdr_member *m);

/* The member is dead, or will be at once: wait for that, say how, and free what it had. */
void cdr_member_bury(struct cdr_crew *c, unsigned seat, cadre_death *death);

void cdr_member_signal(const struct cdr_member *m, int number);

/* ---- who was forked in advance (relief.c) ---- */

/* A worker was forked, which took since `began`. */
void cdr_relief_forked(struct cdr_crew *c, uint64_t began);

/* Fork one in advance, if it is time; returns when it will be, or UINT64_MAX. */
uint64_t cdr_relief_prepare(struct cdr_crew *c);

/* It takes the seat. False: nobody is there. */
bool cdr_relief_come(struct cdr_crew *c, unsigned seat);
/* Who was at the seat is dead. */
void cdr_relief_gone(struct cdr_crew *c, unsigned seat);
void cdr_relief_end(struct cdr_crew *c);

/* In its process: wait for a seat. */
unsigned cdr_relief_await(const struct cdr_crew *c);

/* ---- in the worker (worker.c) ---- */

/* What becomes of the process after fork; words_fd is its new stderr, or -1. */
_Noreturn void cdr_worker_main(struct cdr_crew *c, unsigned seat, int words_fd);

/* Serve, and when there is nothing to take sleep until called. */
void cdr_worker_serve(struct cdr_crew *c, cadre_worker *worker);
void cdr_worker_idle(struct cdr_crew *c, bool stream);

#define CDR_STARVED 12 /* exit status: no memory to begin with */
#define CDR_ORPHAN  13
#define CDR_SPENT   14 /* to be recycled */

/* ---- kept crews (kept.c) ---- */

/* A crew for the run: the one that is spare, or one more. */
struct cdr_crew *cdr_kept_take(struct cdr_team *team, cadre_run *run, cadre_error *err);

/* It has a run now: call its workers to it. And: they are idle, or dead; nobody needs it. */
int cdr_kept_begin(struct cdr_crew *c, cadre_error *err);
void cdr_kept_end(struct cdr_crew *c);

/* Start a worker for the seat, who joins the run that is on. */
int cdr_kept_hire(struct cdr_crew *c, unsigned seat, cadre_error *err);

/* Why workers cannot join the run; NULL: nobody has said so. */
const cadre_error *cdr_kept_refusal(const struct cdr_crew *c);

/* What is said to a worker, and by it, before its first run. */
struct cdr_appointment {
    struct cdr_common common;
    struct cdr_quarters *quarters;
    uint32_t called; /* as it was then */
    bool waits;      /* until it is called */
};

struct cdr_acceptance {
    cadre_error error;
};

/* All that a kept worker does (kept_worker.c). */
void cdr_kept_main(int socket, unsigned seat);

#endif
