/* clock.c - what time it is.
 * SPDX-License-Identifier: MIT
 */
#include "cli/map/clock.h"

#include <time.h>

static double seconds(clockid_t clock)
{
    struct timespec t = { 0 };

    (void)clock_gettime(clock, &t); /* both are always there on Linux */
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

double cdr_monotonic(void)
{
    return seconds(CLOCK_MONOTONIC);
}

double cdr_wall_clock(void)
{
    return seconds(CLOCK_REALTIME);
}
