/* run.c - run a lease: in a worker that shares no memory with the run's caller.
 * SPDX-License-Identifier: MIT
 *
 * Tasks run through the same slices, blocks and kernel calls as everywhere (core/work), in a
 * window of one seat. Their results are written where the outcome has them; what they emit
 * and how they fail goes through a sink. A lease that takes long is told of in several
 * outcomes, and one that is to be run singly in two for each task: that it begins, and what
 * became of it. So of a worker that is lost it is known what it was in.
 */
#include "core/lease/program.h"
#include "base/clock.h"
#include "base/error.h"

#include <stdlib.h>
#include <string.h>

#define REPORT_NS 10000000 /* tell of what has been done so far */
#define SLICE_NS  200000.0 /* between two looks at the clock */
#define GROWTH    16
#define CHEAP_NS  100.0 /* as in serve.c */

/* ---- beginning ---- */

static bool make_room(void **memory, uint64_t *capacity, uint64_t n, size_t size)
{
    void *more;

    if (n <= *capacity)
        return true;
    more = realloc(*memory, n * size); /* as many lie in the lease: no overflow */
    if (!more)
        return false;
    *memory = more;
    *capacity = n;
    return true;
}

static bool place_pieces(struct cadre_program *p, const struct cdr_lease_view *v,
                         uint64_t tasks)
{
    const uint64_t *lengths = v->lengths;
    const char *at = v->bytes ? v->bytes : "";
    void *pieces = p->pieces;
    bool good = make_room(&pieces, &p->pieces_capacity, tasks, sizeof *p->pieces);

    p->pieces = pieces;
    for (uint64_t i = 0; good && i < tasks; i++) {
        p->pieces[i] = (cadre_bytes){ (void *)(uintptr_t)at, (size_t)lengths[i] };
        at +=
            (lengths[i] + CDR_WIRE_ALIGNMENT - 1) & ~(uint64_t)(CDR_WIRE_ALIGNMENT - 1);
    }
    return good;
}

static bool place_statuses(struct cadre_program *p, const struct cdr_lease_view *v,
                           uint64_t tasks)
{
    void *statuses = p->statuses;
    bool good = make_room(&statuses, &p->statuses_capacity, tasks, sizeof *p->statuses);

    p->statuses = statuses;
    for (uint64_t i = 0; good && i < tasks; i++)
        p->statuses[i] =
            v->statuses ? ((const int32_t *)v->statuses)[i] : CADRE_ECANCELLED;
    p->program.statuses = p->statuses;
    p->program.statuses_from = p->first_task;
    return good;
}

/* Where the lease's items lie, and its statuses. */
static int place(struct cadre_program *p, const struct cdr_lease_view *v,
                 cadre_error *err)
{
    const struct cdr_lease_head *l = v->head;
    uint64_t tasks = cdr_program_task(p, l->end) - p->first_task;

    if (p->placed)
        return CADRE_OK;
    if (p->program.bytes && !place_pieces(p, v, tasks))
        return cdr_lease_no_memory(err);
    if (p->has_statuses && !place_statuses(p, v, tasks))
        return cdr_lease_no_memory(err);
    p->program.items = (p->program.bytes ? (uintptr_t)p->pieces : (uintptr_t)v->items) -
                       p->first_task * p->program.item_size;
    p->placed = true;
    return CADRE_OK;
}

static void begin_lease(struct cadre_program *p, const struct cdr_lease_head *l)
{
    p->lease = l->id;
    p->next = l->first;
    p->first_task = l->flags & CDR_COMBINES ? l->first : cdr_program_task(p, l->first);
    p->finished = p->placed = p->announced = p->in_block = false;
    p->run.singly = l->flags & CDR_SINGLY || p->times_tasks;
    p->program.statuses = NULL;
}

/* The worker comes from another run, perhaps. */
static int enter(struct cadre_worker *w, struct cadre_program *p, unsigned seat,
                 cadre_error *err)
{
    if (p->worker == w && w->task.run == &p->run && w->seat == seat)
        return CADRE_OK;
    if (cdr_worker_enter(w, &p->run, 0))
        return cdr_lease_no_memory(err);
    p->worker = w;
    w->seat = seat;
    cdr_state_find(w); /* a kept one goes by the seat */
    return CADRE_OK;
}

