/* auto.c - is the automatic choice ever slower than the plain loop?
 * SPDX-License-Identifier: MIT
 *
 *     PROGRAM STATE COST_NS TOTAL_NS STEP_NS PAIRS
 *
 * Items of one cost, as many as make the loop last for the total, run by the plain loop
 * and by an automatic pool in turn, in one process, for so many pairs. The states:
 *
 *   first     the pool was just opened: no workers yet, and it never saw the kernel
 *   again     call after call
 *   rested    a millisecond before each call: workers sleep
 *   misled    the job before was of the same kernel, with items of another cost
 *
 * Printed are the median times of both, and the median of each pair's ratio: what
 * disturbs the machine for longer than a pair hits both.
 */
#include <cadre/cadre.h>
#include "measure.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REST_US 1000
#define BACK_TO_BACK_NS \
    1e6 /* in state `again`: so long each, before the other's turn */
#define MISLED_BY 1000
#define MISLEADS_UP \
    1000 /* ns: items that cost more are misled by cheaper ones, which take less */

#define TRY_NS 20000

struct bench {
    struct work work, other; /* other: what misleads */
    cadre_pool *pool;
    enum state { FIRST, AGAIN, RESTED, MISLED } state;
    size_t calls;
};

static const char *const state_names[] = { "first", "again", "rested", "misled" };

static bool check(int code, const cadre_error *error)
{
    if (code)
        fprintf(stderr, "%s\n", error->message);
    return code == 0;
}

static bool map(struct bench *b, const struct work *w)
{
    cadre_job job = { .fn = w->kernel,
                      .n = w->n,
                      .items = w->items,
                      .item_size = sizeof *w->items,
                      .results = w->results,
                      .result_size = sizeof *w->results };
    cadre_error error;

    return check(cadre_map(b->pool, &job, &error), &error);
}

static bool open_pool(struct bench *b)
{
    cadre_options options = { .ignore_environment = true };
    cadre_error error;

    return check(cadre_open(&b->pool, &options, &error), &error);
}

static bool make_state(struct bench *b)
{
    if (b->state == FIRST) {
        cadre_close(b->pool);
        b->pool = NULL;
        return open_pool(b);
    }
    if (b->state == RESTED)
        pause_us(REST_US);
    if (b->state == MISLED)
        return map(b, &b->other);
    return true;
}

/* A call's time; negative: it failed. */
static double time_auto(struct bench *b)
{
    double total = 0;

    for (size_t c = 0; c < b->calls; c++) {
        double began;
        if (!make_state(b))
            return -1;
        began = now_ns();
        if (!map(b, &b->work))
            return -1;
        total += now_ns() - began;
    }
    return total / (double)b->calls;
}

/* After the same pause or other job, so that both find the same caches. */
static double time_loop(struct bench *b)
{
    double total = 0;

    for (size_t c = 0; c < b->calls; c++) {
        double began;
        if (b->state == RESTED)
            pause_us(REST_US);
        if (b->state == MISLED)
            work_loop(&b->other);
        began = now_ns();
        work_loop(&b->work);
        total += now_ns() - began;
    }
    return total / (double)b->calls;
}

static bool compare(struct bench *b, size_t pairs)
{
    double *loop = calloc(3 * pairs, sizeof *loop), *chosen = loop + pairs;
    double *ratio = chosen + pairs;
    bool ok = loop != NULL;

    for (size_t p = 0; ok && p < pairs; p++) {
        loop[p] = time_loop(b);
        chosen[p] = time_auto(b);
        ratio[p] = chosen[p] / loop[p];
        ok = chosen[p] > 0;
    }
    if (ok)
        printf("loop %.1f ns\nauto %.1f ns\nratio %.4f times\n",
               summarise(loop, pairs).median, summarise(chosen, pairs).median,
               summarise(ratio, pairs).median);
    free(loop);
    return ok;
}

static bool find_state(struct bench *b, const char *name)
{
    for (int s = FIRST; s <= MISLED; s++) {
        b->state = (enum state)s;
        if (strcmp(state_names[s], name) == 0)
            return true;
    }
    return false;
}

/* What the loop takes for an item, by the best of some tries. */
static double loop_cost(const struct work *w)
{
    double best = 0;

    for (int r = 0; r < 20; r++) {
        double began = now_ns(), took;
        work_loop(w);
        took = (now_ns() - began) / (double)w->n;
        best = r == 0 || took < best ? took : best;
    }
    return best;
}

/* Processors run neighbouring items at the same time as far as they can, so what a few
 * steps cost has to be tried: until the loop takes `cost` an item. Each try is a loop of
 * TRY_NS, again and again. */
static double find_unit(double cost, double step)
{
    double unit = cost > 40 ? cost - 40 : step, took = 0;
    size_t n = (size_t)fmin(1000, fmax(100, TRY_NS / cost));
    struct work w;

    if (cost > 1000)
        return cost;
    for (; took < cost; unit += step) {
        if (!work_open(&w, "even", n, unit, step))
            return cost;
        took = loop_cost(&w);
        work_close(&w);
    }
    return unit - step;
}

/* Up to 5 ns a call of the kernel is all there is: then it is the trivial one. */
static bool open_work(struct bench *b, double cost, double total, double step)
{
    double other = cost > MISLEADS_UP ? cost / MISLED_BY : cost * MISLED_BY;
    size_t n = total < 2 * cost ? 2 : (size_t)(total / cost);

    return work_open(&b->work, cost < 5 ? "square" : "even", n, find_unit(cost, step),
                     step) &&
           work_open(&b->other, "even", 4, other, step);
}

int main(int argc, char **argv)
{
    struct bench b = { .pool = NULL };
    double total;
    bool ok;

    if (argc != 6 || !find_state(&b, argv[1])) {
        fprintf(stderr,
                "usage: %s first|again|rested|misled COST_NS TOTAL_NS STEP_NS PAIRS\n",
                argv[0]);
        return 2;
    }
    total = atof(argv[3]);
    b.calls = b.state == AGAIN && total < BACK_TO_BACK_NS
                  ? (size_t)(BACK_TO_BACK_NS / total)
                  : 1;
    ok = open_work(&b, atof(argv[2]), total, atof(argv[4])) && open_pool(&b);
    if (ok) {
        work_loop(&b.work); /* to warm up */
        ok = time_auto(&b) > 0 && compare(&b, (size_t)atol(argv[5]));
    }
    cadre_close(b.pool);
    work_close(&b.work);
    work_close(&b.other);
    return ok ? 0 : 1;
}
