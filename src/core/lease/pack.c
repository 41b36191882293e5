/* pack.c - write a run down as bytes, for workers that share no memory with its caller.
 * SPDX-License-Identifier: MIT
 */
#include "core/lease/ledger.h"
#include "core/lease/format.h"
#include "base/clock.h"
#include "base/error.h"
#include "core/board/tree.h"

#include <string.h>

static uint32_t flags_of(const cadre_run *run)
{
    const struct cdr_program *p = run->program;

    return (p->range_fn ? CDR_RANGES : 0) | (p->emits ? CDR_EMITS : 0) |
           (p->keep_going ? CDR_KEEPS_GOING : 0) | (p->bytes ? CDR_BYTES_ITEMS : 0) |
           (run->window->ring_at ? CDR_IS_STREAM : 0) | (p->tree ? CDR_REDUCES : 0) |
           (p->together ? CDR_TOGETHER : 0) | (p->statuses ? CDR_HAS_STATUSES : 0) |
           (p->keep_state ? CDR_KEEPS_STATE : 0) | (p->folds ? CDR_FOLDS : 0);
}

static void fill_head(struct cdr_manifest_head *m, const cadre_run *run,
                      const struct cdr_functions *functions)
{
    const struct cdr_program *p = run->program;
    uint64_t now = cdr_now();

    memcpy(m->code, functions->code, sizeof m->code);
    m->has = cdr_functions_there(functions);
    m->flags = flags_of(run);
    m->n = p->n;
    m->n_indexes = p->n_indexes;
    m->grain = p->grain;
    m->item_stride = run->ledger->items.stride;
    m->result_size = p->result_size;
    m->seed = p->seed;
    if (run->deadline != UINT64_MAX)
        m->deadline_ns = run->deadline > now ? run->deadline - now : 1;
    m->timeout_ns = run->timeout_ns;
    m->chunk = run->chunk;
    m->retire_after = run->env.retire_after;
    m->retire_kib = run->env.retire_kib;
    m->size = run->window->seats;
    m->workers = run->env.own_cpus ? 1 : run->workers;
    m->n_columns = p->n_columns;
}

static bool put_columns(cadre_packet *out, const cadre_run *run)
{
    const struct cdr_program *p = run->program;
    struct cdr_part part;

    if (!cdr_packet_add(out, p->n_columns, sizeof(struct cdr_column_head), &part))
        return false;
    ((struct cdr_manifest_head *)out->data)->columns = part;
    for (unsigned k = 0; k < p->n_columns; k++) {
        const cadre_column *c = &p->columns[k];
        struct cdr_column_head head = { .size = c->size,
                                        .at = run->ledger->items.at[k],
                                        .same = c->same };
        if (c->same && !cdr_packet_put(out, c->data, c->size, &head.data))
            return false;
        memcpy(cdr_packet_at(out, part.at + k * sizeof head), &head, sizeof head);
    }
    return true;
}

static bool put_bytes(cadre_packet *out, const void *bytes, size_t size, size_t field)
{
    struct cdr_part part;

    if (!bytes)
        return true;
    if (!cdr_packet_put(out, bytes, size, &part))
        return false;
    memcpy(cdr_packet_at(out, field), &part, sizeof part);
    return true;
}

int cdr_manifest_pack(const cadre_run *run, cadre_packet *out, cadre_error *err)
{
    const struct cdr_program *p = run->program;
    struct cdr_functions functions = { 0 };
    int rc;

    cdr_error_clear(err);
    if (!run->ledger)
        return cdr_fail(err, CADRE_ENOTSUP,
                        "this run's workers share memory: they need no manifest");
    if (p->shared && p->shared_size == 0)
        return cdr_fail(err, CADRE_EINVAL,
                        "shared is set but shared_size is 0: workers elsewhere get a "
                        "copy of so many bytes");
    rc = cdr_functions_name(&functions, p, NULL, err);
    if (rc)
        return rc;
    if (!cdr_packet_begin(out, sizeof(struct cdr_manifest_head), CDR_MANIFEST_MAGIC))
        return cdr_fail(err, CADRE_ENOMEM, "no memory for a run's manifest");
    fill_head(out->data, run, &functions);
    if (!put_bytes(out, p->name, p->name ? strlen(p->name) + 1 : 0,
                   offsetof(struct cdr_manifest_head, name)) ||
        !put_bytes(out, p->kernel_name, p->kernel_name_size,
                   offsetof(struct cdr_manifest_head, kernel_name)) ||
        !put_bytes(out, p->shared, p->shared_size,
                   offsetof(struct cdr_manifest_head, shared)) ||
        !put_bytes(out, p->seed_sequence, sizeof *p->seed_sequence,
                   offsetof(struct cdr_manifest_head, seed_sequence)) ||
        !put_bytes(out, p->indexes, p->n_indexes * sizeof *p->indexes,
                   offsetof(struct cdr_manifest_head, indexes)) ||
        !put_columns(out, run))
        return cdr_fail(err, CADRE_ENOMEM,
                        "no memory for a run's manifest: %zu bytes and more",
                        out->size);
    cdr_packet_end(out);
    return CADRE_OK;
}
