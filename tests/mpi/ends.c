/* ends.c - programs of several ranks that end in other ways than by closing their pool first.
 * SPDX-License-Identifier: MIT
 *
 * usage: ends open|late|stream|task|finalize
 *
 * Started by an MPI launcher. Ranks never take each other for dead by their silence here, so
 * that what is not ended otherwise hangs.
 */
#include <cadre/mpi.h>
#include <cadre/stream.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N     200
#define FATAL 23

static cadre_pool *pool;
static uint64_t results[N];

static int work(cadre_task *t, const void *item, void *result)
{
    (void)item;
    *(uint64_t *)result = cadre_task_index(t);
    return 0;
}

static int leave(cadre_task *t, const void *item, void *result)
{
    if (cadre_task_index(t) == FATAL)
        exit(3);
    return work(t, item, result);
}

static void close_late(void)
{
    cadre_error err;
    cadre_job job = { .fn = work, .n = N, .results = results, .result_size = 8 };

    if (!pool)
        return;
    printf("late: %s\n", cadre_map(pool, &job, &err) ? err.message : "it ran");
    cadre_close(pool);
}

static int begin_stream(cadre_job job)
{
    cadre_stream *s;
    cadre_record r;
    cadre_error err;

    job.results = NULL;
    return cadre_stream_open(&s, pool, &job, &err) || cadre_stream_next(s, &r, &err);
}

static int run(const char *how)
{
    cadre_job job = { .fn = work,
                      .n = N,
                      .chunk = 1,
                      .results = results,
                      .result_size = sizeof *results };
    cadre_error err;
    int rc;

    if (strcmp(how, "task") == 0)
        job.fn = leave;
    if (strcmp(how, "stream") == 0)
        rc = begin_stream(job);
    else
        rc = cadre_map(pool, &job, &err);
    printf("results: %d\n", rc);
    if (strcmp(how, "finalize") == 0)
        MPI_Finalize();
    return rc ? 1 : strcmp(how, "stream") == 0 ? 7 : 0;
}

int main(int argc, char **argv)
{
    cadre_mpi_options o = { .silence_ms = 600000,
                            .pool.ignore_environment = true,
                            .pool.min_items = 1 };
    cadre_error err;
    int rc;

    if (argc != 2)
        return 2;
    if (strcmp(argv[1], "late") == 0)
        atexit(close_late);
    rc = cadre_mpi_open(&pool, MPI_COMM_WORLD, &o, &err);
    if (rc)
        return rc < CADRE_OK;
    return run(argv[1]);
}
