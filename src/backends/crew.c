/* crew.c - the worker processes of one run: hired, tended, dismissed.
 * SPDX-License-Identifier: MIT
 *
 * The caller's thread sleeps in one epoll descriptor, for: deaths (a pidfd of each), what
 * workers write to stderr, an event that they signal when they go idle or give something
 * back, a timer for tasks with a time limit, and cadre_cancel. Nothing is found out by
 * looking now and then.
 *
 * Idle workers of a map sleep until they are called. The caller calls them when there is
 * something to claim, and else looks for something that another has not begun
 * (cadre_run_share); when all are idle, the run is over. Idle workers of a stream are
 * called by whoever sees that there is something.
 *
 * A dead worker's seat is settled by cadre_run_lost, which says whether a fresh one is
 * wanted.
 */
#include "backends/crew.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/machine.h"
#include "base/process.h"
#include "base/shared.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/timerfd.h>
#include <unistd.h>

#define EVENT  ((uint64_t)1 << 33)
#define TIMER  ((uint64_t)1 << 34)
#define CANCEL ((uint64_t)1 << 35)
#define WORDS  ((uint64_t)1 << 32)
#define EVENTS 32

#define WORTH_A_LOOK_KIB (16 << 10) /* less a worker is not compared with memory */

/* ---- making a crew ---- */

static void find_caps(struct cdr_crew *c)
{
    static const char *const names[CDR_CAPS] = { "openblas_set_num_threads",
                                                 "MKL_Set_Num_Threads",
                                                 "omp_set_num_threads",
                                                 "bli_thread_set_num_threads" };

    for (int k = 0; k < CDR_CAPS; k++) {
        void *symbol = dlsym(RTLD_DEFAULT, names[k]);
        memcpy(&c->cap[k], &symbol, sizeof symbol);
    }
}

static int watch(const struct cdr_crew *c, int fd, uint64_t what)
{
    struct epoll_event event = { .events = EPOLLIN, .data.u64 = what };

    return epoll_ctl(c->poll, EPOLL_CTL_ADD, fd, &event);
}

static int open_descriptors(struct cdr_crew *c, cadre_error *err)
{
    int cancelled = cadre_run_event(c->run);
    uint64_t item;

    c->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    c->poll = epoll_create1(EPOLL_CLOEXEC);
    if (c->event < 0 || c->poll < 0 || watch(c, c->event, EVENT) ||
        (cancelled >= 0 && watch(c, cancelled, CANCEL)))
        return cdr_fail_sys(err, errno, "a run with processes needs descriptors");
    if (cadre_run_expiry(c->run, 0, &item) == UINT64_MAX)
        return CADRE_OK;
    c->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (c->timer < 0 || watch(c, c->timer, TIMER))
        return cdr_fail_sys(err, errno, "a time limit needs a timer");
    return CADRE_OK;
}

static void free_crew(struct cdr_crew *c)
{
    if (c->timer >= 0)
        close(c->timer);
    if (c->poll >= 0)
        close(c->poll);
    if (c->event >= 0)
        close(c->event);
    cdr_shared_unmap(c->quarters, c->quarters_size);
    free(c->members);
    free(c);
}

/* Fewer where the memory that is left does not do for all: what a worker needs was seen
 * when the last ones ended. */
static unsigned fit_memory(struct cdr_team *team, const cadre_run *run, unsigned n)
{
    uint64_t kib = atomic_load_explicit(&team->kib_each, memory_order_relaxed), fit;
    struct cdr_machine *machine;
    char text[160];

    if (n < 2 || kib < WORTH_A_LOOK_KIB || !(machine = malloc(sizeof *machine)))
        return n;
    cdr_machine_read(machine, NULL);
    fit = machine->memory ? machine->memory / 1024 / kib : n;
    free(machine);
    if (fit >= n)
        return n;
    fit = fit ? fit : 1;
    snprintf(text, sizeof text,
             "%u worker processes instead of %u: each was seen to take %llu MiB",
             (unsigned)fit, n, (unsigned long long)(kib / 1024));
    cadre_run_say(run, CADRE_WARNING, text);
    return (unsigned)fit;
}

