/* walk.h - a command's tables of options, walked as one list.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_WALK_H
#define CDR_CLI_WALK_H

#include "cli/options/options.h"

#define CDR_OPTIONS_MAX 96 /* of one command */

/* Where a walk is; all zero at its start. */
struct cdr_walk {
    size_t group, at, index;
};

/* Step to the command's next option; NULL: there is none. *offset is that of its value in
 * the command's settings, index - 1 its place among all of them. */
const struct cdr_option *
cdr_option_next(struct cdr_walk *w, const struct cdr_command *command, size_t *offset);

/* The option called so, or the one with that letter when name is NULL; NULL: none. The
 * walk ends at it. */
const struct cdr_option *cdr_option_find(struct cdr_walk *w,
                                         const struct cdr_command *command,
                                         const char *name, size_t length, char letter,
                                         size_t *offset);

/* An argument known by its place. */
bool cdr_option_is_operand(const struct cdr_option *option);

/* Whether a value follows. */
bool cdr_option_takes_value(const struct cdr_option *option);

#endif
