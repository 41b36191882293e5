/* block.h - what a job of --pipe reads: bytes in memory, and a part of a file.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_MAP_BLOCK_H
#define CDR_CLI_MAP_BLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* First the bytes in memory, then those of the file. */
struct cdr_block {
    char *memory; /* the block's own */
    size_t size;
    int file; /* not its own; -1: there is none */
    uint64_t at, length;
};

enum cdr_feeding { CDR_FEED_LATER, CDR_FEED_DONE, CDR_FEED_FAILED };

/* Write what is left from *done on to the pipe, as far as that takes it now. Failed, with
 * errno: the file cannot be read, or has become shorter. A reader that is gone is done. */
enum cdr_feeding cdr_block_feed(const struct cdr_block *block, uint64_t *done, int pipe,
                                char *room, size_t room_size);

uint64_t cdr_block_bytes(const struct cdr_block *block);

/* All of it. False, with errno: the file cannot be read, or has become shorter. */
bool cdr_block_read(const struct cdr_block *block, char *to);

/* What a journal knows its bytes by, as text: their number and 128 bits of them. False,
 * with errno: the file cannot be read. */
#define CDR_BLOCK_NAME 80
bool cdr_block_name(const struct cdr_block *block, char name[CDR_BLOCK_NAME]);

void cdr_block_free(struct cdr_block *block); /* NULL is fine */

#endif
