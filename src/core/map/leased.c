/* leased.c - run a program whose workers share no memory with this process.
 * SPDX-License-Identifier: MIT
 *
 * The caller's thread runs no task. The backend takes leases of the run (core/lease), has
 * them run wherever its workers are, and gives back what became of them: results are in
 * their places by then, so that nothing is left to do when all is over.
 */
#include "base/clock.h"
#include "core/fault/recover.h"
#include "core/lease/ledger.h"
#include "core/map/local.h"

static int see_through(cadre_run *run, const cadre_job *job, cadre_error *err)
{
    cdr_map_poll(run);
    if (run->progress)
        cdr_run_report(run, cdr_now(), cdr_window_done(run->window), run->program->n);
    return cdr_run_verdict(run, job, err);
}

int cdr_map_run_leased(cadre_pool *pool, const struct cdr_program *p,
                       const cadre_job *job, const struct cdr_call *call,
                       cadre_error *err)
{
    struct cdr_context *f = cdr_context_take(pool, err);
    struct cdr_recovery recovery = { 0 };
    struct cdr_ledger ledger;
    int rc;

    if (!f)
        return err->code;
    cdr_context_set_up(f, pool, p, job, call);
    f->run.recovery = &recovery;
    rc = cdr_ledger_open(&ledger, &f->run, 0, err);
    if (!rc)
        rc = cdr_call_check(call, err);
    if (!rc)
        rc = cdr_pool_begin_remote(&f->run, call, &f->manifest, err);
    if (!rc)
        rc = see_through(&f->run, job, err);
    cdr_ledger_close(&ledger);
    cdr_recovery_fini(&recovery);
    cdr_context_give(pool, f);
    return rc;
}
