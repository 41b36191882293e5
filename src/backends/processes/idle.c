/* idle.c - which workers are idle, which are late.
 * SPDX-License-Identifier: MIT
 */
#include "backends/processes/supervisor.h"
#include "base/clock.h"
#include "base/counter.h"
#include "base/crash_point.h"
#include "machine/pidfd.h"

#include <sys/timerfd.h>

/* ---- idle workers ---- */

bool cdr_supervisor_is_idle(const struct cdr_supervisor *c, unsigned seat)
{
    return atomic_load_explicit(&c->scoreboard->idle[seat / 64],
                                memory_order_acquire) >>
               seat % 64 &
           1;
}

bool cdr_supervisor_has_idle(const struct cdr_supervisor *c)
{
    for (unsigned k = 0; k <= c->n / 64; k++)
        if (atomic_load_explicit(&c->scoreboard->idle[k], memory_order_relaxed))
            return true;
    return false;
}

bool cdr_supervisor_take_idle(struct cdr_supervisor *c, unsigned seat)
{
    uint64_t bit = UINT64_C(1) << seat % 64;

    CDR_COUNT(SCOREBOARD, &c->scoreboard->idle[seat / 64]);
    return atomic_fetch_and_explicit(&c->scoreboard->idle[seat / 64], ~bit,
                                     memory_order_seq_cst) &
           bit;
}

void cdr_supervisor_wake_one(struct cdr_supervisor *c, unsigned seat)
{
    _Atomic uint32_t *called = &c->scoreboard->slot[seat].called;

    CDR_COUNT(SCOREBOARD, called);
    atomic_fetch_add_explicit(called, 1, memory_order_release);
    cdr_futex_wake_shared(called, 1);
}

void cdr_supervisor_wake_some(struct cdr_supervisor *c, unsigned count)
{
    for (unsigned k = 0; k <= c->n / 64 && count > 0; k++) {
        uint64_t idle =
            atomic_load_explicit(&c->scoreboard->idle[k], memory_order_relaxed);
        for (; idle && count > 0; idle &= idle - 1) {
            unsigned seat = k * 64 + (unsigned)__builtin_ctzll(idle);
            if (seat > c->n)
                return;
            if (!cdr_supervisor_take_idle(c, seat))
                continue;
            CDR_CRASH_POINT();
            cdr_supervisor_wake_one(c, seat);
            count--;
        }
    }
}

void cdr_supervisor_wake_again(struct cdr_supervisor *c)
{
    for (unsigned seat = 1; seat <= c->n; seat++)
        if (c->children[seat].pid > 0 && !cdr_supervisor_is_idle(c, seat))
            cdr_supervisor_wake_one(c, seat);
}

uint64_t cdr_supervisor_rebalance(struct cdr_supervisor *c)
{
    uint64_t again = UINT64_MAX, then;

    for (unsigned seat = 1; seat <= c->n; seat++) {
        if (c->children[seat].pid == 0 || !cdr_supervisor_is_idle(c, seat))
            continue;
        /* It sleeps until it is called, so its range is ours. */
        if (!cadre_run_rebalance(c->run, seat, &then)) {
            again = then < again ? then : again;
            continue;
        }
        cdr_supervisor_take_idle(c, seat);
        cdr_supervisor_wake_one(c, seat);
    }
    return again;
}

unsigned cdr_supervisor_busy(const struct cdr_supervisor *c)
{
    unsigned busy = 0;

    for (unsigned seat = 1; seat <= c->n; seat++)
        busy += c->children[seat].pid > 0 && !cdr_supervisor_is_idle(c, seat) &&
                (c->ending || cadre_run_is_wanted(c->run, seat));
    return busy;
}

/* ---- time limits ---- */

/* Time in which the worker was stopped is not its task's: that has its time anew, whenever
 * it turns out to have been continued. One that is stopped still gets it once: perhaps all
 * of the program is being continued, and the worker has not been yet. */
static bool was_stopped(struct cdr_child *m)
{
    bool before = m->seen_stopped;

    if (cdr_pidfd_was_continued(m->pid, m->pidfd)) {
        m->seen_stopped = false;
        return true;
    }
    m->seen_stopped = cdr_pidfd_is_stopped(m->pid, m->pidfd);
    return m->seen_stopped && !before;
}

/* The worker is in no task. If it has been stopped for as long as a task may take, it is
 * replaced, and blames nobody: what it holds would never be run. */
static uint64_t enforce_outside(struct cdr_child *m, uint64_t now, uint64_t fresh)
{
    if (!cdr_pidfd_is_stopped(m->pid, m->pidfd)) {
        m->stopped_since = 0;
    } else if (m->stopped_since == 0) {
        m->stopped_since = now;
    } else if (now - m->stopped_since >= fresh - now && !m->killed) {
        m->expired = CADRE_NO_ITEM - 1;
        cdr_child_kill(m);
    }
    return fresh;
}

/* The task in this seat may have had its time; that of one that began now ends at `fresh`.
 * Returns when to look again. */
static uint64_t enforce(struct cdr_supervisor *c, unsigned seat, uint64_t now,
                        uint64_t fresh)
{
    struct cdr_child *m = &c->children[seat];
    uint64_t item, expiry = cadre_run_expiry(c->run, seat, &item);

    if (expiry == UINT64_MAX)
        return enforce_outside(m, now, fresh);
    m->stopped_since = 0;
    expiry = expiry < m->not_before ? m->not_before : expiry;
    if (expiry > now)
        return expiry;
    if (!m->asked_to_end || m->expired != item) {
        if (was_stopped(m))
            return m->not_before = fresh;
        m->expired = item;
        cdr_child_tell_to_end(m, now, cadre_run_grace_ns(c->run));
    } else if (now >= m->kill_at && !m->killed) {
        cdr_child_kill(m);
    }
    return m->killed ? UINT64_MAX : m->kill_at;
}

static void set_timer(const struct cdr_supervisor *c, uint64_t when)
{
    struct itimerspec at = { .it_value = { .tv_sec = (time_t)(when / 1000000000),
                                           .tv_nsec = (long)(when % 1000000000) } };

    timerfd_settime(c->timer, TFD_TIMER_ABSTIME, &at, NULL); /* valid: cannot fail */
}

/* What begins from now on ends its time no sooner than `next` is at first. */
void cdr_supervisor_look_at_limits(struct cdr_supervisor *c)
{
    uint64_t now = cdr_now(), item, fresh = cadre_run_expiry(c->run, 0, &item);
    uint64_t next = fresh;

    for (unsigned seat = 1; seat <= c->n; seat++) {
        if (c->children[seat].pid > 0 && !cdr_supervisor_is_idle(c, seat)) {
            uint64_t then = enforce(c, seat, now, fresh);
            next = then < next ? then : next;
        }
    }
    set_timer(c, next);
}

unsigned cdr_supervisor_await_seat(const struct cdr_supervisor *c)
{
    _Atomic uint32_t *standby_seat = &c->scoreboard->standby_seat;
    uint32_t seat;

    while ((seat = atomic_load_explicit(standby_seat, memory_order_acquire)) == 0)
        cdr_futex_wait_shared(standby_seat, 0, -1);
    CDR_CRASH_POINT();
    atomic_store_explicit(standby_seat, 0, memory_order_release);
    return seat;
}

const cadre_error *cdr_supervisor_refusal(const struct cdr_supervisor *c)
{
    return atomic_load_explicit(&c->scoreboard->refused, memory_order_acquire) == 2
               ? &c->scoreboard->refusal
               : NULL;
}
