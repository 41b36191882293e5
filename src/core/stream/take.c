/* take.c - a stream's records: which is next, lent to the caller, and taken back.
 * SPDX-License-Identifier: MIT
 *
 * Ordered, the next record is that of the head: the lowest position not taken. Unordered
 * too, as long as it is finished, or will be in a moment: tasks that take about the same time
 * come in order by themselves, and any other order costs more. When the head keeps its caller
 * waiting, it is passed by for what is finished behind it, and looked at again and again
 * with all others that were.
 *
 * A worker finishes its positions one after another, and bytes that lie in its arena have to
 * be taken in that order. So who takes what was passed by looks at the highest position first
 * and takes the lowest that is finished: the worker of that one has none below it.
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

/* Nobody looks any more at what lies in the slot of the position that comes next, or of one
 * that was passed by. */
static void vacate(cadre_stream *s, uint64_t index, uint64_t slot, bool late)
{
    bool refs = s->program.emits || s->program.keep_going;

    if (late)
        s->passed--;
    if (late || slot >= s->ring->slots)
        cdr_slots_give_back(&s->slots, slot);
    if (refs)
        free_piece(s, cdr_ring_ref(s->ring, slot));
    cdr_source_release(&s->source, index);
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
    vacate(s, s->lent_index, s->lent_slot, s->lent_late);
}

/* ---- failures ---- */

/* Acquired: whoever lowered it said before why (cadre_stream_stop, cdr_window_stop). */
static uint64_t limit(const cadre_stream *s)
{
    return atomic_load_explicit(&s->run.window->limit, memory_order_acquire);
}

/* The lowest position in flight. */
static uint64_t oldest(const cadre_stream *s)
{
    return s->slots.n_late ? s->slots.late[0].position : cdr_stream_head(s);
}

/* The failure that the limit stands for, if everything below it has been taken: a limit of
 * 0 may also mean that the stream was stopped. */
static bool failure_is_next(const cadre_stream *s)
{
    uint64_t failed;

    if (limit(s) == CADRE_ENDLESS || oldest(s) < limit(s))
        return false;
    return cdr_window_failure(s->run.window, &failed) &&
           (failed == limit(s) || s->program.keep_going);
}

/* A stream that keeps going over failures may be stopped or cancelled at this moment: then no
 * failure is its end, and the next look at who has ended it says what is. The limit has been
 * read before. */
static bool is_ended_by_others(const cadre_stream *s)
{
    return cdr_stream_is_stopped(s) ||
           atomic_load_explicit(&s->run.window->stop_code, memory_order_relaxed);
}

/* Everything below the failure that the limit stands for has been taken: it is the stream's
 * end. One that keeps going over failures has others, too. */
static void end_with_failure(cadre_stream *s)
{
    uint64_t failed;
    const cadre_error *lowest = cdr_window_failure(s->run.window, &failed);

    if (limit(s) == 0 && is_ended_by_others(s))
        return;
    s->end = *lowest;
    s->end_code = lowest->code;
}

/* ---- the next record ---- */

/* Positions up to `ready` have results, at home: cadre_stream_next lends those without coming
 * here, where it can. */
static void look_ahead(cadre_stream *s, uint64_t p)
{
    const struct cdr_ring *r = s->ring;
    uint64_t end = s->fed - p < LOOK_AHEAD ? s->fed : p + LOOK_AHEAD;
    bool moved = r->unordered && p < s->slots.moved_until;

    if (r->unordered && end > limit(s))
        end = limit(s);
    while (p < end && (!moved || cdr_ring_slot(r, p) == cdr_ring_home(r, p)) &&
           cdr_ring_outcome(r, p, cdr_ring_home(r, p)) == CDR_DONE)
        p++;
    s->ready = p;
}

static enum cdr_outcome outcome_of(const cadre_stream *s, uint64_t p)
{
    return p < s->fed ? cdr_ring_outcome(s->ring, p, cdr_ring_slot(s->ring, p))
                      : CDR_PENDING;
}

