/* forked.c - a backend whose workers are forked for each run, against public headers alone.
 * SPDX-License-Identifier: MIT
 *
 * As short as can be: a worker that finds nothing to take says so in shared memory, and
 * sleeps on a futex until it is called; the caller's thread sleeps in one epoll descriptor.
 */
#include <cadre/backend.h>

#include <linux/futex.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define EVENT  UINT64_C(1) << 32
#define CANCEL UINT64_C(2) << 32

/* What the processes of a run share. */
struct place {
    _Atomic uint32_t called; /* futex */
    _Atomic uint32_t idle;   /* set by the worker, taken by who calls it */
    _Atomic uint32_t retired;
};

struct mate {
    pid_t pid; /* 0: nobody is there */
    int pidfd;
    uint64_t expired;
};

struct team {
    cadre_run *run;
    unsigned n;
    pid_t parent;
    int poll, event;
    bool ending;
    struct place *places; /* n + 1 */
    struct mate *mates;
};

struct pool {
    unsigned workers;
};

static uint64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static long futex(_Atomic uint32_t *word, int operation, uint32_t value)
{
    return syscall(SYS_futex, word, operation, value, NULL, NULL, 0);
}

static void signal_event(int fd)
{
    static const uint64_t one = 1;

    if (write(fd, &one, sizeof one) < 0)
        return; /* it is signalled already */
}

/* ---- workers ---- */

static void sleep_until_called(struct team *t, unsigned seat)
{
    struct place *p = &t->places[seat];
    uint32_t seen = atomic_load(&p->called);

    atomic_store(&p->idle, 1);
    atomic_thread_fence(memory_order_seq_cst); /* with that of call_idle */
    if (cadre_run_is_stream(t->run) && cadre_run_has_work(t->run)) {
        atomic_store(&p->idle, 0);
        return;
    }
    signal_event(t->event);
    while (atomic_load(&p->called) == seen)
        futex(&p->called, FUTEX_WAIT, seen);
}

static _Noreturn void work(struct team *t, unsigned seat)
{
    cadre_worker *worker;
    sigset_t none;

    if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != t->parent)
        _exit(13);
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL); /* those that cannot be set stay */
    signal(SIGINT, SIG_IGN);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    worker = cadre_worker_open();
    for (;;) {
        if (!worker || !cadre_serve(worker, t->run, seat))
            _exit(12);
        if (cadre_worker_is_retired(worker)) {
            atomic_store(&t->places[seat].retired, 1);
            _exit(0);
        }
        sleep_until_called(t, seat);
    }
}

static bool start(struct team *t, unsigned seat)
{
    struct mate *m = &t->mates[seat];
    struct epoll_event event = { .events = EPOLLIN, .data.u64 = seat };
    sigset_t all, old;

    atomic_store(&t->places[seat].idle, 0);
    atomic_store(&t->places[seat].retired, 0);
    m->expired = CADRE_NO_ITEM;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    m->pid = fork();
    if (m->pid == 0)
        work(t, seat);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (m->pid < 0) {
        m->pid = 0;
        return false;
    }
    m->pidfd = (int)syscall(SYS_pidfd_open, m->pid, 0);
    if (m->pidfd >= 0 && !epoll_ctl(t->poll, EPOLL_CTL_ADD, m->pidfd, &event))
        return true;
    kill(m->pid, SIGKILL);
    waitpid(m->pid, NULL, 0);
    m->pid = 0;
    return false;
}

static bool is_idle(const struct team *t, unsigned seat)
{
    return atomic_load(&t->places[seat].idle);
}

static void call(struct team *t, unsigned seat)
{
    struct place *p = &t->places[seat];

    if (!atomic_exchange(&p->idle, 0))
        return;
    atomic_fetch_add(&p->called, 1);
    futex(&p->called, FUTEX_WAKE, 1);
}

static void call_idle(struct team *t)
{
    atomic_thread_fence(memory_order_seq_cst);
    for (unsigned seat = 1; seat <= t->n; seat++)
        if (is_idle(t, seat))
            call(t, seat);
}

