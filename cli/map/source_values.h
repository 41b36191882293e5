/* source_values.h - the values of one source, one after another.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_MAP_SOURCE_VALUES_H
#define CDR_CLI_MAP_SOURCE_VALUES_H

#include "cli/map/args.h"
#include "cli/map/reader.h"

struct cdr_values {
    const char *const *words; /* NULL: a file */
    size_t n_words, next;
    struct cdr_record_reader reader;
    bool linked; /* to the source before */
    bool skip_blank;
    const char *eof; /* a value that ends the source; NULL: none */
    bool ended;
};

/* 0, CDR_NO_MORE or an exit code; the value stays until the next call. */
int cdr_values_next(struct cdr_values *values, const char **value, size_t *size,
                    struct cdr_failure *why);

/* All that are left. */
int cdr_values_all(struct cdr_values *values, struct cdr_args *all,
                   struct cdr_failure *why);

#endif
