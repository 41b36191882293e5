/* for.c - a map in one call, over indices, with a pool of its own.
 * SPDX-License-Identifier: MIT
 *
 * Its tasks write to their caller's memory. So where CADRE_BACKEND says processes, it has
 * threads all the same; CADRE_WORKERS counts.
 */
#include "machine/environ.h"
#include "base/error.h"
#include "core/pool/pool.h"
#include "backends/table.h"

/* What its tasks share. */
struct call {
    cadre_index_fn *fn;
    void *arg;
};

static int each(cadre_task *task, const void *item, void *result)
{
    const struct call *c = cadre_task_shared(task);

    (void)item;
    (void)result;
    return c->fn(task, cadre_task_index(task), c->arg);
}

/* The options' part of the environment, read here if its backend cannot be had. */
static int choose(cadre_options *opt, cadre_error *err)
{
    struct cdr_environ env = { 0 };
    const cadre_backend *named;
    int rc = cdr_environ_read(&env, NULL, err);

    if (rc)
        return rc;
    named = env.backend ? cdr_backend_find(env.backend, false) : NULL;
    if (!named || !(named->traits & CADRE_REMOTE))
        return CADRE_OK;
    opt->ignore_environment = true;
    opt->workers = env.has_workers ? env.workers : 0;
    return CADRE_OK;
}

int cadre_for(uint64_t n, cadre_index_fn *fn, void *arg, cadre_error *err)
{
    const struct call c = { fn, arg };
    const cadre_job job = { .fn = each, .n = n, .shared = &c, .shared_size = sizeof c };
    cadre_options opt = { 0 };
    cadre_pool *pool = NULL;
    cadre_error local;
    int rc;

    if (!err)
        err = &local;
    cdr_error_clear(err);
    if (!fn)
        return cdr_fail(err, CADRE_EINVAL, "cadre_for: fn is NULL");
    rc = choose(&opt, err);
    if (!rc && n > 1)
        rc = cadre_open(&pool, &opt, err);
    if (!rc)
        rc = cadre_map(pool, &job, err);
    cadre_close(pool);
    return rc;
}
