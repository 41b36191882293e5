/* metric_names.h - metrics as users name them.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_METRIC_NAMES_H
#define CDR_CLI_METRIC_NAMES_H

#include "cli/base/failure.h"
#include <stddef.h>

/* One name, or several with commas between: appends their kinds to *n of them. `kinds` has
 * room for each metric once. 0, or CDR_EXIT_USAGE for a name that there is not, or twice.
 */
int cdr_metrics_add(int *kinds, size_t *n, const char *names, struct cdr_failure *why);

#endif
