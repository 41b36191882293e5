/* clock.h - monotonic time in nanoseconds.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_BASE_CLOCK_H
#define CDR_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t cdr_now(void)
{
    struct timespec t;

    /* CLOCK_MONOTONIC exists on every Linux: the call cannot fail. */
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Another number every few milliseconds, in a quarter of the time that cdr_now takes where
 * there is a clock for that. */
static inline uint64_t cdr_tick(void)
{
#ifdef CLOCK_MONOTONIC_COARSE
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC_COARSE, &t); /* the same */
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
#else
    return cdr_now() / 4000000;
#endif
}

#endif
