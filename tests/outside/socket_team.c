/* socket_team.c - the workers of a run, and what is said to them and by them.
 * SPDX-License-Identifier: MIT
 */
#include "socket_team.h"

#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Leases out at a worker: what lies behind a long task of a stream, somebody waits for. */
#define CREDIT(t) (cadre_run_is_stream((t)->run) ? 1u : 2u)

uint64_t socket_most;
bool socket_gone;

uint64_t now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

/* ---- processes ---- */

void watch(struct team *t, int fd, uint64_t what, int operation)
{
    struct epoll_event event = { .events = EPOLLIN, .data.u64 = what };

    epoll_ctl(t->poll, operation, fd, &event);
}

static _Noreturn void begin_child(int fd, pid_t parent)
{
    sigset_t none;

    if (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent)
        _exit(13);
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL); /* those that cannot be set stay */
    signal(SIGINT, SIG_IGN);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    socket_worker(fd, socket_most);
}

/* No child is to have the end of another's socket. */
static pthread_mutex_t forking = PTHREAD_MUTEX_INITIALIZER;

static bool start_locked(struct team *t, unsigned seat)
{
    struct mate *m = &t->mates[seat];
    pid_t parent = getpid();
    sigset_t all, old;
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends))
        return false;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    m->pid = fork();
    if (m->pid == 0) {
        close(ends[0]);
        for (unsigned s = 1; s <= t->pool->workers; s++)
            if (s != seat && t->mates[s].pid > 0)
                close(t->mates[s].fd);
        begin_child(ends[1], parent);
    }
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    close(ends[1]);
    if (m->pid < 0) {
        m->pid = 0;
        close(ends[0]);
        return false;
    }
    *m = (struct mate){ .pid = m->pid, .fd = ends[0], .expired = CADRE_NO_ITEM };
    watch(t, m->fd, seat, EPOLL_CTL_ADD);
    return true;
}

bool start(struct team *t, unsigned seat)
{
    bool good;

    pthread_mutex_lock(&forking);
    good = start_locked(t, seat);
    pthread_mutex_unlock(&forking);
    return good;
}

void drop_held(struct mate *m)
{
    while (m->held) {
        struct message *first = m->held;
        m->held = first->next;
        free(first->bytes);
        free(first);
    }
}

void bury(struct team *t, unsigned seat, cadre_death *death)
{
    struct mate *m = &t->mates[seat];
    int status = 0;

    *death = (cadre_death){ .pid = m->pid, .expired = m->expired };
    kill(m->pid, SIGKILL);
    if (waitpid(m->pid, &status, 0) < 0)
        death->unknown = true;
    else if (WIFSIGNALED(status))
        death->signal = WTERMSIG(status);
    else
        death->status = WEXITSTATUS(status);
    death->retired = m->retired;
    watch(t, m->fd, seat, EPOLL_CTL_DEL);
    close(m->fd);
    drop_held(m);
    m->pid = 0;
}

/* ---- a run ---- */

void tell_manifest(struct team *t, unsigned seat)
{
    struct mate *m = &t->mates[seat];

    m->in_run = message_send(m->fd, MANIFEST, seat, t->manifest.data, t->manifest.size);
}

void tell_limit(struct team *t)
{
    uint64_t limit = t->ending ? 0 : cadre_run_limit(t->run);

    if (limit == t->limit)
        return;
    t->limit = limit;
    for (unsigned seat = 1; seat <= t->n; seat++)
        if (t->mates[seat].pid > 0 && t->mates[seat].in_run)
            message_send(t->mates[seat].fd, HALT, seat, &limit, sizeof limit);
}

static void give_up(struct team *t, const cadre_error *err)
{
    cadre_run_give_up(t->run, err);
}

/* What was given is over, or has to be kept. */
static bool give(struct team *t, unsigned seat, const struct message *o)
{
    cadre_error err;
    int rc = cadre_lease_give(t->run, seat, o->bytes, o->size, &err);

    if (rc == CADRE_EBUSY)
        return false;
    t->mates[seat].out -= rc == CADRE_DONE;
    if (rc < CADRE_OK)
        give_up(t, &err);
    return true;
}

/* Outcomes of a worker are given in the order in which they came. */
static void keep(struct mate *m, const struct message *o)
{
    struct message **at = &m->held, *copy = malloc(sizeof *copy);

    if (!copy)
        abort();
    *copy = *o;
    copy->next = NULL;
    while (*at)
        at = &(*at)->next;
    *at = copy;
}

static void give_held(struct team *t, unsigned seat)
{
    struct mate *m = &t->mates[seat];

    while (m->held && give(t, seat, m->held)) {
        struct message *first = m->held;
        m->held = first->next;
        free(first->bytes);
        free(first);
    }
}

