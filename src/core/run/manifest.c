/* manifest.c - a run written down for workers in spawned processes.
 * SPDX-License-Identifier: MIT
 *
 * A forked worker has its caller's memory. A spawned one has the program's code, and shared
 * memory at the addresses where the caller has it (memory/shared_range.c). So of a run it is told
 * in shared memory: in a manifest, which is the run and its program as they are, with the
 * job's items, columns and shared bytes copied behind it once for all workers. Pointers in
 * a manifest lead into it, or to other shared memory. Functions go by name (code/code_id.h),
 * descriptors through the backend's hands.
 *
 * A worker makes its own run from that (cdr_manifest_join), and serves it as any other.
 */
#include "core/run/manifest.h"
#include "memory/shared_range.h"
#include "base/error.h"
#include "core/run/functions.h"
#include "memory/shared.h"
#include "core/board/tree.h"
#include "core/run/staging.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define WORTH_KEEPING ((size_t)64 << 20)

/* In shared memory, read-only for workers. */
struct cdr_manifest {
    struct cdr_functions functions;
    cadre_run run;
    struct cdr_program program;
    struct cdr_tree tree;
    struct cdr_spill spill;
    struct cdr_spill_file spill_file;
    bool has_file; /* its descriptor goes with the manifest */
};

/* ---- rooms ---- */

bool cdr_shm_buffer_grow(struct cdr_shm_buffer *buffer, size_t size)
{
    if (size <= buffer->size)
        return true;
    cdr_shm_buffer_fini(buffer);
    buffer->memory = cdr_shared_reserve(size);
    if (!buffer->memory)
        return false;
    buffer->size = size;
    if (cdr_shared_range_holds(buffer->memory, size))
        return true;
    cdr_shm_buffer_fini(buffer);
    return false;
}

void cdr_shm_buffer_trim(struct cdr_shm_buffer *buffer)
{
    if (buffer->size > WORTH_KEEPING)
        cdr_shm_buffer_fini(buffer);
}

void cdr_shm_buffer_fini(struct cdr_shm_buffer *buffer)
{
    cdr_shared_unmap(buffer->memory, buffer->size);
    *buffer = (struct cdr_shm_buffer){ 0 };
}

/* ---- writing ---- */

/* A manifest is written twice: first to nowhere, to know its size. */
struct pen {
    char *memory; /* NULL: nowhere */
    size_t at;
    bool overflow;
    const struct cdr_call *call;
};

static void *copy(struct pen *pen, const void *bytes, size_t size)
{
    size_t at =
        (pen->at + CDR_FALSE_SHARING - 1) / CDR_FALSE_SHARING * CDR_FALSE_SHARING;

    if (at < pen->at || __builtin_add_overflow(at, size, &pen->at))
        pen->overflow = true;
    if (!pen->memory)
        return NULL;
    if (size > 0) /* what is left off nobody reads: the call is over */
        cdr_call_copy(pen->call, pen->memory + at, bytes, size);
    return pen->memory + at;
}

/* What workers see anyhow stays where it is. */
static const void *put(struct pen *pen, const void *bytes, size_t size)
{
    return !bytes || cdr_shared_range_holds(bytes, size) ? bytes
                                                         : copy(pen, bytes, size);
}

static void put_columns(struct pen *pen, struct cdr_program *p)
{
    cadre_column *columns = copy(pen, p->columns, p->n_columns * sizeof *columns);

    for (unsigned k = 0; k < p->n_columns; k++) {
        cadre_column c = p->columns[k];
        c.data = put(pen, c.data, c.same ? c.size : (size_t)c.n * c.size);
        c.fill = put(pen, c.fill, c.size);
        if (columns)
            columns[k] = c;
    }
    p->columns = columns;
    p->column_at = put(pen, p->column_at, p->n_columns * sizeof *p->column_at);
}

static void put_program(struct pen *pen, struct cdr_program *p)
{
    if (p->name)
        p->name = put(pen, p->name, strlen(p->name) + 1);
    p->kernel_name = put(pen, p->kernel_name, p->kernel_name_size);
    if (p->items)
        p->items =
            (uintptr_t)put(pen, (const void *)p->items, (size_t)p->n * p->item_size);
    if (p->columns)
        put_columns(pen, p);
    p->indexes = put(pen, p->indexes, (size_t)p->n_indexes * sizeof *p->indexes);
    p->shared = put(pen, p->shared, p->shared_size);
    p->seed_sequence = put(pen, p->seed_sequence, sizeof *p->seed_sequence);
    p->original = 0; /* the caller's process sees to that (staging.h) */
}

static void write_all(struct pen *pen, const struct cdr_manifest *head)
{
    struct cdr_manifest *o = copy(pen, head, sizeof *head);
    struct cdr_program p = head->program;

    put_program(pen, &p);
    if (o)
        o->program = p;
}

static int check_shared(const struct cdr_program *p, cadre_error *err)
{
    if (p->shared && p->shared_size == 0 && !cdr_shared_range_holds(p->shared, 1))
        return cdr_fail(
            err, CADRE_EINVAL,
            "shared is set but shared_size is 0: persistent workers get a copy of "
            "so many bytes");
    return CADRE_OK;
}

/* What the run writes to: made by cadre, where workers have it, unless there was no buffer
 * there. */
