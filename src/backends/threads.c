/* threads.c - workers that are threads of this process, kept warm between runs.
 * SPDX-License-Identifier: MIT
 *
 * Each run has a gate. Helpers enter every open gate in turn, serve there until
 * nothing is left to take, leave, and wait on the one bell that is rung whenever a
 * gate opens or there is work again behind one. A helper spins for a while before it
 * sleeps, since runs often follow each other closely; not when there are more workers
 * than CPUs, where spinning takes the time from who has work.
 *
 * Waking is passed on: whoever is woken wakes a few more, so that the caller does not
 * pay for all.
 */
#include "backends/table.h"
#include "base/alloc.h"
#include "base/error.h"
#include "base/place.h"
#include "base/sync.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define GATES   64
#define SPIN_NS 30000
#define FAN_OUT 4

/* What bringing helpers in must be worth: awake, they look at the bell; asleep, waking
 * one costs the caller 3 to 15 microseconds, and it comes 10 to 50 later. */
#define AWAKE_NS  20000
#define ASLEEP_NS 100000

#define OPEN   0x80000000u
#define INSIDE 0x7FFFFFFFu

struct gate {
    /* OPEN and how many helpers are inside. Entering acquires what opening released;
     * closing acquires what leaving released. */
    _Alignas(CDR_APART) _Atomic uint32_t users;
    _Atomic uint32_t event; /* futex: changes when a helper leaves or work returns */
    cadre_run *run;         /* written before OPEN; valid for who is inside */
    int cpu;                /* where the run's caller was when it began; as run */
    uint32_t tended;        /* the event that tend saw last; the run's caller alone */
};

struct helper {
    struct threads *team;
    unsigned seat;
    pthread_t thread;
    cadre_worker *worker; /* used by the helper's thread alone */
};

struct threads {
    struct cdr_bell bell;
    _Atomic uint64_t taken; /* a bit for each gate in use: acquire, release */
    _Atomic bool stop;      /* published by the bell */
    unsigned n;             /* helpers: one less than workers */
    bool roomy; /* a CPU for each worker: spin, and keep out of each other's way */
    struct helper *helpers;
    struct gate gates[GATES];
};

/* ---- gates ---- */

static bool enter(struct gate *g)
{
    uint32_t users = atomic_load_explicit(&g->users, memory_order_relaxed);

    while (users & OPEN)
        if (atomic_compare_exchange_weak_explicit(&g->users, &users, users + 1,
                                                  memory_order_acquire,
                                                  memory_order_relaxed))
            return true;
    return false;
}

/* Somebody may be waiting for a change: the event and the futex are cheap beside
 * what the helper did inside. */
static void announce(struct gate *g)
{
    atomic_fetch_add_explicit(&g->event, 1, memory_order_release);
    cdr_futex_wake(&g->event, 1);
}

static void leave(struct gate *g)
{
    atomic_fetch_sub_explicit(&g->users, 1, memory_order_release);
    announce(g);
}

static uint32_t inside(const struct gate *g)
{
    return atomic_load_explicit(&g->users, memory_order_acquire) & INSIDE;
}

