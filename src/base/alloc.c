/* alloc.c - memory whose size was computed from what users say.
 * SPDX-License-Identifier: MIT
 */
#include "base/alloc.h"
#include "base/sync.h"

#include <stdlib.h>

bool cdr_array_size(size_t *bytes, uint64_t count, size_t size)
{
    /* An object may be at most PTRDIFF_MAX bytes long. */
    return !__builtin_mul_overflow(count, size, bytes) && *bytes <= PTRDIFF_MAX;
}

void *cdr_alloc_aligned(size_t bytes)
{
    size_t rounded =
        (bytes + CDR_FALSE_SHARING - 1) / CDR_FALSE_SHARING * CDR_FALSE_SHARING;

    return rounded < bytes ? NULL : aligned_alloc(CDR_FALSE_SHARING, rounded);
}
