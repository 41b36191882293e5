/* cadre.c - cadre's ways of doing the work, and the plain loop's.
 * SPDX-License-Identifier: MIT
 */
#include <cadre/cadre.h>
#include "measure.h"

#include <stdio.h>

static cadre_pool *pool;

static bool opened(const char *backend)
{
    cadre_options options = { .backend = backend, .ignore_environment = true };
    cadre_error error;

    if (!cadre_open(&pool, &options, &error))
        return true;
    fprintf(stderr, "%s\n", error.message);
    return false;
}

static bool open_threads(void)
{
    return opened("threads");
}

static bool open_processes(void)
{
    return opened("processes");
}

static bool open_auto(void)
{
    return opened("auto");
}

static void close_pool(void)
{
    cadre_close(pool);
    pool = NULL;
}

static cadre_job job_of(const struct work *w)
{
    return (cadre_job){ .n = w->n,
                        .items = w->items,
                        .item_size = sizeof *w->items,
                        .results = w->results,
                        .result_size = sizeof *w->results };
}

static void complain(int code, const cadre_error *error)
{
    if (code)
        fprintf(stderr, "%s\n", error->message);
}

static void map_items(const struct work *w)
{
    cadre_job job = job_of(w);
    cadre_error error;

    job.fn = w->kernel;
    complain(cadre_map(pool, &job, &error), &error);
}

/* Results where processes share memory. The first call, which is not timed, is the one
 * that is compared with the loop. */
static double *shared_results;

static void map_to_shared(const struct work *w)
{
    size_t size = w->n * w->width * sizeof *shared_results;
    bool first = !shared_results;
    struct work mine = *w;

    if (first)
        shared_results = cadre_alloc_shared(size, NULL);
    if (!shared_results)
        return; /* what is compared then shows it */
    mine.results = shared_results;
    map_items(&mine);
    if (first)
        memcpy(w->results, shared_results, size);
}

static void close_shared(void)
{
    close_pool();
    cadre_free_shared(shared_results);
    shared_results = NULL;
}

static void map_ranges(const struct work *w)
{
    cadre_job job = job_of(w);
    cadre_error error;

    job.range_fn = w->range;
    complain(cadre_map(pool, &job, &error), &error);
}

static int add(cadre_task *task, void *into, const void *from)
{
    (void)task;
    *(double *)into += *(const double *)from;
    return 0;
}

static void reduce(const struct work *w)
{
    cadre_job job = job_of(w);
    cadre_error error;

    job.fn = w->kernel;
    job.results = NULL;
    complain(cadre_reduce(pool, &job, add, w->results, &error), &error);
}

/* As oneTBB's body and OpenMP's loop do it: the kernel for each item, from a loop of ours. */
static int fold_squares(cadre_task *task, uint64_t first, uint64_t count,
                        const void *items, void *into)
{
    const struct work *w = cadre_task_shared(task);
    double sum = *(double *)into, one;

    (void)first;
    for (uint64_t i = 0; i < count; i++) {
        w->kernel(NULL, (const double *)items + i, &one);
        sum += one;
    }
    *(double *)into = sum;
    return 0;
}

static void reduce_fold(const struct work *w)
{
    cadre_job job = job_of(w);
    cadre_error error;

    job.fold = fold_squares;
    job.shared = w;
    job.results = NULL;
    complain(cadre_reduce(pool, &job, add, w->results, &error), &error);
}

static void reduce_loop(const struct work *w)
{
    double sum = 0, one;

    for (size_t i = 0; i < w->n; i++) {
        w->kernel(NULL, &w->items[i], &one);
        sum += one;
    }
    w->results[0] = sum;
}

const struct way ways[] = {
    { .name = "loop", .run = work_loop },
    { .name = "serial", .run = map_items }, /* the NULL pool */
    { "threads", open_threads, map_items, close_pool, 0 },
    { "auto", open_auto, map_items, close_pool, 0 },
    { "processes", open_processes, map_items, close_pool, 0 },
    { "processes-shared", open_processes, map_to_shared, close_shared, 0 },
    { "ranges", open_threads, map_ranges, close_pool, 0 },
    { "fresh", open_threads, map_items, close_pool, WAY_FRESH },
    { "reduce", open_threads, reduce, close_pool, WAY_FOLDS },
    { "reduce-fold", open_threads, reduce_fold, close_pool, WAY_FOLDS },
    { .name = "reduce-loop", .run = reduce_loop, .is = WAY_FOLDS },
    { .name = NULL },
};

void about(void)
{
    printf("library cadre %d.%d.%d\n", CADRE_API_MAJOR, CADRE_API_MINOR,
           CADRE_API_PATCH);
    printf("compiler gcc %s\nflags %s\n", __VERSION__, BENCH_FLAGS);
}
