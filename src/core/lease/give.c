/* give.c - an outcome has come: put what it has where it belongs.
 * SPDX-License-Identifier: MIT
 */
#include "core/lease/ledger.h"
#include "core/lease/format.h"
#include "base/clock.h"
#include "base/error.h"
#include "core/work/sink.h"

#include <stdlib.h>
#include <string.h>

static const char outcome_name[] = "outcome of this lease";

/* What of an outcome is known to lie where it says. */
struct view {
    const struct cdr_outcome_head *head;
    const char *results, *any, *bytes;
    const int32_t *statuses;
    const struct cdr_sunk *sunk;
    const struct cdr_failure *errors;
    uint64_t n_sunk, n_errors;
};

/* ---- reading ---- */

static const char *check_sunk(struct view *v, const struct cdr_program *p)
{
    const struct cdr_outcome_head *h = v->head;
    uint64_t next = h->told;

    if (v->n_sunk && !p->emits)
        return "its tasks may not emit";
    for (uint64_t i = 0; i < v->n_sunk; i++) {
        const struct cdr_sunk *s = &v->sunk[i];
        if (s->task < next || s->task >= h->task || s->at > h->bytes.size ||
            s->size > h->bytes.size - s->at || s->size == 0 ||
            s->at % CDR_WIRE_ALIGNMENT)
            return "what it emitted lies outside of it";
        next = s->task + 1;
    }
    return NULL;
}

static const char *check_errors(const struct view *v, uint64_t first, uint64_t end)
{
    for (uint64_t i = 0; i < v->n_errors; i++) {
        const struct cdr_failure *e = &v->errors[i];
        if (e->error.code >= CADRE_OK || e->task < first || e->task >= end ||
            (i > 0 && e->task <= e[-1].task) ||
            !memchr(e->error.message, '\0', sizeof e->error.message))
            return "it has errors of other tasks";
    }
    return v->head->flags & CDR_HALTS && v->n_errors == 0 ? "it halts for no reason"
                                                          : NULL;
}

static bool open_list(const void *packet, const struct cdr_part *part, size_t each,
                      const void **out, uint64_t *n)
{
    *n = part->size / each;
    return cdr_wire_part(packet, part, *n, each, out);
}

static const char *open_lists(struct view *v)
{
    const struct cdr_outcome_head *h = v->head;
    const void *sunk, *bytes, *errors;

    if (!open_list(h, &h->sunk, sizeof *v->sunk, &sunk, &v->n_sunk) ||
        !open_list(h, &h->errors, sizeof *v->errors, &errors, &v->n_errors) ||
        !cdr_wire_bytes(h, &h->bytes, &bytes))
        return "a part lies outside of it";
    v->sunk = sunk;
    v->bytes = bytes;
    v->errors = errors;
    return NULL;
}

static const char *open_tasks(struct view *v, const struct cdr_entry *e,
                              const struct cdr_program *p)
{
    const struct cdr_outcome_head *h = v->head;
    uint64_t end = cdr_task_of(e->units.end, p->grain, p->n), n;
    const void *results, *any, *statuses;

    if (h->first > e->units.first || h->end < e->units.first || h->end > e->units.end ||
        h->told > h->task || h->task > end ||
        h->told < cdr_task_of(h->first, p->grain, p->n) ||
        h->task < cdr_task_of(h->end, p->grain, p->n))
        return "it is of other tasks";
    n = h->end - h->first;
    if (!cdr_wire_part(h, &h->results, n, p->result_size, &results) ||
        !cdr_wire_part(h, &h->any, p->tree ? n : 0, 1, &any) ||
        !cdr_wire_part(h, &h->statuses, p->statuses ? h->task - h->told : 0,
                       sizeof *v->statuses, &statuses))
        return "a part lies outside of it";
    v->results = results;
    v->any = any;
    v->statuses = statuses;
    return check_errors(v, h->told, end); /* some were given before, perhaps */
}

static const char *open_pair(struct view *v, const struct cdr_entry *e,
                             const struct cdr_program *p)
{
    const struct cdr_outcome_head *h = v->head;
    uint64_t index = e->climb.from_block * p->grain;
    const void *results;

    if (!(h->flags & CDR_FINAL) || v->n_sunk ||
        !cdr_wire_part(h, &h->results, h->flags & CDR_ANY ? 1 : 0, p->result_size,
                       &results))
        return "a part lies outside of it";
    v->results = results;
    return check_errors(v, index, index + 1);
}

static int open_outcome(struct view *v, struct cdr_ledger *l, unsigned seat,
                        const void *outcome, size_t size, struct cdr_entry **e,
                        cadre_error *err)
{
    const struct cdr_program *p = l->run->program;
    const char *why;

    *v = (struct view){ .head = cdr_wire_open(outcome, size, CDR_OUTCOME_MAGIC,
                                              sizeof *v->head, outcome_name, err) };
    if (!v->head)
        return CADRE_EINVAL;
    *e = cdr_entry_find(l, seat, v->head->id);
    if (!*e)
        return cdr_wire_refuse(outcome_name, "none of that number is out there", err);
    why = open_lists(v);
    if (!why)
        why = (*e)->combines ? open_pair(v, *e, p) : open_tasks(v, *e, p);
    if (!why)
        why = check_sunk(v, p);
    return why ? cdr_wire_refuse(outcome_name, why, err) : CADRE_OK;
}

