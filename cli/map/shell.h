/* shell.h - whether a shell is to run a command, and which.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_MAP_SHELL_H
#define CDR_CLI_MAP_SHELL_H

#include <stdbool.h>
#include <stddef.h>

/* $PARALLEL_SHELL, or $SHELL where that is one of Bourne's kind, or /bin/sh. */
const char *cdr_shell(void);

/* Whether the word means something to a shell beyond itself: it has white space or other
 * characters that a shell would act on. */
bool cdr_has_shell_syntax(const char *word);

/* Whether only a shell knows the command: it is a builtin, or a function that bash has
 * exported to us. */
bool cdr_only_shell_knows(const char *name);

#endif
