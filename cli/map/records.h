/* records.h - where records end, for who takes bytes apart between them.
 * SPDX-License-Identifier: MIT
 *
 * A record ends where the end text stands and the start text follows; either may be
 * empty. If both are, every byte is a record.
 */
#ifndef CDR_CLI_MAP_RECORDS_H
#define CDR_CLI_MAP_RECORDS_H

#include "cli/base/failure.h"
#include <stdbool.h>
#include <stddef.h>

struct cdr_records {
    char *pattern; /* the end and the start, one after the other */
    size_t size;   /* of the pattern */
    size_t end;    /* bytes of it that belong to the record that ends */
};

/* As they were typed, with \n, \r, \t, \0 and \\ for these bytes; NULL: not given, and if
 * both are, a line end ends a record. */
int cdr_records_open(struct cdr_records *records, const char *start, const char *end,
                     struct cdr_failure *why);
void cdr_records_close(struct cdr_records *records);

/* How many bytes the records have that are whole; 0: none is. */
size_t cdr_records_last(const struct cdr_records *records, const char *bytes,
                        size_t size);

/* How many bytes the next record has, if it ends at `from` or later; 0: its end is not
 * there. */
size_t cdr_records_next(const struct cdr_records *records, const char *bytes,
                        size_t size, size_t from);

#endif
