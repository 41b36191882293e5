/* lost.c - workers that share no memory: lost in the middle of leases; kernels by name.
 * SPDX-License-Identifier: MIT
 *
 * Each task counts how often it is run, in memory that the test shares with the workers for
 * that alone. Only what the lost worker had not told of is run again.
 */
#include "socket.h"

#include <cadre/stream.h>
#include <cadre/worker.h>

#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define N      40
#define CHUNK  10 /* tasks in a lease */
#define DEADLY 7

struct counts {
    _Atomic int runs[N];
    _Atomic int deaths, deadly; /* that came to be, and that are to */
};

static struct counts *counts;
static int points, failures;

static void point(bool good, const char *name)
{
    points++;
    failures += !good;
    printf("%sok %d - %s\n", good ? "" : "not ", points, name);
}

static int work(cadre_task *task, const void *item, void *result)
{
    uint64_t index = cadre_task_index(task);

    atomic_fetch_add(&counts->runs[index], 1);
    if (index == DEADLY &&
        atomic_load(&counts->deaths) < atomic_load(&counts->deadly)) {
        atomic_fetch_add(&counts->deaths, 1);
        raise(SIGKILL);
    }
    *(uint64_t *)result = *(const uint64_t *)item * *(const uint64_t *)item;
    return 0;
}

static bool add(uint64_t *sum, uint64_t first, uint64_t end)
{
    bool good = true;

    for (uint64_t i = first; i < end; i++) {
        good = good && sum[i] == i * i;
        sum[i] = 0;
    }
    return good;
}

/* How often each was run: those told of once, the deadly one and those after it that its
 * worker held `again` times, and so on. */
static bool ran(int told, int deadly, int after)
{
    bool good = true;

    for (int i = 0; i < N; i++) {
        int runs = atomic_load(&counts->runs[i]);
        int wanted = i < DEADLY ? told : i == DEADLY ? deadly : i < CHUNK ? after : 1;
        if (runs != wanted)
            printf("# item %d was run %d times, not %d\n", i, runs, wanted);
        good = good && runs == wanted;
    }
    return good;
}

static void begin(int deadly)
{
    memset(counts, 0, sizeof *counts);
    atomic_store(&counts->deadly, deadly);
}

static bool maps(cadre_pool *pool, cadre_job job)
{
    static uint64_t y[N];
    cadre_error err;

    job.results = y;
    if (cadre_map(pool, &job, &err) == CADRE_OK)
        return add(y, 0, N);
    printf("# %s\n", err.message);
    return false;
}

static bool streams(cadre_pool *pool, cadre_job job)
{
    uint64_t next = 0;
    cadre_stream *s;
    cadre_record r;
    cadre_error err;
    int rc;

    if (cadre_stream_open(&s, pool, &job, &err))
        return false;
    while ((rc = cadre_stream_next(s, &r, &err)) == CADRE_OK) {
        if (r.index != next || *(const uint64_t *)r.data != next * next)
            break;
        next++;
    }
    cadre_stream_close(s);
    return rc == CADRE_DONE && next == N;
}

/* The task takes down each worker that runs it. */
static bool pays_alone(cadre_pool *pool, cadre_job job)
{
    static uint64_t y[N];
    int statuses[N];
    cadre_error err;
    bool good;

    job.results = y;
    job.statuses = statuses;
    job.on_error = CADRE_KEEP_GOING;
    good = cadre_map(pool, &job, &err) == CADRE_ECRASH && err.item == DEADLY &&
           err.signal == SIGKILL;
    printf("# %s\n", err.message);
    for (int i = 0; i < N; i++)
        good = good && statuses[i] == (i == DEADLY ? CADRE_ECRASH : CADRE_OK);
    return good;
}

/* A machine is gone: what its worker had and had not told of fails. */
static bool fails_there(cadre_pool *pool, cadre_job job)
{
    static uint64_t y[N];
    int statuses[N];
    cadre_error err;
    bool good;

    job.results = y;
    job.statuses = statuses;
    good = cadre_map(pool, &job, &err) == CADRE_ECRASH && err.item <= DEADLY &&
           strstr(err.message, "is gone") && statuses[err.item] == CADRE_ECRASH;
    printf("# item %d: %s\n", (int)err.item, err.message);
    return good && add(y, 0, err.item);
}

/* One task has failed, of those that the machine had, and all others are done. */
static bool goes_over(cadre_pool *pool, cadre_job job)
{
    static uint64_t y[N];
    static int statuses[N];
    uint64_t failed = 0, good = 0, at = 0;
    cadre_error err;
    int rc;

    job.results = y;
    job.statuses = statuses;
    job.on_error = CADRE_KEEP_GOING;
    rc = cadre_map(pool, &job, &err);
    for (uint64_t i = 0; i < N; i++) {
        good += statuses[i] == CADRE_OK && y[i] == i * i;
        if (statuses[i] == CADRE_ECRASH) {
            failed++;
            at = i;
        }
    }
    printf("# %s\n", err.message);
    return rc == CADRE_ECRASH && strstr(err.message, "is gone") && failed == 1 &&
           good == N - 1 && at == err.item && at <= DEADLY;
}