/* ---- maps ---- */

static void note_failures(struct cdr_ledger *l, unsigned seat, const struct view *v)
{
    struct cadre_window *w = l->run->window;
    uint64_t grain = l->run->program->grain;

    for (uint64_t i = 0; i < v->n_errors; i++) {
        bool halts = v->head->flags & CDR_HALTS && i + 1 == v->n_errors;
        const struct cdr_failure *f = &v->errors[i];
        cdr_window_fail(w, &w->seat[seat], f->task,
                        halts ? f->task / grain : CADRE_NO_ITEM, &f->error);
    }
}

static void note_statuses(const struct cdr_program *p, const struct view *v)
{
    for (uint64_t i = v->head->told; p->statuses && i < v->head->task; i++) {
        int status = v->statuses[i - v->head->told];
        if (status != CADRE_ECANCELLED && status != CDR_UNWANTED)
            p->statuses[i] = status;
    }
}

static void count_done(struct cdr_ledger *l, unsigned seat, uint64_t tasks)
{
    _Atomic uint64_t *done = &l->run->window->seat[seat].done;

    atomic_fetch_add_explicit(done, tasks, memory_order_relaxed);
}

/* Bytes for which there is no memory fail their task, as anywhere. */
static void no_memory_for(struct cdr_ledger *l, unsigned seat,
                          const struct cdr_sunk *sunk)
{
    const struct cdr_program *p = l->run->program;
    struct cadre_window *w = l->run->window;
    uint64_t index = cdr_program_index(p, sunk->task);
    cadre_error error;

    cdr_fail(&error, CADRE_ENOMEM, "%s%sitem %llu: %s", p->name ? p->name : "",
             p->name ? ": " : "", (unsigned long long)index,
             cadre_strerror(CADRE_ENOMEM));
    error.item = index;
    if (p->statuses)
        p->statuses[sunk->task] = CADRE_ENOMEM;
    cdr_window_fail(w, &w->seat[seat], sunk->task,
                    p->keep_going ? CADRE_NO_ITEM : sunk->task, &error);
}

static void give_emitted(struct cdr_ledger *l, unsigned seat, const struct view *v)
{
    for (uint64_t i = 0; i < v->n_sunk; i++) {
        const struct cdr_sunk *s = &v->sunk[i];
        cadre_bytes *place = &l->run->program->emitted[s->task];
        void *data = malloc(s->size);
        if (!data) {
            no_memory_for(l, seat, s);
            continue;
        }
        memcpy(data, v->bytes + s->at, s->size);
        free(place->data);
        *place = (cadre_bytes){ data, s->size };
    }
}

static void give_map(struct cdr_ledger *l, unsigned seat, struct cdr_entry *e,
                     const struct view *v)
{
    const struct cdr_program *p = l->run->program;
    uint64_t first = v->head->first, n = v->head->end - first;

    if (p->results && n > 0)
        memcpy((void *)(p->results + first * p->result_size), v->results,
               n * p->result_size);
    give_emitted(l, seat, v);
    count_done(l, seat, n);
    cdr_entry_advance(e, v->head->end);
}

/* ---- reductions ---- */

static int give_blocks(struct cdr_ledger *l, unsigned seat, struct cdr_entry *e,
                       const struct view *v)
{
    const struct cdr_program *p = l->run->program;

    for (uint64_t u = e->units.first; u < v->head->end; u++) {
        struct cdr_entry *climber = calloc(1, sizeof *climber);
        if (!climber)
            return CADRE_ENOMEM;
        memcpy(cdr_tree_place(p->tree, u),
               v->results + (u - v->head->first) * p->result_size, p->result_size);
        cdr_tree_set(p->tree, u, v->any[u - v->head->first] != 0);
        count_done(l, seat,
                   cdr_task_of(u + 1, p->grain, p->n) - cdr_task_of(u, p->grain, p->n));
        cdr_entry_advance(e, u + 1);
        climber->climb = (struct cdr_climb){ .block = u };
        cdr_entry_climb(l, climber);
    }
    return CADRE_OK;
}

static int give_pair(struct cdr_ledger *l, unsigned seat, struct cdr_entry *e,
                     const struct view *v)
{
    note_failures(l, seat, v);
    if (v->n_errors && l->run->program->statuses)
        l->run->program->statuses[v->errors[0].task] = v->errors[0].error.code;
    if (v->head->flags & CDR_ANY) {
        memcpy(e->climb.into, v->results, l->run->program->result_size);
        cdr_entry_climb_on(l, e);
    } else if (v->n_errors) {
        cdr_entry_drop(l, e);
    } else {
        cdr_entry_put_back(l, e); /* nobody wanted it, there */
    }
    return CADRE_DONE;
}

