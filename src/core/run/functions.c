/* functions.c - what of a job is a function, and its names in other processes.
 * SPDX-License-Identifier: MIT
 */
#include "core/run/functions.h"
#include "core/board/tree.h"

#include <string.h>

static const char *const called[CDR_FUNCTIONS] = { "the kernel",
                                                   "the combining function",
                                                   "worker_begin", "worker_end" };

/* ---- naming ---- */

static void list(cdr_code *given[CDR_FUNCTIONS], const struct cdr_program *p)
{
    given[CDR_KERNEL] = p->fn ? (cdr_code *)p->fn : (cdr_code *)p->range_fn;
    given[CDR_COMBINE] = p->tree ? (cdr_code *)p->tree->combine : NULL;
    given[CDR_BEGIN] = (cdr_code *)p->worker_begin;
    given[CDR_END] = (cdr_code *)p->worker_end;
}

static int name_all(struct cdr_functions *f, cadre_error *err)
{
    f->unsure = false;
    for (int k = 0; k < CDR_FUNCTIONS; k++) {
        int rc = f->given[k]
                     ? cdr_code_id_name(&f->code[k], f->given[k], called[k], err)
                     : CADRE_OK;
        if (rc)
            return rc;
        f->unsure |= f->given[k] && !cdr_module_is_linked((uintptr_t)f->given[k]);
    }
    return CADRE_OK;
}

int cdr_functions_name(struct cdr_functions *f, const struct cdr_program *p,
                       const struct cdr_functions *last, cadre_error *err)
{
    list(f->given, p);
    if (!last || last->unsure || memcmp(f->given, last->given, sizeof last->given) != 0)
        return name_all(f, err);
    memcpy(f->code, last->code, sizeof f->code);
    f->unsure = false;
    return CADRE_OK;
}

unsigned cdr_functions_there(const struct cdr_functions *f)
{
    unsigned has = 0;

    for (int k = 0; k < CDR_FUNCTIONS; k++)
        has |= f->given[k] ? 1u << k : 0;
    return has;
}

/* ---- finding ---- */

/* Mostly the kernel is that of the run before, and in what is never unloaded. */
static int find_kernel(cdr_code **code, const struct cdr_functions *f, cadre_error *err)
{
    static _Thread_local struct cdr_code_id known;
    static _Thread_local cdr_code *at;
    int rc;

    if (!at || f->unsure || memcmp(&known, &f->code[CDR_KERNEL], sizeof known) != 0) {
        rc = cdr_code_id_find(&at, &f->code[CDR_KERNEL], called[CDR_KERNEL], err);
        if (rc) {
            at = NULL;
            return rc;
        }
        known = f->code[CDR_KERNEL];
    }
    *code = at;
    return CADRE_OK;
}

int cdr_functions_find(const struct cdr_functions *f, unsigned has, bool ranges,
                       struct cdr_program *p, struct cdr_tree *tree, cadre_error *err)
{
    cdr_code *code[CDR_FUNCTIONS] = { NULL };
    int rc = find_kernel(&code[CDR_KERNEL], f, err);

    for (int k = CDR_KERNEL + 1; k < CDR_FUNCTIONS && !rc; k++)
        if (has >> k & 1)
            rc = cdr_code_id_find(&code[k], &f->code[k], called[k], err);
    p->fn = ranges ? NULL : (cadre_fn *)code[CDR_KERNEL];
    p->range_fn = ranges ? (cadre_range_fn *)code[CDR_KERNEL] : NULL;
    p->worker_begin = (cadre_begin *)code[CDR_BEGIN];
    p->worker_end = (cadre_end *)code[CDR_END];
    tree->combine = (cadre_combine *)code[CDR_COMBINE];
    return rc;
}
