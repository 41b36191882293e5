/* fail.h - filling a cadre_error, and maps whose tasks can only run out of memory.
 * SPDX-License-Identifier: MIT
 *
 * `err` may be NULL everywhere.
 */
#ifndef CDR_STATS_FAIL_H
#define CDR_STATS_FAIL_H

#include <cadre/cadre.h>

/* Sets every field and returns the code: return cdr_stats_fail(err, code, "..."). */
int cdr_stats_fail(cadre_error *err, int code, const char *format, ...)
    CADRE_PRINTF(3, 4);

int cdr_stats_no_memory(cadre_error *err, size_t n);

/* For the values of so many resamples. */
int cdr_stats_no_values(cadre_error *err, uint64_t resamples);

/* Makes *err that of a success. */
void cdr_stats_clear(cadre_error *err);

/* cadre_map for kernels that fail by `return cdr_stats_no_scratch(task, bytes)` and in
 * no other way: that comes out as CADRE_ENOMEM, everything else as it is. */
int cdr_stats_map(cadre_pool *pool, const cadre_job *job, cadre_error *err);
int cdr_stats_no_scratch(cadre_task *task, size_t bytes);

#endif
