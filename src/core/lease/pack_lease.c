/* pack_lease.c - write tasks that are handed out down as bytes, with their items.
 * SPDX-License-Identifier: MIT
 */
#include "core/lease/ledger.h"
#include "core/lease/format.h"

#include <string.h>

static char *item_of(const struct cdr_ledger *l, const struct cdr_entry *e, uint64_t p)
{
    const struct cdr_ring *r = cdr_window_ring(l->run->window);
    uint64_t slot = e->slots ? e->slots[p - e->units.first] : p & (r->slots - 1);

    return cdr_ring_item(r, slot);
}

static bool pack_columns(struct cdr_ledger *l, const struct cdr_entry *e, char *to)
{
    const struct cdr_program *p = l->run->program;

    for (uint64_t i = e->units.first * p->grain;
         i < cdr_task_of(e->units.end, p->grain, p->n); i++, to += l->items.stride) {
        uintptr_t item =
            l->run->window->ring_at && !p->in_place ? (uintptr_t)item_of(l, e, i) : 0;
        cdr_fill_args(l->items.args, p, i, item);
        for (unsigned k = 0; k < p->n_columns; k++)
            if (!p->columns[k].same && l->items.args[k])
                memcpy(to + l->items.at[k], l->items.args[k], p->columns[k].size);
    }
    return true;
}

static void pack_array(struct cdr_ledger *l, const struct cdr_entry *e, char *to,
                       uint64_t first, uint64_t tasks)
{
    const struct cdr_program *p = l->run->program;
    size_t size = l->items.stride;

    if (l->run->window->ring_at && !p->in_place)
        for (uint64_t i = 0; i < tasks; i++)
            memcpy(to + i * size, item_of(l, e, first + i), size);
    else
        memcpy(to, (const void *)(p->items + first * size), tasks * size);
}

static bool put_piece(struct cdr_ledger *l, cadre_packet *out,
                      const struct cdr_piece *at, struct cdr_part *part)
{
    const struct cadre_window *w = l->run->window;
    void *mapped;
    bool good;

    if (at->held != CDR_IN_FILE)
        return cdr_packet_put(out, cdr_arena_bytes(cdr_window_arena(w, w->seats), at),
                              at->size, part);
    mapped = cdr_spill_file_map(l->run->program->spill_file, at);
    good = mapped && cdr_packet_put(out, mapped, at->size, part);
    if (mapped)
        cdr_spill_file_unmap(mapped, at->size);
    return good;
}

static bool pack_pieces(struct cdr_ledger *l, const struct cdr_entry *e,
                        cadre_packet *out, struct cdr_part *lengths,
                        struct cdr_part *bytes)
{
    uint64_t tasks = e->units.end - e->units.first;
    struct cdr_part piece;

    if (!cdr_packet_add(out, tasks, sizeof(uint64_t), lengths))
        return false;
    *bytes = (struct cdr_part){ 0 };
    for (uint64_t i = 0; i < tasks; i++) {
        struct cdr_piece at;
        memcpy(&at, item_of(l, e, e->units.first + i), sizeof at);
        memcpy(cdr_packet_at(out, lengths->at + i * sizeof(uint64_t)), &at.size,
               sizeof(uint64_t));
        if (!put_piece(l, out, &at, &piece))
            return false;
        if (bytes->at == 0)
            bytes->at = piece.at;
    }
    bytes->size = bytes->at ? out->size - bytes->at : 0;
    return true;
}

static bool pack_items(struct cdr_ledger *l, const struct cdr_entry *e,
                       cadre_packet *out, struct cdr_lease_head *h, uint64_t first,
                       uint64_t tasks)
{
    if (l->run->program->bytes)
        return pack_pieces(l, e, out, &h->lengths, &h->bytes);
    if (!cdr_packet_add(out, tasks, l->items.stride, &h->items))
        return false;
    if (l->run->program->n_columns)
        return pack_columns(l, e, cdr_packet_at(out, h->items.at));
    if (l->items.stride)
        pack_array(l, e, cdr_packet_at(out, h->items.at), first, tasks);
    return true;
}

static bool is_zero(const char *bytes, size_t size)
{
    return size == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

/* What tasks find in their results, unless that is zeros. */
static bool pack_results(const struct cdr_program *p, cadre_packet *out,
                         struct cdr_part *part, uint64_t first, uint64_t tasks)
{
    const char *results = (const char *)(p->results + first * p->result_size);
    size_t size = tasks * p->result_size;

    return !p->results || is_zero(results, size) ||
           cdr_packet_put(out, results, size, part);
}

static bool pack_tasks(struct cdr_ledger *l, const struct cdr_entry *e,
                       cadre_packet *out, struct cdr_lease_head *h)
{
    const struct cdr_program *p = l->run->program;
    uint64_t first = e->units.first * p->grain;
    uint64_t tasks = cdr_task_of(e->units.end, p->grain, p->n) - first;

    h->first = e->units.first;
    h->end = e->units.end;
    h->flags = e->singly ? CDR_SINGLY : 0;
    return pack_items(l, e, out, h, first, tasks) &&
           (p->tree || pack_results(p, out, &h->results, first, tasks)) &&
           (!p->tree || !p->keep_going ||
            cdr_packet_put(out, p->statuses + first, tasks * sizeof *p->statuses,
                           &h->statuses));
}

static bool pack_pair(const struct cdr_ledger *l, const struct cdr_entry *e,
                      cadre_packet *out, struct cdr_lease_head *h)
{
    const struct cdr_program *p = l->run->program;

    h->first = h->end = e->climb.from_block * p->grain;
    h->flags = CDR_COMBINES;
    return cdr_packet_put(out, e->climb.into, p->result_size, &h->into) &&
           cdr_packet_put(out, e->climb.from, p->result_size, &h->from);
}

bool cdr_entry_pack(struct cdr_ledger *l, const struct cdr_entry *e, cadre_packet *out)
{
    struct cdr_lease_head head = { .id = e->id, .seat = e->seat };

    if (!cdr_packet_begin(out, sizeof head, CDR_LEASE_MAGIC))
        return false;
    head.wire = *(struct cdr_wire_head *)out->data;
    if (!(e->combines ? pack_pair(l, e, out, &head) : pack_tasks(l, e, out, &head)))
        return false;
    memcpy(out->data, &head, sizeof head);
    cdr_packet_end(out);
    return true;
}