static enum cdr_outcome outcome_of_head(cadre_stream *s, uint64_t p)
{
    if (p >= s->ready)
        look_ahead(s, p);
    return p < s->ready ? CDR_DONE : outcome_of(s, p);
}

static bool take_in_order(cadre_stream *s, cadre_record *record)
{
    uint64_t p = s->taken;
    enum cdr_outcome outcome = outcome_of_head(s, p);

    if (outcome == CDR_PENDING)
        return false;
    if (outcome == CDR_FAILED && (!s->program.keep_going || p >= limit(s))) {
        end_with_failure(s);
        return false;
    }
    return lend(s, record, p, cdr_ring_home(s->ring, p), outcome);
}

/* ---- in any order ---- */

/* A record that can be taken. */
struct finished {
    uint64_t position, slot;
    enum cdr_outcome outcome;
    bool late;
};

/* The lowest of those that were passed by and are finished; n_late if there is none. */
static uint64_t find_late(const cadre_stream *s, enum cdr_outcome *outcome)
{
    uint64_t found = s->slots.n_late;

    for (uint64_t i = s->slots.n_late; i-- > 0;) {
        const struct cdr_late *late = &s->slots.late[i];
        enum cdr_outcome of = cdr_ring_outcome(s->ring, late->position, late->slot);
        if (of != CDR_PENDING) {
            found = i;
            *outcome = of;
        }
    }
    return found;
}

/* Next to nothing costs more than to wait for it; where one has been passed by and tasks take
 * longer than that, the next will be too. */
static bool may_pass(const cadre_stream *s)
{
    return s->passes || (s->passed > 0 && s->task_cost >= CDR_CHEAP_NS);
}

/* The first position behind the head that is finished; or the end of those claimed. */
static uint64_t find_behind(const cadre_stream *s)
{
    uint64_t end = cdr_ring_claimed(s->ring), p = cdr_stream_head(s) + 1;

    end = end < s->fed ? end : s->fed;
    while (p < end && outcome_of(s, p) == CDR_PENDING)
        p++;
    return p < end ? p : s->fed;
}

/* Up to what is finished behind the head; false when there is nothing. */
static bool pass_by(cadre_stream *s)
{
    uint64_t head = cdr_stream_head(s), end = may_pass(s) ? find_behind(s) : s->fed;

    if (end == s->fed)
        return false;
    for (uint64_t p = head; p < end; p++)
        cdr_slots_pass(&s->slots, p, cdr_ring_slot(s->ring, p));
    s->passed += end - head;
    return true;
}

static bool find(cadre_stream *s, struct finished *f)
{
    uint64_t head = cdr_stream_head(s), late;
    enum cdr_outcome outcome = outcome_of_head(s, head);

    late = find_late(s, &f->outcome);
    f->late = late < s->slots.n_late;
    if (f->late) {
        struct cdr_late taken = cdr_slots_take(&s->slots, late);
        f->position = taken.position;
        f->slot = taken.slot;
        return true;
    }
    if (outcome == CDR_PENDING)
        return pass_by(s) && find(s, f);
    s->passes = false;
    f->position = head;
    f->slot = cdr_ring_slot(s->ring, head);
    f->outcome = outcome;
    return true;
}

static bool take_any(cadre_stream *s, cadre_record *record)
{
    struct finished f;

    while (find(s, &f)) {
        if ((f.outcome == CDR_DONE || s->program.keep_going) && f.position < limit(s)) {
            s->lent_late = f.late;
            return lend(s, record, f.position, f.slot, f.outcome);
        }
        vacate(s, f.position, f.slot, f.late);
        s->dropped++;
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

    if (outcome_of(s, cdr_stream_head(s)) != CDR_PENDING)
        return true;
    return s->ring->unordered && (find_late(s, &outcome) < s->slots.n_late ||
                                  (may_pass(s) && find_behind(s) < s->fed));
}

bool cdr_take_behind(cadre_stream *s)
{
    if (!s->begun)
        return false; /* all come in order */
    cdr_take_passes(s);
    s->passes = s->passes && cdr_can_take(s);
    return s->passes;
}