static bool stream_fails_there(cadre_pool *pool, cadre_job job)
{
    uint64_t next = 0;
    cadre_stream *s;
    cadre_record r;
    cadre_error err;
    int rc;

    if (cadre_stream_open(&s, pool, &job, &err))
        return false;
    while ((rc = cadre_stream_next(s, &r, &err)) == CADRE_OK && r.index == next &&
           *(const uint64_t *)r.data == next * next)
        next++;
    cadre_stream_close(s);
    return rc == CADRE_ECRASH && strstr(err.message, "is gone") && next == err.item &&
           next <= DEADLY;
}

static int sum_up(cadre_task *task, void *into, const void *from)
{
    (void)task;
    *(uint64_t *)into += *(const uint64_t *)from;
    return 0;
}

static bool sums(cadre_pool *pool, cadre_job job, int code)
{
    uint64_t sum = 0, right = 0;
    cadre_error err;
    int rc = cadre_reduce(pool, &job, sum_up, &sum, &err);

    for (uint64_t i = 0; i < N; i++)
        right += i * i;
    if (rc)
        printf("# %s\n", err.message);
    return rc == code && (rc ? strstr(err.message, "is gone") != NULL : sum == right);
}

static int not_here(cadre_task *task, const void *item, void *result)
{
    (void)item;
    (void)result;
    return cadre_task_fail(task, 1, "the caller's own kernel was run");
}

static int resolve(void *arg, const void *name, size_t size, cadre_functions *out)
{
    out->fn = work;
    out->combine = sum_up;
    return size != strlen(arg) || memcmp(name, arg, size) != 0;
}

static cadre_pool *open_pool(uint64_t most, int workers)
{
    cadre_options opt = { .custom = &contract_backend,
                          .workers = workers,
                          .oversubscribe = true,
                          .ignore_environment = true,
                          .min_items = 1 };
    cadre_pool *pool = NULL;
    cadre_error err;

    socket_most = most;
    if (cadre_open(&pool, &opt, &err)) {
        printf("Bail out! %s\n", err.message);
        exit(1);
    }
    return pool;
}

static void test_gone(cadre_job job)
{
    cadre_pool *pool = open_pool(1, 2);

    socket_gone = true;
    begin(1);
    point(fails_there(pool, job),
          "what a machine had that is gone fails, and what is below is complete");
    begin(1);
    point(goes_over(pool, job), "where failures are gone over, only the first of it");
    begin(1);
    point(stream_fails_there(pool, job), "a stream has what is below, and then fails");
    begin(1);
    point(sums(pool, job, CADRE_ECRASH), "a reduction fails");
    job.retries = 1;
    begin(1);
    point(maps(pool, job), "the others do it where it may be run again");
    begin(1);
    point(streams(pool, job), "so they do in a stream");
    begin(1);
    point(sums(pool, job, CADRE_OK), "and in a reduction");
    socket_gone = false;
    cadre_close(pool);
}

/* Workers are forked as the pool opens, and have the resolver from there. */
static void test_names(cadre_job job)
{
    static char name[] = "work";
    cadre_pool *pool;
    cadre_error err;

    cadre_register_resolver(resolve, name);
    pool = open_pool(0, 2);
    cadre_register_resolver(NULL, NULL);
    begin(0);
    job.fn = not_here;
    job.kernel_name = name;
    job.kernel_name_size = strlen(name);
    point(maps(pool, job), "a map has the kernel that the workers know by its name");
    point(streams(pool, job), "so does a stream");
    point(sums(pool, job, CADRE_OK), "and a reduction");
    job.kernel_name_size--;
    point(cadre_map(pool, &job, &err) == CADRE_ENOTSUP &&
              strstr(err.message, "no kernel called \"wor\""),
          "a name that they do not know is refused");
    cadre_close(pool);
}

int main(void)
{
    static uint64_t x[N];
    cadre_job job = { .fn = work,
                      .n = N,
                      .items = x,
                      .item_size = sizeof *x,
                      .result_size = sizeof *x,
                      .chunk = CHUNK };
    cadre_pool *pool;

    alarm(100); /* nothing here waits for that long */
    counts = mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE,
                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (counts == MAP_FAILED)
        return 1;
    for (uint64_t i = 0; i < N; i++)
        x[i] = i;

    pool = open_pool(1, 1);
    begin(1);
    point(maps(pool, job), "a map whose worker is lost in a lease is complete");
    point(ran(1, 2, 1), "what had been told of was not run again");
    begin(1);
    point(streams(pool, job), "so is a stream");
    point(ran(1, 2, 1), "what had been told of was not run again");
    begin(N);
    point(pays_alone(pool, job), "a task that takes down every worker pays alone");
    point(ran(1, 2, 1), "and is run once more, to find out that it was that one");
    cadre_close(pool);

    pool = open_pool(0, 1);
    begin(1);
    point(maps(pool, job), "a map whose worker tells of a lease at once is complete");
    point(ran(2, 2, 1), "what it had not told of was run again");
    cadre_close(pool);
    test_gone(job);
    test_names(job);
    printf("1..%d\n", points);
    return failures > 0;
}
