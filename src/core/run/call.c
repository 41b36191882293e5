/* call.c - what a call obeys from its first instruction on: cancellation and its deadline.
 * SPDX-License-Identifier: MIT
 */
#include "core/run/call.h"
#include "base/error.h"

#include <inttypes.h>
#include <string.h>

/* What takes some milliseconds where memory is touched for the first time. A multiple of
 * the size of large pages. */
#define PART ((size_t)16 << 20)

const _Atomic uint32_t cdr_never_cancelled;

void cdr_call_begin(struct cdr_call *call, const _Atomic uint32_t *cancel,
                    const cadre_job *job)
{
    call->cancel = cancel ? cancel : &cdr_never_cancelled;
    call->cancel_seen = atomic_load_explicit(call->cancel, memory_order_relaxed);
    call->deadline_ms = job ? job->deadline_ms : 0;
    call->deadline = call->deadline_ms
                         ? cdr_now() + call->deadline_ms * UINT64_C(1000000)
                         : UINT64_MAX;
}

int cdr_call_check(const struct cdr_call *call, cadre_error *err)
{
    switch (cdr_call_over(call)) {
    case CADRE_OK: return CADRE_OK;
    case CADRE_ETIMEOUT:
        return cdr_fail(err, CADRE_ETIMEOUT,
                        "the deadline of %" PRIu32 " ms passed before any task began",
                        call->deadline_ms);
    default: return cdr_fail(err, CADRE_ECANCELLED, "cancelled before any task began");
    }
}

bool cdr_call_in_parts(const struct cdr_call *call, size_t size,
                       void (*part)(void *arg, size_t at, size_t size), void *arg)
{
    for (size_t at = 0; at < size; at += PART) {
        if (at > 0 && cdr_call_over(call))
            return false;
        part(arg, at, size - at < PART ? size - at : PART);
    }
    return true;
}

struct copy {
    char *to;
    const char *from;
};

static void copy_part(void *arg, size_t at, size_t size)
{
    const struct copy *c = arg;

    memcpy(c->to + at, c->from + at, size);
}

bool cdr_call_copy(const struct cdr_call *call, void *to, const void *from, size_t size)
{
    struct copy c = { to, from };

    return cdr_call_in_parts(call, size, copy_part, &c);
}
