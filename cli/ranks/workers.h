/* workers.h - what the program has of ranks, for its commands.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_RANKS_WORKERS_H
#define CDR_CLI_RANKS_WORKERS_H

#include <stdbool.h>

/* How many workers the other ranks have together; 0: there are none. Set once, before any
 * command runs. */
void cdr_ranks_set_workers(unsigned workers);
unsigned cdr_ranks_workers(void);

/* Variables by which launchers make a program a rank, NULL last: programs that a rank starts
 * are none. */
extern const char *const cdr_ranks_variables[];

/* Whether the entry of an environment, NAME=VALUE, is one of those. */
bool cdr_ranks_is_variable(const char *entry);

#endif
