/* map.c - run a kernel over items, indices or columns.
 * SPDX-License-Identifier: MIT
 */
#include "core/map/local.h"
#include "core/pool/fallback.h"
#include "core/run/job.h"

int cadre_map(cadre_pool *pool, const cadre_job *job, cadre_error *err)
{
    struct cdr_call call;
    cadre_error local;
    struct cdr_program p;
    int rc;

    cdr_call_begin(&call, pool ? &pool->cancelled : NULL, job);
    if (!err)
        err = &local;
    rc = cdr_job_prepare(&p, job, false, err);
    if (!rc)
        rc = cdr_job_refuse_fold(job, err);
    if (!rc)
        rc = cdr_pool_suits(pool, job, p.n, err);
    if (rc || p.n == 0)
        return rc;
    cdr_job_clear_outcomes(&p);
    rc = cdr_call_check(&call, err);
    if (!rc)
        rc = cdr_pool_choose(&pool, &p, err);
    return rc ? rc : cdr_map_run(pool, &p, job, &call, err);
}
