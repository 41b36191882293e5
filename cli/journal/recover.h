/* recover.h - a new journal of what can be read of a damaged one.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_JOURNAL_RECOVER_H
#define CDR_CLI_JOURNAL_RECOVER_H

#include "cli/base/failure.h"

/* Write what is whole to the new file, which must not be there, and say on standard output
 * which jobs are not among it. */
int cdr_journal_recover(const char *path, const char *to, struct cdr_failure *why);

#endif
