/* contract.c - the functions of <cadre/backend.h>, and nothing else.
 * SPDX-License-Identifier: MIT
 *
 * Backends reach the core through here, and the core reaches backends through the struct
 * that they fill in: neither knows the other's insides.
 */
#include "core/board/claim.h"
#include "core/board/intent.h"
#include "core/fault/recover.h"
#include "core/lease/ledger.h"
#include "core/run/manifest.h"
#include "core/run/run.h"
#include "core/run/staging.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "memory/shared_range.h"

#include <stdlib.h>

static uint64_t load(const _Atomic uint64_t *word)
{
    return atomic_load_explicit(word, memory_order_relaxed);
}

/* ---- workers ---- */

cadre_worker *cadre_worker_open(void)
{
    return calloc(1, sizeof(cadre_worker));
}

void cadre_worker_close(cadre_worker *w)
{
    if (w)
        cdr_worker_fini(w);
    free(w);
}

bool cadre_worker_is_retired(const cadre_worker *w)
{
    return w->retired;
}

bool cadre_serve(cadre_worker *worker, cadre_run *run, unsigned seat)
{
    if (run->window->intents_at && !worker->shares_fences) {
        if (!cdr_fences_share())
            return false;
        worker->shares_fences = true;
    }
    return cdr_serve(worker, run, seat);
}

/* ---- memory at the same addresses ---- */

int cadre_mapping_describe(cadre_mapping *out, int *fd, cadre_error *err)
{
    struct cdr_shared_range range;

    cdr_error_clear(err);
    if (!cdr_shared_range_describe(&range, fd))
        return cdr_shared_range_refuse("worker processes", err);
    *out = (cadre_mapping){ range.base, range.size };
    return CADRE_OK;
}

int cadre_mapping_join(const cadre_mapping *mapping, int fd, cadre_error *err)
{
    struct cdr_shared_range range = { mapping->base, mapping->size };
    int rc = cdr_shared_range_join(&range, fd);

    cdr_error_clear(err);
    return rc ? cdr_fail_sys(err, rc,
                             "memory cannot be where the program has it (is there a "
                             "limit on addresses, ulimit -v?)")
              : CADRE_OK;
}

/* ---- runs ---- */

bool cadre_run_has_work(const cadre_run *run)
{
    const struct cadre_window *w = run->window;

    if (cdr_window_over(w))
        return false;
    if (run->ledger)
        return cdr_ledger_has_work(run->ledger);
    if (w->ring_at)
        return cdr_ring_unclaimed(cdr_window_ring(w)) > 0;
    /* Processes do not steal: what others hold is no work yet. */
    return cdr_window_unclaimed(w) > 0 ||
           (!w->intents_at && cdr_window_stealable(w, w->seats));
}

bool cadre_run_has_state(const cadre_run *run, unsigned seat)
{
    const struct cadre_window *w = run->window;

    return atomic_load_explicit(&w->closing, memory_order_seq_cst) && seat < w->seats &&
           atomic_load_explicit(&w->seat[seat].has_state, memory_order_seq_cst);
}

bool cadre_run_caller_is_busy(const cadre_run *run)
{
    return cdr_run_caller_is_busy(run);
}

void cadre_run_set_data(cadre_run *run, void *slot)
{
    run->data = slot;
}

void *cadre_run_data(const cadre_run *run)
{
    return run->data;
}

/* ---- workers in other processes ---- */

bool cadre_run_is_stream(const cadre_run *run)
{
    return run->window->ring_at != 0;
}

bool cadre_run_is_wanted(const cadre_run *run, unsigned seat)
{
    const struct cadre_window *w = run->window;
    const struct cdr_intent *intent;
    uint64_t unit;

    if (run->ledger)
        return cdr_ledger_is_wanted(run->ledger, seat);
    intent = cdr_window_intent(w, seat);
    unit = run->program->tree ? load(&intent->progress)
                              : load(&w->seat[seat].current) / w->grain;
    return load(&intent->slice) == 0 || unit < load(&w->limit);
}

int cadre_run_event(const cadre_run *run)
{
    return run->cancelled;
}

unsigned cadre_run_workers(const cadre_run *run)
{
    const struct cadre_window *w = run->window;

    return w->ring_at || w->units > run->workers ? run->workers : (unsigned)w->units;
}

uint64_t cadre_run_grace_ns(const cadre_run *run)
{
    return run->grace_ns;
}

