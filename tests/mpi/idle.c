/* idle.c - what ranks do that wait: how often they look, and what of a CPU that takes.
 * SPDX-License-Identifier: MIT
 *
 * usage: idle SECONDS
 *
 * Started by an MPI launcher. One task takes so many seconds, so that all ranks but that one's
 * have nothing to do. Counted is how often each has slept meanwhile: MPI cannot wait, and so
 * a rank looks, but no more often than about once in a millisecond. The share of a CPU that
 * this takes is printed, and with five seconds or more, has a limit, too.
 */
#include <cadre/mpi.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define ASKED       200
#define MOST        64   /* ranks */
#define PER_SECOND  1400 /* sleeps: a nap takes 0.9 ms at least once it is long */
#define AT_THE_ENDS 400  /* shorter naps, as something comes before and after */

struct usage {
    int pid;
    long sleeps;
    double cpu, at; /* seconds */
};

static double seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static struct usage own_usage(void)
{
    struct rusage r;

    getrusage(RUSAGE_SELF, &r);
    return (struct usage){ .pid = getpid(),
                           .sleeps = r.ru_nvcsw,
                           .at = seconds(),
                           .cpu = (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
                                  1e-6 * (double)(r.ru_utime.tv_usec +
                                                  r.ru_stime.tv_usec) };
}

static int tell_usage(cadre_task *t, const void *item, void *result)
{
    struct timespec ms = { 0, 2000000 }; /* so that each rank has some */

    (void)t, (void)item;
    nanosleep(&ms, NULL);
    *(struct usage *)result = own_usage();
    return 0;
}

static int take_long(cadre_task *t, const void *item, void *result)
{
    double until = seconds() + *(const double *)cadre_task_shared(t);
    struct timespec left = { 0, 100000000 };

    (void)item;
    while (seconds() < until)
        nanosleep(&left, NULL); /* that is what it takes */
    *(int *)result = getpid();
    return 0;
}

/* One of each rank, rank 0 first: the first that it said, or the last. Returns how many. */
static int ask(cadre_pool *pool, struct usage *of, bool last)
{
    static struct usage all[ASKED];
    cadre_job job = { .fn = tell_usage,
                      .n = ASKED,
                      .chunk = 1,
                      .results = all,
                      .result_size = sizeof *all };
    cadre_error err;
    int n = 1;

    of[0] = own_usage();
    if (cadre_map(pool, &job, &err)) {
        printf("Bail out! %s\n", err.message);
        exit(1);
    }
    for (int i = 0; i < ASKED; i++) {
        int k = 0;
        while (k < n && of[k].pid != all[i].pid)
            k++;
        if (k == n && n < MOST)
            of[n++] = all[i];
        else if (last && k > 0 && k < n && all[i].at > of[k].at)
            of[k] = all[i];
    }
    if (last)
        of[0] = own_usage();
    return n;
}

static bool is_quiet(const struct usage *a, const struct usage *b, double limit)
{
    double took = b->at - a->at, share = (b->cpu - a->cpu) / took;
    long sleeps = b->sleeps - a->sleeps;

    printf("# process %d: %.2f %% of a CPU, %ld sleeps in %.2f s\n", a->pid,
           100 * share, sleeps, took);
    return (double)sleeps <= PER_SECOND * took + AT_THE_ENDS && share < limit;
}

int main(int argc, char **argv)
{
    struct usage before[MOST], after[MOST];
    double length = argc > 1 ? atof(argv[1]) : 1;
    cadre_mpi_options o = { .pool.ignore_environment = true, .pool.min_items = 1 };
    int busy = 0, n, quiet = 0;
    cadre_job job = { .fn = take_long,
                      .n = 1,
                      .results = &busy,
                      .result_size = sizeof busy,
                      .shared = &length,
                      .shared_size = sizeof length };
    cadre_pool *pool;
    cadre_error err;
    int rc = cadre_mpi_open(&pool, MPI_COMM_WORLD, &o, &err);

    if (rc == CADRE_DONE)
        return 0;
    if (rc || cadre_workers(pool) < 2) {
        printf("Bail out! %s\n", rc ? err.message : "three ranks are needed");
        return 1;
    }
    n = ask(pool, before, true);
    rc = cadre_map(pool, &job, &err);
    if (ask(pool, after, false) < n || rc) {
        printf("Bail out! not all ranks have answered\n");
        return 1;
    }
    for (int i = 0; i < n; i++)
        for (int k = 0; k < n; k++)
            if (after[k].pid == before[i].pid)
                quiet += is_quiet(&before[i], &after[k], length >= 5 ? 0.05 : 1);
    printf("%sok 1 - ranks that wait look seldom\n1..1\n",
           quiet == n && n > 2 ? "" : "not ");
    cadre_close(pool);
    return quiet != n || n < 3;
}
