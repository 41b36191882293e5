/* take.c - a stream's records: which is next, lent to the caller, and taken back.
 * SPDX-License-Identifier: MIT
 *
 * Ordered, the next record is that of the lowest position not taken. Unordered, each
 * seat publishes the slots it has finished, and slots are handed back one by one; those in
 * flight form a list in the order they were fed, of which the oldest says when nothing
 * below a failure is outstanding.
 */
#include "core/stream/stream.h"
#include "base/counter.h"
#include "base/error.h"

#include <errno.h>
#include <inttypes.h>

#define LOOK_AHEAD 64

/* ---- lending and taking back ---- */

/* A record that lies in the file is mapped for as long as it is lent. False: that failed,
 * and it is the stream's end. */
static bool map_record(cadre_stream *s, const struct cdr_piece *piece, uint64_t index)
{
    s->lent_size = piece->size;
    s->lent_mapping = cdr_spill_file_map(&s->spill_file, piece);
    if (s->lent_mapping)
        return true;
    s->end_code = cdr_fail_sys(&s->end, errno,
                               "item %" PRIu64 ": its record of %" PRIu64
                               " bytes cannot be mapped",
                               index, piece->size);
    s->end.item = index;
    return false;
}

static bool lend(cadre_stream *s, cadre_record *record, uint64_t at, uint64_t slot,
                 enum cdr_outcome outcome)
{
    const struct cdr_program *p = &s->program;
    const struct cdr_ref *ref;
    const char *bytes;

    s->lent = true;
    s->lent_slot = slot;
    s->lent_index = at;
    *record = (cadre_record){ .index = cdr_program_index(p, at) };
    if (p->result_size > 0 && outcome == CDR_DONE) {
        record->data = cdr_ring_result(s->ring, slot);
        record->size = p->result_size;
    }
    if (!p->emits && !p->keep_going)
        return true;
    ref = cdr_ring_ref(s->ring, slot);
    if (ref->piece.held == 0)
        return true;
    if (ref->piece.held == CDR_IN_FILE && !map_record(s, &ref->piece, record->index))
        return false;
    bytes =
        s->lent_mapping ? s->lent_mapping
        : ref->seat == CDR_KEPT
            ? (const char *)(uintptr_t)ref->piece.at

            : cdr_arena_bytes(cdr_window_arena(s->run.window, ref->seat), &ref->piece);
    if (outcome == CDR_FAILED) {
        record->error = (const cadre_error *)(const void *)bytes;
    } else {
        record->data = bytes;
        record->size = ref->piece.size;
    }
    return true;
}

/* The record's bytes are finished with. */
static void free_piece(cadre_stream *s, const struct cdr_ref *ref)
{
    struct cdr_arena *arena;

    if (ref->piece.held == 0)
        return;
    if (ref->piece.held == CDR_IN_FILE) {
        cdr_spill_file_free(&s->spill_file, &ref->piece);
        return;
    }
    if (ref->seat == CDR_KEPT) {
        cdr_ledger_free(s->run.ledger, ref);
        return;
    }
    arena = cdr_window_arena(s->run.window, ref->seat);
    /* In this order: once it is free, its seat may take the place of the large for the
     * next. */
    if (s->ring->unordered && ref->seat > 0 && ref->piece.held > arena->share)
        atomic_store_explicit(&s->ring->large, 0, memory_order_release);
    cdr_arena_free(arena, &ref->piece);
}

/* Who waits to put a large piece may do so now. */
static void publish_released(cadre_stream *s)
{
    CDR_COUNT(RELEASED, &s->ring->released);
    atomic_store_explicit(&s->ring->released, s->taken, memory_order_release);
    if (s->run.ledger && cdr_ledger_unblock(s->run.ledger))
        cdr_run_wake_workers(&s->run);
    cdr_light_fence();
    if (atomic_load_explicit(&s->ring->oversized, memory_order_relaxed))
        for (unsigned k = 0; k < s->ring->seats; k++)
            cdr_arena_wake(cdr_window_arena(s->run.window, k));
}

/* Nobody looks at what lies in this slot any more. */
static void vacate(cadre_stream *s, uint64_t index, uint64_t slot)
{
    bool refs = s->program.emits || s->program.keep_going;

    if (refs)
        free_piece(s, cdr_ring_ref(s->ring, slot));
    cdr_source_release(&s->source, index);
    if (s->ring->unordered)
        cdr_slots_give_back(&s->slots, slot);
    s->taken++;
    if (refs)
        publish_released(s);
}

