/* chained.c - two maps in a row: the results of one stream are the items of the next.
 * SPDX-License-Identifier: MIT
 *
 * cc chained.c $(pkg-config --cflags --libs cadre)
 */
#include <cadre/cadre.h>
#include <cadre/random.h>
#include <cadre/stream.h>
#include <stdio.h>

/* First: the heads among 100 tosses of a coin. Each task has random numbers of its own. */
static int toss(cadre_task *t, const void *item, void *result)
{
    int heads = 0;

    (void)item;
    for (int i = 0; i < 100; i++)
        heads += cadre_rng_below(cadre_task_rng(t), 2) == 1;
    *(int *)result = heads;
    return 0;
}

/* Second: a bar as long as that, emitted piece by piece. */
static int draw(cadre_task *t, const void *item, void *result)
{
    int rc = 0;

    (void)result;
    for (int i = 0; i < *(const int *)item && !rc; i++)
        rc = cadre_task_emit(t, "#", 1);
    return rc;
}

int main(void)
{
    cadre_job tosses = { .fn = toss, .n = 12, .result_size = sizeof(int), .seed = 7 };
    cadre_job bars = { .fn = draw,
                       .item_size = sizeof(int),
                       .source = cadre_stream_source }; /* the first one's records */
    cadre_pool *pool = NULL;
    cadre_stream *first = NULL, *second = NULL;
    cadre_record r;
    cadre_error err;
    int rc = cadre_open(&pool, NULL, &err);

    if (!rc)
        rc = cadre_stream_open(&first, pool, &tosses, &err);
    bars.source_arg = first;
    if (!rc)
        rc = cadre_stream_open(&second, pool, &bars, &err);
    while (!rc && (rc = cadre_stream_next(second, &r, &err)) == CADRE_OK)
        printf("%2zu %.*s\n", r.size, (int)r.size, (const char *)r.data);
    if (rc != CADRE_DONE)
        fprintf(stderr, "chained: %s\n", err.message);
    cadre_stream_close(second); /* before the one it draws from */
    cadre_stream_close(first);
    cadre_close(pool);
    return rc == CADRE_DONE ? 0 : 1;
}
