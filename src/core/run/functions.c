/* functions.c - what of a job is a function, and its names in other processes.
 * SPDX-License-Identifier: MIT
 */
#include "core/run/functions.h"
#include "base/error.h"
#include "code/resolver.h"
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
        if (rc && f->named)
            memset(&f->code[k], 0, sizeof f->code[k]);
        else if (rc)
            return rc;
        f->unsure |= f->given[k] && !cdr_module_is_linked((uintptr_t)f->given[k]);
    }
    cdr_error_clear(err);
    return CADRE_OK;
}

int cdr_functions_name(struct cdr_functions *f, const struct cdr_program *p,
                       const struct cdr_functions *last, cadre_error *err)
{
    list(f->given, p);
    f->named = p->kernel_name != NULL;
    if (!last || last->unsure || last->named || f->named ||
        memcmp(f->given, last->given, sizeof last->given) != 0)
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

/* What the resolver gave, as the job has it. */
static int take(cdr_code *code[CDR_FUNCTIONS], const cadre_functions *found,
                unsigned has, bool ranges, bool folds, cadre_error *err)
{
    code[CDR_KERNEL] = folds    ? (cdr_code *)found->fold
                       : ranges ? (cdr_code *)found->range_fn
                                : (cdr_code *)found->fn;
    code[CDR_COMBINE] = (cdr_code *)found->combine;
    code[CDR_BEGIN] = (cdr_code *)found->worker_begin;
    code[CDR_END] = (cdr_code *)found->worker_end;
    for (int k = 0; k < CDR_FUNCTIONS; k++) {
        if (!(has >> k & 1))
            code[k] = NULL;
        else if (!code[k])
            return cdr_fail(
                err, CADRE_ENOTSUP,
                "the job has %s%s, which the workers' resolver does not give",
                called[k],
                k != CDR_KERNEL ? ""
                : folds         ? " (fold)"
                : ranges        ? " (range_fn)"
                                : " (fn)");
    }
    return CADRE_OK;
}

/* By their ids: the program of workers has loaded what the caller has. */
static int find_all(cdr_code *code[CDR_FUNCTIONS], const struct cdr_functions *f,
                    unsigned has, bool named, cadre_error *err)
{
    int rc = CADRE_OK;

    for (int k = 0; k < CDR_FUNCTIONS && !rc; k++) {
        if (!(has >> k & 1))
            continue;
        if (named && f->code[k].id.size == 0)
            return cdr_fail(
                err, CADRE_ENOTSUP,
                "%s goes by a name, and workers have no resolver for it: see "
                "cadre_register_resolver",
                called[k]);
        rc = k == CDR_KERNEL ? find_kernel(&code[k], f, err)
                             : cdr_code_id_find(&code[k], &f->code[k], called[k], err);
    }
    return rc;
}

int cdr_functions_find(const struct cdr_functions *f, unsigned has, bool ranges,
                       struct cdr_program *p, struct cdr_tree *tree, cadre_error *err)
{
    cdr_code *code[CDR_FUNCTIONS] = { NULL };
    cadre_functions found;
    int rc;

    if (p->kernel_name && cdr_resolver_is_there()) {
        rc = cdr_resolver_ask(&found, p->kernel_name, p->kernel_name_size, err);
        if (!rc)
            rc = take(code, &found, has, ranges, p->folds, err);
    } else {
        rc = find_all(code, f, has, p->kernel_name != NULL, err);
    }
    p->fn = ranges ? NULL : (cadre_fn *)code[CDR_KERNEL];
    p->range_fn = ranges ? (cadre_range_fn *)code[CDR_KERNEL] : NULL;
    p->worker_begin = (cadre_begin *)code[CDR_BEGIN];
    p->worker_end = (cadre_end *)code[CDR_END];
    tree->combine = (cadre_combine *)code[CDR_COMBINE];
    return rc;
}
