/* local.c - what a rank's own workers do: tasks that crash, hang, and hear that they are over.
 * SPDX-License-Identifier: MIT
 *
 * usage: local FOLDER [name]
 *
 * Started by an MPI launcher, with RANK_KIND as of cadre_rank_kind. Tasks tell each other by
 * files in the folder what has happened, since they share nothing else. With "name" the pool
 * is opened by the name of the backend, so that the environment says what it is.
 */
#include <cadre/mpi.h>
#include <cadre/plan.h>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define N        60
#define UNLUCKY  7
#define PATIENCE 60 /* seconds */

static int points, failures;
static const char *folder;

static void point(bool good, const char *name)
{
    points++;
    failures += !good;
    printf("%sok %d - %s\n", good ? "" : "not ", points, name);
    fflush(stdout);
}

/* ---- what tasks tell each other ---- */

static const char *path_of(char *path, size_t size, const char *where, const char *name)
{
    snprintf(path, size, "%s/%s", where, name);
    return path;
}

/* True: nobody had said so before. */
static bool tell(const char *where, const char *name)
{
    char path[512];
    int fd = open(path_of(path, sizeof path, where, name), O_CREAT | O_EXCL, 0600);

    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static bool is_told(const char *where, const char *name)
{
    char path[512];

    return access(path_of(path, sizeof path, where, name), F_OK) == 0;
}

static bool await_file(const char *where, const char *name)
{
    time_t until = time(NULL) + PATIENCE;
    struct timespec ms = { 0, 1000000 };

    while (!is_told(where, name) && time(NULL) < until)
        nanosleep(&ms, NULL); /* between two looks */
    return is_told(where, name);
}

/* ---- kernels ---- */

enum fault { NONE, SEGFAULT, EXIT, LAST_WORDS, ONCE, HANG, PARRICIDE };

struct order {
    char folder[400];
    enum fault fault;
};

static void err_so(const struct order *o)
{
    switch (o->fault) {
    case SEGFAULT: raise(SIGSEGV); break;
    case EXIT: exit(3);
    case LAST_WORDS: fprintf(stderr, "the last words of a task\n"); abort();
    case ONCE:
        if (tell(o->folder, "once"))
            raise(SIGKILL);
        break;
    case PARRICIDE: /* which ends this one, too */
    case HANG:
        if (o->fault == PARRICIDE)
            kill(getppid(), SIGKILL);
        for (;;)
            pause();
    case NONE: break;
    }
}

static int square(cadre_task *t, const void *item, void *result)
{
    uint64_t index = cadre_task_index(t);

    (void)item;
    if (index == UNLUCKY)
        err_so(cadre_task_shared(t));
    *(uint64_t *)result = index * index;
    return 0;
}

static int tell_pid(cadre_task *t, const void *item, void *result)
{
    (void)t, (void)item;
    *(int *)result = getpid();
    return 0;
}

/* The first fails once the second has begun, which ends when it hears of that, or says so and
 * never ends. */
static int one_fails(cadre_task *t, const void *item, void *result)
{
    const struct order *o = cadre_task_shared(t);
    time_t until = time(NULL) + PATIENCE;

    (void)item, (void)result;
    if (cadre_task_index(t) == 0)
        return await_file(o->folder, "begun") ? 5 : 6;
    tell(o->folder, "begun");
    while (!cadre_task_cancelled(t) && time(NULL) < until)
        sched_yield();
    if (cadre_task_cancelled(t))
        tell(o->folder, "heard");
    if (o->fault == HANG)
        err_so(o);
    return 0;
}

/* ---- tests ---- */

static struct order order;
static uint64_t squares[N];
static int statuses[N];

static cadre_job job_with(enum fault fault)
{
    order.fault = fault;
    memset(squares, 0, sizeof squares);
    return (cadre_job){ .fn = square,
                        .n = N,
                        .chunk = 5,
                        .results = squares,
                        .result_size = sizeof *squares,
                        .shared = &order,
                        .shared_size = sizeof order };
}

static bool are_right(uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i < to; i++)
        if (squares[i] != i * i)
            return false;
    return true;
}

