/* stream.c - a map in progress.
 * SPDX-License-Identifier: MIT
 *
 * The story. A stream has a ring of slots (ring.h) in one piece of memory, with the
 * seats of its workers and the arenas for bytes of any size. The thread that opened it
 * does three things, all inside cadre_stream_next: it feeds the ring from the source
 * (source.c), takes finished records from it (take.c), and when there is nothing to take,
 * runs a batch itself or waits (wait.c). Workers do one: claim batches and finish them
 * (batch.c).
 *
 *   - Feeding comes in portions, since looking at the source and at workers that might
 *     have to be woken costs more than an item: half a window where items are in place,
 *     as many as the source gives in two microseconds where it is called for each.
 *   - A source that takes long for an item keeps its caller from taking what is
 *     finished. So it is called only when there is nothing to take, and if something is
 *     on its way, only after waiting for that as long as the source took last time.
 *   - The caller's thread runs tasks when it has nothing to take: always without workers;
 *     with them, short ones that nobody has come for yet. It does not so while
 *     tasks are long, or a record would wait for a task that has nothing to do with it;
 *     a worker held in reserve takes its place.
 *
 * A stream as another's source is looked at without waiting, and both are waited for at
 * once, so that each stage is fed and drained by the one thread that takes from the last.
 */
#include "core/stream/stream.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/minimum.h"

#include <inttypes.h>
#include <string.h>

#define FEED_NS     2000.0
#define SLOW_NS     1000.0 /* a source that takes longer for an item is slow */
#define CLOSE_NS    250.0  /* from here on it is measured item by item */
#define TOGETHER    8      /* items of a source that never blocks */
#define PROGRESS_NS 100000000

static inline bool disturbed(const cadre_stream *s)
{
    return cdr_stream_is_stopped(s) || cdr_run_cancelled(&s->run);
}

/* ---- progress ---- */

static void report(cadre_stream *s)
{
    cadre_counts c = { .done = s->taken };

    if (!s->run.progress || s->now < s->run.next_progress)
        return;
    s->run.next_progress = s->now + PROGRESS_NS;
    c.total = s->source.n == CADRE_ENDLESS ? 0 : s->source.n;
    c.elapsed = (double)(s->now - s->run.started) / 1e9;
    c.left = c.total && c.done ? c.elapsed * (double)(c.total - c.done) / (double)c.done
                               : -1;
    s->run.progress(s->run.progress_arg, &c);
}

/* ---- feeding ---- */

static uint64_t held(const cadre_stream *s)
{
    return s->fed - s->taken;
}

static void end_of_source(cadre_stream *s, int code, const cadre_error *err)
{
    s->source_ended = true;
    s->source_code = code;
    if (code != CADRE_DONE)
        s->source_error = *err;
}

static void note_held(cadre_stream *s)
{
    if (held(s) > s->most_items)
        s->most_items = held(s);
}

/* Let workers have what is in the slots. */
static inline void publish(cadre_stream *s)
{
    cdr_ring_feed(s->ring, s->fed);
    if (s->run.wake &&
        (cdr_ring_anyone_away(s->ring) || cdr_run_caller_is_busy(&s->run)))
        s->run.wake(s->run.wake_arg);
}

/* Unordered: whether all that are fed now lie at home, and whoever looks knows that. */
static inline bool all_at_home(const cadre_stream *s)
{
    return s->passed == 0 && s->fed >= s->slots.moved_until;
}

static uint64_t next_slot(const cadre_stream *s)
{
    return s->passed ? cdr_slots_next(&s->slots, s->fed)
                     : cdr_ring_home(s->ring, s->fed);
}

/* The next `count` positions have their slots. */
static void place(cadre_stream *s, uint64_t count)
{
    if (!s->ring->unordered || all_at_home(s))
        return;
    for (uint64_t p = s->fed; p < s->fed + count; p++) {
        uint64_t slot = cdr_slots_next(&s->slots, p);
        cdr_ring_assign(s->ring, p, slot);
        cdr_slots_use(&s->slots, p, slot);
    }
}

static bool feed_in_place(cadre_stream *s)
{
    uint64_t left = s->source.n - s->fed, room = s->ring->window - held(s);
    uint64_t count = left < room ? left : room;

    place(s, count);
    s->fed += count;
    note_held(s);
    if (count > 0)
        publish(s);
    if (s->fed == s->source.n)
        end_of_source(s, CADRE_DONE, NULL);
    return count > 0;
}

static bool feed_one(cadre_stream *s)
{
    uint64_t p = s->fed;
    char *item = cdr_ring_item(s->ring, next_slot(s));
    cadre_error err;

    switch (cdr_source_one(&s->source, p, item, &err)) {
    case CDR_FED: break;
    case CDR_NOT_YET: return false;
    case CDR_NO_MORE: end_of_source(s, CADRE_DONE, NULL); return false;
    default: end_of_source(s, err.code, &err); return false;
    }
    place(s, 1);
    s->fed = p + 1;
    return true;
}

