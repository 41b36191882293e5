/* ending.h - how a job is ended: which signals, and how long it is given after each.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_MAP_ENDING_H
#define CDR_CLI_MAP_ENDING_H

#include "cli/base/failure.h"

#define CDR_ENDING_MAX 16

struct cdr_ending {
    unsigned n;
    int signal[CDR_ENDING_MAX];
    int after_ms[CDR_ENDING_MAX];
};

/* "TERM,200,TERM,100,KILL,25": signals by name or number, each with the milliseconds
 * until the next. KILL comes at the end in any case. NULL: as in the example. */
int cdr_ending_parse(struct cdr_ending *ending, const char *text,
                     struct cdr_failure *why);

/* The name of a signal without SIG, or its number. */
const char *cdr_signal_name(int number);

#endif