void cdr_take_back(cadre_stream *s)
{
    if (!s->lent)
        return;
    s->lent = false;
    cdr_spill_file_unmap(s->lent_mapping, s->lent_size);
    s->lent_mapping = NULL;
    if (s->plain)
        s->taken++;
    else
        vacate(s, s->lent_index, s->lent_slot);
}

/* ---- failures ---- */

static uint64_t limit(const cadre_stream *s)
{
    return atomic_load_explicit(&s->run.window->limit, memory_order_relaxed);
}

/* The failure that the limit stands for, if everything below it has been taken: a limit of
 * 0 may also mean that the stream was stopped. */
static bool failure_is_next(const cadre_stream *s)
{
    uint64_t failed;

    if (limit(s) == CADRE_ENDLESS || cdr_slots_oldest(&s->slots) < limit(s))
        return false;
    return cdr_window_failure(s->run.window, &failed) &&
           (failed == limit(s) || s->program.keep_going);
}

/* Everything below the failure that the limit stands for has been taken: it is the stream's
 * end. One that keeps going over failures has others, too. */
static void end_with_failure(cadre_stream *s)
{
    uint64_t failed;
    const cadre_error *lowest = cdr_window_failure(s->run.window, &failed);

    s->end = *lowest;
    s->end_code = lowest->code;
}

/* ---- the next record ---- */

/* Positions up to `ready` have results: cadre_stream_next lends those without coming
 * here, where it can. */
static void look_ahead(cadre_stream *s)
{
    uint64_t p = s->taken, end = s->fed - p < LOOK_AHEAD ? s->fed : p + LOOK_AHEAD;

    while (p < end && cdr_ring_outcome(s->ring, p) == CDR_DONE)
        p++;
    s->ready = p;
}

static bool take_in_order(cadre_stream *s, cadre_record *record)
{
    uint64_t p = s->taken;
    enum cdr_outcome outcome = CDR_DONE;

    if (p >= s->ready)
        look_ahead(s);
    if (p >= s->ready) {
        outcome = p < s->fed ? cdr_ring_outcome(s->ring, p) : CDR_PENDING;
        if (outcome == CDR_PENDING)
            return false;
    }
    if (outcome == CDR_FAILED && (!s->program.keep_going || p >= limit(s))) {
        end_with_failure(s);
        return false;
    }
    return lend(s, record, p, p & (s->ring->slots - 1), outcome);
}

/* The next slot that the owner of `seat` has finished, if its record is wanted. */
static bool take_from(cadre_stream *s, unsigned seat, cadre_record *record)
{
    enum cdr_outcome outcome;
    uint64_t slot, index;

    while (cdr_ring_finished(s->ring, seat, &s->finished[seat], &slot, &outcome)) {
        s->finished[seat].taken++;
        index = s->slots.index[slot];
        if ((outcome == CDR_DONE || s->program.keep_going) && index < limit(s)) {
            return lend(s, record, index, slot, outcome);
        }
        vacate(s, index, slot);
        s->dropped++;
    }
    return false;
}

static bool take_any(cadre_stream *s, cadre_record *record)
{
    for (unsigned i = 0; i < s->ring->seats; i++) {
        unsigned seat = s->next_seat;
        if (take_from(s, seat, record))
            return true;
        if (s->end_code)
            return false;
        s->next_seat = seat + 1 < s->ring->seats ? seat + 1 : 0;
    }
    if (failure_is_next(s))
        end_with_failure(s);
    return false;
}

bool cdr_take(cadre_stream *s, cadre_record *record)
{
    return s->ring->unordered ? take_any(s, record) : take_in_order(s, record);
}

bool cdr_can_take(const cadre_stream *s)
{
    enum cdr_outcome outcome;
    uint64_t slot;

    if (!s->ring->unordered)
        return s->taken < s->fed && cdr_ring_outcome(s->ring, s->taken) != CDR_PENDING;
    for (unsigned seat = 0; seat < s->ring->seats; seat++)
        if (cdr_ring_finished(s->ring, seat, &s->finished[seat], &slot, &outcome))
            return true;
    return false;
}
