/* help.h - --help, as the option tables have it.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_HELP_H
#define CDR_CLI_HELP_H

#include "cli/commands/command.h"
#include <stdio.h>

/* The list of commands. */
void cdr_help_program(FILE *out);

/* Everything about one. */
void cdr_help_command(FILE *out, const struct cdr_command *command);

/* Every option of every command, one a line, for scripts: the command, the option, its
 * letter or "-", and the words it takes or "-"; tabs between. */
void cdr_help_dump(FILE *out);

#endif