/* ---- slices ---- */

static bool begin_units(struct cadre_worker *w, uint64_t first, uint64_t end)
{
    struct cadre_window *window = w->task.run->window;

    /* As claim.c does: a halt that came before is seen in limit. */
    atomic_store_explicit(&w->task.seat->stop_at, end, memory_order_seq_cst);
    if (first >= atomic_load_explicit(&window->limit, memory_order_seq_cst))
        return false;
    if (cdr_now() >= w->task.run->deadline) {
        cdr_window_stop(window, CADRE_ETIMEOUT);
        return false;
    }
    return cdr_state_ready(w, first * w->task.program->grain);
}

static uint64_t slice_size(const struct cadre_worker *w, uint64_t most, uint64_t left)
{
    double units = w->cost > 0 ? SLICE_NS / w->cost : 1;

    if (w->task.run->singly)
        return 1;
    if (units > (double)(w->last_slice + 1) * GROWTH)
        units = (double)(w->last_slice + 1) * GROWTH;
    if (most == 0)
        most = units < 1 ? 1 : units < (double)left ? (uint64_t)units : left;
    return cdr_worker_allowance(w, most < left ? most : left);
}

static void measure(struct cadre_worker *w, uint64_t units, uint64_t ns)
{
    w->last_slice = units;
    w->cost = (double)ns / (double)units + 0.1;
    w->task.cheap = w->cost < CHEAP_NS * (double)w->task.program->grain;
}

/* One slice of a map or a stream; false: the lease ends here. */
static bool run_slice(struct cadre_worker *w, struct cadre_program *p, uint64_t end)
{
    uint64_t first = p->next;

    if (!begin_units(w, first, end))
        return false;
    p->next = cdr_slice_run(w, first, end);
    return p->next == end;
}

/* One part of a reduction's block. */
static bool run_part(struct cadre_worker *w, struct cadre_program *p,
                     struct cdr_telling *t)
{
    if (!p->in_block) {
        if (!begin_units(w, p->next, p->next + 1))
            return false;
        cdr_block_start(&p->block, &p->program, p->next, p->sum);
        p->in_block = true;
    }
    if (!cdr_block_part(w, &p->block))
        return false;
    if (p->block.next < p->block.end)
        return true;
    memcpy(cdr_packet_at(t->packet, t->results.at) +
               (p->next - t->first) * p->program.result_size,
           p->sum, p->program.result_size);
    p->in_block = false;
    p->next++;
    return cdr_packet_append(&t->any, &(char){ p->block.any }, 1);
}

static bool is_due(const struct cadre_worker *w, const struct cdr_telling *t,
                   uint64_t most)
{
    return most || w->task.run->singly || w->now - t->began >= REPORT_NS;
}

/* False: nothing more is to be run of it. */
static bool run_some(struct cadre_worker *w, struct cadre_program *p,
                     struct cdr_telling *t, uint64_t end, uint64_t most)
{
    bool more = true;

    w->now = t->began;
    while (more && p->next < end) {
        uint64_t before = p->next, began = w->now;

        more = p->program.tree
                   ? run_part(w, p, t)
                   : run_slice(w, p, p->next + slice_size(w, most, end - p->next));
        w->now = cdr_now();
        if (p->next > before) {
            measure(w, p->next - before, w->now - began);
            cdr_worker_served(w, cdr_program_task(p, p->next) -
                                     cdr_program_task(p, before));
        }
        if (w->retired || is_due(w, t, p->in_block && !p->run.singly ? 0 : most))
            break;
    }
    return more && p->next < end && !w->retired;
}

/* ---- the kinds of leases ---- */

/* What kernels find in their results: what the caller has there, or zeros. */
static int place_results(struct cadre_program *p, const struct cdr_lease_view *v,
                         struct cdr_telling *t, uint64_t most, cadre_error *err)
{
    size_t size = p->program.result_size;
    uint64_t left = v->head->end - p->next, units = most && most < left ? most : left;
    char *to;