/* Wait for a change after `seen`; spins first. */
static void await_event(struct threads *t, struct gate *g, uint32_t seen,
                        int64_t timeout)
{
    for (int64_t spins = t->roomy ? SPIN_NS / 20 : 0; spins > 0; spins--) {
        if (atomic_load_explicit(&g->event, memory_order_acquire) != seen)
            return;
        cdr_pause();
    }
    cdr_futex_wait(&g->event, seen, timeout);
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

static void serve_gates(struct helper *h)
{
    struct threads *t = h->team;
    uint64_t taken = atomic_load_explicit(&t->taken, memory_order_relaxed);

    for (; taken; taken &= taken - 1) {
        struct gate *g = &t->gates[__builtin_ctzll(taken)];
        if (!enter(g))
            continue;
        cdr_leave_cpu(g->cpu);
        /* Without memory for its own work it leaves; the caller does it all. */
        cadre_serve(h->worker, g->run, h->seat);
        leave(g);
    }
}

static void *help(void *arg)
{
    struct helper *h = arg;
    struct threads *t = h->team;

    for (;;) {
        uint32_t seen = cdr_bell_read(&t->bell);
        if (atomic_load_explicit(&t->stop, memory_order_relaxed))
            return NULL;
        serve_gates(h);
        if (cdr_bell_wait(&t->bell, seen, t->roomy ? SPIN_NS : 0))
            cdr_bell_pass_on(&t->bell, FAN_OUT);
    }
}

static void name_thread(const struct helper *h, const char *pool)
{
    char name[16];

    snprintf(name, sizeof name, "%.9s/%u", pool, h->seat);
    pthread_setname_np(h->thread, name); /* only a name: may fail */
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

    t->n = setup->workers - 1;
    t->roomy = setup->workers <= setup->cpus;
    t->helpers = calloc(t->n, sizeof *t->helpers);
    if (!t->helpers)
        return cdr_fail(err, CADRE_ENOMEM, "no memory for %u threads", t->n);
    for (unsigned i = 0; i < t->n; i++) {
        struct helper *h = &t->helpers[i];
        int rc = 0;
        h->team = t;
        h->seat = i + 1;
        h->worker = cadre_worker_open();
        if (!h->worker || (rc = create(h)) != 0) {
            dismiss(t, i);
            return rc ? cdr_fail_sys(err, rc, "thread %u of %u could not be started",
                                     i + 1, t->n)
                      : cdr_fail(err, CADRE_ENOMEM, "no memory for thread %u of %u",
                                 i + 1, t->n);
        }
        name_thread(h, setup->name);
    }
    return CADRE_OK;
}

static uint64_t threads_threshold(void *state)
{
    struct threads *t = state;

    return cdr_bell_sleepers(&t->bell) < t->n ? AWAKE_NS : ASLEEP_NS;
}

static int threads_begin(void *state, cadre_run *run, cadre_error *err)
{
    struct threads *t = state;
    struct gate *g = take_gate(t);

    if (!g)
        return cdr_fail(err, CADRE_EBUSY, "%d runs are on already", GATES);
    g->run = run;
    g->cpu = t->roomy ? cdr_this_cpu() : -1;
    g->tended = atomic_load_explicit(&g->event, memory_order_acquire);
    cadre_run_set_slot(run, g);
    atomic_store_explicit(&g->users, OPEN, memory_order_release);
    cdr_bell_ring(&t->bell, FAN_OUT);
    return CADRE_OK;
}

/* What changed since the last call makes this one return at once: the caller may have
 * looked for work just before. */
static unsigned threads_tend(void *state, cadre_run *run, int timeout_ms)
{
    struct gate *g = cadre_run_slot(run);

    if (inside(g) > 0)
        await_event(state, g, g->tended,
                    timeout_ms < 0 ? -1 : timeout_ms * INT64_C(1000000));
    g->tended = atomic_load_explicit(&g->event, memory_order_acquire);
    return inside(g);
}

static void threads_wake(void *state, cadre_run *run)
{
    struct threads *t = state;

    announce(cadre_run_slot(run));
    cdr_bell_ring(&t->bell, t->n);
}

static void threads_end(void *state, cadre_run *run)
{
    struct threads *t = state;
    struct gate *g = cadre_run_slot(run);

    atomic_fetch_and_explicit(&g->users, ~OPEN, memory_order_relaxed);
    for (;;) {
        uint32_t seen = atomic_load_explicit(&g->event, memory_order_acquire);
        if (inside(g) == 0)
            break;
        await_event(t, g, seen, -1);
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
    .tend = threads_tend,
    .wake = threads_wake,
    .end = threads_end,
    .close = threads_close,
};
