/* shared.h - memory that processes forked from this one share with it, and spawned workers.
 * SPDX-License-Identifier: MIT
 *
 * It has no name that could stay behind, and is not of /dev/shm, whose size does not
 * matter.
 */
#ifndef CDR_MEMORY_SHARED_H
#define CDR_MEMORY_SHARED_H

#include <cadre/cadre.h>

/* Zeroed, on a page boundary; pages come when they are touched. More than the machine has
 * left is refused with the size in the message, which begins with `what`. */
void *cdr_shared_map(size_t size, const char *what, cadre_error *err);

/* The same, more than there is too: for what will hardly be touched. NULL: cannot be. */
void *cdr_shared_reserve(size_t size);
void cdr_shared_unmap(void *memory, size_t size); /* NULL is fine */

/* Have all pages there at once, large ones where that can be: then a lack of memory shows
 * here, as an errno, and not as a signal. 0 also when Linux is too old to be asked (before
 * 5.14): pages come when they are touched. */
int cdr_shared_populate(void *memory, size_t size);

/* Whether all of it lies in one piece from cadre_alloc_shared. Safe from any thread, and
 * in a process forked at any moment. */
bool cdr_is_shared(const void *memory, size_t size);

#endif
