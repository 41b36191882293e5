/* tell.c - write an outcome: in a worker that shares no memory with the run's caller.
 * SPDX-License-Identifier: MIT
 */
#include "core/lease/program.h"
#include "base/clock.h"
#include "base/error.h"

/* It may have ended early, though it has failed or been done. */
static uint32_t heard(const struct cadre_program *p)
{
    return atomic_load_explicit(&p->window->heard_unwanted, memory_order_relaxed)
               ? CDR_HEARD
               : 0;
}

int cdr_lease_no_memory(cadre_error *err)
{
    return cdr_fail(err, CADRE_ENOMEM, "no memory to run a lease");
}

/* Whether the worker's lowest failure has not been told yet. */
static bool new_failure(struct cadre_program *p, struct cdr_failure *f, bool *halts)
{
    const cadre_error *error = cdr_window_failure(p->window, &f->task);

    *halts = cdr_window_is_halted(p->window);
    if (!error || (p->sink.keeps_errors && !*halts) ||
        (f->task == p->failed && *halts == p->failed_halts)) {
        *halts = false;
        return false;
    }
    f->error = *error;
    p->failed = f->task;
    p->failed_halts = *halts;
    return true;
}

/* The first task that has neither run nor failed. */
static uint64_t settled_tasks(const struct cadre_program *p, uint64_t failed)
{
    uint64_t task = p->in_block ? p->block.next : cdr_program_task(p, p->next);

    if (p->sink.unwanted < task)
        task = p->sink.unwanted;
    else if (failed != CADRE_NO_ITEM && failed >= task)
        task = failed + 1;
    return task;
}

static bool is_kept(const struct cdr_sink *s, const struct cdr_failure *failure)
{
    const struct cdr_failure *kept = s->errors.data;
    size_t n = s->errors.size / sizeof *kept;

    return n > 0 && kept[n - 1].task == failure->task;
}

static bool put_sink(struct cadre_program *p, cadre_packet *out,
                     struct cdr_part part[3], const struct cdr_failure *failure)
{
    if (failure && !is_kept(&p->sink, failure) &&
        !cdr_packet_append(&p->sink.errors, failure, sizeof *failure))
        return false;
    return cdr_packet_put(out, p->sink.sunk.data, p->sink.sunk.size, &part[0]) &&
           cdr_packet_put(out, p->sink.bytes.data, p->sink.bytes.size, &part[1]) &&
           cdr_packet_put(out, p->sink.errors.data, p->sink.errors.size, &part[2]);
}

/* Results that came to be, and no more room than those take. */
static void cut_results(struct cadre_program *p, struct cdr_telling *t, uint64_t end)
{
    t->results.size = (end - t->first) * p->program.result_size;
    if (t->results.size == 0)
        t->results.at = 0;
    else
        t->packet->size = t->results.at + ((t->results.size + CDR_WIRE_ALIGNMENT - 1) &
                                           ~(uint64_t)(CDR_WIRE_ALIGNMENT - 1));
}

int cdr_outcome_tell(struct cadre_program *p, struct cdr_telling *t, cadre_error *err)
{
    struct cdr_part statuses = { 0 }, any = { 0 }, sink[3] = { { 0 } };
    struct cdr_outcome_head *o;
    struct cdr_failure failure;
    bool halts, some = new_failure(p, &failure, &halts);
    uint64_t failed = halts ? failure.task : CADRE_NO_ITEM;
    uint64_t task = settled_tasks(p, failed), end = p->next;

    if (!p->program.tree && p->sink.unwanted < end)
        end = p->sink.unwanted;
    cut_results(p, t, end);
    if (p->sink.starved || !cdr_packet_put(t->packet, t->any.data, t->any.size, &any) ||
        (p->has_statuses && task > t->task &&
         !cdr_packet_put(t->packet, &p->statuses[t->task - p->first_task],
                         (task - t->task) * sizeof *p->statuses, &statuses)) ||
        !put_sink(p, t->packet, sink, some ? &failure : NULL))
        return cdr_lease_no_memory(err);
    o = t->packet->data;
    o->id = p->lease;
    o->first = t->first;
    o->end = end;
    o->told = t->task;
    o->task = task;
    o->ns = cdr_now() - t->began;
    o->flags =
        t->flags | (p->finished ? CDR_FINAL : 0) | (halts ? CDR_HALTS : 0) | heard(p);
    o->results = t->results;
    o->any = any;
    o->statuses = statuses;
    o->sunk = sink[0];
    o->bytes = sink[1];
    o->errors = sink[2];
    cdr_packet_end(t->packet);
    return CADRE_OK;
}

int cdr_outcome_tell_pair(struct cadre_program *p, struct cdr_telling *t,
                          cadre_error *err)
{
    struct cdr_part sink[3] = { { 0 } };
    struct cdr_outcome_head *o;
    struct cdr_failure failure;
    bool halts, some = new_failure(p, &failure, &halts);

    if (!put_sink(p, t->packet, sink, some ? &failure : NULL))
        return cdr_lease_no_memory(err);
    o = t->packet->data;
    o->id = p->lease;
    o->first = o->end = o->told = o->task = p->next;
    o->flags = t->flags | CDR_FINAL | (halts ? CDR_HALTS : 0) | heard(p);
    o->results = t->results;
    o->errors = sink[2];
    cdr_packet_end(t->packet);
    return CADRE_OK;
}