static struct cdr_crew *make_crew(struct cdr_team *team, cadre_run *run,
                                  cadre_error *err)
{
    struct cdr_crew *c = calloc(1, sizeof *c);
    unsigned n = fit_memory(team, run, cadre_run_workers(run));

    if (!c || !(c->members = calloc(n + 1, sizeof *c->members))) {
        free(c);
        cdr_fail(err, CADRE_ENOMEM, "no memory for %u worker processes", n);
        return NULL;
    }
    c->team = team;
    c->run = run;
    c->parent = getpid();
    c->n = n;
    c->event = c->poll = c->timer = -1;
    if (!cdr_oom_kills(&c->oom_kills))
        c->oom_kills = UINT64_MAX;
    c->own_kib = cdr_resident_kib();
    c->quarters_size = sizeof *c->quarters + (n + 1) * sizeof(struct cdr_berth);
    c->quarters = cdr_shared_map(c->quarters_size, "worker processes", err);
    if (!c->quarters || open_descriptors(c, err)) {
        free_crew(c);
        return NULL;
    }
    find_caps(c);
    return c;
}

/* ---- idle workers ---- */

static bool is_idle(const struct cdr_crew *c, unsigned seat)
{
    return atomic_load_explicit(&c->quarters->idle[seat / 64], memory_order_acquire) >>
               seat % 64 &
           1;
}

bool cdr_crew_has_idle(const struct cdr_crew *c)
{
    for (unsigned k = 0; k <= c->n / 64; k++)
        if (atomic_load_explicit(&c->quarters->idle[k], memory_order_relaxed))
            return true;
    return false;
}

/* It is no longer idle: true for the one who made it so. */
static bool take_idle(struct cdr_crew *c, unsigned seat)
{
    uint64_t bit = UINT64_C(1) << seat % 64;

    return atomic_fetch_and_explicit(&c->quarters->idle[seat / 64], ~bit,
                                     memory_order_seq_cst) &
           bit;
}

static void call(struct cdr_crew *c, unsigned seat)
{
    _Atomic uint32_t *called = &c->quarters->berth[seat].called;

    atomic_fetch_add_explicit(called, 1, memory_order_release);
    cdr_futex_wake_shared(called, 1);
}

void cdr_crew_rouse(struct cdr_crew *c, unsigned count)
{
    for (unsigned k = 0; k <= c->n / 64 && count > 0; k++) {
        uint64_t idle =
            atomic_load_explicit(&c->quarters->idle[k], memory_order_relaxed);
        for (; idle && count > 0; idle &= idle - 1) {
            unsigned seat = k * 64 + (unsigned)__builtin_ctzll(idle);
            if (!take_idle(c, seat))
                continue;
            call(c, seat);
            count--;
        }
    }
}

/* Give idle workers what others have not begun. Returns when to look again. */
static uint64_t share_out(struct cdr_crew *c)
{
    uint64_t again = UINT64_MAX, then;

    for (unsigned seat = 1; seat <= c->n; seat++) {
        if (c->members[seat].pid == 0 || !is_idle(c, seat))
            continue;
        /* It sleeps until it is called, so its range is ours. */
        if (!cadre_run_share(c->run, seat, &then)) {
            again = then < again ? then : again;
            continue;
        }
        take_idle(c, seat);
        call(c, seat);
    }
    return again;
}

/* Workers that may be doing something that is wanted. */
static unsigned count_busy(const struct cdr_crew *c)
{
    unsigned busy = 0;

    for (unsigned seat = 1; seat <= c->n; seat++)
        busy += c->members[seat].pid > 0 && !is_idle(c, seat) &&
                (c->ending || cadre_run_is_wanted(c->run, seat));
    return busy;
}

