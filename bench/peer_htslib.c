/* peer_htslib.c - the thread pool of htslib: results in order from bounded queues.
 * SPDX-License-Identifier: MIT
 *
 * A place for an item's result is taken from a ring: of that many, as bounded as the
 * queues are, each is free again when its turn comes.
 */
#include "measure.h"

#include <htslib/hts.h>
#include <htslib/thread_pool.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

#define QUEUE 256  /* longer ones were no faster */
#define RING  1024 /* more than wait, run and lie finished at once */

struct place {
    kernel_fn *kernel;
    const double *item;
    double result[WORK_WIDE];
};

static hts_tpool *pool;
static struct place ring[RING];

static int cpus(void)
{
    cpu_set_t set;

    return sched_getaffinity(0, sizeof set, &set) ? 1 : CPU_COUNT(&set);
}

static bool open_pool(void)
{
    pool = hts_tpool_init(cpus());
    return pool != NULL;
}

static void close_pool(void)
{
    hts_tpool_destroy(pool);
}

static void *run(void *arg)
{
    struct place *place = arg;

    place->kernel(NULL, place->item, place->result);
    return place;
}

struct flow {
    const struct work *w;
    hts_tpool_process *queue;
    size_t fed, taken;
};

static void begin(struct flow *f, const struct work *w)
{
    *f = (struct flow){ .w = w, .queue = hts_tpool_process_init(pool, QUEUE, 0) };
    if (!f->queue)
        abort();
}

/* Feed the next item; unless it may wait, false when the queue is full. */
static bool feed(struct flow *f, bool wait)
{
    struct place *place = &ring[f->fed % RING];

    place->kernel = f->w->kernel;
    place->item = &f->w->items[f->fed * f->w->width];
    if (hts_tpool_dispatch2(pool, f->queue, run, place, wait ? 0 : 1))
        return false;
    f->fed++;
    return true;
}

static void take(struct flow *f, hts_tpool_result *result)
{
    const struct place *place = hts_tpool_result_data(result);

    work_copy(&f->w->results[f->taken++ * f->w->width], place->result, f->w->width);
    hts_tpool_delete_result(result, 0);
}

/* ---- a thread feeds, another takes ---- */

static void *feeder(void *arg)
{
    struct flow *f = arg;

    while (f->fed < f->w->n && feed(f, true))
        ;
    return NULL;
}

static void two_threads(const struct work *w)
{
    struct flow f;
    pthread_t thread;

    begin(&f, w);
    if (pthread_create(&thread, NULL, feeder, &f))
        abort();
    while (f.taken < w->n)
        take(&f, hts_tpool_next_result_wait(f.queue));
    pthread_join(thread, NULL);
    hts_tpool_process_destroy(f.queue);
}

/* ---- one thread feeds until the queue is full, then takes ---- */

static void one_thread(const struct work *w)
{
    hts_tpool_result *result;
    struct flow f;

    begin(&f, w);
    while (f.taken < w->n) {
        while (f.fed < w->n && feed(&f, false))
            ;
        take(&f, hts_tpool_next_result_wait(f.queue));
        while ((result = hts_tpool_next_result(f.queue)))
            take(&f, result);
    }
    hts_tpool_process_destroy(f.queue);
}

const struct way ways[] = {
    { "two-threads", open_pool, two_threads, close_pool, 0 },
    { "one-thread", open_pool, one_thread, close_pool, 0 },
    { .name = NULL },
};

void about(void)
{
    printf("library htslib %s\n", hts_version());
    printf("compiler gcc %s\nflags %s\n", __VERSION__, BENCH_FLAGS);
}
