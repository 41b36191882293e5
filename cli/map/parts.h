/* parts.h - --pipe-part: files, cut into parts of whole records without being read.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_MAP_PARTS_H
#define CDR_CLI_MAP_PARTS_H

#include "cli/map/block.h"
#include "cli/map/records.h"
#include "cli/options/options.h"

struct cdr_parts;

struct cdr_parts_setting {
    const struct cdr_texts *files; /* read by opening only */
    const struct cdr_records *records;
    uint64_t block; /* bytes of a part, about */
    uint64_t share; /* instead: so many parts of each file; 0: no */
    bool header;    /* each part begins with the file's first line */
};

int cdr_parts_open(struct cdr_parts **out, const struct cdr_parts_setting *set,
                   struct cdr_failure *why);
void cdr_parts_close(struct cdr_parts *parts); /* NULL is fine */

/* As cdr_blocks_next. */
int cdr_parts_next(struct cdr_parts *parts, struct cdr_block **block,
                   struct cdr_failure *why);

/* How many there will be, if each record is shorter than a part. */
uint64_t cdr_parts_total(const struct cdr_parts *parts);

#endif
