/* dispatch.c - which rank gets which tasks of a run, and how many ahead.
 * SPDX-License-Identifier: MIT
 */
#include "dispatch.h"

#include <stdlib.h>
#include <string.h>

#define AHEAD_NS    2000000.0 /* a message may lie for a millisecond, each way */
#define AHEAD_MAX   256.0
#define AHEAD_MIN   2.0
#define AHEAD_BYTES 262144.0
#define LOOK_NS     1000000 /* between two looks at all seats */
#define STUCK_NS    2000000 /* what lies behind such a lease may go to somebody else */

int cdr_mpi_dispatch_open(struct cdr_mpi_dispatch *d, cadre_run *run, unsigned n,
                          cdr_mpi_post *post, void *arg, cadre_error *err)
{
    *d = (struct cdr_mpi_dispatch){ .run = run,
                                    .n = n,
                                    .post = post,
                                    .arg = arg,
                                    .limit = UINT64_MAX,
                                    .turn = 1,
                                    .short_of_work = true };
    d->seat = calloc((size_t)n + 1, sizeof *d->seat);
    d->changed = calloc((size_t)n + 1, sizeof *d->changed);
    if (!d->seat || !d->changed) {
        free(d->changed);
        free(d->seat);
        d->seat = NULL;
        return cdr_mpi_fail(err, CADRE_ENOMEM, "no memory for a run on %u workers", n);
    }
    for (unsigned s = 0; s <= n; s++) {
        d->seat[s].last_held = &d->seat[s].held;
        d->seat[s].expired = CADRE_NO_ITEM;
    }
    return CADRE_OK;
}

/* Something has been told of it: it may have more now. */
static void note_change(struct cdr_mpi_dispatch *d, unsigned seat)
{
    if (d->seat[seat].changed)
        return;
    d->seat[seat].changed = true;
    d->changed[d->n_changed++] = seat;
}

static void drop_held(struct cdr_mpi_dispatch *d, struct cdr_mpi_seat *s)
{
    d->holding -= s->held != NULL;
    while (s->held) {
        struct cdr_mpi_held *h = s->held;
        s->held = h->next;
        free(h->bytes);
        free(h);
    }
    s->last_held = &s->held;
}

void cdr_mpi_dispatch_close(struct cdr_mpi_dispatch *d)
{
    for (unsigned s = 0; d->seat && s <= d->n; s++) {
        drop_held(d, &d->seat[s]);
        free(d->seat[s].list);
    }
    free(d->seat);
    free(d->changed);
    cadre_packet_free(&d->lease.packet);
    d->seat = NULL;
}

static void give_up(struct cdr_mpi_dispatch *d, const cadre_error *why)
{
    cadre_run_give_up(d->run, why);
    d->over = true;
}

/* ---- leases that are out ---- */

static bool push(struct cdr_mpi_seat *s, const cadre_lease *lease)
{
    if (s->out == s->room) {
        unsigned room = s->room ? 2 * s->room : 8;
        struct cdr_mpi_out *larger = realloc(s->list, room * sizeof *larger);
        if (!larger)
            return false;
        s->list = larger;
        s->room = room;
    }
    s->list[s->out++] = (struct cdr_mpi_out){ lease->id, lease->first, lease->count };
    return true;
}

static void remove_at(struct cdr_mpi_dispatch *d, struct cdr_mpi_seat *s, unsigned k)
{
    memmove(&s->list[k], &s->list[k + 1], (s->out - k - 1) * sizeof *s->list);
    s->out--;
    d->out--;
}

/* ---- outcomes ---- */

/* The first of the seat's leases is done. */
static void learn(struct cdr_mpi_seat *s, uint64_t now)
{
    double took = (double)(now - s->began);

    s->pace = s->pace > 0 ? s->pace + (took - s->pace) / 4 : took;
    s->began = now;
    s->fruitless = false;
}

/* False: there is no room for it now. */
static bool give(struct cdr_mpi_dispatch *d, unsigned seat, const void *bytes,
                 size_t size, uint64_t now)
{
    struct cdr_mpi_seat *s = &d->seat[seat];
    cadre_error err;
    int rc = cadre_lease_give(d->run, seat, bytes, size, &err);

    if (rc == CADRE_EBUSY)
        return false;
    if (rc == CADRE_DONE && s->out > 0) {
        remove_at(d, s, 0);
        learn(s, now);
    }
    if ((double)size > d->lease_size)
        d->lease_size = (double)size;
    if (rc < CADRE_OK)
        give_up(d, &err);
    return true;
}

