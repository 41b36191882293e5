/* walk.c - the smallest whole program: random walks, the same on any machine.
 * SPDX-License-Identifier: MIT
 *
 * cc walk.c $(pkg-config --cflags --libs cadre)
 */
#include <cadre/cadre.h>
#include <cadre/random.h>
#include <stdio.h>

/* A kernel turns one item into one result, and may fail. */
static int walk(cadre_task *t, const void *item, void *result)
{
    int steps = *(const int *)item;
    double x = 0;

    if (steps < 0)
        return cadre_task_fail(t, 1, "%d steps make no walk", steps);
    for (int i = 0; i < steps; i++)
        x += cadre_rng_uniform(cadre_task_rng(t)) - 0.5;
    *(double *)result = x;
    return 0;
}

int main(void)
{
    int steps[] = { 10, 100, 1000 };
    double end[3];
    cadre_job job = { .fn = walk,
                      .n = 3,
                      .items = steps,
                      .item_size = sizeof *steps,
                      .results = end,
                      .result_size = sizeof *end,
                      .seed = 42 };
    cadre_pool *pool;
    cadre_error err;

    if (cadre_open(&pool, NULL, &err)) {
        fprintf(stderr, "walk: %s\n", err.message);
        return 1;
    }
    if (cadre_map(pool, &job, &err)) {
        fprintf(stderr, "walk: %s\n", err.message);
        return 1;
    }
    cadre_close(pool);
    printf("%g %g %g\n", end[0], end[1], end[2]);
    return 0;
}
