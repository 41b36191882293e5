/* alloc.h - memory whose size was computed from what users say.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_BASE_ALLOC_H
#define CDR_BASE_ALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* *bytes = count * size, or false when that does not fit. */
bool cdr_array_size(size_t *bytes, uint64_t count, size_t size);

/* Memory that starts on a boundary of CDR_FALSE_SHARING, not zeroed; free with free().
 * NULL when there is none. */
void *cdr_alloc_aligned(size_t bytes);

#endif
