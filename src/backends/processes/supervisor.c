/* supervisor.c - the worker processes of a run: hired, tended, dismissed.
 * SPDX-License-Identifier: MIT
 *
 * The caller's thread sleeps in one epoll descriptor, for: deaths (a pidfd of each), what
 * workers write to stderr, an event that they signal when they go idle or give something
 * back, a timer for tasks with a time limit, and cadre_cancel. Nothing is found out by
 * looking now and then.
 *
 * Idle workers of a map sleep until they are called. The caller calls them when there is
 * something to claim, and else looks for something that another has not begun
 * (cadre_run_rebalance); when all are idle, the run is over. Idle workers of a stream are
 * called by whoever sees that there is something.
 *
 * A dead worker's seat is settled by cadre_run_lost, which says whether a fresh one is
 * wanted.
 *
 * A forked supervisor is made for its run and goes with it. A persistent one (persistent.c) stays: its
 * workers leave the run by going idle, and those that do not are killed as others are.
 */
#include "backends/processes/supervisor.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "base/error.h"
#include "code/module.h"
#include "machine/facts.h"
#include "machine/pidfd.h"
#include "machine/process.h"
#include "memory/shared.h"

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
#define STDERR ((uint64_t)1 << 32)
#define EVENTS 32

#define WORTH_A_LOOK_KIB (16 << 10) /* less a worker is not compared with memory */

/* ---- making a supervisor ---- */

static void find_caps(struct cdr_supervisor *c)
{
    static const char *const names[CDR_CAPS] = { "openblas_set_num_threads",
                                                 "MKL_Set_Num_Threads",
                                                 "omp_set_num_threads",
                                                 "bli_thread_set_num_threads" };

    /* In musl, a thread whose dlsym() has failed takes a lock when it ends, while a fork()
     * in another thread holds that lock and waits for the thread. */
#ifdef __GLIBC__
    for (int k = 0; k < CDR_CAPS && cdr_modules_can_be_read(); k++) {
        void *symbol = dlsym(RTLD_DEFAULT, names[k]);
        memcpy(&c->cap[k], &symbol, sizeof symbol);
    }
#else
    (void)c, (void)names;
#endif
}

static int watch(const struct cdr_supervisor *c, int fd, uint64_t what)
{
    struct epoll_event event = { .events = EPOLLIN, .data.u64 = what };

    return epoll_ctl(c->poll, EPOLL_CTL_ADD, fd, &event);
}

static int refuse_call(const char *call, cadre_error *err)
{
    return cdr_fail_sys(err, errno,
                        "worker processes need %s, which fails (where it is forbidden, "
                        "use threads)",
                        call);
}

