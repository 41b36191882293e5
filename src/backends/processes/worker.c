/* worker.c - what a worker process does, from fork to its end.
 * SPDX-License-Identifier: MIT
 *
 * It is a copy of the caller's process with one thread, so kernels find everything that
 * their caller could see. What it does not keep:
 *
 *   - Signal handlers: those are the program's, and would run twice. Signals do what they
 *     do by default, and none is blocked. SIGINT is ignored: it comes from a terminal to
 *     the program too, which decides. The process group is the program's, so that
 *     stopping and resuming a job in a shell does so to all of it.
 *   - Its life: it ends when its parent does, whatever ends that (PR_SET_PDEATHSIG). That
 *     goes by the thread that forked it, which is the one that a run or stream belongs to,
 *     so it is never missed by another.
 *   - stderr, which is a pipe to the parent: it passes on what comes, and has the last
 *     lines when the worker dies.
 *   - Its rank when memory runs out: Linux is to take a worker before the program.
 *   - Threads of BLAS and OpenMP: where such a library is loaded, it is told to use one.
 *
 * Other descriptors stay open, as kernels may use them. It ends by _exit: nothing that
 * the program has to do at its end is done here, and what its stdio had not written yet
 * is not written twice.
 */
#include "backends/processes/supervisor.h"
#include "base/crash_point.h"
#include "base/counter.h"
#include "base/descriptor.h"
#include "machine/process.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#define FAN_OUT 4

static void die_with_parent(const struct cdr_supervisor *c)
{
    /* Died before this was in force: nobody waits for us. */
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != c->parent)
        _exit(CDR_ORPHAN);
}

static void reset_signals(void)
{
    struct sigaction action;
    sigset_t none;

    for (int number = 1; number < NSIG; number++) {
        if (sigaction(number, NULL, &action) || action.sa_handler == SIG_DFL ||
            action.sa_handler == SIG_IGN)
            continue;
        action.sa_handler = SIG_DFL;
        action.sa_flags = 0;
        sigaction(number, &action, NULL); /* those that exist can be set */
    }
    signal(SIGINT, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a limit on files is no limit on memory */
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static void close_ends(const struct cdr_child *m)
{
    if (m->pid == 0)
        return;
    cdr_fd_close(m->pidfd);
    cdr_fd_close(m->lifeline);
    cdr_fd_close(m->stderr_fd);
}

/* The parent's ends: of no use here, and they would keep its siblings' open. */
static void close_others(struct cdr_supervisor *c)
{
    close(c->poll);
    cdr_fd_close(c->timer);
    for (unsigned seat = 1; seat <= c->n; seat++)
        close_ends(&c->children[seat]);
    close_ends(&c->standby);
}

static void take_name(const struct cdr_supervisor *c)
{
    char name[16];

    snprintf(name, sizeof name, "%.9s/%u", c->process_pool->name, c->seat);
    prctl(PR_SET_NAME, name); /* only a name: may fail */
}

/* What the parent knows our end by, without pidfds. Processes that kernels fork must not
 * keep it open; those that they start do not. */
static int lifeline_end;

static void drop_lifeline(void)
{
    close(lifeline_end);
}

static void hold_lifeline(int lifeline)
{
    if (lifeline < 0)
        return;
    lifeline_end = lifeline;
    if (pthread_atfork(NULL, NULL, drop_lifeline))
        _exit(CDR_STARVED);
}

static void settle_in(struct cdr_supervisor *c, int stderr_fd, int lifeline)
{
    die_with_parent(c);
    hold_lifeline(lifeline);
    reset_signals();
    close_others(c);
    if (stderr_fd >= 0) {
        dup2(stderr_fd, STDERR_FILENO);
        close(stderr_fd);
    }
    cdr_offer_to_oom_killer();
    for (int k = 0; k < CDR_CAPS; k++)
        if (c->cap[k])
            c->cap[k](1);
}

/* Nothing to take: sleep until called. Of a stream, which the caller may feed at any
 * moment, once more is looked; of a map, the caller's process does that. */
void cdr_worker_idle(struct cdr_supervisor *c, bool stream)
{
    struct cdr_scoreboard *q = c->scoreboard;
    _Atomic uint32_t *called = &q->slot[c->seat].called;
    uint32_t seen = atomic_load_explicit(called, memory_order_acquire);
    uint64_t bit = UINT64_C(1) << c->seat % 64;
    static const uint64_t one = 1;

    if (atomic_load_explicit(&q->number, memory_order_acquire) != c->number)
        return; /* persistent: another run is on, or this one is over */
    CDR_CRASH_POINT();
    CDR_COUNT(SCOREBOARD, &q->idle[c->seat / 64]);
    atomic_fetch_or_explicit(&q->idle[c->seat / 64], bit, memory_order_seq_cst);
    CDR_CRASH_POINT();
    if (stream) /* of a map, the event says so in any case */
        cdr_heavy_fence();
    if ((!stream || atomic_load_explicit(&q->report, memory_order_seq_cst)) &&
        write(c->event, &one, sizeof one) < 0)
        _exit(CDR_ORPHAN); /* no eventfd fails so */
    CDR_CRASH_POINT();
    if (stream && cadre_run_has_work(c->run)) {
        CDR_COUNT(SCOREBOARD, &q->idle[c->seat / 64]);
        atomic_fetch_and_explicit(&q->idle[c->seat / 64], ~bit, memory_order_seq_cst);
        return;
    }
    while (atomic_load_explicit(called, memory_order_acquire) == seen)
        cdr_futex_wait_shared(called, seen, -1);
    /* Who called has taken the bit, unless that was for the time before, or in vain. */
    if (stream) {
        CDR_COUNT(SCOREBOARD, &q->idle[c->seat / 64]);
        atomic_fetch_and_explicit(&q->idle[c->seat / 64], ~bit, memory_order_seq_cst);
    }
    CDR_CRASH_POINT();
}

void cdr_worker_serve(struct cdr_supervisor *c, cadre_worker *worker)
{
    bool stream = cadre_run_is_stream(c->run);

    if (!cadre_serve(worker, c->run, c->seat))
        _exit(CDR_STARVED);
    if (cadre_worker_is_retired(worker)) {
        atomic_store_explicit(&c->scoreboard->slot[c->seat].retired, 1,
                              memory_order_release);
        CDR_CRASH_POINT();
        _exit(EXIT_SUCCESS);
    }
    cdr_worker_idle(c, stream);
    if (stream &&
        atomic_load_explicit(&c->scoreboard->number, memory_order_acquire) ==
            c->number &&
        cadre_run_has_work(c->run))
        cdr_supervisor_wake_some(c, FAN_OUT); /* waking is passed on */
}

_Noreturn void cdr_worker_main(struct cdr_supervisor *c, unsigned seat, int stderr_fd,
                               int lifeline)
{
    cadre_worker *worker;

    c->seat = seat;
    settle_in(c, stderr_fd, lifeline);
    CDR_CRASH_POINT();
    worker = cadre_worker_open();
    if (!worker)
        _exit(CDR_STARVED);
    if (seat == 0)
        c->seat = cdr_supervisor_await_seat(c);
    take_name(c);
    for (;;)
        cdr_worker_serve(c, worker);
}
