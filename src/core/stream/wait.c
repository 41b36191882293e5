/* wait.c - a stream's caller waits for a record, input, or the time.
 * SPDX-License-Identifier: MIT
 *
 * First it spins for a while, where there is a CPU to spare. Then it makes known which
 * position it sleeps for, looks once more (see the asymmetric fences of base/sync.h), and
 * sleeps in poll: on an event that workers signal, on the file the items come from, and
 * where those come from another stream, on what that one waits for too.
 */
#include "base/clock.h"
#include "base/error.h"
#include "core/stream/stream.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <unistd.h>

#define SPIN_NS  15000
#define YIELD_NS 100000
#define PASS_NS  2000 /* unordered: for so long the head is waited for alone */

/* Not when it has one already that there is no memory for. */
static bool wants_items(const cadre_stream *s)
{
    return !s->source_ended && !s->source.has_pending &&
           s->fed - s->taken < s->ring->window;
}

static bool is_over(const cadre_stream *s)
{
    return s->end_code || cdr_stream_is_stopped(s) || cdr_run_cancelled(&s->run);
}

/* All that is waited for at once is a chain of stages: the stream itself, and those it has
 * its items from. Records of a stage matter while the next one has room for them. */
struct stage {
    cadre_stream *s;
    bool wanted;
};

static struct stage last_stage(cadre_stream *s)
{
    return (struct stage){ s, true };
}

/* How a stage ends matters only once the next one looks at it. */
static struct stage stage_before(struct stage t)
{
    struct stage before = { t.s->source.upstream, wants_items(t.s) };

    if (before.s && (t.s->source_ended || (!before.wanted && is_over(before.s))))
        before.s = NULL;
    return before;
}

static bool something_happened(cadre_stream *s)
{
    for (struct stage t = last_stage(s); t.s; t = stage_before(t))
        if (t.wanted && (cdr_can_take(t.s) || is_over(t.s)))
            return true;
    return false;
}

/* Unordered, whatever is finished will do. */
static void pass(cadre_stream *s)
{
    for (; s; s = s->source.upstream)
        cdr_take_passes(s);
}

/* While tasks are long, a worker more is at them: all CPUs have something better to do. */
static bool takes_a_cpu_away(const cadre_stream *s)
{
    return s->begun && !s->remote && cdr_run_caller_is_busy(&s->run) &&
           s->pool->plan.workers >= s->pool->plan.machine.cpus;
}

/* Looks ever more seldom, so a record is found at most half as late again as it came, and
 * after cheap items not before some will have. Without a CPU for each worker, spinning
 * would take the time from who has work. */
static bool spin(cadre_stream *s)
{
    uint64_t began = s->now, until = began + (s->run.spin ? SPIN_NS : YIELD_NS);
    bool cheap = s->task_cost > 0 && s->task_cost < CDR_CHEAP_NS;
    uint64_t ns = cheap ? CDR_BACKOFF_NS : CDR_BACKOFF_NS / 8;

    if (takes_a_cpu_away(s))
        return false;

    do {
        if (s->run.spin) {
            s->now = cdr_backoff(s->now, &ns);
        } else {
            sched_yield();
            s->now = cdr_now();
        }
        if (s->now - began >= PASS_NS)
            pass(s);
        if (something_happened(s))
            return true;
    } while (s->now < until);
    return false;
}

static void await(cadre_stream *s, bool sleeping)
{
    for (struct stage t = last_stage(s); t.s; t = stage_before(t)) {
        uint64_t position = t.s->ring->unordered ? CDR_ANY_FINISH : t.s->taken;
        cdr_ring_await(t.s->ring, sleeping && t.wanted ? position : CDR_NOBODY);
    }
}

static int worker_pollfd(cadre_stream *s)
{
    return s->pool->plan.backend->pollfd(s->pool->state, &s->run);
}

/* What to poll; returns how many. */
static nfds_t gather(cadre_stream *s, struct pollfd *fds)
{
    nfds_t n = 0;

    for (struct stage t = last_stage(s); t.s; t = stage_before(t)) {
        s = t.s;
        if (s->run.event >= 0)
            fds[n++] = (struct pollfd){ .fd = s->run.event, .events = POLLIN };
        if (s->remote && s->run.env.backend->pollfd)
            fds[n++] = (struct pollfd){ .fd = worker_pollfd(s), .events = POLLIN };
        if (s->source.file && wants_items(s))
            fds[n++] =
                (struct pollfd){ .fd = cdr_file_fd(s->source.file), .events = POLLIN };
    }
    return n;
}

static int timeout(cadre_stream *s)
{
    uint64_t until = UINT64_MAX, now = cdr_now(), ms;

    for (struct stage t = last_stage(s); t.s; t = stage_before(t)) {
        s = t.s;
        uint64_t first = s->patience;
        if (t.wanted && s->run.deadline < first)
            first = s->run.deadline;
        if (s->run.progress && s->run.next_progress < first)
            first = s->run.next_progress;
        until = first < until ? first : until;
    }
    if (until == UINT64_MAX)
        return -1;
    ms = until > now ? (until - now + 999999) / 1000000 : 0;
    return ms > 60000 ? 60000 : (int)ms;
}

static void drain(cadre_stream *s)
{
    uint64_t count;

    for (; s; s = s->source.upstream) {
        if (s->run.event >= 0 && read(s->run.event, &count, sizeof count) < 0)
            continue; /* it was not signalled */
        s->now = cdr_now();
    }
}

static void come_back(cadre_stream *s)
{
    for (; s; s = s->source.upstream)
        cdr_stream_come_back(s);
}

/* Workers that are processes may have died. */
static void poll_workers(cadre_stream *s)
{
    for (; s; s = s->source.upstream)
        if (s->remote)
            s->pool->plan.backend->poll(s->pool->state, &s->run, 0);
}

static bool may_help(const struct stage *t)
{
    return t->wanted && t->s->begun && !t->s->remote && !t->s->caller_waits &&
           !t->s->must_help && cdr_stream_left_lying(t->s);
}

/* Workers are busy elsewhere: the caller will do what it waits for itself. */
static bool will_help(cadre_stream *s)
{
    for (struct stage t = last_stage(s); t.s; t = stage_before(t)) {
        t.s->alone = may_help(&t);
        if (t.s->alone) {
            t.s->must_help = true;
            return true;
        }
        if (t.wanted && t.s->begun && cdr_stream_welcomes_caller(t.s))
            return true;
        cdr_stream_step_aside(t.s);
    }
    return false;
}

/* It had to the last time, and still nobody has come. */
static bool helps_again(cadre_stream *s)
{
    for (struct stage t = last_stage(s); t.s; t = stage_before(t))
        if (t.s->alone && may_help(&t)) {
            t.s->must_help = true;
            return true;
        }
    return false;
}

static bool any_begun(const cadre_stream *s)
{
    while (s && !s->begun)
        s = s->source.upstream;
    return s != NULL;
}

void cdr_stream_wait(cadre_stream *s)
{
    struct pollfd fds[3 * CDR_STAGES_MAX];

    s->now = cdr_now();
    if (helps_again(s) || (any_begun(s) && spin(s)) || will_help(s))
        return;
    pass(s);
    await(s, true);
    if (!something_happened(s))
        poll(fds, gather(s, fds), timeout(s)); /* whatever it says: look again */
    await(s, false);
    drain(s);
    come_back(s);
    poll_workers(s);
}
