/* ledger.c - which tasks of a run are out with workers that share no memory with it.
 * SPDX-License-Identifier: MIT
 */
#include "core/lease/ledger.h"
#include "base/clock.h"
#include "base/error.h"

#include <stdlib.h>
#include <string.h>

/* ---- opening ---- */

/* The most that an element of this size is aligned to in an array. */
static size_t alignment_of(size_t size)
{
    size_t lowest = size & -size;

    return lowest > 16 ? 16 : lowest;
}

static size_t aligned(size_t at, size_t alignment)
{
    return (at + alignment - 1) / alignment * alignment;
}

/* Elements of columns one after another, each aligned as in its array. */
static bool lay_out_columns(struct cdr_packing *items, const struct cdr_program *p)
{
    size_t at = 0, most = 1;

    for (unsigned k = 0; k < p->n_columns; k++) {
        size_t size = p->columns[k].size, alignment = alignment_of(size);
        if (p->columns[k].same)
            continue;
        items->at[k] = aligned(at, alignment);
        if (__builtin_add_overflow(items->at[k], size, &at) || at > PTRDIFF_MAX)
            return false;
        most = alignment > most ? alignment : most;
    }
    items->stride = aligned(at, most);
    return true;
}

static int set_packing(struct cdr_packing *items, const struct cdr_program *p,
                       cadre_error *err)
{
    if (p->n_columns == 0) {
        items->stride = p->bytes ? 0 : p->item_size;
        return CADRE_OK;
    }
    items->at = calloc(p->n_columns, sizeof *items->at);
    items->args = calloc(p->n_columns, sizeof *items->args);
    if (!items->at || !items->args || !lay_out_columns(items, p))
        return cdr_fail(err, CADRE_ENOMEM, "no memory for %u columns", p->n_columns);
    return CADRE_OK;
}

static int make_lists(struct cdr_ledger *l, unsigned seats, cadre_error *err)
{
    l->out = calloc(seats, sizeof *l->out);
    if (!l->out)
        return cdr_fail(err, CADRE_ENOMEM, "no memory for a run on %u workers",
                        seats - 1);
    l->seats = seats;
    for (unsigned s = 0; s < seats; s++)
        l->out[s].last = &l->out[s].first;
    return CADRE_OK;
}

int cdr_ledger_open(struct cdr_ledger *l, cadre_run *run, uint64_t budget,
                    cadre_error *err)
{
    int rc;

    memset(l, 0, sizeof *l);
    l->run = run;
    l->kept.next = l->kept.prev = &l->kept;
    /* The caller takes up to half for records, and one more that is as large as may be. */
    l->budget = budget / 2;
    l->in_memory = budget / 4;
    rc = pthread_mutex_init(&l->lock, NULL);
    if (rc)
        return cdr_fail_sys(err, rc, "a run needs a mutex");
    run->ledger = l;
    rc = make_lists(l, run->window->seats, err);
    if (!rc)
        rc = set_packing(&l->items, run->program, err);
    if (rc)
        cdr_ledger_close(l);
    return rc;
}

static void free_entries(struct cdr_entry *e)
{
    while (e) {
        struct cdr_entry *next = e->next;
        free(e->slots_memory);
        free(e);
        e = next;
    }
}

void cdr_ledger_close(struct cdr_ledger *l)
{
    if (!l->run)
        return;
    for (unsigned s = 0; s < l->seats; s++)
        free_entries(l->out[s].first);
    free(l->out);
    free_entries(l->back);
    while (l->kept.next != &l->kept) {
        struct cdr_kept *k = l->kept.next;
        l->kept.next = k->next;
        free(k);
    }
    free(l->items.at);
    free(l->items.args);
    pthread_mutex_destroy(&l->lock);
    l->run->ledger = NULL;
    l->run = NULL;
}

/* ---- entries ---- */

struct cdr_entry *cdr_ledger_first(const struct cdr_ledger *l, unsigned seat)
{
    return seat < l->seats ? l->out[seat].first : NULL;
}

struct cdr_entry *cdr_entry_find(struct cdr_ledger *l, unsigned seat, uint64_t id)
{
    struct cdr_entry *e = cdr_ledger_first(l, seat);

    while (e && e->id != id)
        e = e->next;
    return e;
}

static void unlink_entry(struct cdr_ledger *l, struct cdr_entry *e)
{
    struct cdr_entry **at = e->id ? &l->out[e->seat].first : &l->back;

    while (*at != e)
        at = &(*at)->next;
    *at = e->next;
    if (e->id && !e->next)
        l->out[e->seat].last = at;
}

