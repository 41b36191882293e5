/* shared_range.h - memory at the same addresses in a process and its spawned workers.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_MEMORY_SHARED_RANGE_H
#define CDR_MEMORY_SHARED_RANGE_H

#include <cadre/cadre.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zeroed, on a page boundary; pages come when they are touched. NULL: there is none to be
 * had, and processes forked from this one can still share other memory. Any thread. */
void *cdr_shared_range_map(size_t size);

/* False: it is no such memory of this process, and was left alone. */
bool cdr_shared_range_unmap(void *memory, size_t size);

/* There was none to be had: say why. `who` need it. */
int cdr_shared_range_refuse(const char *who, cadre_error *err);

/* Whether all of it lies where spawned workers of this process have it too. */
bool cdr_shared_range_holds(const void *memory, size_t size);

/* All that a spawned worker needs to have it: plain bytes, and a descriptor. */
struct cdr_shared_range {
    uint64_t base, size;
};

/* While there is some: what it is, and the descriptor, which stays ours. False: none. */
bool cdr_shared_range_describe(struct cdr_shared_range *out, int *fd);

/* In the worker: have it too. 0 or an errno value. The descriptor may be closed then. */
int cdr_shared_range_join(const struct cdr_shared_range *common, int fd);

#endif
