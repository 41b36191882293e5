/* interrupt.c - long work that Ctrl-C ends cleanly, with progress while it runs.
 * SPDX-License-Identifier: MIT
 *
 * cc interrupt.c $(pkg-config --cflags --libs cadre)
 */
#include <cadre/cadre.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>

static cadre_pool *pool;

static void on_interrupt(int signal)
{
    (void)signal;
    cadre_cancel(pool); /* safe in a signal handler */
}

static void show(void *arg, const cadre_counts *c)
{
    fprintf((FILE *)arg, "\r%3.0f %%", 100.0 * (double)c->done / (double)c->total);
}

static int work(cadre_task *t, const void *item, void *result)
{
    double x = 0;

    (void)item;
    for (int i = 1; i < 100000 && !cadre_task_cancelled(t); i++)
        x += sin((double)i) / i;
    *(double *)result = x;
    return 0;
}

int main(void)
{
    static double results[2000];
    cadre_job job = { .fn = work,
                      .n = 2000,
                      .results = results,
                      .result_size = sizeof *results,
                      .progress = show,
                      .progress_arg = stderr };
    cadre_error err;
    int rc = cadre_open(&pool, NULL, &err);

    if (!rc && signal(SIGINT, on_interrupt) != SIG_ERR)
        rc = cadre_map(pool, &job, &err);
    fprintf(stderr, "\n");
    if (rc)
        printf("%s\n", err.message);
    else
        printf("%.6f\n", results[1999]);
    cadre_close(pool);
    return rc ? 1 : 0;
}
