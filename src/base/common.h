/* common.h - memory at the same addresses in a process and its clean workers.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_BASE_COMMON_H
#define CDR_BASE_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed, on a page boundary; pages come when they are touched. NULL: there is none to be
 * had, and processes forked from this one can still share other memory. Any thread. */
void *cdr_common_map(size_t size);

/* False: it is no such memory of this process, and was left alone. */
bool cdr_common_unmap(void *memory, size_t size);

/* Whether all of it lies where clean workers of this process have it too. */
bool cdr_common_holds(const void *memory, size_t size);

/* All that a clean worker needs to have it: plain bytes, and a descriptor. */
struct cdr_common {
    uint64_t base, size;
};

/* While there is some: what it is, and the descriptor, which stays ours. False: none. */
bool cdr_common_tell(struct cdr_common *out, int *fd);

/* In the worker: have it too. 0 or an errno value. The descriptor may be closed then. */
int cdr_common_join(const struct cdr_common *common, int fd);

#endif
