/* call.h - what a call obeys from its first instruction on: cancellation and its deadline.
 * SPDX-License-Identifier: MIT
 *
 * Before a run there may be much to prepare. Whoever prepares looks here now and then, and
 * the run goes on from here.
 */
#ifndef CDR_CORE_RUN_CALL_H
#define CDR_CORE_RUN_CALL_H

#include "base/clock.h"
#include <cadre/cadre.h>
#include <stdatomic.h>

struct cdr_call {
    const _Atomic uint32_t *cancel; /* counts cancellations of the pool: only grows */
    uint32_t cancel_seen;           /* when the call began */
    uint32_t deadline_ms;           /* as the job has it */
    uint64_t deadline;              /* by cdr_now(); UINT64_MAX: none */
};

/* For the NULL pool, and for workers, which hear of it in other ways. */
extern const _Atomic uint32_t cdr_never_cancelled;

/* The first that a call does. `cancel` may be NULL: never; and so may the job be, which
 * has not been checked yet. */
void cdr_call_begin(struct cdr_call *call, const _Atomic uint32_t *cancel,
                    const cadre_job *job);

/* CADRE_OK, or why nothing is wanted of the call any more. */
static inline int cdr_call_over(const struct cdr_call *call)
{
    if (atomic_load_explicit(call->cancel, memory_order_relaxed) != call->cancel_seen)
        return CADRE_ECANCELLED;
    if (call->deadline != UINT64_MAX && cdr_now() >= call->deadline)
        return CADRE_ETIMEOUT;
    return CADRE_OK;
}

/* The same as the failure of a call that has run no task yet. */
int cdr_call_check(const struct cdr_call *call, cadre_error *err);

/* Do something to `size` bytes, part by part, in an order from the first on, and look in
 * between; false: the call was over before the end. */
bool cdr_call_in_parts(const struct cdr_call *call, size_t size,
                       void (*part)(void *arg, size_t at, size_t size), void *arg);

/* memcpy in parts. */
bool cdr_call_copy(const struct cdr_call *call, void *to, const void *from,
                   size_t size);

#endif
