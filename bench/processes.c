/* processes.c - what workers that are processes take to begin, and to come back.
 * SPDX-License-Identifier: MIT
 *
 *     PROGRAM cold|death MIB REPETITIONS
 *
 *   cold      from cadre_open to the results of a map of four items, on two workers
 *   death     from a worker's last instruction to the first of its item's next run
 *
 * With so many MiB that the program has in use beside: forking copies its page tables.
 * Printed are the lowest and the median of the repetitions.
 */
#include <cadre/cadre.h>
#include "measure.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define WORKERS 2
#define ITEMS   4

static bool check(int code, const cadre_error *error)
{
    if (code)
        fprintf(stderr, "%s\n", error->message);
    return code == CADRE_OK;
}

static bool open_pool(cadre_pool **pool)
{
    cadre_options options = { .backend = "processes",
                              .workers = WORKERS,
                              .oversubscribe = true,
                              .ignore_environment = true };
    cadre_error error;

    return check(cadre_open(pool, &options, &error), &error);
}

/* ---- a cold start ---- */

static int square(cadre_task *task, const void *item, void *result)
{
    double x = *(const double *)item;

    (void)task;
    *(double *)result = x * x;
    return 0;
}

/* Nanoseconds, or a negative number when it failed. */
static double cold(void)
{
    double items[ITEMS] = { 1, 2, 3, 4 }, results[ITEMS] = { 0 }, began, took;
    cadre_job job = { .fn = square,
                      .n = ITEMS,
                      .items = items,
                      .item_size = sizeof *items,
                      .results = results,
                      .result_size = sizeof *results };
    cadre_pool *pool;
    cadre_error error;
    bool ok;

    began = now_ns();
    ok = open_pool(&pool) && check(cadre_map(pool, &job, &error), &error);
    took = now_ns() - began;
    cadre_close(pool);
    return ok && results[ITEMS - 1] == 16 ? took : -1;
}

/* ---- a death ---- */

/* In memory that the processes share. */
struct life {
    double ended, began; /* the first run of the item, the second */
    int runs;
};

static int die_once(cadre_task *task, const void *item, void *result)
{
    struct life *life = *(struct life *const *)cadre_task_shared(task);

    (void)item;
    (void)result;
    if (cadre_task_index(task) != ITEMS / 2)
        return 0;
    life->began = now_ns();
    if (life->runs++ > 0)
        return 0;
    life->ended = now_ns();
    kill(getpid(), SIGKILL);
    return 1;
}

static double death(void)
{
    struct life *life = cadre_alloc_shared(sizeof *life, NULL);
    cadre_job job = { .fn = die_once,
                      .n = ITEMS,
                      .shared = &life,
                      .shared_size = sizeof life,
                      .retries = 1 };
    cadre_pool *pool = NULL;
    cadre_error error;
    double took = -1;

    if (life && open_pool(&pool) && check(cadre_map(pool, &job, &error), &error) &&
        life->runs == 2)
        took = life->began - life->ended;
    cadre_close(pool);
    cadre_free_shared(life);
    return took;
}

/* ---- all of them ---- */

/* In pages as small as there are, which is the worst case. */
static bool fill_memory(size_t mib)
{
    size_t size = mib << 20;
    char *memory;

    if (size == 0)
        return true;
    memory =
        mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return false;
    madvise(memory, size, MADV_NOHUGEPAGE);
    memset(memory, 1, size);
    return true;
}

static bool measure(const char *name, double (*once)(void), size_t repetitions)
{
    double *samples = malloc(repetitions * sizeof *samples);
    struct summary s;
    bool ok = samples && once() >= 0; /* to warm up */

    for (size_t i = 0; i < repetitions && ok; i++)
        ok = (samples[i] = once()) >= 0;
    if (ok) {
        s = summarise(samples, repetitions);
        printf("%s.min %.1f ns\n%s.median %.1f ns\n", name, s.min, name, s.median);
    }
    free(samples);
    return ok;
}

int main(int argc, char **argv)
{
    size_t mib, repetitions;

    if (argc != 4 || (strcmp(argv[1], "cold") != 0 && strcmp(argv[1], "death") != 0) ||
        (repetitions = strtoul(argv[3], NULL, 10)) == 0) {
        fprintf(stderr, "usage: %s cold|death MIB REPETITIONS\n", argv[0]);
        return 2;
    }
    mib = strtoul(argv[2], NULL, 10);
    if (!fill_memory(mib)) {
        fprintf(stderr, "no memory for %zu MiB\n", mib);
        return 1;
    }
    return measure(argv[1], argv[1][0] == 'c' ? cold : death, repetitions) ? 0 : 1;
}
