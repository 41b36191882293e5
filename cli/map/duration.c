/* duration.c - how long a time-out is, as one types it.
 * SPDX-License-Identifier: MIT
 */
#include "cli/map/duration.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double unit(char c)
{
    switch (c) {
    case 's':
    case 'S': return 1;
    case 'm':
    case 'M': return 60;
    case 'h':
    case 'H': return 3600;
    case 'd':
    case 'D': return 86400;
    default: return 0;
    }
}

bool cdr_duration_parse(double *seconds, const char *text)
{
    double sum = 0;

    if (!*text)
        return false;
    while (*text) {
        char *end;
        double value;

        if (!strchr("0123456789.", *text))
            return false;
        value = strtod(text, &end);
        if (end == text || !isfinite(value))
            return false;
        if (*end && unit(*end) == 0)
            return false;
        sum += value * (*end ? unit(*end) : 1);
        text = *end ? end + 1 : end;
    }
    *seconds = sum;
    return sum < 1e9;
}