static bool give_held(struct cdr_mpi_dispatch *d, unsigned seat, uint64_t now)
{
    struct cdr_mpi_seat *s = &d->seat[seat];
    bool some = false;

    while (s->held && give(d, seat, s->held->bytes, s->held->size, now)) {
        struct cdr_mpi_held *h = s->held;
        s->held = h->next;
        if (!s->held)
            s->last_held = &s->held;
        free(h->bytes);
        free(h);
        some = true;
    }
    if (some) {
        d->holding -= s->held == NULL;
        note_change(d, seat);
    }
    return some;
}

/* Outcomes of a seat are given in the order in which they came. */
static void hold(struct cdr_mpi_dispatch *d, struct cdr_mpi_seat *s, void *bytes,
                 size_t size)
{
    struct cdr_mpi_held *h = malloc(sizeof *h);
    cadre_error err;

    if (!h) {
        free(bytes);
        cdr_mpi_fail(&err, CADRE_ENOMEM, "no memory to keep what a rank has sent");
        give_up(d, &err);
        return;
    }
    *h = (struct cdr_mpi_held){ NULL, bytes, size };
    d->holding += s->held == NULL;
    *s->last_held = h;
    s->last_held = &h->next;
}

void cdr_mpi_dispatch_outcome(struct cdr_mpi_dispatch *d, unsigned seat, void *bytes,
                              size_t size, uint64_t now)
{
    struct cdr_mpi_seat *s = &d->seat[seat];

    note_change(d, seat);
    if (s->held || !give(d, seat, bytes, size, now))
        hold(d, s, bytes, size);
    else
        free(bytes);
}

void cdr_mpi_dispatch_returned(struct cdr_mpi_dispatch *d, unsigned seat,
                               const void *ids, size_t size, uint64_t now)
{
    struct cdr_mpi_seat *s = &d->seat[seat];

    (void)now;
    note_change(d, seat);
    s->recalled = false;
    s->fruitless = size == 0;
    for (size_t at = 0; at + sizeof(uint64_t) <= size; at += sizeof(uint64_t)) {
        uint64_t id;
        unsigned k = 0;
        memcpy(&id, (const char *)ids + at, sizeof id);
        while (k < s->out && s->list[k].id != id)
            k++;
        if (k == s->out)
            continue;
        cadre_lease_return(d->run, seat, id);
        remove_at(d, s, k);
    }
}

/* Nothing is out there any more; what it told of counts. */
static void clear(struct cdr_mpi_dispatch *d, unsigned seat)
{
    struct cdr_mpi_seat *s = &d->seat[seat];

    give_held(d, seat, cdr_mpi_now());
    drop_held(d, s);
    note_change(d, seat);
    d->out -= s->out;
    s->out = 0;
    s->recalled = false;
    s->expired = CADRE_NO_ITEM;
}

bool cdr_mpi_dispatch_lost(struct cdr_mpi_dispatch *d, unsigned seat,
                           const cadre_death *death)
{
    clear(d, seat);
    return cadre_run_lost(d->run, seat, death);
}

bool cdr_mpi_dispatch_gone(struct cdr_mpi_dispatch *d, unsigned seat,
                           const cadre_error *why)
{
    clear(d, seat);
    d->seat[seat].in_run = false;
    return cadre_lease_fail(d->run, seat, why);
}

bool cdr_mpi_dispatch_has(const struct cdr_mpi_dispatch *d, unsigned seat,
                          uint64_t *first, uint64_t *end)
{
    const struct cdr_mpi_seat *s = &d->seat[seat];

    *first = UINT64_MAX;
    *end = 0;
    for (unsigned k = 0; k < s->out; k++) {
        const struct cdr_mpi_out *o = &s->list[k];
        *first = o->count > 0 && o->first < *first ? o->first : *first;
        *end = o->count > 0 && o->first + o->count > *end ? o->first + o->count : *end;
    }
    return *first < *end;
}

/* ---- handing out ---- */

static unsigned ahead(const struct cdr_mpi_dispatch *d, const struct cdr_mpi_seat *s,
                      uint64_t now)
{
    double most = AHEAD_MAX, n = AHEAD_MIN;

    if (s->out > 0 && now - s->began > STUCK_NS)
        return 1;
    if (s->pace > 0)
        n = AHEAD_NS / s->pace;
    if (d->lease_size > 0 && most > AHEAD_BYTES / d->lease_size)
        most = AHEAD_BYTES / d->lease_size;
    n = n > most ? most : n;
    return (unsigned)(n < AHEAD_MIN ? AHEAD_MIN : n);
}