/* ---- time limits ---- */

static void tell_to_end(struct cdr_member *m, uint64_t now, uint64_t grace)
{
    m->told = true;
    m->kill_at = now + grace;
    cdr_member_signal(m, SIGTERM);
    cdr_member_signal(m, SIGCONT); /* a stopped one would not hear */
}

static void kill_member(struct cdr_member *m)
{
    m->killed = true;
    cdr_member_signal(m, SIGKILL);
}

/* The task in this seat may have had its time. Returns when to look again. */
static uint64_t enforce(struct cdr_crew *c, unsigned seat, uint64_t now)
{
    struct cdr_member *m = &c->members[seat];
    uint64_t item, expiry = cadre_run_expiry(c->run, seat, &item);

    if (expiry > now)
        return expiry;
    if (!m->told || m->expired != item) {
        m->expired = item;
        tell_to_end(m, now, cadre_run_grace_ns(c->run));
    } else if (now >= m->kill_at && !m->killed) {
        kill_member(m);
    }
    return m->killed ? UINT64_MAX : m->kill_at;
}

static void set_timer(const struct cdr_crew *c, uint64_t when)
{
    struct itimerspec at = { .it_value = { .tv_sec = (time_t)(when / 1000000000),
                                           .tv_nsec = (long)(when % 1000000000) } };

    timerfd_settime(c->timer, TFD_TIMER_ABSTIME, &at, NULL); /* valid: cannot fail */
}

/* What begins from now on ends its time no sooner than `next` is at first. */
static void look_at_limits(struct cdr_crew *c)
{
    uint64_t now = cdr_now(), item, next = cadre_run_expiry(c->run, 0, &item);

    for (unsigned seat = 1; seat <= c->n; seat++) {
        if (c->members[seat].pid > 0 && !is_idle(c, seat)) {
            uint64_t then = enforce(c, seat, now);
            next = then < next ? then : next;
        }
    }
    set_timer(c, next);
}

/* ---- what happens ---- */

static void hire_again(struct cdr_crew *c, unsigned seat)
{
    cadre_error error;

    if (cdr_member_hire(c, seat, &error))
        cadre_run_give_up(c->run, &error);
}

static unsigned count_members(const struct cdr_crew *c)
{
    unsigned n = 0;

    for (unsigned seat = 1; seat <= c->n; seat++)
        n += c->members[seat].pid > 0;
    return n;
}

/* Where memory ran out, a fresh worker would only make it run out again: the others of a map
 * go on without, and what they cannot take over waits until they have nothing else to do. Those
 * of a stream may never come to that, or wait themselves for what was at this seat. */
static void lost(struct cdr_crew *c, unsigned seat)
{
    cadre_death death;

    cdr_member_bury(c, seat, &death);
    take_idle(c, seat);
    if (c->ending || !cadre_run_lost(c->run, seat, &death))
        return;
    if (death.flags & CADRE_OUT_OF_MEMORY && count_members(c) > 0 &&
        !cadre_run_is_stream(c->run))
        c->members[seat].vacant = true;
    else
        hire_again(c, seat);
}

static bool has_vacant(const struct cdr_crew *c)
{
    for (unsigned seat = 1; seat <= c->n; seat++)
        if (c->members[seat].vacant)
            return true;
    return false;
}

/* Nobody does anything: time for what was left at a vacant seat. False: there is none. */
static bool fill_a_seat(struct cdr_crew *c)
{
    for (unsigned seat = 1; seat <= c->n; seat++) {
        if (!c->members[seat].vacant)
            continue;
        c->members[seat].vacant = false;
        hire_again(c, seat);
        return true;
    }
    return false;
}

