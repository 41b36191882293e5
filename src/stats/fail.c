/* fail.c - filling a cadre_error, and maps whose tasks can only run out of memory.
 * SPDX-License-Identifier: MIT
 */
#include "stats/fail.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

void cdr_stats_clear(cadre_error *err)
{
    if (err)
        *err = (cadre_error){ .item = CADRE_NO_ITEM };
}

int cdr_stats_fail(cadre_error *err, int code, const char *format, ...)
{
    va_list args;

    if (!err)
        return code;
    cdr_stats_clear(err);
    err->code = code;
    va_start(args, format);
    vsnprintf(err->message, sizeof err->message, format, args);
    va_end(args);
    return code;
}

int cdr_stats_no_memory(cadre_error *err, size_t n)
{
    return cdr_stats_fail(err, CADRE_ENOMEM, "no memory for %zu rows", n);
}

int cdr_stats_no_values(cadre_error *err, uint64_t resamples)
{
    return cdr_stats_fail(err, CADRE_ENOMEM,
                          "no memory for the values of %" PRIu64
                          " resamples: take fewer, or stop at a Monte Carlo error",
                          resamples);
}

int cdr_stats_no_scratch(cadre_task *task, size_t bytes)
{
    return cadre_task_fail(task, CADRE_ENOMEM,
                           "no memory for the %zu bytes of a worker", bytes);
}

int cdr_stats_map(cadre_pool *pool, const cadre_job *job, cadre_error *err)
{
    cadre_error failure;
    int rc = cadre_map(pool, job, &failure);

    if (rc == CADRE_EKERNEL)
        failure.code = rc = failure.user;
    if (rc && err)
        *err = failure;
    return rc;
}
