/* pool_options.h - the options that say who runs the tasks, and the pool they make.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_POOL_OPTIONS_H
#define CDR_CLI_POOL_OPTIONS_H

#include "cli/options/options.h"
#include "cli/output/progress.h"
#include <cadre/cadre.h>

struct cdr_pool_options {
    int workers;
    const char *backend;
    bool oversubscribe;
};

extern const struct cdr_option cdr_pool_option_table[];

/* Open the pool, have warnings printed and signals cancel its runs. What cannot be
 * had, by option or by CADRE_WORKERS and CADRE_BACKEND, is CDR_EXIT_USAGE. */
int cdr_pool_options_open(cadre_pool **pool, const struct cdr_pool_options *set,
                          const char *command, struct cdr_progress *progress,
                          struct cdr_failure *why);
void cdr_pool_options_close(cadre_pool *pool); /* NULL is fine */

#endif