static void hand_out(struct team *t, unsigned seat)
{
    struct mate *m = &t->mates[seat];
    cadre_error err;

    while (m->pid > 0 && m->in_run && !m->retired && m->out < CREDIT(t) && !m->held) {
        int rc = cadre_lease_take(t->run, seat, 0, &t->lease, &err);
        if (rc == CADRE_DONE)
            return;
        if (rc) {
            give_up(t, &err);
            return;
        }
        m->out++;
        if (!message_send(m->fd, LEASE, seat, t->lease.packet.data,
                          t->lease.packet.size))
            return; /* it is dead: that is seen to as any death */
    }
}

/* One lease for each, then another: nobody is to have two while others have none. */
void pump(struct team *t)
{
    if (t->ending)
        return;
    tell_limit(t);
    for (unsigned seat = 1; seat <= t->n; seat++)
        if (t->mates[seat].pid > 0)
            give_held(t, seat);
    for (unsigned seat = 1; seat <= t->n; seat++)
        hand_out(t, seat);
}

/* Nobody comes to this seat any more, in this run. */
static void fail_place(struct team *t, unsigned seat, const cadre_death *death)
{
    cadre_error err = { .code = CADRE_ECRASH,
                        .item = CADRE_NO_ITEM,
                        .pid = death->pid };

    snprintf(err.message, sizeof err.message, "the machine of worker %u is gone", seat);
    cadre_lease_fail(t->run, seat, &err);
}

static void lost(struct team *t, unsigned seat)
{
    cadre_death death;
    cadre_error err = { .code = CADRE_ESYS, .item = CADRE_NO_ITEM };
    bool wanted;

    while (t->mates[seat].held && t->run) { /* what it told of counts */
        give_held(t, seat);
        if (t->mates[seat].held)
            break;
    }
    bury(t, seat, &death);
    if (socket_gone && t->run && seat <= t->n) {
        fail_place(t, seat, &death);
        return;
    }
    wanted = t->run && seat <= t->n && cadre_run_lost(t->run, seat, &death);
    if (!wanted || t->ending)
        return;
    if (start(t, seat)) {
        tell_manifest(t, seat);
        return;
    }
    snprintf(err.message, sizeof err.message, "worker %u could not be started", seat);
    give_up(t, &err);
}

static void hear(struct team *t, unsigned seat)
{
    struct mate *m = &t->mates[seat];
    struct message o;
    cadre_error err;

    if (!message_receive(m->fd, &o)) {
        lost(t, seat);
        return;
    }
    if (o.kind == OUTCOME && t->run) {
        if (m->held || !give(t, seat, &o)) {
            keep(m, &o);
            return;
        }
    } else if (o.kind == REFUSED) {
        memcpy(&err, o.bytes, sizeof err);
        if (t->run)
            give_up(t, &err);
    } else if (o.kind == LEFT) {
        m->in_run = false;
    }
    m->retired |= o.kind == RETIRED;
    free(o.bytes);
}

void await(struct team *t, int timeout_ms)
{
    struct epoll_event events[16];
    int n = epoll_wait(t->poll, events, 16, timeout_ms);
    uint64_t count;

    pthread_mutex_lock(&t->lock);
    for (int i = 0; i < n; i++) {
        if (events[i].data.u64 == WAKE) {
            if (read(t->wake, &count, sizeof count) < 0)
                continue;
        } else if (events[i].data.u64 == EVENT) {
            if (read(cadre_run_event(t->run), &count, sizeof count) < 0)
                continue;
        } else if (t->mates[events[i].data.u64].pid > 0) {
            hear(t, (unsigned)events[i].data.u64);
        }
    }
}

/* Tasks that have had their time; returns how long to sleep at most. */
int look_at_limits(struct team *t, int timeout_ms)
{
    for (unsigned seat = 1; seat <= t->n; seat++) {
        struct mate *m = &t->mates[seat];
        uint64_t item,
            then = m->pid ? cadre_run_expiry(t->run, seat, &item) : UINT64_MAX;
        uint64_t at = now(), ms;
        if (then == UINT64_MAX)
            continue;
        if (then <= at) {
            m->expired = item;
            kill(m->pid, SIGKILL);
            continue;
        }
        ms = (then - at + 999999) / 1000000;
        if (timeout_ms < 0 || ms < (uint64_t)timeout_ms)
            timeout_ms = ms > 60000 ? 60000 : (int)ms;
    }
    return timeout_ms;
}

unsigned busy(const struct team *t)
{
    unsigned n = 0;

    for (unsigned seat = 1; seat <= t->n; seat++)
        n += t->mates[seat].pid > 0 && t->mates[seat].out > 0 &&
             cadre_run_is_wanted(t->run, seat);
    return n;
}

/* Outcomes of what is under way, and whoever is in the run still. */
bool anybody(const struct team *t)
{
    for (unsigned seat = 1; seat <= t->n; seat++)
        if (t->mates[seat].pid > 0 && t->mates[seat].in_run)
            return true;
    return false;
}
