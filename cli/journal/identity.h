/* identity.h - what makes a job the same job in another run.
 * SPDX-License-Identifier: MIT
 *
 * A job is its command, as it was given, its inputs, and its position among those that
 * are equal in both: the first "x" is another job than the second. Where it stands among
 * all of them does not matter.
 */
#ifndef CDR_CLI_JOURNAL_IDENTITY_H
#define CDR_CLI_JOURNAL_IDENTITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 64 bits of the bytes; `from` is another hash to go on from, or 0. */
uint64_t cdr_hash(uint64_t from, const void *bytes, size_t size);

/* How often each hash has been seen. All zero: none has. */
struct cdr_seen {
    uint64_t *hash;
    uint32_t *count;
    size_t room, used;
};

/* How often it was seen before; counts it. False: no memory. */
bool cdr_seen_count(struct cdr_seen *seen, uint64_t hash, uint32_t *before);
void cdr_seen_free(struct cdr_seen *seen);

#endif
