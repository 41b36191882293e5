/* log.c - one line to the user's log callback.
 * SPDX-License-Identifier: MIT
 */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>

void cdr_log(const struct cdr_log *log, int level, const char *format, ...)
{
    char line[512];
    va_list args;

    if (!log->call)
        return;
    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    log->call(log->arg, level, line);
}
