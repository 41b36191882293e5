/* clock.c - time, pauses and the figures that are made of them.
 * SPDX-License-Identifier: MIT
 */
#include "measure.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>

static double in_ns(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t); /* both clocks exist on every Linux */
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

double now_ns(void)
{
    return in_ns(CLOCK_MONOTONIC);
}

static double seconds(const struct timeval *t)
{
    return (double)t->tv_sec + (double)t->tv_usec * 1e-6;
}

double cpu_ns(void)
{
    struct rusage ended;

    getrusage(RUSAGE_CHILDREN, &ended); /* cannot fail */
    return in_ns(CLOCK_PROCESS_CPUTIME_ID) +
           (seconds(&ended.ru_utime) + seconds(&ended.ru_stime)) * 1e9;
}

void pause_us(unsigned us)
{
    struct timespec t = { .tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000L };

    if (us > 0)
        nanosleep(&t, NULL);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

struct summary summarise(double *samples, size_t n)
{
    struct summary s;

    qsort(samples, n, sizeof *samples, by_size);
    s.min = samples[0];
    s.median = (samples[(n - 1) / 2] + samples[n / 2]) / 2;
    return s;
}
