/* gzip.h - gzip'd bytes, unpacked as they come.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_GZIP_H
#define CDR_CLI_GZIP_H

#include "cli/base/failure.h"
#include <stdbool.h>
#include <stddef.h>

struct cdr_gzip; /* a file that is being unpacked */

/* Where packed bytes come from: fills `bytes` and sets *got, which is 0 at the end only.
 * Returns 0 or an exit code, the reason noted. */
typedef int cdr_gzip_read(void *arg, void *bytes, size_t size, size_t *got,
                          struct cdr_failure *why);

/* Whether a file that begins so is gzip'd. */
bool cdr_gzip_is(const void *bytes, size_t size);

/* `first` are bytes that have been read already; messages call the file `name`, which
 * must stay. Without zlib this fails. NULL is fine for close. */
int cdr_gzip_open(struct cdr_gzip **out, const char *name, const void *first,
                  size_t size, struct cdr_failure *why);
void cdr_gzip_close(struct cdr_gzip *z);

/* Unpack up to `size` bytes; *got is 0 at the end only, which is that of the last of
 * several parts. Bytes after it that are no gzip'd data are a failure, zeros aside. */
int cdr_gzip_next(struct cdr_gzip *z, cdr_gzip_read *read, void *arg, void *bytes,
                  size_t size, size_t *got, struct cdr_failure *why);

#endif
