/* instead.c - jobs that do not suit the workers of a pool, and who runs them instead.
 * SPDX-License-Identifier: MIT
 *
 * Two pools have others behind them, opened when first needed and closed with them:
 *
 *   - Kept workers that "auto" chose cannot have every kernel: nested functions, code made
 *     at run time, libraries that were opened. Threads run those, and the log says so.
 *     Asked for by name, or where kernels must not run in this process, it is an error.
 *   - Forking with other threads in the process copies locks that these hold. Whether a
 *     kernel would do without its caller's memory nobody can see: it may follow a pointer
 *     in an item, or read a variable that the program has set. So workers are forked all
 *     the same, with a warning, unless the program says that its kernels are portable: then
 *     kept workers, which are started clean, run what they can have.
 */
#include "core/instead.h"
#include "base/process.h"

#include <stdio.h>
#include <unistd.h>

static bool may_be_threads(const cadre_pool *pool)
{
    return pool->plan.kept && pool->plan.automatic && !pool->plan.apart_only;
}

static bool may_be_kept(const cadre_pool *pool)
{
    return !pool->plan.kept && pool->plan.backend->apart && pool->plan.portable;
}

enum cdr_instead cdr_instead_of(const cadre_pool *pool, const struct cdr_program *p,
                                cadre_error *why)
{
    if (!cdr_pool_is_apart(pool))
        return CDR_AS_PLANNED;
    if (may_be_threads(pool) && cdr_order_check(p, why))
        return CDR_THREADS_INSTEAD;
    if (may_be_kept(pool) && cdr_threads_now() > 1 && !cdr_order_check(p, why))
        return CDR_KEPT_INSTEAD;
    return CDR_AS_PLANNED;
}

static int open_other(cadre_pool *pool, bool kept, cadre_error *err)
{
    cadre_options opt = { .backend = kept ? "processes" : "threads",
                          .kept = kept,
                          .workers = (int)pool->plan.workers,
                          .oversubscribe = true,
                          .ignore_environment = true,
                          .min_items = pool->plan.min_items,
                          .recycle_after = pool->plan.recycle_after,
                          .recycle_bytes = pool->plan.recycle_bytes,
                          .if_serial = pool->plan.if_serial,
                          .name = pool->name,
                          .log = pool->log.call,
                          .log_arg = pool->log.arg };
    cadre_pool *other;
    int rc = cadre_open(&other, &opt, err);

    if (!rc)
        atomic_store_explicit(&pool->other, other, memory_order_release);
    return rc;
}

/* The pool behind it; tells the log when it is opened. */
static cadre_pool *other_pool(cadre_pool *pool, bool kept, const char *why,
                              cadre_error *err)
{
    int rc = CADRE_OK;

    pthread_mutex_lock(&pool->starting); /* a plain mutex, not held: cannot fail */
    if (!pool->other) {
        cdr_log(&pool->log, CADRE_WARNING, "%s: %s", pool->name, why);
        rc = open_other(pool, kept, err);
    }
    pthread_mutex_unlock(&pool->starting);
    return rc ? NULL : atomic_load_explicit(&pool->other, memory_order_acquire);
}

int cdr_pool_choose(cadre_pool **pool, const struct cdr_program *p, cadre_error *err)
{
    cadre_error why, failure;
    cadre_pool *other;
    char text[600];

    switch (cdr_instead_of(*pool, p, &why)) {
    case CDR_THREADS_INSTEAD:
        snprintf(text, sizeof text, "threads instead of kept processes: %.500s",
                 why.message);
        other = other_pool(*pool, false, text, &failure);
        break;
    case CDR_KEPT_INSTEAD:
        snprintf(text, sizeof text,
                 "kept processes instead of forked ones: there are %u other threads in "
                 "this process",
                 cdr_threads_now() - 1);
        other = other_pool(*pool, true, text, &failure);
        break;
    default: return CADRE_OK;
    }
    if (!other) {
        if (err)
            *err = failure;
        return failure.code;
    }
    *pool = other;
    return CADRE_OK;
}
