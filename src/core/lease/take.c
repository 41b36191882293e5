/* take.c - hand out tasks of a run.
 * SPDX-License-Identifier: MIT
 */
#include "core/lease/ledger.h"
#include "core/board/claim.h"
#include "core/lease/format.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/minimum.h"
#include "core/run/cost.h"

#include <stdlib.h>
#include <string.h>

#define GROWTH     16
#define MOST_BYTES ((size_t)1 << 20) /* in one lease, unless one item has more */
#define ROOT_NS    4000.0  /* who hands leases out has so long for each at least */
#define STREAM_NS  20000.0 /* a stream's caller waits for the first of a lease */

/* ---- how many ---- */

/* No more than what takes MOST_BYTES both ways. */
static uint64_t that_fit(const struct cdr_ledger *l, uint64_t units)
{
    const struct cdr_program *p = l->run->program;
    size_t each = l->items.stride * p->grain + p->result_size;

    return each > 0 && units > MOST_BYTES / each ? MOST_BYTES / each + 1 : units;
}

/* As cost.h says, or more where so many workers would come back for more faster than one
 * thread hands it out; and at most GROWTH times as many as ever came back together. */
static uint64_t automatic(const struct cdr_ledger *l, uint64_t left)
{
    double ns = ROOT_NS * l->run->workers, units = 1;

    if (ns < CDR_CLAIM_NS)
        ns = CDR_CLAIM_NS;
    if (l->cost > 0)
        units = cdr_claim_units(left, l->run->workers, l->cost * CDR_CLAIM_NS / ns);

    if (l->run->window->ring_at && l->cost > 0 && units > STREAM_NS / l->cost)
        units = STREAM_NS / l->cost;
    if (units > (double)(l->largest + 1) * GROWTH)
        units = (double)(l->largest + 1) * GROWTH;
    return units < 1 ? 1 : (uint64_t)units;
}

/* What the job still lets the worker of this seat have at hand. */
static uint64_t allowance(const struct cdr_ledger *l, unsigned seat)
{
    uint64_t most = l->run->prefetch;

    if (most == UINT64_MAX)
        return most;
    for (const struct cdr_entry *e = cdr_ledger_first(l, seat); e; e = e->next)
        most -= cdr_min(most, e->units.end - e->units.first);
    return most;
}

static uint64_t how_many(const struct cdr_ledger *l, uint64_t most, uint64_t left)
{
    uint64_t units = l->run->chunk ? l->run->chunk : automatic(l, left);

    units = that_fit(l, units);
    if (most && most < units)
        units = most;
    return cdr_min(units, left);
}

/* ---- which ---- */

static struct cdr_entry *new_entry(uint64_t slots)
{
    struct cdr_entry *e = calloc(1, sizeof *e);

    if (e && slots && !(e->slots_memory = calloc(slots, sizeof *e->slots))) {
        free(e);
        return NULL;
    }
    if (e)
        e->slots = e->slots_memory;
    return e;
}

/* The first `count` of what waits; the rest stays. NULL: no memory. */
static struct cdr_entry *split(struct cdr_entry *e, uint64_t count)
{
    struct cdr_entry *part = new_entry(e->slots ? count : 0);

    if (!part)
        return NULL;
    part->units = (struct cdr_span){ e->units.first, e->units.first + count };
    part->singly_until = e->singly_until;
    if (e->slots)
        memcpy(part->slots, e->slots, count * sizeof *e->slots);
    cdr_entry_advance(e, e->units.first + count);
    return part;
}

/* What waits and is wanted; beyond the limit nothing ever is again. */
static int from_back(struct cdr_ledger *l, uint64_t most, struct cdr_entry **out)
{
    struct cdr_entry *e = cdr_ledger_waiting(l);
    uint64_t left, count;

    *out = NULL;
    if (!e)
        return CADRE_DONE;
    left = e->units.end - e->units.first;
    count = e->combines ? 0 : how_many(l, most, left);
    if (!e->combines && e->units.first < e->singly_until)
        count = cdr_min(count, e->singly_until - e->units.first);
    if (e->combines || count == left) {
        cdr_entry_take_out(l, e);
        *out = e;
        return CADRE_OK;
    }
    *out = split(e, count);
    return *out ? CADRE_OK : CADRE_ENOMEM;
}

static int claim_units(struct cdr_ledger *l, unsigned seat, uint64_t most,
                       struct cdr_entry **out)
{
    struct cadre_window *w = l->run->window;
    uint64_t left = cdr_window_unclaimed(w);

    if (left == 0)
        return CADRE_DONE;
    *out = new_entry(0);
    if (!*out)
        return CADRE_ENOMEM;
    if (cdr_window_claim(w, seat, how_many(l, most, left), &(*out)->units))
        return CADRE_OK;
    free(*out);
    *out = NULL;
    return CADRE_DONE;
}

/* ---- streams ---- */

/* The error that the stream before this one has in place of the item; or NULL. */
static const cadre_error *error_at(const struct cdr_ledger *l, const char *item)
{
    const struct cadre_window *w = l->run->window;
    const struct cdr_piece *piece;

    if (!l->run->program->error_at)
        return NULL;
    piece = (const struct cdr_piece *)(const void *)(item + l->run->program->error_at);
    return piece->held ? (const cadre_error *)(const void *)cdr_arena_bytes(
                             cdr_window_arena(w, w->seats), piece)
                       : NULL;
}

