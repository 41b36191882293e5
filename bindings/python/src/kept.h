/* kept.h - items, or results, of this process by index.
 * SPDX-License-Identifier: MIT
 */
#ifndef CADRE_PYTHON_KEPT_H
#define CADRE_PYTHON_KEPT_H

#include "python.h"

#include <stdint.h>

/* Items, or results, of this process by index. There is often no more than one at a time, which
 * needs no dictionary. */
struct cdp_kept {
    PyObject *one; /* or NULL */
    uint64_t index;
    PyObject *others; /* {index: object} */
};

/* 0, or -1 with the exception set. */
int cdp_kept_init(struct cdp_kept *kept);
void cdp_kept_drop(struct cdp_kept *kept);
int cdp_kept_put(struct cdp_kept *kept, uint64_t index, PyObject *object);

/* An owned reference; NULL with the exception set if it is not there. */
PyObject *cdp_kept_pop(struct cdp_kept *kept, uint64_t index);

#endif
