/* width.h - columns that text takes on a terminal.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_WIDTH_H
#define CDR_CLI_WIDTH_H

#include <stddef.h>

/* Columns of valid UTF-8, on one line. The same on every machine: neither the locale nor
 * the C library has a say. */
size_t cdr_width(const char *text);

#endif