static bool source_is_slow(const cadre_stream *s)
{
    return s->source.cost > SLOW_NS;
}

/* Neither another stream nor a file ever does. */
static bool may_block(const cadre_stream *s)
{
    return !s->source.upstream && !s->source.file;
}

static uint64_t portion(const cadre_stream *s)
{
    uint64_t room = s->ring->window - held(s);
    double items = s->source.cost == 0 ? 1 : FEED_NS / s->source.cost;

    if (!may_block(s))
        return room;
    return items < 1 ? (room > 0) : items < (double)room ? (uint64_t)items : room;
}

/* To wake workers is not the source's time: counted in, it would make a quick source look
 * slow, which then gives one item at a time, for which they have to be woken again. */
static void note_cost(cadre_stream *s, uint64_t ns, uint64_t n)
{
    if (n > 0)
        s->source.cost = (double)ns / (double)n + 0.1;
}

/* Each item is published at once: the source may take long for the next. Where items seem
 * to take a while, a look at the clock for each tells how much of that was waking. */
static bool feed_from_source(cadre_stream *s)
{
    bool closely = s->source.cost > CLOSE_NS, blocks = may_block(s);
    uint64_t most = portion(s), n = 0, began = s->now, given, waking = 0;

    for (; n < most && feed_one(s); n++) {
        if (!blocks && n % TOGETHER > 0)
            continue;
        given = closely ? cdr_now() : 0;
        publish(s);
        waking += closely ? cdr_now() - given : 0;
    }
    if (!blocks && n > 0)
        publish(s);
    note_held(s);
    s->now = cdr_now();
    note_cost(s, s->now - began - waking, n);
    return n > 0;
}

/* How many of the next positions have their slots side by side, from *at on. */
static uint64_t range_room(const cadre_stream *s, char **at)
{
    uint64_t home = cdr_ring_home(s->ring, s->fed), n = 0;
    uint64_t room = cdr_min(portion(s), s->ring->slots - home);

    *at = cdr_ring_item(s->ring, next_slot(s));
    if (s->passed == 0)
        return room;
    while (n < room && cdr_slots_has_home(&s->slots, s->fed + n))
        n++;
    return n ? n : 1;
}

/* What it gives at once is published at once. */
static bool feed_range(cadre_stream *s)
{
    uint64_t began = s->now, n;
    char *items;
    uint64_t most = range_room(s, &items);
    cadre_error err;
    enum cdr_fed fed = cdr_source_range(&s->source, s->fed, most, items, &n, &err);

    s->now = cdr_now();
    note_cost(s, s->now - began, n);
    place(s, n);
    s->fed += n;
    note_held(s);
    if (n > 0)
        publish(s);
    if (fed != CDR_FED && fed != CDR_NOT_YET)
        end_of_source(s, fed == CDR_NO_MORE ? CADRE_DONE : err.code, &err);
    return n > 0;
}

/* Put more into the ring; false when there was nothing, or no room. */
static bool feed(cadre_stream *s)
{
    uint64_t window = s->ring->window;
    bool some = false;

    s->now = cdr_now();
    report(s);
    if (!s->source_ended && held(s) < window)
        some = s->source.range_source            ? feed_range(s)
               : cdr_source_in_place(&s->source) ? feed_in_place(s)
                                                 : feed_from_source(s);
    s->feed_at = s->taken + (window > 1 ? window / 2 : 1);
    return some;
}

/* A slow source waits until something has been taken, or has been waited for. */
static bool source_has_to_wait(cadre_stream *s)
{
    if (!source_is_slow(s) || s->source.upstream || s->source.file || s->source_ended ||
        held(s) == 0 || held(s) == s->ring->window || s->waited_for == s->taken)
        return false;
    s->waited_for = s->taken;
    s->patience = s->now + (uint64_t)s->source.cost;
    return true;
}

/* ---- the end ---- */

static void end_stream(cadre_stream *s, int code)
{
    s->end_code = code;
    if (code != CADRE_DONE || cdr_stream_is_stopped(s))
        cdr_stream_halt(s);
    s->now = cdr_now();
    s->run.next_progress = 0;
    report(s);
}

/* Why a task that asked was told that it is not wanted: that ends the stream, whatever the
 * time was when its caller last looked. A worker in another process can only say so in
 * the window. */
static int ended_by_worker(const cadre_stream *s)
{
    return atomic_load_explicit(&s->run.window->stop_code, memory_order_relaxed);
}

static bool in_time(cadre_stream *s)
{
    s->now = cdr_now();
    return s->now < s->run.deadline;
}