    if (size == 0)
        return CADRE_OK;
    if (!cdr_packet_add(t->packet, units, size, &t->results))
        return cdr_lease_no_memory(err);
    to = cdr_packet_at(t->packet, t->results.at);
    if (v->results)
        memcpy(to, (const char *)v->results + (p->next - v->head->first) * size,
               units * size);
    else
        memset(to, 0, units * size);
    p->program.results = (uintptr_t)to - p->next * size;
    return CADRE_OK;
}

static int run_tasks(struct cadre_worker *w, struct cadre_program *p,
                     const struct cdr_lease_view *v, struct cdr_telling *t,
                     uint64_t most, cadre_error *err)
{
    bool singly = p->run.singly;
    int rc = place(p, v, err);

    if (rc)
        return rc;
    if (singly && !p->announced) {
        /* What dies before this is told has not come to a task. */
        p->announced = begin_units(w, p->next, p->next + 1);
        p->finished = !p->announced;
        t->flags = p->announced ? CDR_IN_TASK : 0;
        return CADRE_OK;
    }
    rc = place_results(p, v, t, singly ? 1 : most, err);
    if (rc)
        return rc;
    p->finished = !run_some(w, p, t, v->head->end, most);
    t->flags = singly && !p->finished ? CDR_IN_TASK : 0;
    return CADRE_OK;
}

static int run_pair(struct cadre_worker *w, struct cadre_program *p,
                    const struct cdr_lease_view *v, struct cdr_telling *t,
                    cadre_error *err)
{
    struct cdr_part into;
    size_t size = p->program.result_size;
    uint64_t index = v->head->first;

    if (!cdr_packet_put(t->packet, v->into, size, &into))
        return cdr_lease_no_memory(err);
    p->finished = true;
    if (index / p->program.grain <
            atomic_load_explicit(&p->window->limit, memory_order_relaxed) &&
        cdr_state_ready(w, index) &&
        cdr_combine(&w->task, cdr_packet_at(t->packet, into.at), v->from, index)) {
        t->flags = CDR_ANY;
        t->results = into;
    }
    return CADRE_OK;
}

static int run_one(struct cadre_worker *w, struct cadre_program *p,
                   const struct cdr_lease_view *v, struct cdr_telling *t, uint64_t most,
                   cadre_error *err)
{
    bool pair = v->head->flags & CDR_COMBINES;
    int rc;

    t->began = cdr_now();
    rc = pair ? run_pair(w, p, v, t, err) : run_tasks(w, p, v, t, most, err);
    if (!rc)
        rc = pair ? cdr_outcome_tell_pair(p, t, err) : cdr_outcome_tell(p, t, err);
    cadre_packet_free(&t->any);
    return rc;
}

int cadre_lease_run(cadre_worker *w, cadre_program *p, const void *lease, size_t size,
                    uint64_t most, cadre_packet *outcome, cadre_error *err)
{
    struct cadre_worker *outer;
    struct cdr_telling t = { .packet = outcome };
    struct cdr_lease_view v;
    cadre_error local;
    int rc;

    if (!err)
        err = &local;
    cdr_error_clear(err);
    rc = cdr_lease_open(&v, p, lease, size, err);
    if (rc)
        return rc;
    if (v.head->id != p->lease)
        begin_lease(p, v.head);
    if (p->finished) {
        p->lease = 0;
        return CADRE_DONE;
    }
    rc = enter(w, p, v.head->seat, err);
    if (rc)
        return rc;
    if (!cdr_packet_begin(outcome, sizeof(struct cdr_outcome_head), CDR_OUTCOME_MAGIC))
        return cdr_lease_no_memory(err);
    t.first = p->next;
    t.task = p->in_block ? p->block.next : cdr_program_task(p, p->next);
    cdr_sink_empty(&p->sink);
    outer = cdr_set_current_worker(w);
    rc = run_one(w, p, &v, &t, most, err);
    cdr_set_current_worker(outer);
    return rc;
}
