/* peer_openmp.c - OpenMP's ways of doing the work.
 * SPDX-License-Identifier: MIT
 */
#include "measure.h"

#include <omp.h>
#include <stdio.h>

/* A loop under one schedule: the pragma wants its words literally. */
#define PRAGMA(text) _Pragma(#text)
#define WAY(name, ...)                                 \
    static void name(const struct work *w)             \
    {                                                  \
        kernel_fn *kernel = w->kernel;                 \
        const double *items = w->items;                \
        double *results = w->results;                  \
        size_t n = w->n;                               \
        PRAGMA(omp parallel for schedule(__VA_ARGS__)) \
        for (size_t i = 0; i < n; i++)                 \
            kernel(NULL, &items[i], &results[i]);      \
    }

WAY(dynamic_1, dynamic, 1)
WAY(dynamic_64, dynamic, 64)
WAY(guided, guided)
WAY(statically, static)

/* Each thread's share in one call. */
static void ranges(const struct work *w)
{
#pragma omp parallel
    {
        size_t threads = (size_t)omp_get_num_threads();
        size_t me = (size_t)omp_get_thread_num();
        size_t first = w->n * me / threads, end = w->n * (me + 1) / threads;
        w->range(NULL, first, end - first, &w->items[first], &w->results[first]);
    }
}

static void reduce(const struct work *w)
{
    kernel_fn *kernel = w->kernel;
    const double *items = w->items;
    size_t n = w->n;
    double sum = 0;

#pragma omp parallel for reduction(+ : sum)
    for (size_t i = 0; i < n; i++) {
        double one;
        kernel(NULL, &items[i], &one);
        sum += one;
    }
    w->results[0] = sum;
}

const struct way ways[] = {
    { .name = "dynamic-1", .run = dynamic_1 },
    { .name = "dynamic-64", .run = dynamic_64 },
    { .name = "guided", .run = guided },
    { .name = "static", .run = statically },
    { .name = "ranges", .run = ranges },
    { .name = "reduce", .run = reduce, .is = WAY_FOLDS },
    { .name = NULL },
};

void about(void)
{
    printf("library OpenMP %d (gcc's libgomp)\n", _OPENMP);
    printf("compiler gcc %s\nflags %s\n", __VERSION__, BENCH_FLAGS);
}
