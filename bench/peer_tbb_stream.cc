/* peer_tbb_stream.cc - oneTBB's pipelines.
 * SPDX-License-Identifier: MIT
 *
 * The input filter hands on where an item is, the output filter gets results by value:
 * what is no larger than a pointer oneTBB hands on without allocating memory.
 */
#include "measure.h"

#include <cstdio>
#include <tbb/parallel_pipeline.h>
#include <tbb/task_arena.h>
#include <tbb/version.h>

using tbb::filter_mode;

struct wide {
    double number[WORK_WIDE];
};

/* Where a run is: bodies of filters are const, and tokens may not point to what is. */
template <class Item> struct flow {
    explicit flow(const struct work *w)
        : kernel(w->kernel), next(reinterpret_cast<Item *>(w->items)), end(next + w->n),
          result(reinterpret_cast<Item *>(w->results))
    {
    }
    kernel_fn *kernel;
    Item *next, *end;
    Item *result;
};

template <class Item> static auto items(flow<Item> &f, filter_mode mode)
{
    return tbb::make_filter<void, Item *>(mode,
                                          [&f](tbb::flow_control &control) -> Item * {
                                              if (f.next < f.end)
                                                  return f.next++;
                                              control.stop();
                                              return nullptr;
                                          });
}

template <class Item> static auto kernel(const flow<Item> &f)
{
    kernel_fn *fn = f.kernel;

    return tbb::make_filter<Item *, Item>(filter_mode::parallel, [fn](Item *item) {
        Item result;
        fn(nullptr, item, &result);
        return result;
    });
}

template <class Item> static auto kernel_again(const flow<Item> &f)
{
    kernel_fn *fn = f.kernel;

    return tbb::make_filter<Item, Item>(filter_mode::parallel, [fn](const Item &item) {
        Item result;
        fn(nullptr, &item, &result);
        return result;
    });
}

template <class Item> static auto results(flow<Item> &f, filter_mode mode)
{
    return tbb::make_filter<Item, void>(
        mode, [&f](const Item &result) { *f.result++ = result; });
}

/* As many items in flight as its examples take for each thread; and as many as are best
 * here for this kernel, of all powers of two. */
static size_t usual()
{
    return 4 * static_cast<size_t>(tbb::this_task_arena::max_concurrency());
}

static const size_t many = 256;

template <class Item>
static void run(const struct work *w, size_t tokens, filter_mode mode)
{
    flow<Item> f(w);

    tbb::parallel_pipeline(tokens, items(f, mode) & kernel(f) & results(f, mode));
}

static void pipeline(const struct work *w, size_t tokens, filter_mode mode)
{
    if (w->width == 1)
        run<double>(w, tokens, mode);
    else
        run<wide>(w, tokens, mode);
}

static void ordered(const struct work *w)
{
    pipeline(w, usual(), filter_mode::serial_in_order);
}

static void ordered_many(const struct work *w)
{
    pipeline(w, many, filter_mode::serial_in_order);
}

static void unordered(const struct work *w)
{
    pipeline(w, usual(), filter_mode::serial_out_of_order);
}

static void unordered_many(const struct work *w)
{
    pipeline(w, many, filter_mode::serial_out_of_order);
}

static void chained(const struct work *w)
{
    const filter_mode mode = filter_mode::serial_in_order;
    flow<double> f(w);

    tbb::parallel_pipeline(many, items(f, mode) & kernel(f) & kernel_again(f) &
                                     results(f, mode));
}

extern "C" const struct way ways[] = {
    { "ordered", nullptr, ordered, nullptr, 0 },
    { "ordered-many", nullptr, ordered_many, nullptr, 0 },
    { "unordered", nullptr, unordered, nullptr, WAY_UNORDERED },
    { "unordered-many", nullptr, unordered_many, nullptr, WAY_UNORDERED },
    { "chained", nullptr, chained, nullptr, WAY_TWICE },
    { nullptr, nullptr, nullptr, nullptr, 0 },
};

void about(void)
{
    std::printf("library oneTBB %s\n", TBB_runtime_version());
    std::printf("compiler g++ %s\nflags %s\n", __VERSION__, BENCH_FLAGS);
}
