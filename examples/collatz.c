/* collatz.c - results of any size, and tasks that fail while others go on.
 * SPDX-License-Identifier: MIT
 *
 * cc collatz.c $(pkg-config --cflags --libs cadre)
 */
#include <cadre/cadre.h>
#include <stdio.h>

/* Emits the sequence 3n+1 from the item down to 1. */
static int collatz(cadre_task *t, const void *item, void *result)
{
    long x = *(const long *)item;

    (void)result;
    if (x < 1)
        return cadre_task_fail(t, 1, "%ld never comes to 1", x);
    for (;; x = x % 2 ? 3 * x + 1 : x / 2) {
        if (cadre_task_emit(t, &x, sizeof x))
            return 1;
        if (x == 1)
            return 0;
    }
}

int main(void)
{
    long start[] = { 6, 1, -4, 27, 0, 7 };
    enum { N = sizeof start / sizeof *start };
    cadre_bytes sequence[N] = { { 0 } };
    int status[N];
    cadre_job job = { .fn = collatz,
                      .n = N,
                      .items = start,
                      .item_size = sizeof *start,
                      .emitted = sequence,
                      .on_error = CADRE_KEEP_GOING,
                      .statuses = status };
    cadre_error err;
    int rc = cadre_map(NULL, &job, &err); /* no pool: right here, one after another */

    for (int i = 0; i < N; i++) {
        const long *x = (const long *)sequence[i].data;
        printf("%ld:", start[i]);
        if (status[i])
            printf(" %s", cadre_strerror(status[i]));
        else
            for (size_t k = 0; k < sequence[i].size / sizeof *x && k < 12; k++)
                printf(" %ld", x[k]);
        printf("\n");
    }
    if (rc)
        printf("the first to fail: %s\n", err.message);
    cadre_bytes_free(sequence, N);
    return 0;
}
