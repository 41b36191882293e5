/* streams.h - sources and drains that the tests of streams share.
 * SPDX-License-Identifier: MIT
 */
#ifndef CADRE_TESTS_STREAMS_H
#define CADRE_TESTS_STREAMS_H

#include "contract.h"

#include <cadre/stream.h>

/* A source of 0, 1, 2, ... */
struct counter {
    uint64_t next, end;
    uint64_t fail_at;      /* if not 0: fails at that item */
    _Atomic int given;     /* how many so far */
    const uint64_t *taken; /* if set: what was given beyond these ... */
    uint64_t limit;        /* ... may be so much */
    bool exceeded;
};

int count_source(void *counter, void *item, cadre_error *err);

/* A source of bytes: item i has babble_size(i) of them, all made from i. */
struct babbler {
    uint64_t next, end;
    uint64_t large_at, large; /* if not 0: that item has so many bytes */
    char *buffer;             /* freed at the end */
    size_t room;
};

int babble_source(void *babbler, void *item, cadre_error *err);
size_t babble_size(uint64_t i);
bool is_babble(uint64_t i, const void *bytes, size_t size);

/* A stream that must open. Closing checks what it says of its flow. */
cadre_stream *open_stream(const struct contract *c, cadre_job job);
void close_stream(cadre_stream *s, uint64_t memory_limit);

/* Put each record's uint64_t where its index says; returns how many there were. */
uint64_t drain_u64(const struct contract *c, cadre_job job, uint64_t *y, uint64_t room);

/* How many records there are before the end, which must come with this code. */
uint64_t count_until_end(const struct contract *c, cadre_job job, int code,
                         cadre_error *err);

#endif
