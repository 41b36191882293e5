/* source.h - bytes of an input file, gzip'd or not.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_SOURCE_H
#define CDR_CLI_SOURCE_H

#include "cli/base/failure.h"
#include <stddef.h>

struct cdr_source; /* an open file */

/* "-" is standard input. */
int cdr_input_open(struct cdr_source **out, const char *path, struct cdr_failure *why);
void cdr_input_close(struct cdr_source *source); /* NULL is fine */

/* Read up to `size` bytes; *got is 0 at the end only. */
int cdr_source_read(struct cdr_source *source, void *bytes, size_t size, size_t *got,
                    struct cdr_failure *why);

/* What messages call the file; the source's own. */
const char *cdr_source_name(const struct cdr_source *source);

#endif
