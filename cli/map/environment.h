/* environment.h - which variables of a job's environment are its own.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_MAP_ENVIRONMENT_H
#define CDR_CLI_MAP_ENVIRONMENT_H

#include <stdbool.h>

/* Whether the entry, NAME=VALUE, is one that each job gets a value of its own for. */
bool cdr_environment_is_ours(const char *entry);

#endif
