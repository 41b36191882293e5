/* peer_glib.c - GLib's thread pool, with results through a queue as they come.
 * SPDX-License-Identifier: MIT
 */
#include "measure.h"

#include <glib.h>
#include <stdio.h>
#include <stdlib.h>

#define PLACES 1024 /* the most items in flight: GLib sets no bound */

struct place {
    kernel_fn *kernel;
    const double *item;
    double result[WORK_WIDE];
};

static struct place places[PLACES];
static GThreadPool *pool;
static GAsyncQueue *finished;

static void run(gpointer data, gpointer arg)
{
    struct place *place = data;

    (void)arg;
    place->kernel(NULL, place->item, place->result);
    g_async_queue_push(finished, place);
}

static bool open_pool(void)
{
    finished = g_async_queue_new();
    pool = g_thread_pool_new(run, NULL, (gint)g_get_num_processors(), TRUE, NULL);
    return pool != NULL;
}

static void close_pool(void)
{
    g_thread_pool_free(pool, FALSE, TRUE);
    g_async_queue_unref(finished);
}

static void feed(const struct work *w, size_t i, struct place *place)
{
    place->kernel = w->kernel;
    place->item = &w->items[i * w->width];
    if (!g_thread_pool_push(pool, place, NULL))
        abort();
}

/* A place is fed again as soon as its result is taken. */
static void unordered(const struct work *w)
{
    size_t fed = 0;

    for (; fed < w->n && fed < PLACES; fed++)
        feed(w, fed, &places[fed]);
    for (size_t taken = 0; taken < w->n; taken++) {
        struct place *place = g_async_queue_pop(finished);
        work_copy(&w->results[taken * w->width], place->result, w->width);
        if (fed < w->n)
            feed(w, fed++, place);
    }
}

const struct way ways[] = {
    { "unordered", open_pool, unordered, close_pool, WAY_UNORDERED },
    { .name = NULL },
};

void about(void)
{
    printf("library GLib %u.%u.%u\n", glib_major_version, glib_minor_version,
           glib_micro_version);
    printf("compiler gcc %s\nflags %s\n", __VERSION__, BENCH_FLAGS);
}