static int open_descriptors(struct cdr_supervisor *c, cadre_error *err)
{
    c->event = cdr_fd_own(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (c->event < 0)
        return refuse_call("eventfd", err);
    c->poll = cdr_fd_own(epoll_create1(EPOLL_CLOEXEC));
    if (c->poll < 0)
        return refuse_call("epoll_create1", err);
    if (watch(c, c->event, EVENT))
        return refuse_call("epoll_ctl", err);
    return CADRE_OK;
}

int cdr_supervisor_check_calls(cadre_error *err)
{
    struct cdr_supervisor c = { .event = -1, .poll = -1 };
    struct epoll_event event;
    int rc = open_descriptors(&c, err);

    if (!rc && epoll_wait(c.poll, &event, 1, 0) < 0 && errno != EINTR)
        rc = refuse_call("epoll_wait", err);
    cdr_fd_close(c.poll);
    cdr_fd_close(c.event);
    return rc;
}

/* What there is to be seen to in this run. */
static int watch_run(struct cdr_supervisor *c, cadre_error *err)
{
    int cancelled = cadre_run_event(c->run);
    uint64_t item;

    if (cancelled >= 0 && watch(c, cancelled, CANCEL))
        return refuse_call("epoll_ctl", err);
    if (cadre_run_expiry(c->run, 0, &item) == UINT64_MAX)
        return CADRE_OK;
    c->timer = cdr_fd_own(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
    if (c->timer < 0 || watch(c, c->timer, TIMER))
        return cdr_fail_sys(err, errno,
                            "timeout_ms needs timerfd_create, which fails (where it is "
                            "forbidden, do without that limit)");
    cdr_supervisor_look_at_limits(c);
    return CADRE_OK;
}

static void unwatch_run(struct cdr_supervisor *c)
{
    int cancelled = cadre_run_event(c->run);

    if (cancelled >= 0) /* if it was watched: else there is nothing to end */
        epoll_ctl(c->poll, EPOLL_CTL_DEL, cancelled, NULL);
    /* Closing it is not enough: a process forked meanwhile may have it, too. */
    if (c->timer >= 0)
        epoll_ctl(c->poll, EPOLL_CTL_DEL, c->timer, NULL);
    cdr_fd_close(c->timer);
    c->timer = -1;
}

void cdr_supervisor_free(struct cdr_supervisor *c)
{
    cdr_fd_close(c->poll);
    cdr_fd_close(c->event);
    cdr_shared_unmap(c->scoreboard, c->scoreboard_size);
    free(c->children);
    free(c);
}

/* What a worker needs was seen when the last ones ended. */
unsigned cdr_supervisor_fit_memory(struct cdr_process_pool *process_pool,
                                   const cadre_run *run, unsigned n)
{
    uint64_t kib = atomic_load_explicit(&process_pool->kib_each, memory_order_relaxed),
             fit;
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
    cadre_run_log(run, CADRE_WARNING, text);
    return (unsigned)fit;
}

struct cdr_supervisor *cdr_supervisor_make(struct cdr_process_pool *process_pool,
                                           unsigned n, cadre_error *err)
{
    struct cdr_supervisor *c = calloc(1, sizeof *c);

    if (!c || !(c->children = calloc(n + 1, sizeof *c->children))) {
        free(c);
        cdr_fail(err, CADRE_ENOMEM, "no memory for %u worker processes", n);
        return NULL;
    }
    c->process_pool = process_pool;
    c->parent = getpid();
    c->n = c->seats = n;
    c->event = c->poll = c->timer = -1;
    c->lifelines = !process_pool->start->stays && !cdr_pidfds_work();
    if (!cdr_oom_kills(&c->oom_kills))
        c->oom_kills = UINT64_MAX;
    c->own_kib = process_pool->start->stays ? 0 : cdr_resident_kib();
    c->scoreboard_size =
        sizeof *c->scoreboard + (n + 1) * sizeof(struct cdr_scoreboard_slot);
    c->scoreboard = cdr_shared_map(c->scoreboard_size, "worker processes", err);
    if (!c->scoreboard || open_descriptors(c, err)) {
        cdr_supervisor_free(c);
        return NULL;
    }
    if (!process_pool->start->stays)
        find_caps(c);
    return c;
}

/* ---- what happens ---- */

static void hire_again(struct cdr_supervisor *c, unsigned seat)
{
    cadre_error error;

    if (c->process_pool->start->replace(c, seat, &error))
        cadre_run_give_up(c->run, &error);
}

static unsigned count_members(const struct cdr_supervisor *c)
{
    unsigned n = 0;

    for (unsigned seat = 1; seat <= c->n; seat++)
        n += c->children[seat].pid > 0;
    return n;
}

/* Of a worker that died; true: a fresh one is wanted. At the end of a map none is, but
 * what this one had done counts; a stream is being closed then. */
static bool settle(struct cdr_supervisor *c, unsigned seat, const cadre_death *death)
{
    if (!c->run || seat > c->n || (c->ending && cadre_run_is_stream(c->run)))
        return false;
    return cadre_run_lost(c->run, seat, death) && !c->ending;
}

/* Where memory ran out, a fresh worker would only make it run out again: the others of a map
 * go on without, and what they cannot take over waits until they have nothing else to do. Those
 * of a stream may never come to that, or wait themselves for what was at this seat. */
static void lost(struct cdr_supervisor *c, unsigned seat)
{
    cadre_death death;

    cdr_child_reap(c, seat, &death);
    cdr_supervisor_take_idle(c, seat);
    cdr_standby_gone(c, seat);
    if (c->run && cadre_run_is_stream(c->run))
        cdr_supervisor_wake_again(c);
    if (!settle(c, seat, &death))
        return;
    if (death.flags & CADRE_OUT_OF_MEMORY && count_members(c) > 0 &&
        !cadre_run_is_stream(c->run))
        c->children[seat].vacant = true;
    else
        hire_again(c, seat);
}

static bool has_vacant(const struct cdr_supervisor *c)
{
    for (unsigned seat = 1; seat <= c->n; seat++)
        if (c->children[seat].vacant)
            return true;
    return false;
}

/* Nobody does anything: time for what was left at a vacant seat. False: there is none. */
static bool fill_a_seat(struct cdr_supervisor *c)
{
    for (unsigned seat = 1; seat <= c->n; seat++) {
        if (!c->children[seat].vacant)
            continue;
        c->children[seat].vacant = false;
        hire_again(c, seat);
        return true;
    }
    return false;
}

static void handle(struct cdr_supervisor *c, uint64_t what)
{
    uint64_t count;

    if (what == EVENT || what == TIMER || what == CANCEL) {
        int fd = what == EVENT   ? c->event
                 : what == TIMER ? c->timer
                                 : cadre_run_event(c->run);
        if (read(fd, &count, sizeof count) > 0 && what == TIMER && !c->ending)
            cdr_supervisor_look_at_limits(c);
    } else if (what & STDERR) {
        /* At its end, or after it: nobody writes to it any more. */
        cdr_child_listen(c, &c->children[what & UINT32_MAX]);
    } else if (c->children[what].pid > 0) {
        lost(c, (unsigned)what);
    }
}

void cdr_supervisor_await(struct cdr_supervisor *c, int timeout_ms)
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

unsigned cdr_supervisor_poll(struct cdr_supervisor *c, int timeout_ms)
{
    const cadre_error *refusal = cdr_supervisor_refusal(c);
    bool more = cadre_run_has_work(c->run);
    uint64_t again = UINT64_MAX, standby;

    if (refusal) {
        cadre_run_give_up(c->run, refusal);
        return 0;
    }

    if (more)
        cdr_supervisor_wake_some(c, c->n);
    else
        again = cdr_supervisor_rebalance(c);
    /* In this order: what there is to do is seen here, or a worker that has it. */
    if (!more && cdr_supervisor_busy(c) == 0 && !fill_a_seat(c))
        timeout_ms = 0; /* an idle one may have died all the same */
    standby = cdr_standby_prepare(c);
    cdr_supervisor_await(c, ms_until(standby < again ? standby : again, timeout_ms));
    more = cadre_run_has_work(c->run);
    return cdr_supervisor_busy(c) + more + has_vacant(c);
}

/* ---- the beginning and the end ---- */

/* Give those who are at something `grace` to end it. */
static void await_idle(struct cdr_supervisor *c, uint64_t grace)
{
    uint64_t until = cdr_now() + grace;

    while (cdr_supervisor_busy(c) > 0 && cdr_now() < until)
        cdr_supervisor_await(c, ms_until(until, -1));
}

/* Those who are idle and have a state to end. True: some have. */
static bool wake_for_states(struct cdr_supervisor *c)
{
    bool some = false;

    for (unsigned seat = 1; seat <= c->n; seat++) {
        if (c->children[seat].pid == 0 || !cadre_run_has_state(c->run, seat) ||
            !cdr_supervisor_take_idle(c, seat))
            continue;
        cdr_supervisor_wake_one(c, seat);
        some = true;
    }
    return some;
}

static void tell_all(struct cdr_supervisor *c)
{
    for (unsigned seat = 1; seat <= c->n; seat++)
        if (c->children[seat].pid > 0 && !cdr_supervisor_is_idle(c, seat))
            cdr_child_tell_to_end(&c->children[seat], cdr_now(), 0);
}

/* They go together. What one of them had done in a map that is over early counts. */
void cdr_supervisor_kill_all(struct cdr_supervisor *c, bool idle_too)
{
    cadre_death death;

    for (unsigned seat = 1; seat <= c->seats; seat++)
        if (c->children[seat].pid > 0 && (idle_too || !cdr_supervisor_is_idle(c, seat)))
            cdr_child_kill(&c->children[seat]);
    for (unsigned seat = 1; seat <= c->seats; seat++)
        if (c->children[seat].pid > 0 && c->children[seat].killed) {
            cdr_child_reap(c, seat, &death);
            if (c->ending && !cdr_supervisor_is_idle(c, seat))
                settle(c, seat, &death);
        }
}

void cdr_supervisor_end(struct cdr_supervisor *c)
{
    uint64_t grace = cadre_run_grace_ns(c->run);

    c->ending = true;
    atomic_store_explicit(&c->scoreboard->report, true, memory_order_seq_cst);
    wake_for_states(c);
    await_idle(c, grace);
    if (wake_for_states(c)) /* who was about to go idle */
        await_idle(c, grace);
    if (cdr_supervisor_busy(c) > 0) {
        tell_all(c);
        await_idle(c, grace);
    }
    cdr_supervisor_kill_all(c, !c->process_pool->start->stays);
    cdr_standby_end(c);
    unwatch_run(c);
    if (c->oom_seen > c->oom_kills)
        c->oom_kills = c->oom_seen;
    atomic_store_explicit(&c->process_pool->kib_each, c->most_kib,
                          memory_order_relaxed);
    c->process_pool->start->release(c);
}

static int bring_in(struct cdr_supervisor *c, cadre_error *err)
{
    int rc = watch_run(c, err);

    return rc ? rc : c->process_pool->start->join(c, err);
}

int cdr_supervisor_begin(struct cdr_supervisor **out,
                         struct cdr_process_pool *process_pool, cadre_run *run,
                         cadre_error *err)
{
    struct cdr_supervisor *c;
    cadre_error local;
    int rc;

    if (!err)
        err = &local;
    c = process_pool->start->take(process_pool, run, err);
    if (!c)
        return err->code ? err->code : CADRE_ENOMEM;
    c->run = run;
    cadre_run_set_data(run, c);
    rc = bring_in(c, &local);
    if (rc) {
        *err = local;
        cadre_run_give_up(run, &local);
        cdr_supervisor_end(c);
        return rc;
    }
    *out = c;
    return CADRE_OK;
}
