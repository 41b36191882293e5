/* clash.h - files that are read and written at once, or written twice.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_CLASH_H
#define CDR_CLI_CLASH_H

#include "cli/base/failure.h"
#include <stdbool.h>
#include <stddef.h>

struct cdr_clash_file {
    const char *what; /* for messages: "the input" */
    const char *path; /* "-" and NULL: no path, but perhaps a standard file */
    int standard;     /* its descriptor then; below 0: there is no file */
    bool written;
};

/* CDR_EXIT_USAGE if two of the files are one, under whatever names, and one of the two is
 * written. Call it before anything is opened: nothing has been touched then. */
int cdr_clash_check(const struct cdr_clash_file *files, size_t n,
                    struct cdr_failure *why);

#endif