/* Where positions lie that nobody has claimed; nobody else claims from the ring of such a
 * run: what there is now, there will be. */
static void look_ahead(struct cdr_ring *r, struct cdr_batch *b)
{
    b->first = cdr_ring_claimed(r);
    b->count = (uint32_t)cdr_min(cdr_ring_unclaimed(r), CDR_BATCH_MAX);
    cdr_ring_locate(r, b);
}

/* Items that failed in the stream before this one fail here, and are not handed out. */
static void fail_those_in_front(struct cdr_ledger *l, unsigned seat)
{
    struct cdr_ring *r = cdr_window_ring(l->run->window);
    const cadre_error *error;
    struct cdr_batch b;

    while (l->run->program->error_at && !l->blocked) {
        look_ahead(r, &b);
        if (b.count == 0 || !(error = error_at(l, cdr_ring_item(r, b.slot[0]))) ||
            cdr_position_fail(l, seat, b.first, b.slot[0], error, false))
            return;
        cdr_ring_claim(l->run->window, seat, 1, &b);
    }
}

/* So many positions before one that has failed. */
static uint64_t healthy(const struct cdr_ledger *l, struct cdr_ring *r, uint64_t count)
{
    struct cdr_batch b;
    uint32_t k = 0;

    if (!l->run->program->error_at)
        return count;
    look_ahead(r, &b);
    while (k < b.count && !error_at(l, cdr_ring_item(r, b.slot[k])))
        k++;
    return cdr_min(count, k);
}

static int claim_positions(struct cdr_ledger *l, unsigned seat, uint64_t most,
                           struct cdr_entry **out)
{
    struct cdr_ring *r = cdr_window_ring(l->run->window);
    uint64_t left = cdr_min(cdr_ring_unclaimed(r), UINT32_MAX), count;
    struct cdr_batch batch;
    struct cdr_entry *e;

    if (left == 0 || l->blocked)
        return CADRE_DONE;
    /* An equal share, or some would have nothing. */
    count = cdr_min(how_many(l, most, left), left / l->run->workers + 1);
    count = healthy(l, r, count);
    if (count == 0)
        return CADRE_DONE;
    e = new_entry(r->unordered ? count : 0);
    if (!e)
        return CADRE_ENOMEM;
    for (uint64_t got = 0; got < count; got += batch.count) {
        if (!cdr_ring_claim(l->run->window, seat, count - got, &batch))
            break;
        if (got == 0)
            e->units.first = batch.first;
        e->units.end = batch.first + batch.count;
        if (e->slots)
            memcpy(e->slots + got, batch.slot, batch.count * sizeof *batch.slot);
    }
    *out = e;
    return CADRE_OK;
}

/* ---- taking ---- */

static void append(struct cdr_ledger *l, struct cdr_entry *e)
{
    struct cdr_leased *list = &l->out[e->seat];

    e->next = NULL;
    *list->last = e;
    list->last = &e->next;
}

static void begin(struct cdr_ledger *l, struct cdr_entry *e, unsigned seat)
{
    const struct cdr_program *p = l->run->program;

    e->id = ++l->last_id;
    e->seat = seat;
    e->task = e->units.first * p->grain;
    e->singly = !e->combines && e->units.first < e->singly_until;
    e->in_task = false;
    e->since = cdr_now();
    append(l, e);
}

static int choose(struct cdr_ledger *l, unsigned seat, uint64_t most,
                  struct cdr_entry **out)
{
    struct cdr_ring *r = cdr_window_ring(l->run->window);
    uint64_t allowed = allowance(l, seat);
    int rc;

    if (allowed == 0)
        return CADRE_DONE;
    if (most == 0 || most > allowed)
        most = allowed;
    rc = cdr_window_over(l->run->window) ? CADRE_DONE : from_back(l, most, out);
    if (rc != CADRE_DONE || cdr_window_over(l->run->window))
        return rc;
    if (!r)
        return claim_units(l, seat, most, out);
    fail_those_in_front(l, seat);
    return claim_positions(l, seat, most, out);
}

static int take_locked(struct cdr_ledger *l, unsigned seat, uint64_t most,
                       cadre_lease *lease)
{
    struct cdr_entry *e = NULL;
    int rc = choose(l, seat, most, &e);

    if (rc)
        return rc;
    begin(l, e, seat);
    if (!cdr_entry_pack(l, e, &lease->packet)) {
        cdr_entry_put_back(l, e);
        return CADRE_ENOMEM;
    }
    lease->id = e->id;
    lease->first = e->combines ? e->climb.from_block * l->run->program->grain : e->task;
    lease->count = e->combines ? 0
                               : cdr_task_of(e->units.end, l->run->program->grain,
                                             l->run->program->n) -
                                     e->task;
    return CADRE_OK;
}

int cdr_lease_take(struct cdr_ledger *l, unsigned seat, uint64_t most,
                   cadre_lease *lease, cadre_error *err)
{
    int rc;

    cdr_error_clear(err);
    cdr_ledger_lock(l);
    rc = take_locked(l, seat, most, lease);
    cdr_ledger_unlock(l);
    return rc == CADRE_ENOMEM
               ? cdr_fail(err, rc, "no memory for a lease of the run's tasks")
               : rc;
}
