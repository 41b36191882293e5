/* feed.c - a stream's caller puts items into the ring.
 * SPDX-License-Identifier: MIT
 *
 * It does so in portions, since looking at the source and at workers that might have to be
 * woken costs more than an item: half a window where items are in place, as many as the source
 * gives in two microseconds where it is called for each. Each of those is published before the
 * next call: that may take long, or wait for what becomes of the item. How long is seen after a
 * few of them.
 *
 * A source that takes long for an item keeps its caller from taking what is finished. So it is
 * called only when there is nothing to take, and if something is on its way, only after
 * waiting for that as long as the source took last time.
 */
#include "core/stream/stream.h"
#include "base/clock.h"
#include "base/minimum.h"

#define FEED_NS     2000.0
#define SLOW_NS     1000.0 /* a source that takes longer for an item is slow */
#define CLOSE_NS    250.0  /* from here on it is measured item by item */
#define TOGETHER    8      /* items of a source that never blocks */
#define LOOK_AFTER  32     /* so many items of a portion is the time looked at */
#define PROGRESS_NS 100000000

/* ---- progress ---- */

void cdr_stream_report(cadre_stream *s)
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

static void end_of_source(cadre_stream *s, int code, const cadre_error *err)
{
    s->source_ended = true;
    s->source_code = code;
    if (code != CADRE_DONE)
        s->source_error = *err;
}

static void note_held(cadre_stream *s)
{
    if (cdr_stream_held(s) > s->most_items)
        s->most_items = cdr_stream_held(s);
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
    uint64_t left = s->source.n - s->fed, room = s->ring->window - cdr_stream_held(s);
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

/* What a source that gave no item said by that. */
static void note_end(cadre_stream *s, enum cdr_fed fed, const cadre_error *err)
{
    if (fed == CDR_NO_MORE)
        end_of_source(s, CADRE_DONE, NULL);
    else if (fed == CDR_BROKEN)
        end_of_source(s, err->code, err);
}

static bool feed_one(cadre_stream *s)
{
    uint64_t p = s->fed;
    char *item = cdr_ring_item(s->ring, next_slot(s));
    cadre_error err;
    enum cdr_fed fed = cdr_source_one(&s->source, p, item, &err);

    if (fed != CDR_FED) {
        note_end(s, fed, &err);
        return false;
    }
    place(s, 1);
    s->fed = p + 1;
    return true;
}

/* When a portion of so many items begins, for drags_on. */
static inline uint64_t begin_portion(uint64_t most)
{
    return most > LOOK_AFTER ? cdr_tick() : 0;
}

/* After n items of it: the source takes longer than it did, and what is finished meanwhile
 * must not wait for all of them. */
static inline bool drags_on(uint64_t n, uint64_t begun)
{
    return n > 0 && n % LOOK_AFTER == 0 && cdr_tick() != begun;
}

/* A function that gives items of one size, each in next to no time, whose slots lie side by
 * side. */
static bool is_quick(const cadre_stream *s)
{
    const struct cdr_source *f = &s->source;

    return f->called && f->cost > 0 && f->cost <= CLOSE_NS && s->fed < f->n &&
           (!s->ring->unordered || all_at_home(s));
}

/* As little as can be between two calls of it: the error is cleared only after a call that
 * wrote to it. Returns how many items it gave. */
static uint64_t feed_quickly(cadre_stream *s, uint64_t most)
{
    const struct cdr_source *f = &s->source;
    uint64_t home = cdr_ring_home(s->ring, s->fed), n = 0, begun;
    uint64_t room = cdr_min(s->ring->slots - home, f->n - s->fed), end;
    char *item = cdr_ring_item(s->ring, home);
    cadre_error err;
    int rc;

    cdr_error_clear(&err);
    most = cdr_min(most, room);
    begun = begin_portion(most);
    do {
        for (end = cdr_min(most, n + LOOK_AFTER); n < end; n++, item += f->item_size) {
            if (__builtin_expect(err.code || err.message[0], 0))
                cdr_error_clear(&err);
            rc = f->source(f->source_arg, item, &err);
            if (__builtin_expect(rc != CADRE_OK, 0)) {
                note_end(s, cdr_source_said(f, s->fed, rc, &err), &err);
                return n;
            }
            s->fed++;
            publish(s);
        }
    } while (n < most && !drags_on(n, begun));
    return n;
}

bool cdr_stream_source_is_slow(const cadre_stream *s)
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
    uint64_t room = s->ring->window - cdr_stream_held(s);
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

/* Where items seem to take a while, a look at the clock for each tells how much of that was
 * waking. Returns how many there were; *waking: nanoseconds. */
static uint64_t feed_singly(cadre_stream *s, uint64_t most, uint64_t *waking)
{
    bool closely = s->source.cost > CLOSE_NS, blocks = may_block(s);
    uint64_t begun = begin_portion(most), n = 0, given;

    for (; n < most && !drags_on(n, begun) && feed_one(s); n++) {
        if (!blocks && n % TOGETHER > 0)
            continue;
        given = closely ? cdr_now() : 0;
        publish(s);
        *waking += closely ? cdr_now() - given : 0;
    }
    if (!blocks && n > 0)
        publish(s);
    return n;
}

static bool feed_from_source(cadre_stream *s)
{
    uint64_t most = portion(s), began = s->now, waking = 0;
    uint64_t n = is_quick(s) ? feed_quickly(s, most) : feed_singly(s, most, &waking);

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
    note_end(s, fed, &err);
    return n > 0;
}

bool cdr_stream_feed(cadre_stream *s)
{
    uint64_t window = s->ring->window;
    bool some = false;

    s->now = cdr_now();
    cdr_stream_report(s);
    if (!s->source_ended && cdr_stream_held(s) < window)
        some = s->source.range_source            ? feed_range(s)
               : cdr_source_in_place(&s->source) ? feed_in_place(s)
                                                 : feed_from_source(s);
    s->feed_at = s->taken + (window > 1 ? window / 2 : 1);
    return some;
}

bool cdr_stream_source_has_to_wait(cadre_stream *s)
{
    if (!cdr_stream_source_is_slow(s) || s->source.upstream || s->source.file ||
        s->source_ended || cdr_stream_held(s) == 0 ||
        cdr_stream_held(s) == s->ring->window || s->waited_for == s->taken)
        return false;
    s->waited_for = s->taken;
    s->patience = s->now + (uint64_t)s->source.cost;
    return true;
}
