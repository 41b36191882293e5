/* identity.c - what makes a job the same job in another run.
 * SPDX-License-Identifier: MIT
 */
#include "cli/journal/identity.h"

#include <stdlib.h>
#include <string.h>

/* ---- the hash: FNV-1a over words, mixed at the end; it is part of journals ---- */

#define PRIME 0x100000001b3u

static uint64_t mix(uint64_t h)
{
    h ^= h >> 33;
    h *= 0xff51afd7ed558ccdu;
    h ^= h >> 33;
    h *= 0xc4ceb9fe1a85ec53u;
    return h ^ (h >> 33);
}

uint64_t cdr_hash(uint64_t from, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    uint64_t h = 0xcbf29ce484222325u ^ from;

    for (size_t i = 0; i < size; i++)
        h = (h ^ at[i]) * PRIME;
    return mix(h ^ size);
}

/* ---- how often ---- */

static bool grow(struct cdr_seen *s)
{
    size_t room = s->room ? 2 * s->room : 1024;
    struct cdr_seen more = { .room = room };

    more.hash = calloc(room, sizeof *more.hash);
    more.count = calloc(room, sizeof *more.count);
    if (!more.hash || !more.count) {
        free(more.hash);
        free(more.count);
        return false;
    }
    for (size_t i = 0; i < s->room; i++)
        if (s->count[i]) {
            size_t at = s->hash[i] & (room - 1);

            while (more.count[at])
                at = (at + 1) & (room - 1);
            more.hash[at] = s->hash[i];
            more.count[at] = s->count[i];
        }
    more.used = s->used;
    cdr_seen_free(s);
    *s = more;
    return true;
}

bool cdr_seen_count(struct cdr_seen *s, uint64_t hash, uint32_t *before)
{
    size_t at;

    if (s->used >= s->room / 4 * 3 && !grow(s))
        return false;
    at = hash & (s->room - 1);
    while (s->count[at] && s->hash[at] != hash)
        at = (at + 1) & (s->room - 1);
    *before = s->count[at];
    s->used += s->count[at] == 0;
    s->hash[at] = hash;
    s->count[at]++;
    return true;
}

void cdr_seen_free(struct cdr_seen *s)
{
    free(s->hash);
    free(s->count);
    *s = (struct cdr_seen){ 0 };
}
