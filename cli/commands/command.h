/* command.h - what main and help know of a command.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_COMMAND_H
#define CDR_CLI_COMMAND_H

#include "cli/options/options.h"

struct cdr_command {
    const char *name;
    const char *summary;            /* one line, for the list of commands */
    const char *about;              /* a paragraph or two for its own help */
    const char *synopsis;           /* after "usage: cadre " */
    const struct cdr_group *groups; /* ended by one without title */
    size_t settings_size;
    bool lists_metrics; /* the help ends with the metrics */
    int other_exit; /* exit code of all failures that are no signal's; 0: as they are */

    /* Do it. 0, or the exit code, the reason noted. */
    int (*run)(const void *settings, struct cdr_failure *why);
};

extern const struct cdr_command cdr_cmd_bootstrap;
extern const struct cdr_command cdr_cmd_compare;
extern const struct cdr_command cdr_cmd_roc;
extern const struct cdr_command cdr_cmd_map;
extern const struct cdr_command cdr_cmd_journal;
extern const struct cdr_command cdr_cmd_top;
extern const struct cdr_command cdr_cmd_random;
extern const struct cdr_command cdr_cmd_explain;

/* All of them, ended by NULL. */
extern const struct cdr_command *const cdr_commands[];

/* The command called so, or NULL with the reason and the nearest name noted. */
const struct cdr_command *cdr_command_find(const char *name, struct cdr_failure *why);

#endif
