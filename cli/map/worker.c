/* worker.c - what a worker does with a job, from the gate to the outlet.
 * SPDX-License-Identifier: MIT
 */
#include "cli/map/map.h"
#include "cli/map/shell.h"
#include "cli/base/interrupt.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#define ARGUMENT_MAX \
    131071                /* bytes of one argument that Linux takes, without its end */
#define BACK_OFF     0.05 /* seconds before the second try; twice as many each time */
#define BACK_OFF_MAX 10.0
#define COUNT_OF(a)  (sizeof(a) / sizeof(a)[0])

/* ---- a worker's own things ---- */

static int cannot(cadre_task *task, struct cdr_work *w, const char *what)
{
    int failed = errno;

    if (w->wake >= 0)
        close(w->wake);
    cdr_work_end(w);
    return cadre_task_fail(task, 1, "a worker cannot begin: %s: %s", what,
                           strerror(failed));
}

int cdr_work_begin(cadre_task *task, void **state)
{
    struct cdr_map *map = *(struct cdr_map *const *)cadre_task_shared(task);
    struct cdr_work *w = calloc(1, sizeof *w);

    if (!w)
        return cadre_task_fail(task, 1, "out of memory");
    w->map = map;
    w->stack = MAP_FAILED;
    w->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (w->wake < 0)
        return cannot(task, w, "eventfd");
    w->buffer = malloc(CDR_ATTEMPT_BUFFER);
    w->stack = mmap(NULL, CDR_START_STACK, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (!w->buffer || w->stack == MAP_FAILED)
        return cannot(task, w, "memory");
    w->index = atomic_fetch_add_explicit(&map->n_wake, 1, memory_order_relaxed);
    atomic_store_explicit(&map->wake[w->index], w->wake, memory_order_release);
    *state = w;
    return 0;
}

void cdr_work_end(void *state)
{
    struct cdr_work *w = state;

    if (w->stack != MAP_FAILED)
        munmap(w->stack, CDR_START_STACK);
    cdr_buffer_free(&w->own_env);
    free(w->buffer);
    free(w->env);
    free(w); /* its eventfd is the map's by now: others may be writing to it */
}

/* ---- the end of the run ---- */

static void signal_event(int fd)
{
    uint64_t one = 1;

    if (fd >= 0 && write(fd, &one, sizeof one) < 0)
        return; /* it was written to before, and is not read yet */
}

void cdr_map_end(struct cdr_map *map, bool kill)
{
    atomic_store_explicit(&map->ended, true, memory_order_release);
    signal_event(map->over);
    if (!kill)
        return;
    atomic_store_explicit(&map->killed, true, memory_order_release);
    for (unsigned i = 0; i < map->workers; i++)
        signal_event(atomic_load_explicit(&map->wake[i], memory_order_acquire));
}

void cdr_map_lose_output(void *arg, int number)
{
    struct cdr_map *map = arg;

    atomic_store_explicit(&map->broken, number, memory_order_relaxed);
    cdr_map_end(map, true);
}

void cdr_map_show_counts(struct cdr_map *map)
{
    cdr_status_count(map->status, CDR_STATUS_TOTAL,
                     map->all_known ? map->tally.total : 0);
    cdr_status_count(map->status, CDR_STATUS_BEFORE, map->passed);
    cdr_status_count(map->status, CDR_STATUS_DONE, map->tally.ended);
    cdr_status_count(map->status, CDR_STATUS_FAILED, map->tally.failed);
}

bool cdr_map_is_over(const struct cdr_map *map)
{
    return cdr_interrupted() || atomic_load_explicit(&map->ended, memory_order_acquire);
}

/* ---- the command ---- */

/* A job of --retry-failed has its words already. */
static bool make_words(struct cdr_map *map, struct cdr_job *job)
{
    struct cdr_place_of_job place = { job->seq, job->slot };

    return job->words.n > 0 ||
           cdr_template_words(map->command, &job->args, &place, &job->words);
}

static bool needs_shell(const struct cdr_map *map, const struct cdr_job *job)
{
    return map->through_shell ||
           (!map->command && cdr_only_shell_knows(cdr_args_get(&job->words, 0)));
}

/* NULL, with the reason noted: the command cannot be had with these arguments. */
static char **arguments(struct cdr_map *map, struct cdr_job *job)
{
    const char *shell[] = { map->shell, "-c", "\"$@\"", map->shell };
    char **argv = NULL;
    size_t n = 0, first;

    if (make_words(map, job))
        argv = calloc(job->words.n + COUNT_OF(shell) + 1, sizeof *argv);
    if (!argv) {
        cdr_job_says(job, "out of memory");
        return NULL;
    }
    first = map->shell_runs ? 2 : needs_shell(map, job) ? COUNT_OF(shell) : 0;
    for (; n < first; n++)
        argv[n] = (char *)(size_t)shell[n];
    for (size_t i = 0; i < job->words.n; i++) {
        argv[n++] = (char *)(size_t)cdr_args_get(&job->words, i);
        if (cdr_args_size(&job->words, i) > ARGUMENT_MAX)
            cdr_job_says(
                job,
                "argument %zu of its command has %zu bytes; Linux takes at most "
                "%d",
                i, cdr_args_size(&job->words, i), ARGUMENT_MAX);
    }
    if (job->words.has_nul)
        cdr_job_says(job, "it has a NUL byte in it, which no argument can have");
    if (job->reason) {
        free(argv);
        return NULL;
    }
    return argv;
}

static const char *program_of(struct cdr_map *map, struct cdr_job *job, char **argv,
                              char room[PATH_MAX])
{
    const char *path =
        map->path ? map->path : cdr_process_find(room, PATH_MAX, argv[0]);

    if (!path) {
        job->end.status = errno == ENOENT || errno == ENOTDIR ? 127 : 126;
        cdr_job_says(job, "cannot start \"%.200s\": %s", argv[0],
                     errno == ENOENT ? "no such command" : strerror(errno));
    }
    return path;
}

static bool wants_another_try(struct cdr_map *map, const struct cdr_job *job)
{
    double wait = BACK_OFF;

    if (!cdr_job_failed(job) || job->end.tries >= map->tries || job->end.killed ||
        (job->reason && !job->end.lost))
        return false;
    for (unsigned i = 1; i < job->end.tries && wait < BACK_OFF_MAX; i++)
        wait *= 2;
    return cdr_gate_pause(&map->gate, wait) && !cdr_map_is_over(map);
}

static void forget_try(struct cdr_map *map, struct cdr_job *job)
{
    cdr_held_clear(&job->output, &map->spool);
    cdr_held_clear(&job->errors, &map->spool);
    free(job->reason);
    job->reason = NULL;
}

static void take(void *arg, int which, const char *bytes, size_t size)
{
    struct cdr_work *w = arg;
    int failed = cdr_outlet_add(w->map->outlet, &w->live, which, bytes, size);

    if (failed)
        cdr_job_says(w->live.job, "its output cannot be kept in %s: %s",
                     w->map->spool.folder, strerror(failed));
}

static bool look(void *arg)
{
    struct cdr_work *w = arg;
    uint64_t count;

    if (read(w->wake, &count, sizeof count) < 0 && errno != EAGAIN)
        return false;
    cdr_outlet_catch_up(w->map->outlet, &w->live);
    return atomic_load_explicit(&w->map->killed, memory_order_acquire);
}

/* Who reads standard output has gone away. */
static void gone(void *arg)
{
    cdr_map_lose_output(((struct cdr_work *)arg)->map, EPIPE);
}

static void attempt(struct cdr_work *w, struct cdr_job *job, const char *path,
                    char **argv)
{
    struct cdr_map *map = w->map;
    struct cdr_attempt how = { .common = &map->common,
                               .ending = &map->ending,
                               .path = path,
                               .argv = argv,
                               .env = w->env,
                               .limit = cdr_timeout_now(&map->timeout),
                               .nothing = map->nothing,
                               .ungroup = map->set->output.ungroup,
                               .group = &map->guard.group[w->index],
                               .stack = w->stack,
                               .buffer = w->buffer,
                               .piped = map->piped,
                               .wake = w->wake,
                               .look_ms = -1,
                               .take = take,
                               .look = look,
                               .gone = gone,
                               .arg = w };

    if (map->bridge)
        cdr_attempt_remotely(w, &how, job);
    else
        cdr_attempt(&how, job);
}

static void run_tries(struct cdr_work *w, struct cdr_job *job, const char *path,
                      char **argv)
{
    struct cdr_map *map = w->map;
    bool again;

    do {
        job->end.tries++;
        w->live.held = job->end.tries < map->tries;
        cdr_status_run(map->status, w->index, job);
        attempt(w, job, path, argv);
        again = wants_another_try(map, job);
        if (again)
            forget_try(map, job);
    } while (again);
    w->live.held = false;
    cdr_status_run(map->status, w->index, NULL);
}

/* --dry-run: the command is the output. */
static void show(struct cdr_map *map, struct cdr_job *job)
{
    struct cdr_buffer text = { 0 };

    cdr_job_command(job, map->shell_runs, &text);
    cdr_buffer_add(&text, "\n", 1);
    if (text.failed || cdr_held_add(&job->output, &map->spool, text.data, text.size))
        cdr_job_says(job, "out of memory");
    cdr_buffer_free(&text);
}

static void run_command(struct cdr_work *w, struct cdr_job *job)
{
    struct cdr_map *map = w->map;
    char **argv = arguments(map, job), room[PATH_MAX];
    const char *path;

    job->end.ran = true;
    if (argv && map->set->run.dry_run) {
        show(map, job);
    } else if (argv && (path = program_of(map, job, argv, room))) {
        if (cdr_environment_of(w, job))
            run_tries(w, job, path, argv);
        else
            cdr_job_says(job, "out of memory");
    }
    if (job->reason && !job->end.status && !job->end.signal)
        job->end.status = 1;
    free(argv);
    cdr_block_free(job->block);
    job->block = NULL;
}

/* ---- a job ---- */

static void account(struct cdr_map *map, struct cdr_job *job)
{
    enum cdr_halt_when halt;

    if (!cdr_job_failed(job))
        cdr_timeout_learn(&map->timeout, job->end.seconds);
    pthread_mutex_lock(&map->lock);
    if (map->tally.total < job->turn)
        map->tally.total = job->turn;
    map->tally.known = map->all_known;
    halt = cdr_halt_count(&map->halt, &map->tally, job);
    cdr_joblog_add(&map->joblog, job, map->shell_runs);
    cdr_map_show_counts(map);
    pthread_mutex_unlock(&map->lock);
    if (halt != CDR_HALT_NEVER)
        cdr_map_end(map, halt == CDR_HALT_NOW);
}

/* Before the journal says that it is done. */
static void save_results(struct cdr_map *map, struct cdr_job *job)
{
    int failed = map->results.folder && !map->set->run.dry_run
                     ? cdr_results_save(&map->results, job)
                     : 0;

    if (!failed)
        return;
    cdr_job_says(job, "its results cannot be kept in %s: %s", map->results.folder,
                 strerror(failed));
    if (!cdr_job_failed(job))
        job->end.status = 1;
}

static void run_job(struct cdr_work *w, struct cdr_job *job)
{
    struct cdr_map *map = w->map;

    job->slot = cdr_gate_enter(&map->gate, job->entry);
    if (!job->slot || cdr_map_is_over(map)) {
        if (job->slot)
            cdr_gate_leave(&map->gate, job->slot);
        cdr_outlet_pass(map->outlet, job);
        return;
    }
    w->live = (struct cdr_live){ .job = job,
                                 .wake = w->wake,
                                 .held = map->tries > 1,
                                 .keep = map->journal || map->results.folder };
    cdr_outlet_begin(map->outlet, &w->live);
    if (map->journal)
        cdr_journal_begin(map->journal, w->index, job);
    run_command(w, job);
    save_results(map, job);
    if (map->journal)
        cdr_journal_end(map->journal, w->index, job);
    account(map, job); /* before the next one may begin */
    cdr_gate_leave(&map->gate, job->slot);
    cdr_outlet_end(map->outlet, &w->live);
}

int cdr_work_on(cadre_task *task, const void *item, void *result)
{
    struct cdr_job *job = *(struct cdr_job *const *)item;

    *(uint64_t *)result = job->seq;
    run_job(cadre_task_state(task), job);
    return 0;
}
