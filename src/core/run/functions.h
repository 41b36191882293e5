/* functions.h - what of a job is a function, and its names in other processes.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CORE_RUN_FUNCTIONS_H
#define CDR_CORE_RUN_FUNCTIONS_H

#include "code/code_id.h"
#include "core/run/run.h"

enum cdr_function { CDR_KERNEL, CDR_COMBINE, CDR_BEGIN, CDR_END, CDR_FUNCTIONS };

struct cdr_functions {
    struct cdr_code_id code[CDR_FUNCTIONS];
    cdr_code
        *given[CDR_FUNCTIONS]; /* the same for the caller's process alone; or NULL */
    bool unsure; /* that workers with the same program have them is not known */
    bool named;  /* the job has a name for them: those without an id are all zero */
};

/* The names of the program's functions. `last`, which may be NULL, is what was made for a
 * program before: names are taken from there where that is of the same functions, and those
 * are in what is never unloaded; which most are. CADRE_ENOTSUP: one has no name. */
int cdr_functions_name(struct cdr_functions *f, const struct cdr_program *p,
                       const struct cdr_functions *last, cadre_error *err);

/* In another process: find them, by the program's kernel_name where there is a resolver,
 * and have the program call them. `ranges`: the kernel is one of ranges; `has`: a bit for
 * each that there is. */
int cdr_functions_find(const struct cdr_functions *f, unsigned has, bool ranges,
                       struct cdr_program *p, struct cdr_tree *tree, cadre_error *err);

/* A bit for each function that there is. */
unsigned cdr_functions_there(const struct cdr_functions *f);

#endif
