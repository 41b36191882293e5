/* open.c - read manifests and leases, from wherever they come.
 * SPDX-License-Identifier: MIT
 *
 * What a manifest says is checked before anything is done with it: to call the functions
 * that it names takes trust in whoever sent it, to read it takes none.
 */
#include "core/lease/program.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/error.h"
#include "core/run/call.h"

#include <stdlib.h>
#include <string.h>

static const char manifest_name[] = "manifest of cadre's";
static const char lease_name[] = "lease of this run";

/* ---- manifests ---- */

static const char *check_sizes(const struct cdr_manifest_head *m)
{
    bool stream = m->flags & CDR_IS_STREAM, reduces = m->flags & CDR_REDUCES;

    if (!(m->has & 1u << CDR_KERNEL) || m->has >> CDR_FUNCTIONS)
        return "it names no kernel";
    if (m->n > CDR_UNITS_MAX && !(stream && m->n == CADRE_ENDLESS))
        return "it has more tasks than a run can have";
    if (m->grain == 0 || m->grain > CDR_UNITS_MAX || (!reduces && m->grain != 1))
        return "its units are of no size";
    if (reduces && (stream || m->result_size == 0 || !(m->has & 1u << CDR_COMBINE)))
        return "it combines no results";
    if (m->flags & CDR_FOLDS && !(reduces && m->flags & CDR_RANGES))
        return "it has nothing to fold into";
    if (m->item_stride > PTRDIFF_MAX || m->result_size > PTRDIFF_MAX)
        return "its items do not fit in memory";
    if (m->size == 0 || m->workers == 0)
        return "it has no workers";
    return NULL;
}

static const char *open_column(struct cadre_program *p,
                               const struct cdr_manifest_head *m,
                               const struct cdr_column_head *c, unsigned k)
{
    const void *data;

    if (c->size > PTRDIFF_MAX || (!c->same && c->size == 0))
        return "a column's elements are of no size";
    if (!cdr_wire_part(m, &c->data, c->same ? c->size : 0, 1, &data))
        return "a column lies outside of it";
    if (!c->same && (c->at > m->item_stride || c->size > m->item_stride - c->at))
        return "a column lies outside of its items";
    /* Elements lie in items, as those from a source do. */
    p->columns[k] = (cadre_column){ .data = data ? data : "",
                                    .size = (size_t)c->size,
                                    .same = c->same != 0 };
    p->column_at[k] = (size_t)c->at;
    return NULL;
}

static int open_columns(struct cadre_program *p, const struct cdr_manifest_head *m,
                        cadre_error *err)
{
    const struct cdr_column_head *heads;
    const void *part;
    const char *why = NULL;

    if (!cdr_wire_part(m, &m->columns, m->n_columns, sizeof *heads, &part))
        return cdr_wire_refuse(manifest_name, "its columns lie outside of it", err);
    heads = part;
    if (m->n_columns == 0)
        return CADRE_OK;
    p->columns = calloc(m->n_columns, sizeof *p->columns);
    p->column_at = calloc(m->n_columns, sizeof *p->column_at);
    if (!p->columns || !p->column_at)
        return cdr_fail(err, CADRE_ENOMEM, "no memory for %u columns", m->n_columns);
    for (unsigned k = 0; k < m->n_columns && !why; k++)
        why = open_column(p, m, &heads[k], k);
    p->program.columns = p->columns;
    p->program.n_columns = m->n_columns;
    p->program.column_at = p->column_at;
    p->program.packed_columns = true;
    return why ? cdr_wire_refuse(manifest_name, why, err) : CADRE_OK;
}

static int open_parts(struct cadre_program *p, const struct cdr_manifest_head *m,
                      cadre_error *err)
{
    const void *name, *seed, *indexes;

    if (!cdr_wire_bytes(m, &m->name, &name) ||
        !cdr_wire_bytes(m, &m->shared, &p->program.shared) ||
        !cdr_wire_bytes(m, &m->kernel_name, &p->program.kernel_name) ||
        !cdr_wire_part(m, &m->seed_sequence, m->seed_sequence.size ? 1 : 0,
                       sizeof p->seed, &seed) ||
        !cdr_wire_part(m, &m->indexes, m->n_indexes, sizeof(uint64_t), &indexes) ||
        (name && ((const char *)name)[m->name.size - 1] != '\0'))
        return cdr_wire_refuse(manifest_name, "a part lies outside of it", err);
    p->program.name = name;
    p->program.indexes = indexes;
    p->program.n_indexes = m->n_indexes;
    p->program.shared_size = (size_t)m->shared.size;
    p->program.kernel_name_size = (size_t)m->kernel_name.size;
    if (seed) {
        memcpy(&p->seed, seed, sizeof p->seed);
        if (p->seed.pool_size < 4 || p->seed.pool_size > CADRE_SEED_POOL_MAX)
            return cdr_wire_refuse(manifest_name, "it has no such seed", err);
        p->program.seed_sequence = &p->seed;
    }
    return open_columns(p, m, err);
}

