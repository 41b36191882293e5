/* threads.c - workers that are threads of this process, kept warm between runs.
 * SPDX-License-Identifier: MIT
 *
 * Each run has a gate. Helpers enter every open gate in turn, serve there until
 * nothing is left to take, leave, and wait on the one bell that is rung whenever a
 * gate opens or there is work again behind one. A helper spins for a while before it
 * sleeps, since runs often follow each other closely; not when there are more workers
 * than CPUs, where spinning takes the time from who has work.
 *
 * There are as many helpers as workers. Since the caller's thread works too, the last
 * one is held in reserve for runs whose caller has better things to do. It has a bell of
 * its own, so that it neither spins nor is woken for nothing.
 *
 * Waking is passed on: whoever is woken wakes a few more, so that the caller does not
 * pay for all. Where there are more workers than CPUs, a stream has one woken at a time, who
 * wakes two more if there is still something to claim: those that run would else have
 * claimed it before most of the others get a CPU, time after time. Each item is fed before
 * somebody is woken, so none waits while workers sleep, however long tasks block. Maps have
 * all come, as those who find nothing ask for what others hold.
 */
#include "backends/table.h"
#include "base/alloc.h"
#include "base/clock.h"
#include "base/counter.h"
#include "base/error.h"
#include "machine/affinity.h"
#include "base/sync.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define GATES           64
#define SPIN_NS         30000
#define FAN_OUT         4
#define FAN_OUT_CROWDED 2 /* for streams, where there are more workers than CPUs */

/* What bringing helpers in must be worth: awake, they look at the bell; asleep, waking
 * one costs the caller 3 to 15 microseconds, and it comes 10 to 50 later. In a virtual machine
 * it may come hundreds later: so that is measured. */
#define AWAKE_NS     20000
#define ASLEEP_NS    100000
#define MOST_LATE_NS 1000000 /* at most so late: a busy machine does not stay one */

#define OPEN   0x80000000u
#define INSIDE 0x7FFFFFFFu

struct gate {
    /* OPEN and how many helpers are inside. Entering acquires what opening released;
     * closing acquires what leaving released. */
    _Alignas(CDR_FALSE_SHARING) _Atomic uint32_t users;
    _Atomic uint32_t event; /* futex: changes when a helper leaves or work returns */
    _Atomic uint32_t
        caller_waits; /* the run's caller waits for that: with the fences */
    cadre_run *run;   /* written before OPEN; valid for who is inside */
    int cpu;          /* where the run's caller was when it began; as run */
};

struct helper {
    struct threads *pool;
    unsigned seat;
    pthread_t thread;
    char name[24];
    cadre_worker *worker; /* this and `starved` are its thread's alone */
    bool reserve;         /* serves only where the caller's thread does not */
    bool starved;         /* had no memory to serve with */
};

struct threads {
    struct cdr_bell bell, reserve_bell;
    _Atomic uint64_t taken; /* a bit for each gate in use: acquire, release */
    _Atomic bool stop;      /* published by the bells */
    _Atomic uint64_t
        rung; /* when one that sleeps was called; 0: it is noted. Relaxed */
    _Atomic uint32_t late; /* how many ns later it comes, as a rule. Relaxed */
    unsigned n;            /* helpers: as many as workers */
    bool roomy; /* a CPU for each worker: spin, and keep out of each other's way */
    struct helper *helpers;
    struct gate gates[GATES];
};

/* ---- gates ---- */

static bool enter(struct gate *g)
{
    uint32_t users = atomic_load_explicit(&g->users, memory_order_relaxed);

    while (users & OPEN) {
        CDR_COUNT(GATE, &g->users);
        if (atomic_compare_exchange_weak_explicit(&g->users, &users, users + 1,
                                                  memory_order_acquire,
                                                  memory_order_relaxed))
            return true;
    }
    return false;
}