static void handle(struct cdr_crew *c, uint64_t what)
{
    uint64_t count;

    if (what == EVENT || what == TIMER || what == CANCEL) {
        int fd = what == EVENT   ? c->event
                 : what == TIMER ? c->timer
                                 : cadre_run_event(c->run);
        if (read(fd, &count, sizeof count) > 0 && what == TIMER && !c->ending)
            look_at_limits(c);
    } else if (what & WORDS) {
        /* At its end, or after it: nobody writes to it any more. */
        cdr_member_listen(&c->members[what & UINT32_MAX]);
    } else if (c->members[what].pid > 0) {
        lost(c, (unsigned)what);
    }
}

static void await(struct cdr_crew *c, int timeout_ms)
{
    struct epoll_event events[EVENTS];
    int n = epoll_wait(c->poll, events, EVENTS, timeout_ms);

    for (int i = 0; i < n; i++)
        handle(c, events[i].data.u64);
}

static int ms_until(uint64_t then, int most)
{
    uint64_t now = cdr_now(), ms;

    if (then == UINT64_MAX)
        return most;
    ms = then > now ? (then - now + 999999) / 1000000 : 0;
    return most >= 0 && ms > (uint64_t)most ? most : ms > 60000 ? 60000 : (int)ms;
}

unsigned cdr_crew_tend(struct cdr_crew *c, int timeout_ms)
{
    bool more = cadre_run_has_work(c->run);
    uint64_t again = UINT64_MAX;

    if (more)
        cdr_crew_rouse(c, c->n);
    else
        again = share_out(c);
    /* In this order: what there is to do is seen here, or a worker that has it. */
    if (!more && count_busy(c) == 0 && !fill_a_seat(c))
        timeout_ms = 0; /* an idle one may have died all the same */
    await(c, ms_until(again, timeout_ms));
    more = cadre_run_has_work(c->run);
    return count_busy(c) + more + has_vacant(c);
}

/* ---- the beginning and the end ---- */

/* Give those who are at something `grace` to end it. */
static void await_idle(struct cdr_crew *c, uint64_t grace)
{
    uint64_t until = cdr_now() + grace;

    while (count_busy(c) > 0 && cdr_now() < until)
        await(c, ms_until(until, -1));
}

static void tell_all(struct cdr_crew *c)
{
    for (unsigned seat = 1; seat <= c->n; seat++)
        if (c->members[seat].pid > 0 && !is_idle(c, seat))
            tell_to_end(&c->members[seat], cdr_now(), 0);
}

void cdr_crew_end(struct cdr_crew *c)
{
    uint64_t grace = cadre_run_grace_ns(c->run);
    cadre_death death;

    c->ending = true;
    atomic_store_explicit(&c->quarters->report, true, memory_order_seq_cst);
    await_idle(c, grace);
    if (count_busy(c) > 0) {
        tell_all(c);
        await_idle(c, grace);
    }
    /* All at once, then wait: they go together. */
    for (unsigned seat = 1; seat <= c->n; seat++)
        if (c->members[seat].pid > 0)
            kill_member(&c->members[seat]);
    for (unsigned seat = 1; seat <= c->n; seat++)
        if (c->members[seat].pid > 0)
            cdr_member_bury(c, seat, &death);
    atomic_store_explicit(&c->team->kib_each, c->most_kib, memory_order_relaxed);
    free_crew(c);
}

int cdr_crew_begin(struct cdr_crew **out, struct cdr_team *team, cadre_run *run,
                   cadre_error *err)
{
    struct cdr_crew *c = make_crew(team, run, err);
    cadre_error local;
    int rc = CADRE_OK;

    if (!c)
        return err && err->code ? err->code : CADRE_ENOMEM;
    if (c->timer >= 0)
        look_at_limits(c);
    cadre_run_set_slot(run, c);
    for (unsigned seat = 1; seat <= c->n && !rc; seat++)
        rc = cdr_member_hire(c, seat, &local);
    if (rc) {
        if (err)
            *err = local;
        cadre_run_give_up(run, &local);
        cdr_crew_end(c);
        return rc;
    }
    *out = c;
    return CADRE_OK;
}
