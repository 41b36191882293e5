/* stream.c - cadre's streams.
 * SPDX-License-Identifier: MIT
 */
#include <cadre/cadre.h>
#include <cadre/stream.h>
#include "measure.h"

#include <stdio.h>
#include <string.h>
#include <stdlib.h>
#include <sys/mman.h>

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

/* A failure is nobody's figure. */
static void check(int code, const cadre_error *error)
{
    if (code == CADRE_OK)
        return;
    fprintf(stderr, "%s\n", error->message);
    exit(1);
}

static cadre_job job_of(const struct work *w)
{
    size_t size = w->width * sizeof *w->items;

    return (cadre_job){ .fn = w->kernel,
                        .n = w->n,
                        .items = w->items,
                        .item_size = size,
                        .result_size = size };
}

/* ---- sources ---- */

struct cursor {
    const double *next, *end;
    size_t width;
};

static struct cursor begin_of(const struct work *w)
{
    return (struct cursor){ w->items, w->items + w->n * w->width, w->width };
}

static int give(void *arg, void *item, cadre_error *error)
{
    struct cursor *c = arg;

    (void)error;
    if (c->next == c->end)
        return CADRE_DONE;
    work_copy(item, c->next, c->width);
    c->next += c->width;
    return CADRE_OK;
}

static int give_range(void *arg, void *items, uint64_t most, uint64_t *n,
                      cadre_error *error)
{
    struct cursor *c = arg;
    uint64_t left = (uint64_t)(c->end - c->next) / c->width;

    (void)error;
    *n = left < most ? left : most;
    memcpy(items, c->next, *n * c->width * sizeof *c->next);
    c->next += *n * c->width;
    return *n > 0 ? CADRE_OK : CADRE_DONE;
}

static void read_from(cadre_job *job, cadre_source *source, void *arg)
{
    job->n = 0;
    job->items = NULL;
    job->source = source;
    job->source_arg = arg;
}

/* ---- the ways ---- */

/* Every record, one after another as it comes; more than n would be out of the array. */
static void take_all(cadre_stream *s, const struct work *w)
{
    double *results = w->results, *end = results + w->n * w->width;
    size_t width = w->width;
    cadre_record record;
    cadre_error error;
    int rc;

    while ((rc = cadre_stream_next(s, &record, &error)) == CADRE_OK && results < end) {
        work_copy(results, record.data, width);
        results += width;
    }
    if (rc != CADRE_DONE)
        check(rc == CADRE_OK ? 1 : rc, &error);
}

static void stream(const cadre_job *job, const struct work *w)
{
    cadre_error error;
    cadre_stream *s;

    check(cadre_stream_open(&s, pool, job, &error), &error);
    take_all(s, w);
    cadre_stream_close(s);
}

static void array(const struct work *w)
{
    cadre_job job = job_of(w);

    stream(&job, w);
}

static void source(const struct work *w)
{
    struct cursor cursor = begin_of(w);
    cadre_job job = job_of(w);

    read_from(&job, give, &cursor);
    stream(&job, w);
}

static void range_source(const struct work *w)
{
    struct cursor cursor = begin_of(w);
    cadre_job job = job_of(w);

    read_from(&job, NULL, &cursor);
    job.range_source = give_range;
    stream(&job, w);
}

static void unordered_range_source(const struct work *w)
{
    struct cursor cursor = begin_of(w);
    cadre_job job = job_of(w);

    job.unordered = true;
    read_from(&job, NULL, &cursor);
    job.range_source = give_range;
    stream(&job, w);
}

/* Forked while they have these pages too, each would be copied before its first record is
 * stored: that is no part of a stream. */
static void keep_results(const struct work *w)
{
    madvise(w->results, w->n * w->width * sizeof *w->results, MADV_DONTFORK);
}

static void array_apart(const struct work *w)
{
    keep_results(w);
    array(w);
}

static void source_apart(const struct work *w)
{
    keep_results(w);
    source(w);
}

static void range_source_apart(const struct work *w)
{
    keep_results(w);
    range_source(w);
}

static void unordered(const struct work *w)
{
    cadre_job job = job_of(w);

    job.unordered = true;
    stream(&job, w);
}

static void unordered_source(const struct work *w)
{
    struct cursor cursor = begin_of(w);
    cadre_job job = job_of(w);

    job.unordered = true;
    read_from(&job, give, &cursor);
    stream(&job, w);
}

static void ranges(const struct work *w)
{
    cadre_job job = job_of(w);

    job.fn = NULL;
    job.range_fn = w->range;
    stream(&job, w);
}

static void chained(const struct work *w)
{
    cadre_job first = job_of(w), second = job_of(w);
    cadre_error error;
    cadre_stream *s;

    check(cadre_stream_open(&s, pool, &first, &error), &error);
    read_from(&second, cadre_stream_source, s);
    stream(&second, w);
    cadre_stream_close(s);
}

static void loop_twice(const struct work *w)
{
    struct work second = *w;

    work_loop(w);
    second.items = w->results;
    work_loop(&second);
}

const struct way ways[] = {
    { .name = "loop", .run = work_loop },
    { .name = "serial", .run = array }, /* the NULL pool */
    { "auto", open_auto, array, close_pool, 0 },
    { "array", open_threads, array, close_pool, 0 },
    { "source", open_threads, source, close_pool, 0 },
    { "range-source", open_threads, range_source, close_pool, 0 },
    { "processes", open_processes, array_apart, close_pool, 0 },
    { "processes-source", open_processes, source_apart, close_pool, 0 },
    { "processes-range-source", open_processes, range_source_apart, close_pool, 0 },
    { "ranges", open_threads, ranges, close_pool, 0 },
    { "unordered", open_threads, unordered, close_pool, WAY_UNORDERED },
    { "unordered-source", open_threads, unordered_source, close_pool, WAY_UNORDERED },
    { "unordered-range-source", open_threads, unordered_range_source, close_pool,
      WAY_UNORDERED },
    { "chained", open_threads, chained, close_pool, WAY_TWICE },
    { .name = "loop-twice", .run = loop_twice, .is = WAY_TWICE },
    { .name = NULL },
};

void about(void)
{
    printf("library cadre %d.%d.%d\n", CADRE_API_MAJOR, CADRE_API_MINOR,
           CADRE_API_PATCH);
    printf("compiler gcc %s\nflags %s\n", __VERSION__, BENCH_FLAGS);
}
