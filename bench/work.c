/* work.c - the kernels, and the shapes of work made of them.
 * SPDX-License-Identifier: MIT
 */
#include "work.h"
#include "measure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_PAGE ((size_t)2 << 20)

/* ---- kernels: aligned, so that no program has them across two cache lines ---- */

__attribute__((aligned(64))) static int square(struct cadre_task *task,
                                               const void *item, void *result)
{
    double x = *(const double *)item;

    (void)task;
    *(double *)result = x * x;
    return 0;
}

__attribute__((aligned(64))) static int squares(struct cadre_task *task, uint64_t first,
                                                uint64_t count, const void *items,
                                                void *results)
{
    const double *x = items;
    double *y = results;

    (void)task;
    (void)first;
    for (uint64_t i = 0; i < count; i++)
        y[i] = x[i] * x[i];
    return 0;
}

__attribute__((aligned(64))) static int square_all(struct cadre_task *task,
                                                   const void *item, void *result)
{
    const double *x = item;
    double *y = result;

    (void)task;
    for (int i = 0; i < WORK_WIDE; i++)
        y[i] = x[i] * x[i];
    return 0;
}

/* The item says how many steps; each needs the one before, so nothing overlaps. */
__attribute__((aligned(64))) static int steps(struct cadre_task *task, const void *item,
                                              void *result)
{
    uint64_t x = 1;

    (void)task;
    for (uint64_t k = (uint64_t) * (const double *)item; k > 0; k--)
        x = x * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    *(double *)result = (double)(x >> 11);
    return 0;
}

/* Read through these, so that link-time optimisation cannot see through either. */
static kernel_fn *volatile the_square = square;
static kernel_fn *volatile the_square_all = square_all;
static kernel_fn *volatile the_steps = steps;
static kernel_range_fn *volatile the_squares = squares;

void work_loop(const struct work *w)
{
    kernel_fn *kernel = w->kernel;
    const double *items = w->items;
    double *results = w->results;
    size_t width = w->width;

    for (size_t i = 0; i < w->n; i++, items += width, results += width)
        kernel(NULL, items, results);
}

double work_step_ns(void)
{
    double item = 100000, result, best = INFINITY;

    for (int r = 0; r < 200; r++) {
        double began = now_ns(), took;
        the_steps(NULL, &item, &result);
        took = (now_ns() - began) / item;
        best = took < best ? took : best;
    }
    return best;
}

/* ---- shapes ---- */

static double chance(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(*state >> 11) * 0x1p-53;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void all_one(double *cost, size_t n)
{
    for (size_t i = 0; i < n; i++)
        cost[i] = 1;
}

static void at_random(double *cost, size_t n)
{
    uint64_t state = 1;

    for (size_t i = 0; i < n; i++)
        cost[i] = pow(1000, chance(&state));
}

static void ascending(double *cost, size_t n)
{
    at_random(cost, n);
    qsort(cost, n, sizeof *cost, by_size);
}

static void descending(double *cost, size_t n)
{
    ascending(cost, n);
    for (size_t i = 0; i < n / 2; i++) {
        double high = cost[n - 1 - i];
        cost[n - 1 - i] = cost[i];
        cost[i] = high;
    }
}

static void late_clump(double *cost, size_t n)
{
    all_one(cost, n);
    for (size_t i = n / 10 * 9; i < n / 10 * 9 + n / 50; i++)
        cost[i] = 1000;
}

static void one_long(double *cost, size_t n)
{
    all_one(cost, n);
    cost[n / 2] = 10;
}

static const struct {
    const char *name;
    void (*fill)(double *cost, size_t n); /* NULL: square */
    size_t width;
} shapes[] = {
    { "square", NULL, 1 },           { "even", all_one, 1 },
    { "random", at_random, 1 },      { "ascending", ascending, 1 },
    { "descending", descending, 1 }, { "clump", late_clump, 1 },
    { "long", one_long, 1 },         { "wide", NULL, WORK_WIDE },
};

static void fill_squares(struct work *w)
{
    w->kernel = w->width == 1 ? the_square : the_square_all;
    w->range = w->width == 1 ? the_squares : NULL;
    for (size_t i = 0; i < w->n; i++)
        for (size_t k = 0; k < w->width; k++)
            w->items[i * w->width + k] = (double)(i + k);
}

static void fill_costs(struct work *w, void (*costs)(double *, size_t), double unit_ns,
                       double step_ns)
{
    w->kernel = the_steps;
    w->range = NULL;
    costs(w->items, w->n);
    for (size_t i = 0; i < w->n; i++)
        w->items[i] = fmax(1, round(w->items[i] * unit_ns / step_ns));
}

/* In large pages where it is large: else how the system happened to place small ones
 * is part of every figure. */
static double *array(size_t n)
{
    size_t size = (n * sizeof(double) + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
    double *a = aligned_alloc(HUGE_PAGE, size);

    if (a) {
        madvise(a, size, MADV_HUGEPAGE); /* only makes it steadier */
        for (size_t i = 0; i < n; i++)
            a[i] = NAN;
    }
    return a;
}

bool work_open(struct work *w, const char *shape, size_t n, double unit_ns,
               double step_ns)
{
    memset(w, 0, sizeof *w);
    for (size_t s = 0; s < sizeof shapes / sizeof shapes[0]; s++) {
        if (strcmp(shapes[s].name, shape) != 0)
            continue;
        w->n = n;
        w->width = shapes[s].width;
        w->items = array(n * w->width);
        w->results = array(n * w->width);
        if (w->items && w->results) {
            if (shapes[s].fill)
                fill_costs(w, shapes[s].fill, unit_ns, step_ns);
            else
                fill_squares(w);
            return true;
        }
        fprintf(stderr, "no memory for %zu items\n", n);
        work_close(w);
        return false;
    }
    fprintf(stderr, "no shape of work called \"%s\"\n", shape);
    return false;
}

void work_close(struct work *w)
{
    free(w->items);
    free(w->results);
    memset(w, 0, sizeof *w);
}
