/* main.c - how well ranks are used, from 16 to 16 384 of them, by tasks of 10 us to 10 s.
 * SPDX-License-Identifier: MIT
 *
 * usage: bench-simulator [--message-ns T] [--latency-ns T] [--byte-ns T] [--spread S]
 *                        [--tasks LIMIT] [--most-ranks N | --ranks N --task-ns T]
 *
 * Prints `efficiency.RANKS.TASK_NS SHARE share`, and of rank 0 how busy it was and what a lease
 * cost it, for each number of ranks and each time, or for the one that is asked for.
 */
#include "simulator.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const unsigned ranks[] = { 16, 64, 256, 1024, 4096, 16384 };
static const double times[] = { 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10 };

/* A fast network of today's clusters; MPI's part of a message as measured in shared memory. */
static struct cluster cluster = { .spread = 0.5,
                                  .latency_ns = 2000,
                                  .byte_ns = 0.1,
                                  .message_ns = 500,
                                  .start_ns = 5000 };
static double most_tasks = 4e6;

/* A hundred tasks a rank, or a fifth of a second's worth if that is more. */
static uint64_t tasks_for(unsigned n, double task_ns)
{
    double each = 2e8 / task_ns > 100 ? 2e8 / task_ns : 100;

    return (uint64_t)(each * n > most_tasks ? most_tasks : each * n);
}

static void run(unsigned n, double task_ns)
{
    struct outcome o;

    cluster.ranks = n;
    cluster.task_ns = task_ns;
    o = simulate(&cluster, tasks_for(n, task_ns));
    printf("efficiency.%u.%.0f %.4f share\n", n, task_ns,
           o.tasks_ns / o.makespan_ns / n);
    printf("root_busy.%u.%.0f %.4f share\n", n, task_ns, o.root_ns / o.makespan_ns);
    printf("root_lease.%u.%.0f %.1f ns\n", n, task_ns, o.root_ns / (double)o.leases);
    printf("root_scheduling.%u.%.0f %.1f ns\n", n, task_ns,
           o.scheduling_ns / (double)o.leases);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    unsigned n = 0;
    double task_ns = 0, most_ranks = INFINITY;
    const struct {
        const char *name;
        double *value;
    } options[] = { { "--message-ns", &cluster.message_ns },
                    { "--latency-ns", &cluster.latency_ns },
                    { "--byte-ns", &cluster.byte_ns },
                    { "--spread", &cluster.spread },
                    { "--tasks", &most_tasks },
                    { "--most-ranks", &most_ranks },
                    { "--task-ns", &task_ns } };

    for (int i = 1; i + 1 < argc; i += 2) {
        for (size_t k = 0; k < sizeof options / sizeof *options; k++)
            if (strcmp(argv[i], options[k].name) == 0)
                *options[k].value = atof(argv[i + 1]);
        if (strcmp(argv[i], "--ranks") == 0)
            n = (unsigned)atoi(argv[i + 1]);
    }
    if (n > 0 && task_ns > 0) {
        run(n, task_ns);
        return 0;
    }
    for (size_t i = 0; i < sizeof ranks / sizeof *ranks && ranks[i] <= most_ranks; i++)
        for (size_t k = 0; k < sizeof times / sizeof *times; k++)
            run(ranks[i], times[k]);
    return 0;
}