static void set_program(struct cadre_program *p, const struct cdr_manifest_head *m)
{
    struct cdr_program *program = &p->program;

    program->n = m->n;
    program->grain = m->grain;
    program->item_size = (size_t)m->item_stride;
    if (m->flags & CDR_BYTES_ITEMS)
        program->item_size = sizeof(cadre_bytes);
    program->result_size = (size_t)m->result_size;
    program->bytes = m->flags & CDR_BYTES_ITEMS;
    program->together = m->flags & CDR_TOGETHER;
    program->emits = m->flags & CDR_EMITS;
    program->keep_going = m->flags & CDR_KEEPS_GOING;
    program->keep_state = m->flags & CDR_KEEPS_STATE;
    program->seed = m->seed;
    program->sink = &p->sink;
    if (m->flags & CDR_REDUCES)
        program->tree = &p->tree;
    p->item_stride = program->item_size;
    p->is_stream = m->flags & CDR_IS_STREAM;
    p->has_statuses = m->flags & CDR_HAS_STATUSES;
    p->times_tasks = m->timeout_ns > 0;
    p->sink.keeps_errors = p->is_stream && program->keep_going;
    p->sink.unwanted = CADRE_NO_ITEM;
    p->failed = CADRE_NO_ITEM;
}

static void set_run(struct cadre_program *p, const struct cdr_manifest_head *m)
{
    uint64_t now = cdr_now(), units = m->n / m->grain + (m->n % m->grain > 0);

    cdr_window_init(p->window, 1);
    cdr_window_reset(p->window, m->flags & CDR_IS_STREAM ? CADRE_ENDLESS : units,
                     m->grain);
    p->run = (cadre_run){ .number = cdr_run_number(),
                          .program = &p->program,
                          .window = p->window,
                          .env = { .remote = true,
                                   .keeps_states = true,
                                   .workers = m->workers,
                                   .retire_after = m->retire_after,
                                   .retire_kib = m->retire_kib },
                          .workers = m->workers,
                          .size = m->size,
                          .cancel = &cdr_never_cancelled,
                          .chunk = m->chunk,
                          .deadline = UINT64_MAX,
                          .event = -1,
                          .cancelled = -1 };
    if (m->deadline_ns && m->deadline_ns < UINT64_MAX - now)
        p->run.deadline = now + m->deadline_ns;
}

static int find_functions(struct cadre_program *p, const struct cdr_manifest_head *m,
                          cadre_error *err)
{
    struct cdr_functions functions = { .unsure = true };

    p->program.folds = m->flags & CDR_FOLDS; /* which decides what is looked for */
    memcpy(functions.code, m->code, sizeof functions.code);
    for (int k = 0; k < CDR_FUNCTIONS; k++)
        functions.code[k].module[sizeof functions.code[k].module - 1] = '\0';
    return cdr_functions_find(&functions, m->has, m->flags & CDR_RANGES, &p->program,
                              &p->tree, err);
}

static int make_memory(struct cadre_program *p, const struct cdr_manifest_head *m,
                       cadre_error *err)
{
    p->window = cdr_alloc_aligned(cdr_window_size(1));
    if (p->window)
        memset(p->window, 0, cdr_window_size(1));
    if (p->window && m->flags & CDR_REDUCES)
        p->sum = cdr_alloc_aligned((size_t)m->result_size);
    if (p->window && (p->sum || !(m->flags & CDR_REDUCES)))
        return CADRE_OK;
    return cdr_fail(err, CADRE_ENOMEM, "no memory for a worker's part of a run");
}

