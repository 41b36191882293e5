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

uint64_t cdr_command_hash(const char *template, bool shell)
{
    return cdr_hash(shell ? 1 : 0, template ? template : "",
                    template ? strlen(template) : 0);
}

/* ---- the digest: words of 8 bytes, little-endian; it is part of journals, too ---- */

static uint64_t word(const unsigned char *at, size_t size)
{
    uint64_t w = 0;

    memcpy(&w, at, size);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    w = __builtin_bswap64(w);
#endif
    return w;
}

uint64_t cdr_digest(uint64_t from, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    uint64_t h = from ^ (size * 0x9e3779b97f4a7c15u);
    size_t left = size;

    for (; left >= 8; left -= 8, at += 8) {
        h = (h ^ word(at, 8)) * 0xff51afd7ed558ccdu;
        h ^= h >> 32;
    }
    if (left > 0)
        h = (h ^ word(at, left)) * 0xc4ceb9fe1a85ec53u;
    return mix(h);
}

/* ---- a number for each hash ---- */

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

/* Where it is, or would be. */
static size_t place_of(const struct cdr_seen *s, uint64_t hash)
{
    size_t at = hash & (s->room - 1);

    while (s->count[at] && s->hash[at] != hash)
        at = (at + 1) & (s->room - 1);
    return at;
}

const uint32_t *cdr_seen_get(const struct cdr_seen *s, uint64_t hash)
{
    size_t at = s->used > 0 ? place_of(s, hash) : 0;

    return s->used > 0 && s->count[at] ? &s->count[at] : NULL;
}

bool cdr_seen_put(struct cdr_seen *s, uint64_t hash, uint32_t count)
{
    size_t at;

    if (s->used >= s->room / 4 * 3 && !grow(s))
        return false;
    at = place_of(s, hash);
    s->used += s->count[at] == 0;
    s->hash[at] = hash;
    s->count[at] = count;
    return true;
}

void cdr_seen_free(struct cdr_seen *s)
{
    free(s->hash);
    free(s->count);
    *s = (struct cdr_seen){ 0 };
}