/* True: a lease went out. */
static bool hand_out(struct cdr_mpi_dispatch *d, unsigned seat, uint64_t now)
{
    struct cdr_mpi_seat *s = &d->seat[seat];
    cadre_error err;
    int rc = cadre_lease_take(d->run, seat, 0, &d->lease, &err);

    if (rc == CADRE_DONE)
        return false;
    if (!rc && !push(s, &d->lease)) {
        cadre_lease_return(d->run, seat, d->lease.id);
        rc = cdr_mpi_fail(&err, CADRE_ENOMEM, "no memory to note a lease");
    }
    if (rc) {
        give_up(d, &err);
        return false;
    }
    d->out++;
    if (s->out == 1)
        s->began = now;
    d->lease_size += ((double)d->lease.packet.size - d->lease_size) / 8;
    return d->post(d->arg, CDR_MPI_LEASE, seat, d->lease.id, d->lease.packet.data,
                   d->lease.packet.size);
}

static bool may_have(const struct cdr_mpi_dispatch *d, unsigned seat, uint64_t now)
{
    const struct cdr_mpi_seat *s = &d->seat[seat];

    return s->in_run && !s->held && !s->recalled && s->out < ahead(d, s, now);
}

static unsigned seat_at(const struct cdr_mpi_dispatch *d, bool all, unsigned k)
{
    return all ? (d->turn - 1 + k) % d->n + 1 : d->changed[k];
}

/* One for each that has less than `most`; false: there is nothing left to hand out. */
static bool hand_out_up_to(struct cdr_mpi_dispatch *d, bool all, unsigned most,
                           uint64_t now, bool *again, bool *some)
{
    unsigned n = all ? d->n : d->n_changed;

    for (unsigned k = 0; k < n; k++) {
        unsigned seat = seat_at(d, all, k);
        if (!may_have(d, seat, now))
            continue;
        *again = true;
        if (d->seat[seat].out >= most)
            continue;
        if (d->over || !hand_out(d, seat, now))
            return false;
        *some = true;
    }
    return true;
}

/* Nobody is to have two while others have none. False: there is nothing left. */
static bool hand_out_all(struct cdr_mpi_dispatch *d, uint64_t now, bool *some)
{
    bool all = d->short_of_work || now - d->looked_at_all >= LOOK_NS, again = true;

    d->short_of_work = false;
    for (unsigned most = 1; again && !d->short_of_work; most++) {
        again = false;
        d->short_of_work = !hand_out_up_to(d, all, most, now, &again, some);
    }
    if (all)
        d->looked_at_all = now;
    while (d->n_changed > 0)
        d->seat[d->changed[--d->n_changed]].changed = false;
    return !d->short_of_work;
}

/* Somebody has nothing to do: have one hand back what lies behind a long lease. */
static void recall(struct cdr_mpi_dispatch *d, uint64_t now)
{
    unsigned idle = 0, most = 0;

    for (unsigned seat = 1; seat <= d->n; seat++) {
        const struct cdr_mpi_seat *s = &d->seat[seat];
        if (s->recalled)
            return; /* one at a time */
        if (s->in_run && s->out == 0 && !s->held)
            idle = seat;
        if (s->out > 1 && !s->fruitless && now - s->began > STUCK_NS &&
            (most == 0 || s->out > d->seat[most].out))
            most = seat;
    }
    if (idle && most && d->post(d->arg, CDR_MPI_RECALL, most, 0, NULL, 0)) {
        d->seat[most].recalled = true;
        d->turn = idle;
    }
}

static bool tell_limit(struct cdr_mpi_dispatch *d)
{
    uint64_t limit = d->over ? 0 : cadre_run_limit(d->run);

    if (limit >= d->limit)
        return false;
    d->limit = limit;
    d->post(d->arg, CDR_MPI_HALT, 0, 0, &limit, sizeof limit);
    return true;
}

bool cdr_mpi_dispatch_pump(struct cdr_mpi_dispatch *d, uint64_t now)
{
    bool some = tell_limit(d);

    for (unsigned seat = 1; d->holding > 0 && seat <= d->n; seat++)
        if (d->seat[seat].held && give_held(d, seat, now))
            some = true;
    if (d->over)
        return some;
    if (!hand_out_all(d, now, &some) && !d->over && d->out > 0)
        recall(d, now);
    return some;
}

bool cdr_mpi_dispatch_is_idle(const struct cdr_mpi_dispatch *d)
{
    if (cadre_run_has_work(d->run) && !d->over)
        return false;
    if (cadre_run_limit(d->run) == UINT64_MAX && !d->over)
        return d->out == 0;
    for (unsigned seat = 1; seat <= d->n; seat++)
        if (d->seat[seat].out > 0 && cadre_run_is_wanted(d->run, seat))
            return false;
    return true;
}
