/* pi.c - one program for a laptop and a cluster: pi, from random points in a square.
 * SPDX-License-Identifier: MIT
 *
 * Alone it runs on the CPUs of its machine; under an MPI launcher, on all ranks. It prints
 * the same.
 */
#include <cadre/mpi.h>
#include <cadre/random.h>

#include <stdio.h>

#define TASKS  2000
#define POINTS 10000

/* How many of the points lie in the quarter of a circle. */
static int throw_points(cadre_task *task, const void *item, void *result)
{
    cadre_rng *rng = cadre_task_rng(task);
    uint64_t *hits = result;

    (void)item;
    for (int i = 0; i < POINTS; i++) {
        double x = cadre_rng_uniform(rng), y = cadre_rng_uniform(rng);
        *hits += x * x + y * y < 1;
    }
    return 0;
}

static int add(cadre_task *task, void *into, const void *from)
{
    (void)task;
    *(uint64_t *)into += *(const uint64_t *)from;
    return 0;
}

int main(void)
{
    cadre_job job = {
        .fn = throw_points, .n = TASKS, .result_size = sizeof(uint64_t), .seed = 1
    };
    uint64_t hits = 0;
    cadre_pool *pool;
    cadre_error err;
    int rc = cadre_mpi_open(&pool, MPI_COMM_WORLD, NULL, &err);

    if (rc == CADRE_DONE)
        return 0; /* this rank has served */
    if (rc || cadre_reduce(pool, &job, add, &hits, &err)) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    fprintf(stderr, "%s, %u workers\n", cadre_backend_name(pool), cadre_workers(pool));
    printf("pi is about %.6f\n", 4.0 * (double)hits / ((double)TASKS * POINTS));
    cadre_close(pool);
    return 0;
}
