/* file.h - a file of inputs, or standard input.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_MAP_FILE_H
#define CDR_CLI_MAP_FILE_H

#include "cli/base/failure.h"

/* For reading; "-" is standard input. 0 or an exit code. A named pipe waits for a writer, and
 * a signal ends that as an interruption. */
int cdr_file_open(int *fd, const char *path, struct cdr_failure *why);

/* It cannot be read, as errno says. */
int cdr_file_fails(const char *path, struct cdr_failure *why);

#endif