/* ---- streams ---- */

static const struct cdr_failure *error_of(const struct view *v, uint64_t task,
                                          uint64_t *next)
{
    while (*next < v->n_errors && v->errors[*next].task < task)
        ++*next;
    return *next < v->n_errors && v->errors[*next].task == task ? &v->errors[*next]
                                                                : NULL;
}

static int give_position(struct cdr_ledger *l, unsigned seat, const struct view *v,
                         uint64_t p, uint32_t slot, const struct cdr_failure *error,
                         const struct cdr_sunk *sunk)
{
    struct cdr_ring *r = cdr_window_ring(l->run->window);
    size_t size = r->result_size;

    if (error)
        return cdr_position_fail(l, seat, p, slot, &error->error,
                                 v->head->flags & CDR_HALTS &&
                                     error == &v->errors[v->n_errors - 1]);
    if (size > 0)
        memcpy(cdr_ring_result(r, slot), v->results + (p - v->head->first) * size,
               size);
    return cdr_position_finish(l, seat, p, slot, CDR_DONE,
                               sunk ? v->bytes + sunk->at : NULL,
                               sunk ? sunk->size : 0);
}

static int give_positions(struct cdr_ledger *l, unsigned seat, struct cdr_entry *e,
                          const struct view *v)
{
    const struct cdr_ring *r = cdr_window_ring(l->run->window);
    uint64_t next_error = 0, next_sunk = 0;

    while (e->units.first < v->head->task) {
        uint64_t p = e->units.first;
        uint32_t slot = e->slots ? *e->slots : (uint32_t)(p & (r->slots - 1));
        const struct cdr_failure *error = error_of(v, p, &next_error);
        const struct cdr_sunk *sunk;
        int rc;

        while (next_sunk < v->n_sunk && v->sunk[next_sunk].task < p)
            next_sunk++;
        sunk = next_sunk < v->n_sunk && v->sunk[next_sunk].task == p
                   ? &v->sunk[next_sunk]
                   : NULL;
        rc = give_position(l, seat, v, p, slot, error, sunk);
        if (rc)
            return rc;
        count_done(l, seat, 1);
        cdr_entry_advance(e, p + 1);
    }
    return CADRE_OK;
}

/* ---- all ---- */

static void learn(struct cdr_ledger *l, unsigned seat, const struct view *v)
{
    uint64_t units = v->head->end - v->head->first;
    double cost;

    if (units == 0)
        return;
    cost = (double)v->head->ns / (double)units + 0.1;
    l->cost = cost;
    if (units > l->largest)
        l->largest = units;
    if (l->run->window->ring_at)
        atomic_store_explicit(&l->run->window->seat[seat].cost,
                              cost < 4e9 ? (uint32_t)cost : UINT32_MAX,
                              memory_order_relaxed);
}

static int give_tasks(struct cdr_ledger *l, unsigned seat, struct cdr_entry *e,
                      const struct view *v)
{
    const struct cdr_program *p = l->run->program;
    int rc = CADRE_OK;

    note_statuses(p, v);
    if (l->run->window->ring_at) {
        rc = give_positions(l, seat, e, v);
    } else {
        note_failures(l, seat, v);
        if (p->tree)
            rc = give_blocks(l, seat, e, v);
        else
            give_map(l, seat, e, v);
    }
    if (rc)
        return rc;
    learn(l, seat, v);
    if (v->head->flags & CDR_FINAL) {
        cdr_entry_put_back(l, e);
        return CADRE_DONE;
    }
    e->task = v->head->task;
    e->in_task = v->head->flags & CDR_IN_TASK;
    e->since = cdr_now();
    return CADRE_OK;
}

/* A task may have ended early since the deadline passed there, which it has here by then. */
static void note_heard(cadre_run *run)
{
    atomic_store_explicit(&run->window->heard_unwanted, true, memory_order_relaxed);
    if (cdr_now() >= run->deadline)
        cdr_window_stop(run->window, CADRE_ETIMEOUT);
}

int cdr_lease_give(struct cdr_ledger *l, unsigned seat, const void *outcome,
                   size_t size, cadre_error *err)
{
    struct cdr_entry *e;
    struct view v;
    int rc;

    cdr_error_clear(err);
    cdr_ledger_lock(l);
    rc = open_outcome(&v, l, seat, outcome, size, &e, err);
    if (!rc && v.head->flags & CDR_HEARD)
        note_heard(l->run);
    if (!rc)
        rc = e->combines ? give_pair(l, seat, e, &v) : give_tasks(l, seat, e, &v);
    cdr_ledger_unlock(l);
    if (rc == CADRE_ENOMEM)
        cdr_fail(err, rc, "no memory for what became of a lease");
    return rc;
}

void cdr_lease_return(struct cdr_ledger *l, unsigned seat, uint64_t id)
{
    struct cdr_entry *e;

    cdr_ledger_lock(l);
    e = cdr_entry_find(l, seat, id);
    if (e)
        cdr_entry_put_back(l, e);
    cdr_ledger_unlock(l);
}