uint64_t cadre_run_expiry(const cadre_run *run, unsigned seat, uint64_t *item)
{
    const struct cdr_intent *intent;
    uint64_t stamp;

    *item = CADRE_NO_ITEM;
    if (!run->timeout_ns)
        return UINT64_MAX;
    if (seat == 0)
        return cdr_now() + run->timeout_ns;
    if (run->ledger)
        return cdr_ledger_expiry(run->ledger, seat, item);
    intent = cdr_window_intent(run->window, seat);
    stamp = load(&intent->stamp);
    *item = load(&run->window->seat[seat].current);
    return stamp ? stamp + run->timeout_ns : UINT64_MAX;
}

bool cadre_run_rebalance(cadre_run *run, unsigned seat, uint64_t *again)
{
    struct cadre_window *w = run->window;
    uint64_t now;

    *again = UINT64_MAX;
    if (run->ledger || w->ring_at || cdr_window_over(w))
        return false;
    if (cdr_intent_rebalance(w, seat))
        return true;
    now = cdr_now();
    if (!cdr_window_ask(w, seat, now, CDR_OVERDUE_NS))
        *again = cdr_window_overdue_at(w, seat, CDR_OVERDUE_NS);
    return false;
}

bool cadre_run_lost(cadre_run *run, unsigned seat, const cadre_death *death)
{
    return run->ledger ? cdr_lease_lost(run->ledger, seat, death)
                       : cdr_recover(run, seat, death);
}

void cadre_run_log(const cadre_run *run, int level, const char *text)
{
    if (run->env.log)
        cdr_log(run->env.log, level, "%s: %s", run->env.name, text);
}

void cadre_run_give_up(cadre_run *run, const cadre_error *why)
{
    cdr_run_give_up(run, why);
}

uint64_t cadre_run_limit(const cadre_run *run)
{
    uint64_t limit = load(&run->window->limit);

    return limit < run->window->units ? limit * run->program->grain : UINT64_MAX;
}

/* ---- workers that share no memory with the caller ---- */

int cadre_manifest_pack(const cadre_run *run, cadre_packet *out, cadre_error *err)
{
    cadre_error local;

    return cdr_manifest_pack(run, out, err ? err : &local);
}

static int check_lease(const cadre_run *run, unsigned seat, cadre_error *err)
{
    if (!run->ledger)
        return cdr_fail(err, CADRE_ENOTSUP,
                        "leases are for backends with CADRE_REMOTE and without "
                        "CADRE_MAPPED");
    if (seat == 0 || seat >= run->window->seats)
        return cdr_fail(err, CADRE_EINVAL, "there is no seat %u: they are 1 to %u",
                        seat, run->window->seats - 1);
    return CADRE_OK;
}

int cadre_lease_take(cadre_run *run, unsigned seat, uint64_t most, cadre_lease *lease,
                     cadre_error *err)
{
    cadre_error local;
    int rc = check_lease(run, seat, err ? err : &local);

    return rc ? rc : cdr_lease_take(run->ledger, seat, most, lease, err ? err : &local);
}

int cadre_lease_give(cadre_run *run, unsigned seat, const void *outcome, size_t size,
                     cadre_error *err)
{
    cadre_error local;
    int rc = check_lease(run, seat, err ? err : &local);

    return rc ? rc
              : cdr_lease_give(run->ledger, seat, outcome, size, err ? err : &local);
}

void cadre_lease_return(cadre_run *run, unsigned seat, uint64_t id)
{
    if (run->ledger)
        cdr_lease_return(run->ledger, seat, id);
}

bool cadre_lease_fail(cadre_run *run, unsigned seat, const cadre_error *why)
{
    return !run->ledger || cdr_lease_fail(run->ledger, seat, why);
}

/* ---- workers that were not forked from the caller ---- */

const void *cadre_run_manifest(const cadre_run *run)
{
    return run->manifest;
}

unsigned cadre_run_descriptors(const cadre_run *run, int fds[CADRE_RUN_FDS])
{
    unsigned n = 0;

    if (run->program->spill)
        fds[n++] = run->program->spill->fd;
    if (cdr_spill_file_fd(run->program->spill_file) >= 0)
        fds[n++] = cdr_spill_file_fd(run->program->spill_file);
    if (run->event >= 0)
        fds[n++] = run->event;
    return n;
}

bool cadre_run_is_unsure(const cadre_run *run)
{
    return cdr_manifest_is_unsure(run->manifest);
}

unsigned cadre_manifest_descriptors(const void *manifest)
{
    return cdr_manifest_fds(manifest);
}

int cadre_run_join(cadre_run **out, const void *manifest, const int *fds,
                   void (*wake)(void *arg), void *arg, cadre_error *err)
{
    return cdr_manifest_join(out, manifest, fds, wake, arg, err);
}

void cadre_run_leave(cadre_run *run)
{
    cdr_manifest_leave(run);
}
