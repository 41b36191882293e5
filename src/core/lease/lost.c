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

/* The task has failed so; what is fatal ends the run. */
static void fail_with(struct cdr_ledger *l, struct cdr_entry *e, uint64_t item,
                      bool fatal, const cadre_error *error)
{
    const struct cdr_program *p = l->run->program;
    struct cadre_window *w = l->run->window;

    if (w->ring_at) {
        const struct cdr_ring *r = cdr_window_ring(w);
        uint32_t slot = e->slots ? *e->slots : (uint32_t)(item & (r->slots - 1));
        l->budget += sizeof *error; /* it is let in, whoever else waits */
        if (!cdr_position_fail(l, e->seat, item, slot, error, fatal))
            cdr_entry_advance(e, item + 1); /* else: handed out once more */
        return;
    }
    if (p->statuses)
        p->statuses[item] = error->code;
    cdr_window_fail(w, &w->seat[e->seat], item,
                    p->keep_going && !fatal ? CADRE_NO_ITEM : item / p->grain, error);
    if (p->tree) /* the block is run again without it */
        return;
    atomic_fetch_add_explicit(&w->seat[e->seat].done, 1, memory_order_relaxed);
    cdr_entry_advance(e, item + 1);
}

/* The task has had its last try. */
static void fail(struct cdr_ledger *l, struct cdr_entry *e, const cadre_death *death)
{
    cadre_error error;

    cdr_word_death(&error, l->run, e->seat, e->task, death);
    fail_with(l, e, e->task, false, &error);
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

/* ---- a machine is gone ---- */

/* The first task that nobody has told of. */
static uint64_t first_task(const struct cdr_ledger *l, const struct cdr_entry *e)
{
    uint64_t grain = l->run->program->grain;

    if (e->combines)
        return e->climb.from_block * grain;
    return e->task > e->units.first * grain ? e->task : e->units.first * grain;
}

/* What was out at the seat, the lowest first. */
static struct cdr_entry *lowest_at(const struct cdr_ledger *l, unsigned seat)
{
    struct cdr_entry *lowest = cdr_ledger_first(l, seat);

    for (struct cdr_entry *e = lowest; e; e = e->next)
        if (first_task(l, e) < first_task(l, lowest))
            lowest = e;
    return lowest;
}

static void fail_first(struct cdr_ledger *l, struct cdr_entry *e, uint64_t task,
                       const cadre_error *why)
{
    struct cadre_window *w = l->run->window;
    uint64_t grain = l->run->program->grain;
    cadre_error error = *why;

    error.item = cdr_program_index(l->run->program, task);
    if (e->combines)
        cdr_window_fail(w, &w->seat[e->seat], task, task / grain, &error);
    else
        fail_with(l, e, task, !l->run->program->keep_going, &error);
}

bool cdr_lease_fail(struct cdr_ledger *l, unsigned seat, const cadre_error *why)
{
    struct cdr_entry *e;
    uint64_t task;
    bool goes_on = true;

    cdr_ledger_lock(l);
    e = lowest_at(l, seat);
    task = e ? first_task(l, e) : 0;
    if (e && task / l->run->program->grain < limit_of(l) &&
        !cdr_may_retry(l->run, task)) {
        goes_on = l->run->program->keep_going && !e->combines;
        fail_first(l, e, task, why);
    }
    while ((e = cdr_ledger_first(l, seat)))
        cdr_entry_put_back(l, e);
    cdr_ledger_unlock(l);
    return goes_on;
}