/* ---- deaths ---- */

static void bury(struct team *t, unsigned seat, cadre_death *death)
{
    struct mate *m = &t->mates[seat];
    int status = 0;

    *death = (cadre_death){ .pid = m->pid, .expired = m->expired };
    if (waitpid(m->pid, &status, 0) < 0)
        death->unknown = true;
    else if (WIFSIGNALED(status))
        death->signal = WTERMSIG(status);
    else
        death->status = WEXITSTATUS(status);
    death->retired = atomic_load(&t->places[seat].retired);
    epoll_ctl(t->poll, EPOLL_CTL_DEL, m->pidfd, NULL); /* its siblings have it, too */
    close(m->pidfd);
    m->pid = 0;
    atomic_store(&t->places[seat].idle, 0);
}

static void lost(struct team *t, unsigned seat)
{
    cadre_error err = { .code = CADRE_ESYS, .item = CADRE_NO_ITEM };
    cadre_death death;

    bury(t, seat, &death);
    if (t->ending && cadre_run_is_stream(t->run))
        return;
    if (!cadre_run_lost(t->run, seat, &death) || t->ending || start(t, seat))
        return;
    snprintf(err.message, sizeof err.message, "worker %u could not be forked", seat);
    cadre_run_give_up(t->run, &err);
}

/* ---- waiting ---- */

static void await(struct team *t, int timeout_ms)
{
    struct epoll_event events[16];
    int n = epoll_wait(t->poll, events, 16, timeout_ms);
    uint64_t count;

    for (int i = 0; i < n; i++) {
        uint64_t what = events[i].data.u64;
        if (what >= EVENT) {
            int fd = what == EVENT ? t->event : cadre_run_event(t->run);
            if (read(fd, &count, sizeof count) < 0)
                continue;
        } else if (t->mates[what].pid > 0) {
            lost(t, (unsigned)what);
        }
    }
}

static unsigned busy(const struct team *t)
{
    unsigned n = 0;

    for (unsigned seat = 1; seat <= t->n; seat++)
        n += t->mates[seat].pid > 0 && !is_idle(t, seat) &&
             (t->ending || cadre_run_is_wanted(t->run, seat));
    return n;
}

static int sooner(int timeout_ms, uint64_t then)
{
    uint64_t at = now(), ms = then > at ? (then - at + 999999) / 1000000 : 0;

    if (then == UINT64_MAX || (timeout_ms >= 0 && ms > (uint64_t)timeout_ms))
        return timeout_ms;
    return ms > 60000 ? 60000 : (int)ms;
}

/* Tasks that have had their time; and what idle workers can have of others. */
static int look(struct team *t, int timeout_ms)
{
    for (unsigned seat = 1; seat <= t->n; seat++) {
        uint64_t item, again = UINT64_MAX, then;
        if (t->mates[seat].pid == 0)
            continue;
        if (is_idle(t, seat) && cadre_run_rebalance(t->run, seat, &again))
            call(t, seat);
        timeout_ms = sooner(timeout_ms, again);
        then = is_idle(t, seat) ? UINT64_MAX : cadre_run_expiry(t->run, seat, &item);
        if (then <= now()) {
            t->mates[seat].expired = item;
            kill(t->mates[seat].pid, SIGKILL);
        } else {
            timeout_ms = sooner(timeout_ms, then);
            then = cadre_run_expiry(t->run, 0, &item); /* one that begins meanwhile */
            timeout_ms = sooner(timeout_ms, then);
        }
    }
    return timeout_ms;
}

/* ---- the backend ---- */

static int forked_open(void *state, const cadre_setup *setup, cadre_error *err)
{
    (void)err;
    ((struct pool *)state)->workers = setup->workers;
    return CADRE_OK;
}

static void free_team(struct team *t)
{
    if (t->poll >= 0)
        close(t->poll);
    if (t->event >= 0)
        close(t->event);
    cadre_free_shared(t->places);
    free(t->mates);
    free(t);
}

