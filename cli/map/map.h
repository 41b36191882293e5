/* map.h - a run of cadre map: what its parts share.
 * SPDX-License-Identifier: MIT
 *
 * The story. The thread that runs the command reads the inputs and makes a job of each
 * (batch.h, inputs.h; blocks.h); a stream of the library hands the jobs to workers and
 * bounds how many are under way. A worker waits at the gate (gate.h), starts the command
 * (process.h), reads what it puts out and waits for its end (attempt.h), tries again where
 * that is asked for (worker.c), counts the end (halt.h), and leaves the job with the
 * outlet (outlet.h), which writes in order. Nothing of that waits for the thread that
 * reads the inputs, which may stand still for as long as its input does.
 *
 * Under an MPI launcher the worker has a rank do the attempt, starting to end (remote.c), by
 * way of a bridge (bridge.h); all else stays here, on rank 0.
 *
 * "Over" means that no more jobs begin; "killed", that those that run are ended, too.
 */
#ifndef CDR_CLI_MAP_MAP_H
#define CDR_CLI_MAP_MAP_H

#include "cli/journal/journal.h"
#include "cli/map/attempt.h"
#include "cli/map/bar.h"
#include "cli/map/batch.h"
#include "cli/map/blocks.h"
#include "cli/map/bridge.h"
#include "cli/map/ending.h"
#include "cli/map/gate.h"
#include "cli/map/guard.h"
#include "cli/map/halt.h"
#include "cli/map/joblog.h"
#include "cli/map/outlet.h"
#include "cli/map/process.h"
#include "cli/map/results.h"
#include "cli/map/summary.h"
#include "cli/map/timeout.h"
#include "cli/top/status.h"
#include <cadre/random.h>

struct cdr_map {
    /* Set before workers begin. */
    const struct cdr_map_settings *set;
    struct cdr_inputs *inputs;          /* NULL: there are blocks instead */
    struct cdr_blocks *blocks;          /* NULL: there are inputs instead */
    struct cdr_template *command, *tag; /* no command: --retry-failed */
    struct cdr_batch batch;
    struct cdr_start_common common;
    struct cdr_ending ending;
    struct cdr_halt halt;
    struct cdr_guard guard;
    uint64_t shuffle_seed;
    cadre_seed seed;  /* of which each job gets its own */
    unsigned budget;  /* workers that all jobs' own maps may have together */
    unsigned jobs;    /* at a time */
    unsigned ranks;   /* workers that other ranks have; 0: jobs run here */
    unsigned workers; /* threads */
    unsigned tries;
    int nothing; /* /dev/null, for jobs to read */
    const char *shell;
    bool shell_runs;    /* the command, as a text */
    bool through_shell; /* only a shell knows the command's name */
    bool warned;        /* of carriage returns */
    bool piped;         /* output goes to a pipe */
    char *path;         /* of the command, if its name is the same for all; else NULL */
    char **env;         /* of all jobs; entries of a job's own follow */
    size_t n_env;
    uint64_t window;

    struct cdr_gate gate;
    struct cdr_spool spool;
    struct cdr_outlet *outlet;
    struct cdr_bar *bar;         /* NULL: there is none */
    struct cdr_journal *journal; /* NULL: there is none */
    struct cdr_bridge *bridge;   /* to the other ranks; NULL: jobs run here */
    struct cdr_status *status;   /* the same */
    struct cdr_timeout timeout;
    struct cdr_joblog joblog;
    struct cdr_results results;
    struct cdr_summary summary; /* under `lock` */

    pthread_mutex_t
        lock; /* guards the tally and the like, the summary and the joblog */
    struct cdr_tally tally;
    uint64_t passed; /* jobs that were done before; under `lock`, as the next */
    bool all_known;  /* how many there are: tally.total */

    int over;           /* an eventfd: can be read once the run is over */
    atomic_bool ended;  /* by cdr_map_end; release, acquire. A signal only makes `over`
                           readable */
    atomic_bool killed; /* set before workers are woken; acquire, release */
    atomic_int broken;  /* errno of standard output; relaxed */
    _Atomic int *wake;  /* an eventfd of each worker, or -1; released by its worker */
    atomic_uint n_wake; /* workers that have begun; relaxed */
    uint64_t made;      /* jobs made: the reading thread's alone */
    uint64_t entered;   /* of these, to be run: the same */
    uint64_t skipped;   /* jobs passed that `passed` does not count yet: the same */
    struct cdr_failure *why; /* of reading the inputs: the reading thread's alone */
};

/* No more jobs begin; those that run are ended, if `kill`. From any thread. */
void cdr_map_end(struct cdr_map *map, bool kill);

/* Nothing can be put out any more, as this errno says: the jobs that run are ended. */
void cdr_map_lose_output(void *map, int number);

/* For cadre top, under the lock. (worker.c) */
void cdr_map_show_counts(struct cdr_map *map);
bool cdr_map_is_over(const struct cdr_map *map);

/* What a worker has to itself. */
struct cdr_work {
    struct cdr_map *map;
    unsigned index; /* its place in the guard's table */
    int wake;
    char *buffer; /* CDR_ATTEMPT_BUFFER bytes */
    void *stack;
    char **env;
    struct cdr_buffer own_env;
    struct cdr_live live;
};

/* A cadre_begin and its cadre_end; the job's shared bytes are a struct cdr_map *. */
int cdr_work_begin(cadre_task *task, void **state);
void cdr_work_end(void *state);

/* A kernel: the item is a struct cdr_job *. */
int cdr_work_on(cadre_task *task, const void *item, void *result);

/* Run the command once on another rank, and note in the job how it ended. (remote.c) */
struct cdr_attempt;
void cdr_attempt_remotely(struct cdr_work *work, const struct cdr_attempt *how,
                          struct cdr_job *job);

/* From here to the other ranks, for all attempts; after the journal is open. `broken` gets
 * the map, from another thread, when those are gone. */
int cdr_remote_open(struct cdr_map *map, void (*broken)(void *map),
                    struct cdr_failure *why);

/* The environment of a job, in work->env. False: no memory. (environment.c) */
bool cdr_environment_open(struct cdr_map *map);
bool cdr_environment_of(struct cdr_work *work, const struct cdr_job *job);
void cdr_environment_close(struct cdr_map *map);

#endif
