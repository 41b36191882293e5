/* temporary.h - a file without a name, for what memory has no room for.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_MEMORY_TEMPORARY_H
#define CDR_MEMORY_TEMPORARY_H

#include <stdbool.h>
#include <stdint.h>

/* A descriptor of cadre's own, or -1 with errno: in the directory that TMPDIR names, in
 * /var/tmp or /tmp, and where none of them can be written to, in memory after all. The file
 * goes with its last descriptor. */
int cdr_temporary_open(void);

/* Whether a file may become so large, memory that is one included: beyond the limit (ulimit
 * -f), making it larger raises a signal that ends the program. */
bool cdr_file_may_reach(uint64_t size);

#endif
