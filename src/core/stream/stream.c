/* stream.c - a map in progress.
 * SPDX-License-Identifier: MIT
 *
 * The story. A stream has a ring of slots (ring.h) in one piece of memory, with the
 * seats of its workers and the arenas for bytes of any size. The thread that opened it
 * does three things, all inside cadre_stream_next: it feeds the ring from the source
 * (feed.c), takes finished records from it (take.c), and when there is nothing to take,
 * runs a batch itself or waits (wait.c). Workers do one: claim batches and finish them
 * (batch.c).
 *
 * The caller's thread runs tasks when it has nothing to take: always without workers; with
 * them, short ones that nobody has come for yet. It does not so while tasks are long, or a
 * record would wait for a task that has nothing to do with it; a worker held in reserve takes
 * its place (help.c).
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

static inline bool disturbed(const cadre_stream *s)
{
    return cdr_stream_is_stopped(s) || cdr_run_cancelled(&s->run);
}

/* ---- the end ---- */

static void end_stream(cadre_stream *s, int code)
{
    s->end_code = code;
    if (code != CADRE_DONE || cdr_stream_is_stopped(s))
        cdr_stream_halt(s);
    s->now = cdr_now();
    s->run.next_progress = 0;
    cdr_stream_report(s);
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
    return s->source_ended && cdr_stream_held(s) == 0;
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
        if (!cdr_stream_source_has_to_wait(s) && cdr_stream_feed(s))
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
        if (s->taken >= s->feed_at && !cdr_stream_source_is_slow(s))
            cdr_stream_feed(s);
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
        if (cdr_stream_source_is_slow(s) && cdr_take_behind(s))
            continue;
        if (cdr_stream_source_has_to_wait(s)
                ? cdr_stream_help(s)
                : cdr_stream_feed(s) || cdr_stream_help(s) || nothing_left(s))
            continue;
        if ((cdr_stream_held(s) == s->ring->window || s->source.has_pending) &&
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