static bool watch(struct team *t, int fd, uint64_t what)
{
    struct epoll_event event = { .events = EPOLLIN, .data.u64 = what };

    return epoll_ctl(t->poll, EPOLL_CTL_ADD, fd, &event) == 0;
}

static struct team *make_team(cadre_run *run)
{
    struct team *t = calloc(1, sizeof *t);

    if (!t)
        return NULL;
    t->run = run;
    t->n = cadre_run_workers(run);
    t->parent = getpid();
    t->mates = calloc(t->n + 1, sizeof *t->mates);
    t->places = cadre_alloc_shared((t->n + 1) * sizeof *t->places, NULL);
    t->poll = epoll_create1(EPOLL_CLOEXEC);
    t->event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (t->mates && t->places && t->poll >= 0 && t->event >= 0 &&
        watch(t, t->event, EVENT) &&
        (cadre_run_event(run) < 0 || watch(t, cadre_run_event(run), CANCEL)))
        return t;
    free_team(t);
    return NULL;
}

static void forked_end(void *state, cadre_run *run);

static int forked_begin(void *state, cadre_run *run, cadre_error *err)
{
    struct team *t = make_team(run);
    bool good = t != NULL;

    cadre_run_set_data(run, t);
    for (unsigned seat = 1; good && seat <= t->n; seat++)
        good = start(t, seat);
    if (good)
        return CADRE_OK;
    snprintf(err->message, sizeof err->message, "workers could not be forked");
    err->code = CADRE_ESYS;
    if (t) {
        cadre_run_give_up(run, err);
        forked_end(state, run);
    }
    return err->code;
}

static unsigned forked_poll(void *state, cadre_run *run, int timeout_ms)
{
    struct team *t = cadre_run_data(run);

    (void)state;
    if (cadre_run_has_work(run))
        call_idle(t);
    timeout_ms = look(t, timeout_ms);
    await(t, busy(t) || cadre_run_has_work(run) ? timeout_ms : 0);
    return busy(t) + cadre_run_has_work(run);
}

static void forked_wake(void *state, cadre_run *run)
{
    struct team *t = cadre_run_data(run);

    (void)state;
    if (getpid() == t->parent)
        call_idle(t);
    else
        signal_event(t->event);
}

static void let_end(struct team *t, uint64_t grace)
{
    uint64_t until = now() + grace, at;

    for (unsigned seat = 1; seat <= t->n; seat++)
        if (t->mates[seat].pid > 0 && cadre_run_has_state(t->run, seat))
            call(t, seat);
    while (busy(t) > 0 && (at = now()) < until)
        await(t, (int)((until - at + 999999) / 1000000));
}

static void forked_end(void *state, cadre_run *run)
{
    struct team *t = cadre_run_data(run);
    cadre_death death;

    (void)state;
    t->ending = true;
    let_end(t, cadre_run_grace_ns(run));
    let_end(t, cadre_run_grace_ns(run)); /* who was about to go idle, with a state */
    for (unsigned seat = 1; seat <= t->n; seat++) {
        bool working = !is_idle(t, seat);
        if (t->mates[seat].pid == 0)
            continue;
        kill(t->mates[seat].pid, SIGKILL);
        bury(t, seat, &death);
        if (working && !cadre_run_is_stream(run))
            cadre_run_lost(run, seat, &death);
    }
    free_team(t);
}

static int forked_pollfd(void *state, cadre_run *run)
{
    struct team *t = cadre_run_data(run);

    (void)state;
    return t->poll;
}

extern const cadre_backend contract_backend;

const cadre_backend contract_backend = {
    .abi = CADRE_BACKEND_ABI,
    .name = "forked",
    .state_size = sizeof(struct pool),
    .open = forked_open,
    .begin = forked_begin,
    .poll = forked_poll,
    .wake = forked_wake,
    .end = forked_end,
    .traits =
        CADRE_REMOTE | CADRE_MAPPED | CADRE_INHERITS | CADRE_ISOLATED | CADRE_KILLABLE,
    .pollfd = forked_pollfd,
};
