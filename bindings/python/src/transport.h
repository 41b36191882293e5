/* transport.h - Python objects as bytes, and back.
 * SPDX-License-Identifier: MIT
 *
 * Common types have forms of their own; all others are pickled, protocol 5 with buffers
 * out of band. For callers that have the interpreter.
 */
#ifndef CADRE_PYTHON_TRANSPORT_H
#define CADRE_PYTHON_TRANSPORT_H

#include "python.h"

#include <stdbool.h>
#include <stdint.h>

/* Bytes that grow. */
struct cdp_bytes {
    char *data;
    size_t size, room;
    bool
        clean; /* for a process that was not forked from this one, nor this from that */
};
void cdp_bytes_free(struct cdp_bytes *bytes);
bool cdp_bytes_append(struct cdp_bytes *bytes, const void *data, size_t size);

/* Append the object; -1 with an exception: it cannot be pickled, or there is no memory. */
int cdp_encode(struct cdp_bytes *bytes, PyObject *object);

/* What was encoded in data[0..size); NULL with an exception. */
PyObject *cdp_decode(const char *data, size_t size);

/* A small object in sixteen bytes. False: it is none of those. Slots are zero at first,
 * which is no object. */
struct cdp_slot {
    union {
        double real;
        int64_t integer;
        char text[8];
    } u;
    uint32_t kind;
    uint32_t size;
};
#define CDP_ELSEWHERE '@' /* kind: integer says where in the spool */

bool cdp_slot_put(struct cdp_slot *slot, PyObject *object);
PyObject *cdp_slot_get(const struct cdp_slot *slot);

#endif
