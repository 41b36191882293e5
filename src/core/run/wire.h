/* wire.h - bytes for other processes: written and read, with offsets and without pointers.
 * SPDX-License-Identifier: MIT
 *
 * A packet is one head of a fixed size, and parts behind it, each on a boundary of
 * CDR_WIRE_ALIGNMENT, that the head names by their offset. Both sides are the same kind of
 * machine: the magic number of a head reads otherwise on another. Who reads trusts nothing
 * in a packet: each part is looked for with cdr_wire_part.
 */
#ifndef CDR_CORE_RUN_WIRE_H
#define CDR_CORE_RUN_WIRE_H

#include <cadre/backend.h>

#define CDR_WIRE_ALIGNMENT 16
#define CDR_WIRE_VERSION   1

/* Bytes at .. at+size-1, counted from the head; size 0: none. */
struct cdr_part {
    uint64_t at, size;
};

/* What each head begins with. */
struct cdr_wire_head {
    uint64_t magic;
    uint32_t version;
    uint32_t head_size;
    uint64_t size; /* of the packet */
};

/* ---- writing ---- */

/* Begin anew with a head of that size, all zero. False: no memory. */
bool cdr_packet_begin(cadre_packet *p, size_t head_size, uint64_t magic);

/* Room for one more part, count * each bytes: what is in them is the caller's to write. The
 * packet may move. False: no memory, or too much. */
bool cdr_packet_add(cadre_packet *p, uint64_t count, size_t each,
                    struct cdr_part *part);

/* The same with these bytes. */
bool cdr_packet_put(cadre_packet *p, const void *bytes, size_t size,
                    struct cdr_part *part);

/* Append bytes as they are, on no boundary, to what need not have a head. */
bool cdr_packet_append(cadre_packet *p, const void *bytes, size_t size);

/* All is in it. */
void cdr_packet_end(cadre_packet *p);

static inline char *cdr_packet_at(const cadre_packet *p, uint64_t at)
{
    return (char *)p->data + at;
}

/* ---- reading ---- */

/* The head, if it is one of that magic number and size, and the packet as long as it says;
 * else NULL, and why. `what` names it. */
const void *cdr_wire_open(const void *bytes, size_t size, uint64_t magic,
                          size_t head_size, const char *what, cadre_error *err);

/* *out is where the part is; NULL where it is empty. False unless it has count * each bytes
 * and lies in the packet, behind the head. */
bool cdr_wire_part(const void *packet, const struct cdr_part *part, uint64_t count,
                   size_t each, const void **out);

/* A part of any size. */
bool cdr_wire_bytes(const void *packet, const struct cdr_part *part, const void **out);

/* CADRE_EINVAL: it cannot have come from cadre. */
int cdr_wire_refuse(const char *what, const char *why, cadre_error *err);

#endif