static void announce(struct gate *g)
{
    cdr_light_fence();
    if (!atomic_load_explicit(&g->caller_waits, memory_order_relaxed))
        return;
    CDR_COUNT(GATE, &g->event);
    atomic_fetch_add_explicit(&g->event, 1, memory_order_release);
    cdr_futex_wake(&g->event, 1);
}

static void leave(struct gate *g)
{
    CDR_COUNT(GATE, &g->users);
    atomic_fetch_sub_explicit(&g->users, 1, memory_order_release);
    announce(g);
}

static uint32_t inside(const struct gate *g)
{
    return atomic_load_explicit(&g->users, memory_order_acquire) & INSIDE;
}

static bool changed(struct gate *g, uint32_t users)
{
    return atomic_load_explicit(&g->users, memory_order_acquire) != users;
}

static bool caller_has_work(const cadre_run *run)
{
    return !cadre_run_caller_is_busy(run) && cadre_run_has_work(run);
}

/* Wait until the number inside is another than `users`, or work has returned, or the
 * time is over; spins first. */
static void await_change(struct threads *t, struct gate *g, uint32_t users,
                         int64_t timeout)
{
    uint32_t seen = atomic_load_explicit(&g->event, memory_order_acquire);

    for (int spins = t->roomy ? SPIN_NS / 20 : 0; spins > 0; spins--) {
        if (changed(g, users))
            return;
        cdr_pause();
    }
    atomic_store_explicit(&g->caller_waits, 1, memory_order_relaxed);
    cdr_heavy_fence();
    if (!changed(g, users) && !caller_has_work(g->run))
        cdr_futex_wait(&g->event, seen, timeout);
    atomic_store_explicit(&g->caller_waits, 0, memory_order_relaxed);
}

static struct gate *take_gate(struct threads *t)
{
    uint64_t taken = atomic_load_explicit(&t->taken, memory_order_relaxed);
    uint64_t bit;

    do {
        if (taken == UINT64_MAX)
            return NULL;
        bit = ~taken & (taken + 1);
    } while (!atomic_compare_exchange_weak_explicit(
        &t->taken, &taken, taken | bit, memory_order_acquire, memory_order_relaxed));
    return &t->gates[__builtin_ctzll(bit)];
}

/* ---- helpers ---- */

/* Gates the helper may enter now; each bit in turn, lowest first. */
static bool may_enter(const struct helper *h, struct gate *g)
{
    if (!enter(g))
        return false;
    if (!h->reserve || cadre_run_caller_is_busy(g->run) ||
        cadre_run_has_state(g->run, h->seat))
        return true;
    leave(g);
    return false;
}

static void serve_gates(struct helper *h)
{
    struct threads *t = h->pool;
    uint64_t taken = atomic_load_explicit(&t->taken, memory_order_relaxed);

    h->starved = false;
    for (; taken; taken &= taken - 1) {
        struct gate *g = &t->gates[__builtin_ctzll(taken)];
        if (!may_enter(h, g))
            continue;
        cdr_leave_cpu(g->cpu);
        if (!cadre_serve(h->worker, g->run, h->seat))
            h->starved = true; /* others do the work */
        leave(g);
    }
}

/* The last look before waiting: whoever adds work after it sees that we wait. */
static bool anything_to_do(void *arg)
{
    struct helper *h = arg;
    struct threads *t = h->pool;
    uint64_t taken = atomic_load_explicit(&t->taken, memory_order_relaxed);

    for (; taken && !h->starved; taken &= taken - 1) {
        struct gate *g = &t->gates[__builtin_ctzll(taken)];
        bool some;
        if (!may_enter(h, g))
            continue;
        some = cadre_run_has_work(g->run) || cadre_run_has_state(g->run, h->seat);
        leave(g);
        if (some)
            return true;
    }
    return false;
}

