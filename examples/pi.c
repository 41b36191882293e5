/* pi.c - a reduction: pi by throwing darts, the same digits on any number of workers.
 * SPDX-License-Identifier: MIT
 *
 * cc pi.c $(pkg-config --cflags --libs cadre)
 */
#include <cadre/cadre.h>
#include <cadre/random.h>
#include <stdio.h>

/* One task throws a thousand darts with random numbers of its own. */
static int throw_darts(cadre_task *t, const void *item, void *result)
{
    struct cadre_rng *rng = cadre_task_rng(t);
    long hits = 0;

    (void)item;
    for (int i = 0; i < 1000; i++) {
        double x = cadre_rng_uniform(rng), y = cadre_rng_uniform(rng);
        hits += x * x + y * y < 1;
    }
    *(long *)result = hits;
    return 0;
}

static int add(cadre_task *t, void *into, const void *from)
{
    (void)t;
    *(long *)into += *(const long *)from;
    return 0;
}

int main(void)
{
    cadre_job job = {
        .fn = throw_darts, .n = 2000, .result_size = sizeof(long), .seed = 1
    };
    cadre_pool *pool;
    cadre_error err;
    long hits = 0;

    if (cadre_open(&pool, NULL, &err) || cadre_reduce(pool, &job, add, &hits, &err)) {
        fprintf(stderr, "pi: %s\n", err.message);
        return 1;
    }
    cadre_close(pool);
    printf("%.4f\n", 4.0 * (double)hits / (1000.0 * (double)job.n));
    return 0;
}
