/* size.h - a number of bytes, as people write it.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_MAP_SIZE_H
#define CDR_CLI_MAP_SIZE_H

#include <stdbool.h>
#include <stdint.h>

/* "500", "64K" (of 1024), "64k" (of 1000), and M, G, T and P in the same way. False: it is
 * none, or too large. */
bool cdr_size_parse(uint64_t *out, const char *text);

#endif
