/* measure.c - main of every contestant: find the way, check it, time it.
 * SPDX-License-Identifier: MIT
 */
#include "measure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENOUGH_NS  1e8  /* repetitions that have lasted so long in all may be enough */
#define AGREE      1.01 /* ... where the three lowest are so close to each other */
#define NO_WARM_NS 1e8  /* what takes so long is the same with cold caches */

struct request {
    const struct way *way;
    const char *shape;
    size_t n, calls, repetitions; /* repetitions: at most */
    unsigned pause;
    bool check;
    double unit_ns, step_ns;
};

/* ---- what is asked for ---- */

static const struct way *find_way(const char *name)
{
    for (const struct way *way = ways; way->name; way++)
        if (strcmp(way->name, name) == 0)
            return way;
    return NULL;
}

static bool read_option(struct request *r, const char *name, const char *text)
{
    char *end;
    double value = strtod(text, &end);

    if (end == text || *end || !(value >= 0))
        return false;
    if (strcmp(name, "--n") == 0)
        r->n = (size_t)value;
    else if (strcmp(name, "--calls") == 0)
        r->calls = (size_t)value;
    else if (strcmp(name, "--repetitions") == 0)
        r->repetitions = (size_t)value;
    else if (strcmp(name, "--pause-us") == 0)
        r->pause = (unsigned)value;
    else if (strcmp(name, "--check") == 0)
        r->check = value != 0;
    else if (strcmp(name, "--unit-ns") == 0)
        r->unit_ns = value;
    else if (strcmp(name, "--step-ns") == 0)
        r->step_ns = value;
    else
        return false;
    return true;
}

static bool read_request(struct request *r, int argc, char **argv)
{
    *r = (struct request){
        .calls = 1, .repetitions = 5, .n = 1000, .check = true, .unit_ns = 100
    };
    if (argc < 3 || argc % 2 == 0)
        return false;
    r->way = find_way(argv[1]);
    r->shape = argv[2];
    if (!r->way)
        return false;
    for (int i = 3; i < argc; i += 2)
        if (!read_option(r, argv[i], argv[i + 1]))
            return false;
    if (r->step_ns == 0)
        r->step_ns = work_step_ns();
    return r->n > 0 && r->calls > 0 && r->repetitions > 0 && r->step_ns > 0;
}

/* ---- is it right ---- */

static double sum_of(const double *x, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += x[i];
    return sum;
}

