/* lost.c - a worker elsewhere is gone: who pays, and what is handed out again.
 * SPDX-License-Identifier: MIT
 *
 * As fault/recover.c tells for processes that share memory, but that it is known of the
 * worker only what it had told. What it has not told of is handed out again. Which of those
 * tasks took it down cannot be known, so nobody pays yet, and they are told of one by one
 * from now on: as each begins, and when it has ended. A worker lost then was in a task that
 * is known, which pays.
 */
#include "core/lease/ledger.h"
#include "core/lease/format.h"
#include "core/fault/recover.h"

#include <string.h>

static uint64_t limit_of(const struct cdr_ledger *l)
{
    return atomic_load_explicit(&l->run->window->limit, memory_order_relaxed);
}

/* The task has had its last try. */
static void fail(struct cdr_ledger *l, struct cdr_entry *e, const cadre_death *death)
{
    const struct cdr_program *p = l->run->program;
    struct cadre_window *w = l->run->window;
    uint64_t item = e->task;
    cadre_error error;

    cdr_word_death(&error, l->run, e->seat, item, death);
    if (w->ring_at) {
        const struct cdr_ring *r = cdr_window_ring(w);
        uint32_t slot = e->slots ? *e->slots : (uint32_t)(item & (r->slots - 1));
        l->budget += sizeof error; /* it is let in, whoever else waits */
        if (!cdr_position_fail(l, e->seat, item, slot, &error, false))
            cdr_entry_advance(e, item + 1); /* else: handed out once more */
        return;
    }
    if (p->statuses)
        p->statuses[item] = error.code;
    cdr_window_fail(w, &w->seat[e->seat], item,
                    p->keep_going ? CADRE_NO_ITEM : item / p->grain, &error);
    if (p->tree) /* the block is run again without it */
        return;
    atomic_fetch_add_explicit(&w->seat[e->seat].done, 1, memory_order_relaxed);
    cdr_entry_advance(e, item + 1);
}

/* Combining took the worker down: that ends the run. */
static void fail_pair(struct cdr_ledger *l, struct cdr_entry *e,
                      const cadre_death *death)
{
    const struct cdr_program *p = l->run->program;
    struct cadre_window *w = l->run->window;
    uint64_t item = e->climb.from_block * p->grain;
    cadre_error error;

    if (cdr_may_retry(l->run, item))
        return;
    cdr_word_death(&error, l->run, e->seat, item, death);
    cdr_window_fail(w, &w->seat[e->seat], item, item / p->grain, &error);
}

static bool is_innocent(const cadre_death *death, uint64_t item)
{
    return death->expired != CADRE_NO_ITEM && death->expired != item;
}

/* What its worker was in. */
static void blame(struct cdr_ledger *l, struct cdr_entry *e, const cadre_death *death)
{
    uint64_t grain = l->run->program->grain, unit = e->task / grain;

    if (e->combines) {
        fail_pair(l, e, death);
        return;
    }
    if (unit >= limit_of(l) || is_innocent(death, e->task))
        return;
    if (!e->in_task) {
        e->singly_until = e->units.end;
        return;
    }
    if (!cdr_may_retry(l->run, e->task)) {
        fail(l, e, death);
        return;
    }
    if (e->singly_until <= unit)
        e->singly_until = unit + 1;
}

bool cdr_lease_lost(struct cdr_ledger *l, unsigned seat, const cadre_death *death)
{
    struct cdr_entry *e;
    bool in_task = false;

    cdr_ledger_lock(l);
    e = cdr_ledger_first(l, seat);
    if (e && !death->retired) {
        in_task = e->in_task || e->combines || !e->singly;
        blame(l, e, death);
    }
    while ((e = cdr_ledger_first(l, seat)))
        cdr_entry_put_back(l, e);
    if (!death->retired)
        cdr_recovery_note(l->run, seat, in_task, death);
    cdr_ledger_unlock(l);
    return cdr_ledger_has_work(l);
}
