/* sink.h - what tasks leave behind, beside results, where their caller is elsewhere.
 * SPDX-License-Identifier: MIT
 *
 * A lease's tasks run without any memory of the caller's. What they emit, and how they fail
 * where each failure counts, is kept here until the outcome is written.
 */
#ifndef CDR_CORE_WORK_SINK_H
#define CDR_CORE_WORK_SINK_H

#include "core/run/wire.h"

/* What task `task` emitted: in `bytes`, on a boundary of CDR_WIRE_ALIGNMENT. */
struct cdr_sunk {
    uint64_t task, at, size;
};

/* The task at position `task` failed. */
struct cdr_failure {
    uint64_t task;
    cadre_error error;
};

struct cdr_sink {
    bool keeps_errors; /* each failure counts: streams that go over them */
    bool starved;      /* there was no memory for one */
    uint64_t unwanted; /* the first task that heard it was not wanted; or NO_ITEM */
    cadre_packet sunk; /* struct cdr_sunk, in the order of the tasks */
    cadre_packet bytes;
    cadre_packet errors; /* struct cdr_failure, likewise */
};

void cdr_sink_empty(struct cdr_sink *s);
void cdr_sink_fini(struct cdr_sink *s);

/* False: no memory. */
bool cdr_sink_emit(struct cdr_sink *s, uint64_t task, const void *bytes, size_t size);

void cdr_sink_fail(struct cdr_sink *s, uint64_t task, const cadre_error *error);
void cdr_sink_note_unwanted(struct cdr_sink *s, uint64_t first);

#endif