/* By who was woken. (To wake none would wake one, on older Linux.) */
static void pass_on(const struct helper *h, struct cdr_bell *bell)
{
    struct threads *t = h->pool;
    uint64_t taken = atomic_load_explicit(&t->taken, memory_order_relaxed);
    unsigned count = t->roomy ? FAN_OUT : 0;

    for (; taken && count < FAN_OUT; taken &= taken - 1) {
        struct gate *g = &t->gates[__builtin_ctzll(taken)];
        if (!enter(g))
            continue;
        if (!cadre_run_is_stream(g->run))
            count = FAN_OUT;
        else if (cadre_run_has_work(g->run))
            count = FAN_OUT_CROWDED;
        leave(g);
    }
    if (count > 0)
        cdr_bell_pass_on(bell, count);
}

/* By who was woken. The first of them tells how late it is: half of it counts from now on. */
static void note_late(struct threads *t)
{
    uint64_t rung = atomic_exchange_explicit(&t->rung, 0, memory_order_relaxed), late;

    if (rung == 0)
        return;
    late = cdr_now() - rung;
    late = late < MOST_LATE_NS ? late : MOST_LATE_NS;
    late += atomic_load_explicit(&t->late, memory_order_relaxed);
    atomic_store_explicit(&t->late, (uint32_t)(late / 2), memory_order_relaxed);
}

static void *help(void *arg)
{
    struct helper *h = arg;
    struct threads *t = h->pool;
    struct cdr_bell *bell = h->reserve ? &t->reserve_bell : &t->bell;
    int64_t spin_ns = t->roomy && !h->reserve ? SPIN_NS : 0;

    pthread_setname_np(pthread_self(), h->name); /* only a name: may fail */
    for (;;) {
        uint32_t seen = cdr_bell_read(bell);
        if (atomic_load_explicit(&t->stop, memory_order_relaxed)) {
            cadre_worker_close(h->worker); /* here: it may have states to end */
            h->worker = NULL;
            return NULL;
        }
        serve_gates(h);
        if (!cdr_bell_wait(bell, seen, spin_ns, anything_to_do, h))
            continue;
        pass_on(h, bell);
        if (!h->reserve)
            note_late(t);
    }
}

/* Threads take no signals: those are the program's. */
static int create(struct helper *h)
{
    sigset_t all, old;
    int rc;

    sigfillset(&all);
    rc = pthread_sigmask(SIG_SETMASK, &all, &old);
    if (rc)
        return rc;
    rc = pthread_create(&h->thread, NULL, help, h);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return rc;
}

static void dismiss(struct threads *t, unsigned created)
{
    atomic_store_explicit(&t->stop, true, memory_order_relaxed);
    cdr_bell_ring(&t->bell, t->n);
    cdr_bell_ring(&t->reserve_bell, 1);
    for (unsigned i = 0; i < created; i++)
        pthread_join(t->helpers[i].thread, NULL);
    for (unsigned i = 0; i < t->n; i++)
        cadre_worker_close(t->helpers[i].worker);
    free(t->helpers);
}

/* ---- the backend ---- */

static int threads_open(void *state, const cadre_setup *setup, cadre_error *err)
{
    struct threads *t = state;

    cdr_fences_prepare();
    t->n = setup->workers;
    t->roomy = setup->workers <= setup->cpus;
    t->helpers = calloc(t->n, sizeof *t->helpers);
    if (!t->helpers)
        return cdr_fail(err, CADRE_ENOMEM, "no memory for %u threads", t->n);
    for (unsigned i = 0; i < t->n; i++) {
        struct helper *h = &t->helpers[i];
        int rc = 0;
        h->pool = t;
        h->seat = i + 1;
        h->reserve = i + 1 == t->n;
        snprintf(h->name, sizeof h->name, "%.9s/%u", setup->name, h->seat);
        h->worker = cadre_worker_open();
        if (!h->worker || (rc = create(h)) != 0) {
            dismiss(t, i);
            return rc ? cdr_fail_sys(err, rc, "thread %u of %u could not be started",
                                     i + 1, t->n)
                      : cdr_fail(err, CADRE_ENOMEM, "no memory for thread %u of %u",
                                 i + 1, t->n);
        }
    }
    return CADRE_OK;
}

