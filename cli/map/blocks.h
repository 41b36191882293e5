/* blocks.h - --pipe: standard input, or parts of files, as blocks of whole records.
 * SPDX-License-Identifier: MIT
 *
 * A block is about as large as it is to be, and ends where a record does. A record that
 * is larger makes its block as large as itself. What is in memory is the block at hand
 * and those that jobs have not read yet; of files, only where a block begins and ends.
 */
#ifndef CDR_CLI_MAP_BLOCKS_H
#define CDR_CLI_MAP_BLOCKS_H

#include "cli/map/block.h"
#include "cli/map/records.h"
#include "cli/map/settings.h"

struct cdr_blocks;

/* `words` begins at the first ":::" or its like, or is empty; "::::" names files. With a
 * negative block size of -N, parts are so large that there are N for each of the jobs that
 * run at a time. NULL in *out: no --pipe. */
int cdr_blocks_open(struct cdr_blocks **out, const struct cdr_map_settings *set,
                    const char *const *words, size_t n_words, unsigned jobs,
                    struct cdr_failure *why);
void cdr_blocks_close(struct cdr_blocks *blocks); /* NULL is fine; after the jobs */

/* The next one, the caller's to free: 0, CDR_NO_MORE or an exit code. */
int cdr_blocks_next(struct cdr_blocks *blocks, struct cdr_block **block,
                    struct cdr_failure *why);

/* How many there are in all, where that is known beforehand; else 0. */
uint64_t cdr_blocks_total(const struct cdr_blocks *blocks);

#endif