void cdr_entry_take_out(struct cdr_ledger *l, struct cdr_entry *e)
{
    unlink_entry(l, e);
}

void cdr_entry_drop(struct cdr_ledger *l, struct cdr_entry *e)
{
    unlink_entry(l, e);
    free(e->slots_memory);
    free(e);
}

static bool comes_before(const struct cdr_entry *a, const struct cdr_entry *b)
{
    return a->combines != b->combines ? a->combines : a->units.first < b->units.first;
}

static void insert(struct cdr_ledger *l, struct cdr_entry *e)
{
    struct cdr_entry **at = &l->back;

    while (*at && comes_before(*at, e))
        at = &(*at)->next;
    e->id = 0;
    e->in_task = false;
    e->next = *at;
    *at = e;
}

void cdr_entry_put_back(struct cdr_ledger *l, struct cdr_entry *e)
{
    if (e->units.first >= e->units.end && !e->combines) {
        cdr_entry_drop(l, e);
        return;
    }
    unlink_entry(l, e);
    insert(l, e);
}

void cdr_entry_advance(struct cdr_entry *e, uint64_t unit)
{
    if (e->slots)
        e->slots += unit - e->units.first;
    e->units.first = unit;
}

void cdr_entry_climb(struct cdr_ledger *l, struct cdr_entry *e)
{
    if (cdr_tree_climb(l->run->program->tree, &e->climb)) {
        e->combines = true;
        e->units = (struct cdr_span){ e->climb.block, e->climb.block };
        insert(l, e);
    } else {
        free(e);
    }
}

void cdr_entry_climb_on(struct cdr_ledger *l, struct cdr_entry *e)
{
    unlink_entry(l, e);
    cdr_entry_climb(l, e);
}

/* ---- what is asked of it ---- */

bool cdr_entry_is_wanted(const struct cdr_ledger *l, const struct cdr_entry *e)
{
    uint64_t unit = e->combines ? e->climb.from_block : e->units.first;

    return unit < atomic_load_explicit(&l->run->window->limit, memory_order_relaxed);
}

struct cdr_entry *cdr_ledger_waiting(const struct cdr_ledger *l)
{
    struct cdr_entry *e = l->back;

    while (e && !cdr_entry_is_wanted(l, e))
        e = e->next;
    return e;
}

bool cdr_ledger_has_work(struct cdr_ledger *l)
{
    const struct cadre_window *w = l->run->window;
    bool some;

    cdr_ledger_lock(l);
    some = cdr_ledger_waiting(l) != NULL;
    if (!some && !l->blocked)
        some = w->ring_at ? cdr_ring_unclaimed(cdr_window_ring(w)) > 0
                          : cdr_window_unclaimed(w) > 0;
    cdr_ledger_unlock(l);
    return some && !cdr_window_over(w);
}

bool cdr_ledger_is_wanted(struct cdr_ledger *l, unsigned seat)
{
    bool wanted = false;

    cdr_ledger_lock(l);
    for (const struct cdr_entry *e = cdr_ledger_first(l, seat); e && !wanted;
         e = e->next)
        wanted = cdr_entry_is_wanted(l, e);
    cdr_ledger_unlock(l);
    return wanted && !cdr_window_over(l->run->window);
}

uint64_t cdr_ledger_expiry(struct cdr_ledger *l, unsigned seat, uint64_t *item)
{
    const struct cdr_entry *e;
    uint64_t when = UINT64_MAX;

    cdr_ledger_lock(l);
    e = cdr_ledger_first(l, seat);
    if (e && e->in_task) {
        *item = e->task;
        when = e->since + l->run->timeout_ns;
    }
    cdr_ledger_unlock(l);
    return when;
}

/* ---- streams ---- */

bool cdr_ledger_unblock(struct cdr_ledger *l)
{
    bool blocked;

    cdr_ledger_lock(l);
    blocked = l->blocked;
    l->blocked = false;
    cdr_ledger_unlock(l);
    return blocked;
}

void cdr_ledger_free(struct cdr_ledger *l, const struct cdr_ref *ref)
{
    struct cdr_kept *k = (struct cdr_kept *)(uintptr_t)ref->piece.at - 1;

    cdr_ledger_lock(l);
    k->prev->next = k->next;
    k->next->prev = k->prev;
    l->held -= k->size;
    cdr_ledger_unlock(l);
    free(k);
}

uint64_t cdr_ledger_most_held(struct cdr_ledger *l)
{
    uint64_t most;

    cdr_ledger_lock(l);
    most = l->most_held;
    cdr_ledger_unlock(l);
    return most;
}