static uint64_t threads_threshold(void *state)
{
    struct threads *t = state;

    if (cdr_bell_sleepers(&t->bell) < t->n - 1)
        return AWAKE_NS;
    return ASLEEP_NS + atomic_load_explicit(&t->late, memory_order_relaxed);
}

static int threads_begin(void *state, cadre_run *run, cadre_error *err)
{
    struct threads *t = state;
    struct gate *g = take_gate(t);

    if (!g)
        return cdr_fail(err, CADRE_EBUSY, "%d runs are on already", GATES);
    g->run = run;
    g->cpu = t->roomy ? cdr_this_cpu() : -1;
    cadre_run_set_data(run, g);
    CDR_COUNT(GATE, &g->users);
    atomic_store_explicit(&g->users, OPEN, memory_order_release);
    if (cdr_bell_sleepers(&t->bell) > 0)
        atomic_store_explicit(&t->rung, cdr_now(), memory_order_relaxed);
    cdr_bell_ring(&t->bell, FAN_OUT);
    if (cadre_run_caller_is_busy(run))
        cdr_bell_ring(&t->reserve_bell, 1);
    return CADRE_OK;
}

static unsigned threads_tend(void *state, cadre_run *run, int timeout_ms)
{
    struct gate *g = cadre_run_data(run);
    uint32_t users = atomic_load_explicit(&g->users, memory_order_acquire);

    if ((users & INSIDE) > 0 && !caller_has_work(run))
        await_change(state, g, users,
                     timeout_ms < 0 ? -1 : timeout_ms * INT64_C(1000000));
    return inside(g);
}

static void threads_wake(void *state, cadre_run *run)
{
    struct threads *t = state;

    announce(cadre_run_data(run));
    cdr_bell_nudge(&t->bell, t->roomy || !cadre_run_is_stream(run) ? FAN_OUT : 1);
    if (cadre_run_caller_is_busy(run))
        cdr_bell_nudge(&t->reserve_bell, 1);
}

static bool any_has_state(const struct threads *t, const cadre_run *run)
{
    for (unsigned seat = 1; seat <= t->n; seat++)
        if (cadre_run_has_state(run, seat))
            return true;
    return false;
}

/* Have those come who left the run with a state to end: once called, each comes by. */
static void await_states(struct threads *t, struct gate *g)
{
    if (!any_has_state(t, g->run))
        return;
    cdr_bell_ring(&t->bell, t->n);
    cdr_bell_ring(&t->reserve_bell, 1);
    atomic_store_explicit(&g->caller_waits, 1, memory_order_relaxed);
    for (;;) {
        uint32_t seen = atomic_load_explicit(&g->event, memory_order_acquire);
        cdr_heavy_fence();
        if (!any_has_state(t, g->run))
            break;
        cdr_futex_wait(&g->event, seen, -1);
    }
    atomic_store_explicit(&g->caller_waits, 0, memory_order_relaxed);
}

static void threads_end(void *state, cadre_run *run)
{
    struct threads *t = state;
    struct gate *g = cadre_run_data(run);
    uint32_t users;

    await_states(t, g);
    CDR_COUNT(GATE, &g->users);
    users = atomic_fetch_and_explicit(&g->users, ~OPEN, memory_order_acquire) & ~OPEN;
    while (users > 0) {
        await_change(t, g, users, -1);
        users = inside(g);
    }
    atomic_fetch_and_explicit(&t->taken, ~((uint64_t)1 << (g - t->gates)),
                              memory_order_release);
}

static void threads_close(void *state)
{
    struct threads *t = state;

    dismiss(t, t->n);
}

const cadre_backend cdr_threads_backend = {
    .abi = CADRE_BACKEND_ABI,
    .name = "threads",
    .state_size = sizeof(struct threads),
    .open = threads_open,
    .threshold = threads_threshold,
    .begin = threads_begin,
    .poll = threads_tend,
    .wake = threads_wake,
    .end = threads_end,
    .close = threads_close,
};