static bool runs(cadre_pool *pool, cadre_job job)
{
    cadre_error err;
    int rc = cadre_map(pool, &job, &err);

    if (rc)
        printf("# %s\n", err.message);
    return rc == CADRE_OK && are_right(0, N);
}

/* One task fails so, and all others are done. */
static bool costs_one(cadre_pool *pool, cadre_job job, int code, cadre_error *err)
{
    bool good;

    job.on_error = CADRE_KEEP_GOING;
    job.statuses = statuses;
    good = cadre_map(pool, &job, err) == code && err->item == UNLUCKY;
    printf("# %s\n", err->message);
    for (int i = 0; i < N; i++)
        good = good && statuses[i] == (i == UNLUCKY ? code : CADRE_OK);
    return good && are_right(0, UNLUCKY) && are_right(UNLUCKY + 1, N);
}

static void test_crashes(cadre_pool *pool)
{
    cadre_job job = job_with(SEGFAULT);
    cadre_error err;

    point(costs_one(pool, job, CADRE_ECRASH, &err) && err.signal == SIGSEGV &&
              err.pid > 0 && strstr(err.message, " on rank ") &&
              strstr(err.message, "(host "),
          "a crash costs one task, and names signal, rank and host");
    job = job_with(SEGFAULT);
    point(cadre_map(pool, &job, &err) == CADRE_ECRASH && err.item == UNLUCKY &&
              are_right(0, UNLUCKY),
          "or ends the run, and what is below it is complete");
    point(costs_one(pool, job_with(EXIT), CADRE_ECRASH, &err) && err.status == 3,
          "an exit is a crash, too");
    point(costs_one(pool, job_with(LAST_WORDS), CADRE_ECRASH, &err) &&
              err.signal == SIGABRT && strstr(err.message, "the last words of a task"),
          "and what was written last is told");
    job = job_with(ONCE);
    job.retries = 1;
    point(runs(pool, job) && is_told(folder, "once"),
          "a task that crashes once is run again");
}

static void test_times(cadre_pool *pool)
{
    cadre_job job = job_with(HANG);
    cadre_error err;

    job.timeout_ms = 300;
    job.grace_ms = 100;
    point(costs_one(pool, job, CADRE_ETIMEOUT, &err),
          "a task that does not end is ended");
    point(runs(pool, job_with(NONE)), "and all goes on");
}

static bool fails_and_is_heard(cadre_pool *pool, enum fault fault)
{
    cadre_job job = { .fn = one_fails,
                      .n = 2,
                      .chunk = 1,
                      .shared = &order,
                      .shared_size = sizeof order,
                      .grace_ms = 100 };
    char path[512];
    cadre_error err;
    bool good;

    unlink(path_of(path, sizeof path, folder, "begun"));
    unlink(path_of(path, sizeof path, folder, "heard"));
    order.fault = fault;
    good =
        cadre_map(pool, &job, &err) == CADRE_EKERNEL && err.item == 0 && err.user == 5;
    if (!good)
        printf("# %s\n", err.message);
    return good && (fault == HANG || is_told(folder, "heard"));
}

static void test_halts(cadre_pool *pool, bool processes)
{
    point(fails_and_is_heard(pool, NONE),
          "a task on another rank hears that it is not wanted any more");
    if (processes)
        point(fails_and_is_heard(pool, HANG), "and is ended where it does not care");
    point(runs(pool, job_with(NONE)), "and the next run finds its workers");
}

static void test_explains(cadre_pool *pool, bool processes)
{
    char text[4000], *where;

    cadre_explain(pool, NULL, text, sizeof text, NULL);
    where = strstr(text, "where: ");
    if (where && strchr(where, '\n'))
        *strchr(where, '\n') = '\0';
    printf("# %s\n", where ? where : "");
    point(where && strstr(where, processes ? " process" : " thread") &&
              strstr(where, "CPUs"),
          "the explanation says who the workers are");
}

