/* squares.c - a stream: results one by one, in order, from items without an end.
 * SPDX-License-Identifier: MIT
 *
 * cc squares.c $(pkg-config --cflags --libs cadre)
 */
#include <cadre/cadre.h>
#include <cadre/stream.h>
#include <inttypes.h>
#include <stdio.h>

/* There are no items here: the task's index says what to do. */
static int square(cadre_task *t, const void *item, void *result)
{
    uint64_t i = cadre_task_index(t);

    (void)item;
    *(uint64_t *)result = i * i;
    return 0;
}

int main(void)
{
    cadre_job job = {
        .fn = square,
        .n = CADRE_ENDLESS, /* or a number: then the stream ends by itself */
        .result_size = sizeof(uint64_t),
        .window = 64, /* never more than so many squares ahead of the loop below */
    };
    cadre_pool *pool = NULL;
    cadre_stream *s = NULL;
    cadre_record r;
    cadre_error err;
    int rc = cadre_open(&pool, NULL, &err);

    if (!rc)
        rc = cadre_stream_open(&s, pool, &job, &err);
    /* The first squares that end in 444, until they have more than six digits. */
    while (!rc && (rc = cadre_stream_next(s, &r, &err)) == CADRE_OK) {
        uint64_t x = *(const uint64_t *)r.data;
        if (x >= 1000000)
            cadre_stream_stop(s); /* the next call says CADRE_DONE */
        else if (x % 1000 == 444)
            printf("%" PRIu64 " * %" PRIu64 " = %" PRIu64 "\n", r.index, r.index, x);
    }
    if (rc != CADRE_DONE)
        fprintf(stderr, "squares: %s\n", err.message);
    cadre_stream_close(s);
    cadre_close(pool);
    return rc == CADRE_DONE ? 0 : 1;
}