int cadre_manifest_open(cadre_program **out, const void *manifest, size_t size,
                        cadre_error *err)
{
    const struct cdr_manifest_head *m;
    struct cadre_program *p;
    cadre_error local;
    const char *why;
    int rc;

    if (!err)
        err = &local;
    cdr_error_clear(err);
    *out = NULL;
    m = cdr_wire_open(manifest, size, CDR_MANIFEST_MAGIC, sizeof *m, manifest_name,
                      err);
    if (!m)
        return CADRE_EINVAL;
    why = check_sizes(m);
    if (why)
        return cdr_wire_refuse(manifest_name, why, err);
    p = cdr_alloc_aligned(sizeof *p);
    if (!p)
        return cdr_fail(err, CADRE_ENOMEM, "no memory for a worker's part of a run");
    memset(p, 0, sizeof *p);
    rc = make_memory(p, m, err);
    if (!rc)
        rc = open_parts(p, m, err);
    if (!rc)
        rc = find_functions(p, m, err);
    if (rc) {
        cadre_program_close(p);
        return rc;
    }
    set_program(p, m);
    set_run(p, m);
    *out = p;
    return CADRE_OK;
}

void cadre_program_close(cadre_program *p)
{
    if (!p)
        return;
    if (p->worker)
        cdr_state_end_of(p->worker, &p->run);
    cdr_sink_fini(&p->sink);
    free(p->columns);
    free(p->column_at);
    free(p->window);
    free(p->sum);
    free(p->pieces);
    free(p->statuses);
    free(p);
}

void cadre_program_halt(cadre_program *p, uint64_t limit)
{
    if (limit < CADRE_ENDLESS)
        cdr_window_halt(p->window, limit / p->program.grain);
}

/* ---- leases ---- */

static uint64_t tasks_of(const struct cadre_program *p, const struct cdr_lease_head *l)
{
    return cdr_task_of(l->end, p->program.grain, p->program.n) -
           cdr_task_of(l->first, p->program.grain, p->program.n);
}

static bool pieces_fit(const struct cdr_lease_head *l, const void *lengths,
                       uint64_t tasks)
{
    uint64_t sum = 0, padded;

    for (uint64_t i = 0; i < tasks; i++) {
        uint64_t length = ((const uint64_t *)lengths)[i];
        padded = length + (-length & (CDR_WIRE_ALIGNMENT - 1));
        if (padded < length || __builtin_add_overflow(sum, padded, &sum))
            return false;
    }
    return sum == l->bytes.size;
}

static const char *open_items(struct cdr_lease_view *v, const struct cadre_program *p,
                              uint64_t tasks)
{
    const struct cdr_lease_head *l = v->head;
    bool bytes = p->program.bytes;

    if (!cdr_wire_part(l, &l->items, bytes ? 0 : tasks, p->item_stride, &v->items) ||
        !cdr_wire_part(l, &l->lengths, bytes ? tasks : 0, sizeof(uint64_t),
                       &v->lengths) ||
        !cdr_wire_bytes(l, &l->bytes, &v->bytes) ||
        (bytes && !pieces_fit(l, v->lengths, tasks)))
        return "its items lie outside of it";
    return NULL;
}

static const char *open_tasks(struct cdr_lease_view *v, const struct cadre_program *p)
{
    const struct cdr_lease_head *l = v->head;
    uint64_t units = p->window->units, tasks;
    size_t result_size = p->program.tree ? 0 : p->program.result_size;

    if (l->first >= l->end || l->end > units)
        return "it has no tasks of the run";
    tasks = tasks_of(p, l);
    if (l->results.size &&
        !cdr_wire_part(l, &l->results, tasks, result_size, &v->results))
        return "its results lie outside of it";
    if (l->statuses.size &&
        !cdr_wire_part(l, &l->statuses, tasks, sizeof(int32_t), &v->statuses))
        return "its statuses lie outside of it";
    return open_items(v, p, tasks);
}

static const char *open_pair(struct cdr_lease_view *v, const struct cadre_program *p)
{
    const struct cdr_lease_head *l = v->head;

    if (!p->program.tree || l->first >= p->program.n ||
        !cdr_wire_part(l, &l->into, 1, p->program.result_size, &v->into) ||
        !cdr_wire_part(l, &l->from, 1, p->program.result_size, &v->from))
        return "there is nothing to combine";
    return NULL;
}

int cdr_lease_open(struct cdr_lease_view *v, const struct cadre_program *p,
                   const void *lease, size_t size, cadre_error *err)
{
    const char *why;

    *v = (struct cdr_lease_view){ .head =
                                      cdr_wire_open(lease, size, CDR_LEASE_MAGIC,
                                                    sizeof *v->head, lease_name, err) };
    if (!v->head)
        return CADRE_EINVAL;
    why = v->head->id == 0                ? "it has no number"
          : v->head->flags & CDR_COMBINES ? open_pair(v, p)
                                          : open_tasks(v, p);
    return why ? cdr_wire_refuse(lease_name, why, err) : CADRE_OK;
}
