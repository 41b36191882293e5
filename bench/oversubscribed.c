/* oversubscribed.c - more workers than CPUs: what a pool of so many loses.
 * SPDX-License-Identifier: MIT
 */
#include <cadre/cadre.h>
#include <cadre/plan.h>
#include <cadre/stream.h>
#include "measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cadre_pool *pool;

/* A failure is nobody's figure. */
static void check(int code, const cadre_error *error)
{
    if (code == CADRE_OK)
        return;
    fprintf(stderr, "%s\n", error->message);
    exit(1);
}

/* "persistent": processes that are started with the pool. */
static void open_with(const char *backend, int workers)
{
    bool persistent = strcmp(backend, "persistent") == 0;
    cadre_options options = { .backend = persistent ? "processes" : backend,
                              .persistent = persistent,
                              .workers = workers,
                              .oversubscribe = true,
                              .ignore_environment = true };
    cadre_error error;

    check(cadre_open(&pool, &options, &error), &error);
}

static void close_pool(void)
{
    cadre_close(pool);
    pool = NULL;
}

static int nothing(cadre_task *task, const void *item, void *result)
{
    (void)task;
    (void)item;
    (void)result;
    return 0;
}

/* So many workers for each CPU that this process may use. */
static bool open_times(const char *backend, unsigned times)
{
    cadre_job job = { .fn = nothing, .n = 1 };
    cadre_plan plan;
    cadre_error error;

    open_with(backend, 0);
    if (times == 1)
        return true;
    check(cadre_plan_job(&plan, pool, &job, &error), &error);
    close_pool();
    open_with(backend, (int)(plan.cpus * times));
    return true;
}

#define OPENS(backend, times)               \
    static bool backend##_##times(void)     \
    {                                       \
        return open_times(#backend, times); \
    }

OPENS(threads, 1)
OPENS(threads, 8)
OPENS(threads, 32)
OPENS(processes, 1)
OPENS(processes, 8)
OPENS(processes, 32)
OPENS(persistent, 1)
OPENS(persistent, 8)
OPENS(persistent, 32)

static cadre_job job_of(const struct work *w)
{
    return (cadre_job){ .fn = w->kernel,
                        .n = w->n,
                        .items = w->items,
                        .item_size = sizeof *w->items,
                        .result_size = sizeof *w->results };
}

static void map(const struct work *w)
{
    cadre_job job = job_of(w);
    cadre_error error;

    job.results = w->results;
    check(cadre_map(pool, &job, &error), &error);
}

static void stream(const struct work *w)
{
    cadre_job job = job_of(w);
    double *results = w->results, *end = results + w->n;
    cadre_stream *s;
    cadre_record record;
    cadre_error error;
    int rc;

    check(cadre_stream_open(&s, pool, &job, &error), &error);
    while ((rc = cadre_stream_next(s, &record, &error)) == CADRE_OK && results < end)
        memcpy(results++, record.data, sizeof *results);
    if (rc != CADRE_DONE)
        check(rc == CADRE_OK ? 1 : rc, &error);
    cadre_stream_close(s);
}

const struct way ways[] = {
    { "map-1", threads_1, map, close_pool, 0 },
    { "map-8", threads_8, map, close_pool, 0 },
    { "map-32", threads_32, map, close_pool, 0 },
    { "stream-1", threads_1, stream, close_pool, 0 },
    { "stream-8", threads_8, stream, close_pool, 0 },
    { "stream-32", threads_32, stream, close_pool, 0 },
    { "processes-map-1", processes_1, map, close_pool, 0 },
    { "processes-map-8", processes_8, map, close_pool, 0 },
    { "processes-map-32", processes_32, map, close_pool, 0 },
    { "persistent-map-1", persistent_1, map, close_pool, 0 },
    { "persistent-map-8", persistent_8, map, close_pool, 0 },
    { "persistent-map-32", persistent_32, map, close_pool, 0 },
    { "persistent-stream-1", persistent_1, stream, close_pool, 0 },
    { "persistent-stream-8", persistent_8, stream, close_pool, 0 },
    { "persistent-stream-32", persistent_32, stream, close_pool, 0 },
    { .name = NULL },
};

void about(void)
{
    printf("library cadre %d.%d.%d\n", CADRE_API_MAJOR, CADRE_API_MINOR,
           CADRE_API_PATCH);
    printf("compiler gcc %s\nflags %s\n", __VERSION__, BENCH_FLAGS);
}
