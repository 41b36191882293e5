/* finish.c - streams: a position's end, and what it leaves beside its result.
 * SPDX-License-Identifier: MIT
 *
 * What workers elsewhere emit, and how their tasks fail where failures are gone over, lies
 * on the heap until its record is finished with: outcomes come in any order, so that an
 * arena, which is emptied in the order it was filled, would not do. There is room for so
 * many bytes; beyond it comes only what the stream's caller takes next. What is larger than an
 * arena would hold goes into the stream's file.
 */
#include "core/lease/ledger.h"
#include "base/error.h"
#include "core/run/spill_file.h"

#include <inttypes.h>

#include <stdlib.h>
#include <string.h>

static bool is_next(const struct cdr_ledger *l, const struct cdr_ring *r, uint64_t p)
{
    return r->unordered ? l->held == 0
                        : atomic_load_explicit(&r->released, memory_order_acquire) == p;
}

static struct cdr_kept *keep(struct cdr_ledger *l, const void *bytes, size_t size)
{
    struct cdr_kept *k = malloc(sizeof *k + size);

    if (!k)
        return NULL;
    k->size = size;
    memcpy(k + 1, bytes, size);
    k->next = &l->kept;
    k->prev = l->kept.prev;
    k->prev->next = k;
    l->kept.prev = k;
    l->held += size;
    if (l->held > l->most_held)
        l->most_held = l->held;
    return k;
}

static int keep_in_file(struct cdr_ledger *l, struct cdr_ref *ref, const void *bytes,
                        size_t size)
{
    struct cdr_spill_file *file = l->run->program->spill_file;
    struct cdr_extent x = { 0 };
    int rc = cdr_spill_file_append(file, &x, bytes, size);

    if (rc)
        cdr_spill_file_drop(file, &x);
    else
        cdr_spill_file_finish(&x, &ref->piece);
    return rc;
}

/* The same as a failure of its task. */
static int fail_for_file(struct cdr_ledger *l, unsigned seat, uint64_t p, uint32_t slot,
                         size_t size, int number)
{
    const struct cdr_program *program = l->run->program;
    char text[80];
    cadre_error error;

    cdr_fail(&error, CADRE_ENOMEM,
             "%s%sitem %" PRIu64 ": %zu emitted bytes do not fit in the stream's "
             "memory_limit, nor in a file: %s",
             program->name ? program->name : "", program->name ? ": " : "",
             cdr_program_index(program, p), size,
             cdr_strerror(number, text, sizeof text));
    error.item = cdr_program_index(program, p);
    return cdr_position_fail(l, seat, p, slot, &error, false);
}

int cdr_position_finish(struct cdr_ledger *l, unsigned seat, uint64_t p, uint32_t slot,
                        enum cdr_outcome outcome, const void *bytes, size_t size)
{
    struct cdr_ring *r = cdr_window_ring(l->run->window);
    struct cdr_ref *ref;
    struct cdr_kept *k;

    if (l->run->program->emits || l->run->program->keep_going) {
        ref = cdr_ring_ref(r, slot);
        memset(ref, 0, sizeof *ref);
        if (size > l->in_memory && outcome == CDR_DONE) {
            int number = keep_in_file(l, ref, bytes, size);
            if (number)
                return fail_for_file(l, seat, p, slot, size, number);
            size = 0;
        }
        if (size > 0 && l->held + size > l->budget && !is_next(l, r, p)) {
            /* Until the caller has made room, whatever else is let in meanwhile. */
            l->blocked = true;
            return CADRE_EBUSY;
        }
        if (size > 0) {
            k = keep(l, bytes, size);
            if (!k)
                return CADRE_ENOMEM;
            ref->seat = CDR_KEPT;
            ref->piece = (struct cdr_piece){ (uintptr_t)(k + 1), size, size };
        }
    }
    if (cdr_ring_finish(r, p, slot, outcome))
        cdr_run_wake_caller(l->run);
    return CADRE_OK;
}

int cdr_position_fail(struct cdr_ledger *l, unsigned seat, uint64_t p, uint32_t slot,
                      const cadre_error *error, bool fatal)
{
    struct cadre_window *w = l->run->window;
    bool goes_on = l->run->program->keep_going;

    cdr_window_fail(w, &w->seat[seat], p, goes_on && !fatal ? CADRE_NO_ITEM : p, error);
    return cdr_position_finish(l, seat, p, slot, CDR_FAILED, error,
                               goes_on ? sizeof *error : 0);
}
