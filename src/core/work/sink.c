/* sink.c - what tasks leave behind, beside results, where their caller is elsewhere.
 * SPDX-License-Identifier: MIT
 */
#include "core/work/sink.h"

#include <string.h>

void cdr_sink_empty(struct cdr_sink *s)
{
    s->sunk.size = s->bytes.size = s->errors.size = 0;
    s->starved = false;
    s->unwanted = CADRE_NO_ITEM;
}

void cdr_sink_fini(struct cdr_sink *s)
{
    cadre_packet_free(&s->sunk);
    cadre_packet_free(&s->bytes);
    cadre_packet_free(&s->errors);
}

bool cdr_sink_emit(struct cdr_sink *s, uint64_t task, const void *bytes, size_t size)
{
    static const char zeros[CDR_WIRE_ALIGNMENT];
    struct cdr_sunk sunk = { task, s->bytes.size, size };
    size_t padding = -size % CDR_WIRE_ALIGNMENT;

    return cdr_packet_append(&s->bytes, bytes, size) &&
           cdr_packet_append(&s->bytes, zeros, padding) &&
           cdr_packet_append(&s->sunk, &sunk, sizeof sunk);
}

void cdr_sink_fail(struct cdr_sink *s, uint64_t task, const cadre_error *error)
{
    struct cdr_failure failure = { task, *error };

    if (s->keeps_errors && !cdr_packet_append(&s->errors, &failure, sizeof failure))
        s->starved = true;
}

void cdr_sink_note_unwanted(struct cdr_sink *s, uint64_t first)
{
    if (first < s->unwanted)
        s->unwanted = first;
}
