/* clash.h - files that are read and written at once, or written twice.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_CLASH_H
#define CDR_CLI_CLASH_H

#include "cli/base/failure.h"

/* CDR_EXIT_USAGE if two of the input, the output and the plot are one file, under
 * whatever names. "-" (and for the output NULL) is standard input or output; a plot
 * of NULL is none. Call it before anything is opened: nothing has been touched then. */
int cdr_clash_check(const char *input, const char *output, const char *plot,
                    struct cdr_failure *why);

#endif
