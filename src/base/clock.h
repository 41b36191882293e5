/* clock.h - monotonic time in nanoseconds.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_BASE_CLOCK_H
#define CDR_BASE_CLOCK_H

#include "base/sync.h"

#include <stdint.h>
#include <time.h>

static inline uint64_t cdr_now(void)
{
    struct timespec t;

    /* CLOCK_MONOTONIC exists on every Linux: the call cannot fail. */
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Before another look at what others write: who looks all the time keeps them from writing
 * it. Pauses until `ns` after `now`, and returns what it is then. */
static inline uint64_t cdr_look_away(uint64_t now, uint64_t ns)
{
    uint64_t until = now + ns;

    do {
        for (int i = 0; i < 4; i++)
            cdr_pause();
        now = cdr_now();
    } while (now < until);
    return now;
}

#endif
