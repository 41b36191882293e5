/* peer_tbb.cc - oneTBB's ways of doing the work.
 * SPDX-License-Identifier: MIT
 */
#include "measure.h"

#include <cstdio>
#include <functional>
#include <tbb/blocked_range.h>
#include <tbb/parallel_for.h>
#include <tbb/parallel_reduce.h>
#include <tbb/version.h>

using range = tbb::blocked_range<size_t>;

/* Pointers and ends in locals: not to be read again for each item. */
static void run(const struct work *w, const range &r)
{
    kernel_fn *kernel = w->kernel;
    const double *items = w->items;
    double *results = w->results;

    for (size_t i = r.begin(), end = r.end(); i < end; i++)
        kernel(nullptr, &items[i], &results[i]);
}

static double run_and_add(const struct work *w, const range &r, double sum)
{
    kernel_fn *kernel = w->kernel;
    const double *items = w->items;

    for (size_t i = r.begin(), end = r.end(); i < end; i++) {
        double one;
        kernel(nullptr, &items[i], &one);
        sum += one;
    }
    return sum;
}

static void automatic(const struct work *w)
{
    tbb::parallel_for(
        range(0, w->n), [=](const range &r) { run(w, r); }, tbb::auto_partitioner());
}

static void singly(const struct work *w)
{
    tbb::parallel_for(
        range(0, w->n, 1), [=](const range &r) { run(w, r); },
        tbb::simple_partitioner());
}

static void ranges(const struct work *w)
{
    tbb::parallel_for(range(0, w->n), [=](const range &r) {
        w->range(nullptr, r.begin(), r.size(), &w->items[r.begin()],
                 &w->results[r.begin()]);
    });
}

static void reduce(const struct work *w)
{
    w->results[0] = tbb::parallel_reduce(
        range(0, w->n), 0.0,
        [=](const range &r, double sum) { return run_and_add(w, r, sum); },
        std::plus<double>());
}

/* The same sum every time, as cadre's is; it needs to be told a grain. */
static void reduce_same(const struct work *w)
{
    w->results[0] = tbb::parallel_deterministic_reduce(
        range(0, w->n, (w->n + 1023) / 1024), 0.0,
        [=](const range &r, double sum) { return run_and_add(w, r, sum); },
        std::plus<double>());
}

extern "C" const struct way ways[] = {
    { "auto", nullptr, automatic, nullptr, 0 },
    { "simple", nullptr, singly, nullptr, 0 },
    { "ranges", nullptr, ranges, nullptr, 0 },
    { "reduce", nullptr, reduce, nullptr, WAY_FOLDS },
    { "reduce-same", nullptr, reduce_same, nullptr, WAY_FOLDS },
    { nullptr, nullptr, nullptr, nullptr, 0 },
};

void about(void)
{
    std::printf("library oneTBB %s\n", TBB_runtime_version());
    std::printf("compiler g++ %s\nflags %s\n", __VERSION__, BENCH_FLAGS);
}