/* Fresh ones come, and nobody else hears of it. */
static void test_retires(void)
{
    int pids[N], different = 0;
    cadre_options opt = {
        .backend = "mpi", .retire_after = 5, .min_items = 1, .ignore_environment = true
    };
    cadre_job job = {
        .fn = tell_pid, .n = N, .chunk = 2, .results = pids, .result_size = sizeof *pids
    };
    cadre_pool *pool;
    cadre_error err;
    bool good = cadre_open(&pool, &opt, &err) == CADRE_OK &&
                cadre_map(pool, &job, &err) == CADRE_OK;

    if (!good)
        printf("# %s\n", err.message);
    for (int i = 0; good && i < N; i++) {
        bool before = false;
        for (int k = 0; k < i; k++)
            before |= pids[k] == pids[i];
        different += !before;
    }
    point(different >= N / 6, "workers retire after five tasks, and others go on");
    cadre_close(pool);
}

static int begin_state(cadre_task *task, void **state)
{
    (void)task;
    *state = &order;
    return 0;
}

static void end_state(void *state)
{
    (void)state;
    raise(SIGKILL);
}

/* By then all is done, and nobody minds. */
static void test_ends(cadre_pool *pool)
{
    int pids[N];
    cadre_job job = { .fn = tell_pid,
                      .n = N,
                      .results = pids,
                      .result_size = sizeof *pids,
                      .worker_begin = begin_state,
                      .worker_end = end_state };
    cadre_error err;
    bool good = true;

    for (int i = 0; good && i < 3; i++)
        good = cadre_map(pool, &job, &err) == CADRE_OK;
    if (!good)
        printf("# %s\n", err.message);
    point(good, "workers that die as they leave a run cost nothing");
    point(runs(pool, job_with(NONE)), "and the next run has others");
}

/* Who starts the workers of a rank is gone: that rank can do nothing any more. */
static void test_forkserver(cadre_pool *pool)
{
    cadre_job job = job_with(PARRICIDE);
    cadre_error err;
    int rc = cadre_map(pool, &job, &err);

    printf("# %s\n", err.message);
    point(rc == CADRE_ECRASH && strstr(err.message, "starts worker processes is gone"),
          "a rank that cannot have workers any more says so");
}

static int open_pool(cadre_pool **pool, bool by_name, int kind, cadre_error *err)
{
    const char *workers = getenv("RANK_WORKERS");
    cadre_mpi_options o = { .rank_kind = kind,
                            .rank_workers = workers ? (unsigned)atoi(workers) : 0,
                            .pool.ignore_environment = true,
                            .pool.min_items = 1 };
    cadre_options named = { .backend = "mpi", .min_items = 1 };

    return by_name ? cadre_open(pool, &named, err)
                   : cadre_mpi_open(pool, MPI_COMM_WORLD, &o, err);
}

int main(int argc, char **argv)
{
    const char *kind = getenv("RANK_KIND");
    bool by_name = argc > 2, processes = by_name || (kind && atoi(kind) == 2);
    cadre_pool *pool;
    cadre_error err;
    int rc;

    if (argc < 2)
        return 2;
    folder = argv[1];
    snprintf(order.folder, sizeof order.folder, "%s", folder);
    rc = open_pool(&pool, by_name, kind ? atoi(kind) : 0, &err);
    if (rc == CADRE_DONE)
        return 0;
    if (rc) {
        printf("Bail out! %s\n", err.message);
        return 1;
    }
    test_explains(pool, processes);
    if (cadre_workers(pool) >
        1) /* it takes two: one that fails, and one that hears of it */
        test_halts(pool, processes);
    if (processes) {
        test_crashes(pool);
        test_times(pool);
        test_retires();
        test_ends(pool);
        test_forkserver(pool);
    }
    cadre_close(pool);
    printf("1..%d\n", points);
    return failures > 0;
}
