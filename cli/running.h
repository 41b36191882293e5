/* running.h - the options that say who runs the tasks, and the pool they make.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_RUNNING_H
#define CDR_CLI_RUNNING_H

#include "cli/options.h"
#include "cli/progress.h"
#include <cadre/cadre.h>

struct cdr_running {
    int workers;
    const char *backend;
    bool oversubscribe;
};

extern const struct cdr_option cdr_running_options[];

/* Open the pool, have warnings printed and signals cancel its runs. What cannot be
 * had, by option or by CADRE_WORKERS and CADRE_BACKEND, is CDR_EXIT_USAGE. */
int cdr_running_open(cadre_pool **pool, const struct cdr_running *running,
                     const char *command, struct cdr_progress *progress,
                     struct cdr_failure *why);
void cdr_running_close(cadre_pool *pool); /* NULL is fine */

#endif