static int check_places(const cadre_run *run, cadre_error *err)
{
    const struct cdr_program *p = run->program;

    if (cdr_shared_range_holds(run->window, 1) &&
        (!p->tree || cdr_shared_range_holds(p->tree->places, 1)))
        return CADRE_OK;
    return cdr_fail(
        err, CADRE_ENOMEM,
        "there is no buffer left where persistent workers have memory at the same "
        "addresses");
}

int cdr_manifest_check(const struct cdr_program *p, cadre_error *err)
{
    struct cdr_manifest o;
    int rc = check_shared(p, err);

    if (!rc)
        rc = cdr_functions_name(&o.functions, p, NULL, err);
    if (!rc && o.functions.unsure)
        rc = cdr_fail(err, CADRE_ENOTSUP,
                      "the kernel is in %s, which the program is not linked with: "
                      "persistent workers have loaded what comes with the program",
                      o.functions.code[CDR_KERNEL].module);
    return rc;
}

int cdr_manifest_write(struct cdr_shm_buffer *buffer, cadre_run *run,
                       const struct cdr_call *call, cadre_error *err)
{
    const struct cdr_program *p = run->program;
    struct cdr_manifest head = { .run = *run, .program = *p };
    const struct cdr_manifest *last = buffer->memory;
    struct pen pen = { .call = call };
    int rc = check_shared(p, err);

    if (!rc)
        rc = check_places(run, err);
    if (!rc)
        rc =
            cdr_functions_name(&head.functions, p, last ? &last->functions : NULL, err);
    if (rc)
        return rc;
    if (p->tree)
        head.tree = *p->tree;
    if (p->spill)
        head.spill = *p->spill;
    head.has_file = cdr_spill_file_fd(p->spill_file) >= 0;
    if (p->spill_file)
        head.spill_file.taken = p->spill_file->taken;
    write_all(&pen, &head);
    if (pen.overflow || !cdr_shm_buffer_grow(buffer, pen.at))
        return cdr_fail(err, CADRE_ENOMEM,
                        "no memory for a copy of what the job points to: %zu bytes",
                        pen.at);
    pen = (struct pen){ .memory = buffer->memory, .call = call };
    write_all(&pen, &head);
    run->manifest = buffer->memory;
    return cdr_call_check(call, err);
}

bool cdr_manifest_is_unsure(const struct cdr_manifest *m)
{
    return m->functions.unsure || m->functions.named;
}

unsigned cdr_manifest_fds(const struct cdr_manifest *m)
{
    return (m->program.spill != NULL) + m->has_file + (m->run.event >= 0);
}

/* ---- in the worker ---- */

struct joined {
    cadre_run run;        /* first: who has it has this */
    cadre_error given_up; /* the run's: its caller's lies in the caller's own memory */
    struct cdr_program program;
    struct cdr_tree tree;
    struct cdr_spill spill;
    struct cdr_spill_file spill_file;
};

static void settle_in(struct joined *j, const struct cdr_manifest *o, const int *fds)
{
    cadre_run *run = &j->run;

    run->program = &j->program;
    run->pool = NULL;
    run->tick = NULL;
    run->env.log = NULL;
    run->env.costs = NULL;
    run->env.name = NULL;
    run->env.kept = NULL;
    run->cancel = &cdr_never_cancelled; /* it comes through the window */
    run->cancel_seen = 0;
    run->recovery = NULL;
    run->progress = NULL;
    run->given_up = &j->given_up;
    atomic_store_explicit(&run->is_given_up, false, memory_order_relaxed);
    if (o->program.tree)
        j->program.tree = &j->tree;
    if (o->program.spill) {
        j->program.spill = &j->spill;
        j->spill.fd = *fds++;
    }
    if (o->program.spill_file) {
        j->program.spill_file = &j->spill_file;
        cdr_spill_file_init(&j->spill_file, o->spill_file.taken);
        cdr_spill_file_refuse(&j->spill_file);
        if (o->has_file)
            atomic_store_explicit(&j->spill_file.fd, *fds++, memory_order_release);
    }
    if (run->event >= 0)
        run->event = *fds;
}

int cdr_manifest_join(cadre_run **out, const struct cdr_manifest *o, const int *fds,
                      void (*wake)(void *arg), void *arg, cadre_error *err)
{
    struct joined *j = malloc(sizeof *j);
    int rc;

    if (!j)
        return cdr_fail(err, CADRE_ENOMEM, "no memory for a worker's part of a run");
    j->run = o->run;
    j->program = o->program;
    j->tree = o->tree;
    j->spill = o->spill;
    j->spill_file.taken = NULL;
    rc = cdr_functions_find(&o->functions, cdr_functions_there(&o->functions),
                            o->program.range_fn != NULL, &j->program, &j->tree, err);
    if (rc) {
        free(j);
        return rc;
    }
    settle_in(j, o, fds);
    j->run.wake = wake;
    j->run.wake_arg = arg;
    *out = &j->run;
    return CADRE_OK;
}

void cdr_manifest_leave(cadre_run *run)
{
    struct joined *j = (struct joined *)(void *)run;

    if (j->spill.piece)
        munmap(j->spill.piece, j->spill.capacity);
    if (j->program.spill)
        close(j->spill.fd);
    cdr_spill_file_fini(&j->spill_file);
    if (run->event >= 0)
        close(run->event);
    free(j);
}
