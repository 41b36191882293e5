/* crew.h - the worker processes of one run.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_BACKENDS_CREW_H
#define CDR_BACKENDS_CREW_H

#include "base/sync.h"

#include <cadre/backend.h>
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
};

/* In memory that the crew's processes share. */
struct cdr_berth {
    _Alignas(
        CDR_APART) _Atomic uint32_t called; /* futex: its worker is to look again */
};

struct cdr_quarters {
    /* A bit for each seat whose worker has nothing to do and sleeps, or is about to. Set by
     * the worker, taken by who wakes it: with the unequal fences. */
    _Alignas(CDR_APART) _Atomic uint64_t idle[CDR_CREW_MAX / 64];
    _Atomic bool report; /* the caller waits for workers that go idle */
    struct cdr_berth berth[];
};

struct cdr_member {
    pid_t pid; /* 0: nobody is at this seat */
    int pidfd;
    int words_fd;     /* what it writes to stderr; -1 */
    bool told;        /* it was sent SIGTERM */
    bool vacant;      /* nobody is at this seat until there is nothing else to do */
    bool killed;      /* it was sent SIGKILL */
    uint64_t expired; /* why: this task had had its time; or CADRE_NO_ITEM */
    uint64_t kill_at; /* by CLOCK_MONOTONIC, once it was told */
    size_t n_words;
    char words[CDR_WORDS_SIZE];
};

/* The caller's thread alone has it; workers have it as it was when they were forked. */
struct cdr_crew {
    struct cdr_team *team;
    cadre_run *run;
    pid_t parent;
    unsigned n;    /* seats 1 .. n */
    unsigned seat; /* in a worker: its own */
    struct cdr_quarters *quarters;
    size_t quarters_size;
    int event; /* workers signal it: one went idle, or gave something back */
    int poll;  /* an epoll descriptor for all that the caller waits for */
    int timer; /* tasks with a time limit; -1 */
    bool ending;
    uint64_t
        oom_kills;     /* of the machine, when the crew was made; UINT64_MAX: unknown */
    uint64_t own_kib;  /* what the caller had in use then */
    uint64_t most_kib; /* what a member was found to need beside that, at most */
    void (*cap[CDR_CAPS])(int threads);
    struct cdr_member *members; /* n + 1, by seat */
};

int cdr_crew_begin(struct cdr_crew **out, struct cdr_team *team, cadre_run *run,
                   cadre_error *err);
unsigned cdr_crew_tend(struct cdr_crew *c, int timeout_ms);
void cdr_crew_end(struct cdr_crew *c);

/* Wake up to `count` idle workers. In any of the processes. */
void cdr_crew_rouse(struct cdr_crew *c, unsigned count);
bool cdr_crew_has_idle(const struct cdr_crew *c);

/* ---- members (member.c) ---- */

/* Fork a worker for the seat. On failure nobody is there. */
int cdr_member_hire(struct cdr_crew *c, unsigned seat, cadre_error *err);

/* Pass on what it wrote to stderr, and keep the end of it. */
void cdr_member_listen(struct cdr_member *m);

/* The member is dead, or will be at once: wait for that, say how, and free what it had. */
void cdr_member_bury(struct cdr_crew *c, unsigned seat, cadre_death *death);

void cdr_member_signal(const struct cdr_member *m, int number);

/* ---- in the worker (worker.c) ---- */

/* What becomes of the process after fork; words_fd is its new stderr, or -1. */
_Noreturn void cdr_worker_main(struct cdr_crew *c, unsigned seat, int words_fd);

#endif
