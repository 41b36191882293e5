/* environ.h - cadre's own variables: CADRE_WORKERS and CADRE_BACKEND.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_MACHINE_ENVIRON_H
#define CDR_MACHINE_ENVIRON_H

#include <cadre/cadre.h>
#include "machine/facts.h"
#include <stdbool.h>

struct cdr_environ {
    bool has_workers;
    int workers; /* as in cadre_options; 0 is what "auto" gives, never a number */
    const char *backend; /* any text but ""; NULL: not set. The environment's own text:
                            copy it before somebody calls setenv */
};

/* Read both. CADRE_EINVAL, with the variable and its value in the message, if one
 * cannot be read. A NULL view is the process's environment. */
int cdr_environ_read(struct cdr_environ *out, const struct cdr_view *view,
                     cadre_error *err);

/* A variable as the view has it; NULL: not set. */
const char *cdr_getenv(const struct cdr_view *view, const char *name);

/* "auto" (0), "all" (-1), n, or -n (all but n - 1). The number 0 is serial, like 1:
 * it gives 1. CADRE_EINVAL for anything else, spaces and signs included. */
int cdr_parse_workers(int *out, const char *text, cadre_error *err);

#endif
