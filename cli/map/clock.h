/* clock.h - what time it is.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_MAP_CLOCK_H
#define CDR_CLI_MAP_CLOCK_H

/* Seconds, from some moment on; since 1970. */
double cdr_monotonic(void);
double cdr_wall_clock(void);

#endif
