/* duration.h - how long a time-out is, as one types it.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_MAP_DURATION_H
#define CDR_CLI_MAP_DURATION_H

#include <stdbool.h>

/* Seconds: 2.5, 10s, 3m, 1h30m, 1d. False: it is none. */
bool cdr_duration_parse(double *seconds, const char *text);

#endif
