/* current.h - the task that a thread is in.
 * SPDX-License-Identifier: MIT
 */
#ifndef CADRE_PYTHON_CURRENT_H
#define CADRE_PYTHON_CURRENT_H

#include "call.h"

struct cdp_current {
    cadre_task *task;
    struct cdp_call *call;
    uint64_t index;
    unsigned long long serial;
    PyObject *object; /* what current_task() gave, if it was asked */
    struct cdp_current *outer;
};

/* Around a call of the user's function; `c` is the caller's. */
void cdp_current_push(struct cdp_current *c);
void cdp_current_pop(struct cdp_current *c);

#endif