static bool ended_from_outside(cadre_stream *s)
{
    if (cdr_run_is_given_up(&s->run)) {
        s->end = *s->run.given_up;
        end_stream(s, s->end.code);
        return true;
    }
    if (cdr_stream_is_stopped(s)) {
        end_stream(s, CADRE_DONE);
    } else if (cdr_run_cancelled(&s->run) || ended_by_worker(s) == CADRE_ECANCELLED) {
        cdr_fail(&s->end, CADRE_ECANCELLED, "cancelled after %" PRIu64 " records",
                 s->taken);
        end_stream(s, CADRE_ECANCELLED);
    } else if (s->now >= s->run.deadline || ended_by_worker(s) == CADRE_ETIMEOUT) {
        cdr_fail(&s->end, CADRE_ETIMEOUT,
                 "the deadline of %" PRIu32 " ms passed after %" PRIu64 " records",
                 s->deadline_ms, s->taken);
        end_stream(s, CADRE_ETIMEOUT);
    }
    return s->end_code != CADRE_OK;
}

static bool nothing_left(const cadre_stream *s)
{
    return s->source_ended && held(s) == 0;
}

static void end_with_source(cadre_stream *s)
{
    if (s->source_code != CADRE_DONE)
        s->end = s->source_error;
    end_stream(s, s->source_code);
}

/* ---- a step ---- */

/* There is no room here for another record of the streams before: they go on all the same
 * until their own windows are full. False when they are. */
static bool pump(cadre_stream *s)
{
    bool some = false;

    for (; s && !s->end_code && !disturbed(s); s = s->source.upstream) {
        s->now = cdr_now();
        s->patience = UINT64_MAX;
        if (!source_has_to_wait(s) && feed(s))
            some = true;
    }
    return some;
}

enum cdr_step cdr_stream_step(cadre_stream *s, cadre_record *record)
{
    cdr_take_back(s);
    s->at_once = 0;
    s->patience = UINT64_MAX;
    while (!s->end_code && !ended_from_outside(s)) {
        if (s->taken >= s->feed_at && !source_is_slow(s))
            feed(s);
        if (cdr_take(s, record)) {
            /* Its task may have ended early because nobody wanted it any more. */
            if (!disturbed(s) && !ended_by_worker(s) &&
                (s->run.deadline == UINT64_MAX || in_time(s)))
                return CDR_READY;
            s->dropped++;
            continue;
        }
        if (s->end_code) {
            end_stream(s, s->end_code);
            break;
        }
        if (nothing_left(s)) {
            if (!ended_by_worker(s) || !ended_from_outside(s))
                end_with_source(s);
            break;
        }
        if (source_is_slow(s) && cdr_take_behind(s))
            continue;
        if (source_has_to_wait(s) ? cdr_stream_help(s)
                                  : feed(s) || cdr_stream_help(s) || nothing_left(s))
            continue;
        if ((held(s) == s->ring->window || s->source.has_pending) &&
            pump(s->source.upstream))
            continue;
        return CDR_WAITING;
    }
    return CDR_OVER;
}

__attribute__((noinline)) static int next_slowly(cadre_stream *s, cadre_record *record,
                                                 cadre_error *err)
{
    enum cdr_step step;

    while ((step = cdr_stream_step(s, record)) == CDR_WAITING)
        cdr_stream_wait(s);
    s->at_once = s->plain && step == CDR_READY && !s->lent_late
                     ? cdr_min(s->ready - s->passed, s->feed_at)
                     : 0;
    if (step == CDR_READY)
        return CADRE_OK;
    if (err && s->end_code != CADRE_DONE)
        *err = s->end;
    return s->end_code;
}

/* First the record after the one lent, where that is all there is to do: results of a
 * fixed size, in order, known to be there, and no need to look at the source. */
int cadre_stream_next(cadre_stream *s, cadre_record *record, cadre_error *err)
{
    uint64_t p = s->taken + 1;

    if (err) {
        err->code = CADRE_OK;
        err->message[0] = '\0';
    }
    if (p >= s->at_once || disturbed(s))
        return next_slowly(s, record, err);
    s->taken = p;
    p += s->passed;
    *record = (cadre_record){ .index = p,
                              .data = s->results + (p & s->slot_mask) * s->result_size,
                              .size = s->result_size };
    return CADRE_OK;
}

int cadre_stream_source(void *stream, void *item, cadre_error *err)
{
    cadre_stream *s = stream;
    cadre_record record;
    int rc = cadre_stream_next(s, &record, err);

    if (rc)
        return rc;
    if (record.error) {
        if (err)
            *err = *record.error;
        return record.error->code;
    }
    if (s->program.emits)
        *(cadre_bytes *)item =
            (cadre_bytes){ (void *)(uintptr_t)record.data, record.size };
    else
        memcpy(item, record.data, record.size);
    return CADRE_OK;
}

/* ---- what is under way ---- */

void cadre_stream_flow(const cadre_stream *s, cadre_flow *flow)
{
    if (!s) {
        *flow = (cadre_flow){ 0 };
        return;
    }
    *flow = (cadre_flow){ .window = s->ring->window,
                          .fed = s->fed - s->dropped,
                          .taken = s->taken + s->lent - s->dropped,
                          .most_items = s->most_items,
                          .memory_limit = s->memory_limit,
                          .most_bytes = cdr_stream_most_bytes(s) };
}
