/* outside.c - a program outside of the tree, in C and in C++.
 * SPDX-License-Identifier: MIT
 */
#include <cadre/cadre.h>
#include <stdio.h>
#include <string.h>

static int square(cadre_task *task, const void *item, void *result)
{
    int x = *(const int *)item;

    (void)task;
    *(int *)result = x * x;
    return 0;
}

int main(void)
{
    int x[] = { 3, 4, 5 }, y[3];
    cadre_job job;
    cadre_pool *pool;
    cadre_error err;

    memset(&job, 0, sizeof job);
    job.fn = square;
    job.n = 3;
    job.items = x;
    job.item_size = sizeof *x;
    job.results = y;
    job.result_size = sizeof *y;
    if (cadre_open(&pool, NULL, &err) || cadre_map(pool, &job, &err)) {
        fprintf(stderr, "%s\n", err.message);
        return 1;
    }
    cadre_close(pool);
    printf("%d %d %d\n", y[0], y[1], y[2]);
    return 0;
}
