/* wire.c - bytes for other processes: written and read, with offsets and without pointers.
 * SPDX-License-Identifier: MIT
 */
#include "core/run/wire.h"
#include "base/alloc.h"
#include "base/error.h"

#include <stdlib.h>
#include <string.h>

#define LEAST_CAPACITY 256

/* ---- writing ---- */

static size_t rounded(size_t size)
{
    return (size + CDR_WIRE_ALIGNMENT - 1) / CDR_WIRE_ALIGNMENT * CDR_WIRE_ALIGNMENT;
}

static bool reserve(cadre_packet *p, size_t size)
{
    size_t capacity = p->capacity ? p->capacity : LEAST_CAPACITY;
    void *data;

    if (size <= p->capacity)
        return true;
    if (size > PTRDIFF_MAX)
        return false;
    while (capacity < size)
        capacity *= 2;
    data = realloc(p->data, capacity);
    if (!data)
        return false;
    p->data = data;
    p->capacity = capacity;
    return true;
}

bool cdr_packet_begin(cadre_packet *p, size_t head_size, uint64_t magic)
{
    struct cdr_wire_head *head;

    if (!reserve(p, rounded(head_size)))
        return false;
    memset(p->data, 0, rounded(head_size));
    p->size = rounded(head_size);
    head = p->data;
    *head = (struct cdr_wire_head){ magic, CDR_WIRE_VERSION, (uint32_t)head_size, 0 };
    return true;
}

bool cdr_packet_add(cadre_packet *p, uint64_t count, size_t each, struct cdr_part *part)
{
    size_t bytes, at = p->size, end;

    if (!cdr_array_size(&bytes, count, each) ||
        __builtin_add_overflow(at, bytes, &end) || end > PTRDIFF_MAX ||
        !reserve(p, rounded(end)))
        return false;
    memset(cdr_packet_at(p, end), 0, rounded(end) - end);
    *part = (struct cdr_part){ bytes ? at : 0, bytes };
    p->size = rounded(end);
    return true;
}

bool cdr_packet_put(cadre_packet *p, const void *bytes, size_t size,
                    struct cdr_part *part)
{
    if (!cdr_packet_add(p, size, 1, part))
        return false;
    if (size > 0)
        memcpy(cdr_packet_at(p, part->at), bytes, size);
    return true;
}

bool cdr_packet_append(cadre_packet *p, const void *bytes, size_t size)
{
    size_t end;

    if (__builtin_add_overflow(p->size, size, &end) || !reserve(p, end))
        return false;
    if (size > 0)
        memcpy(cdr_packet_at(p, p->size), bytes, size);
    p->size = end;
    return true;
}

void cdr_packet_end(cadre_packet *p)
{
    ((struct cdr_wire_head *)p->data)->size = p->size;
}

void cadre_packet_free(cadre_packet *p)
{
    if (!p)
        return;
    free(p->data);
    *p = (cadre_packet){ 0 };
}

/* ---- reading ---- */

int cdr_wire_refuse(const char *what, const char *why, cadre_error *err)
{
    return cdr_fail(err, CADRE_EINVAL, "this is no %s: %s", what, why);
}

const void *cdr_wire_open(const void *bytes, size_t size, uint64_t magic,
                          size_t head_size, const char *what, cadre_error *err)
{
    const struct cdr_wire_head *head = bytes;
    const char *why = NULL;

    if (!bytes || (uintptr_t)bytes % CDR_WIRE_ALIGNMENT)
        why = "it does not lie on a boundary of 16 bytes";
    else if (size < sizeof *head || head->magic != magic)
        why = "it does not begin as one";
    else if (head->version != CDR_WIRE_VERSION || head->head_size != head_size)
        why = "it is of another version of cadre";
    else if (head->size != size || size < head_size)
        why = "it has another length than it says";
    if (!why)
        return bytes;
    cdr_wire_refuse(what, why, err);
    return NULL;
}

bool cdr_wire_bytes(const void *packet, const struct cdr_part *part, const void **out)
{
    const struct cdr_wire_head *head = packet;

    *out = NULL;
    if (part->size == 0)
        return true;
    if (part->at % CDR_WIRE_ALIGNMENT || part->at < head->head_size ||
        part->at > head->size || part->size > head->size - part->at)
        return false;
    *out = (const char *)packet + part->at;
    return true;
}

bool cdr_wire_part(const void *packet, const struct cdr_part *part, uint64_t count,
                   size_t each, const void **out)
{
    size_t bytes;

    return cdr_array_size(&bytes, count, each) && part->size == bytes &&
           cdr_wire_bytes(packet, part, out);
}
