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

/* Of a command, as it was given; NULL: "". */
uint64_t cdr_command_hash(const char *template, bool shell);

/* What is left of the bytes: to see that they are the same ones. `from` is another such
 * number to go on from. */
uint64_t cdr_digest(uint64_t from, const void *bytes, size_t size);

/* A number for each of some hashes. All zero: there are none. */
struct cdr_seen {
    uint64_t *hash;
    uint32_t *count;
    size_t room, used;
};

/* NULL: the hash has none. */
const uint32_t *cdr_seen_get(const struct cdr_seen *seen, uint64_t hash);

/* 1 or more. False: no memory. */
bool cdr_seen_put(struct cdr_seen *seen, uint64_t hash, uint32_t count);
void cdr_seen_free(struct cdr_seen *seen);

#endif