/* A result's first number tells it from all others, or else they are equal. */
static int by_first(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

/* What the plain loop makes of the items, in memory of its own. */
static double *loop_results(const struct request *r, const struct work *w)
{
    struct work mine = *w;

    mine.results = malloc(w->n * w->width * sizeof *mine.results);
    if (!mine.results)
        abort();
    work_loop(&mine);
    mine.items = mine.results;
    if (r->way->is & WAY_TWICE)
        work_loop(&mine); /* in place */
    return mine.results;
}

/* The way has just run. A sum may be off in its last bits: not everybody adds in the
 * same order. */
static bool right(const struct request *r, struct work *w)
{
    double *theirs = w->results, *ours = loop_results(r, w);
    size_t size = w->width * sizeof *ours;
    bool same;

    if (r->way->is & WAY_UNORDERED) {
        qsort(theirs, w->n, size, by_first);
        qsort(ours, w->n, size, by_first);
    }
    if (r->way->is & WAY_FOLDS)
        same = fabs(theirs[0] / sum_of(ours, w->n) - 1) < 1e-9;
    else
        same = memcmp(theirs, ours, w->n * size) == 0;
    free(ours);
    return same;
}

/* ---- timing ---- */

static bool begin(const struct way *way)
{
    return !way->begin || way->begin();
}

static void end(const struct way *way)
{
    if (way->end)
        way->end();
}

/* One call by itself: nothing but the call is counted. */
static double time_apart(const struct request *r, const struct work *w)
{
    const struct way *way = r->way;
    double began, took;

    if (way->is & WAY_FRESH) {
        end(way);
        if (!begin(way))
            return INFINITY;
    }
    pause_us(r->pause);
    began = now_ns();
    way->run(w);
    took = now_ns() - began;
    return took;
}

static double time_calls(const struct request *r, const struct work *w)
{
    double total = 0, began = now_ns();

    if (r->pause > 0 || (r->way->is & WAY_FRESH)) {
        for (size_t c = 0; c < r->calls; c++)
            total += time_apart(r, w);
    } else {
        for (size_t c = 0; c < r->calls; c++)
            r->way->run(w);
        total = now_ns() - began;
    }
    return total / (double)r->calls;
}

static void print(const struct request *r, const char *what, double value)
{
    printf("%s.%s.%s %.3f ns\n", r->shape, r->way->name, what, value);
}

/* Are the three lowest of them so close that a fourth would be no other figure? That looks
 * at how they differ, never at what they are. */
static bool enough(const struct request *r, const double *samples, size_t n)
{
    double low[3] = { INFINITY, INFINITY, INFINITY }, total = 0;

    for (size_t i = 0; i < n; i++) {
        double sample = samples[i];
        total += sample * (double)r->calls;
        for (int k = 0; k < 3; k++)
            if (sample < low[k]) {
                double higher = low[k];
                low[k] = sample;
                sample = higher;
            }
    }
    return low[2] <= AGREE * low[0] && total >= ENOUGH_NS;
}

/* The repetitions, in `samples`; *cpu: what a call took of the CPUs. The first warms up
 * what comes after it, and counts where it takes so long that it is not slower. */
static size_t repeat(const struct request *r, const struct work *w, double *samples,
                     double *cpu)
{
    double began = cpu_ns();
    size_t n = 1;

    samples[0] = time_calls(r, w);
    if (samples[0] * (double)r->calls < NO_WARM_NS) {
        n = 0;
        began = cpu_ns();
    }
    while (n < r->repetitions && !enough(r, samples, n))
        samples[n++] = time_calls(r, w);
    *cpu = (cpu_ns() - began) / (double)(n * r->calls);
    return n;
}

static int measure(const struct request *r, struct work *w)
{
    double *samples = calloc(r->repetitions, sizeof *samples), cpu;
    struct summary s;

    if (!samples)
        return 1;
    s = summarise(samples, repeat(r, w, samples, &cpu));
    free(samples);
    print(r, "min", s.min);
    print(r, "median", s.median);
    print(r, "cpu", cpu);
    return isinf(s.median);
}

static int usage(const char *program)
{
    fprintf(stderr,
            "usage: %s WAY SHAPE [--n N] [--unit-ns U] [--step-ns S] "
            "[--repetitions R] [--calls C] [--pause-us P] [--check 0|1]\n"
            "       %s about\nways:",
            program, program);
    for (const struct way *way = ways; way->name; way++)
        fprintf(stderr, " %s", way->name);
    fprintf(stderr, "\n");
    return 2;
}

int main(int argc, char **argv)
{
    struct request r;
    struct work w;
    int rc;

    if (argc == 2 && strcmp(argv[1], "about") == 0) {
        about();
        printf("step_ns %.4f\n", work_step_ns());
        return 0;
    }
    if (!read_request(&r, argc, argv))
        return usage(argv[0]);
    if (!work_open(&w, r.shape, r.n, r.unit_ns, r.step_ns))
        return 1;
    rc = begin(r.way) ? 0 : 1;
    if (rc == 0) {
        if (r.check)
            r.way->run(&w);
        rc = !r.check || right(&r, &w) ? measure(&r, &w) : 3;
        end(r.way);
    }
    if (rc == 3)
        fprintf(stderr, "%s: %s of %s differs from the plain loop's\n", argv[0],
                r.way->name, r.shape);
    work_close(&w);
    return rc;
}
