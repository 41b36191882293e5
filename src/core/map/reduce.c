/* reduce.c - combine the results of all tasks into one.
 * SPDX-License-Identifier: MIT
 */
#include "core/board/tree.h"
#include "base/error.h"
#include "core/map/local.h"
#include "core/pool/fallback.h"
#include "core/run/job.h"
#include "core/pool/pool.h"

#include <string.h>

static int check_reduction(const cadre_job *job, cadre_combine *combine,
                           const void *out, cadre_error *err)
{
    if (!combine)
        return cdr_fail(err, CADRE_EINVAL, "cadre_reduce: combine is NULL");
    if (!out)
        return cdr_fail(err, CADRE_EINVAL, "cadre_reduce: out is NULL");
    if (job->results)
        return cdr_fail(
            err, CADRE_EINVAL,
            "cadre_reduce: results must be NULL: they are combined, not kept");
    if (job->emitted)
        return cdr_fail(
            err, CADRE_EINVAL,
            "cadre_reduce: emitted must be NULL: only results of a fixed size "
            "can be combined");
    if (job->result_size == 0)
        return cdr_fail(err, CADRE_EINVAL, "cadre_reduce: result_size is 0");
    return CADRE_OK;
}

int cadre_reduce(cadre_pool *pool, const cadre_job *job, cadre_combine *combine,
                 void *out, cadre_error *err)
{
    struct cdr_call call;
    cadre_error local;
    struct cdr_program p;
    struct cdr_tree tree;
    int rc;

    cdr_call_begin(&call, pool ? &pool->cancelled : NULL, job);
    if (!err)
        err = &local;
    rc = cdr_job_prepare(&p, job, false, err);
    if (!rc)
        rc = check_reduction(job, combine, out, err);
    if (!rc)
        rc = cdr_pool_suits(pool, job, p.n, err);
    if (rc || p.n == 0)
        return rc;
    cdr_job_clear_outcomes(&p);
    p.result_size = job->result_size;
    p.grain = (p.n + CDR_BLOCKS_MAX - 1) / CDR_BLOCKS_MAX;
    p.tree = &tree;
    tree.combine = combine;
    rc = cdr_call_check(&call, err);
    if (!rc)
        rc = cdr_pool_choose(&pool, &p, err);
    if (rc)
        return rc;
    rc = cdr_tree_init(&tree, (p.n + p.grain - 1) / p.grain, p.result_size, combine,
                       cdr_pool_is_mapped(pool) ? cdr_pool_seats(pool) : 0);
    if (rc)
        return cdr_fail(err, rc, "no memory for the partial results of a reduction");
    rc = cdr_map_run(pool, &p, job, &call, err);
    /* All may be done in a run that failed: of which not every worker came to be, or that
     * was ended as the last of its tasks was. */
    if ((!rc || (p.keep_going && err->item != CADRE_NO_ITEM)) &&
        cdr_tree_complete(&tree) && tree.any[0])
        memcpy(out, cdr_tree_place(&tree, 0), p.result_size);
    cdr_tree_fini(&tree);
    return rc;
}
