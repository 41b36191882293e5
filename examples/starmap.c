/* starmap.c - several arguments a task: columns of different lengths, and a constant.
 * SPDX-License-Identifier: MIT
 *
 * cc starmap.c $(pkg-config --cflags --libs cadre)
 */
#include <cadre/cadre.h>
#include <stdio.h>

static int interest(cadre_task *t, const void *item, void *result)
{
    double capital = CADRE_ARG(item, 0, double);
    int years = CADRE_ARG(item, 1, int);
    double rate = CADRE_ARG(item, 2, double);

    (void)t;
    while (years-- > 0)
        capital *= 1 + rate;
    *(double *)result = capital;
    return 0;
}

int main(void)
{
    double capital[] = { 100, 250, 1000, 5000 }, rate = 0.03, end[4];
    int years[] = { 1, 10 }, for_long = 30;
    cadre_column columns[] = {
        { .data = capital, .size = sizeof *capital, .n = 4 },
        { .data = years, .size = sizeof *years, .n = 2, .fill = &for_long },
        { .data = &rate, .size = sizeof rate, .same = true },
    };
    cadre_job job = {
        .fn = interest,
        .n = 4, /* without it, as many as the columns give */
        .columns = columns,
        .n_columns = 3,
        .results = end,
        .result_size = sizeof *end,
    };
    cadre_pool *pool;
    cadre_error err;

    if (cadre_open(&pool, NULL, &err) || cadre_map(pool, &job, &err)) {
        fprintf(stderr, "starmap: %s\n", err.message);
        return 1;
    }
    cadre_close(pool);
    for (int i = 0; i < 4; i++)
        printf("%.2f\n", end[i]);
    return 0;
}
