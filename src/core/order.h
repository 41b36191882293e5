/* order.h - what workers that are clean processes are told of a run.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CORE_ORDER_H
#define CDR_CORE_ORDER_H

#include "core/run.h"

/* Shared memory that is kept from one run for the next. Zero: none yet. */
struct cdr_room {
    void *memory;
    size_t size;
};

/* At least so many bytes, with anything in them. False: there is no memory, or none that
 * clean workers would have. */
bool cdr_room_grow(struct cdr_room *room, size_t size);
void cdr_room_trim(
    struct cdr_room *room); /* after a run: not more than is worth keeping */
void cdr_room_fini(struct cdr_room *room);

/* Write the order for a run that is about to begin, into the room; it is run->order. What
 * the job points to is copied into it, but for what workers can see where it is.
 * CADRE_ENOTSUP: they cannot have the kernel, and what to do. */
int cdr_order_write(struct cdr_room *room, cadre_run *run, cadre_error *err);

/* Whether workers can have the job's functions, as far as is known here: what
 * cdr_order_write would say, and that they are not sure to have a library. */
int cdr_order_check(const struct cdr_program *p, cadre_error *err);

#endif
