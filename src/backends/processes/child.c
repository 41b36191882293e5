/* child.c - one worker process, seen from its parent: hired, heard, buried.
 * SPDX-License-Identifier: MIT
 *
 * What a worker writes to stderr comes through a pipe, for its last lines belong into the
 * error when it dies. The parent passes everything on as it comes: at once while its
 * thread is in cadre, which in a map it always is; in a stream, when it next is. A worker
 * that writes more than the pipe holds meanwhile (a megabyte, where Linux grants it) waits
 * for that.
 */
#include "backends/processes/supervisor.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "base/error.h"
#include "machine/pidfd.h"
#include "machine/process.h"
#include "base/crash_point.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PIPE_SIZE (1 << 20) /* what it holds, at most */
#define PORTION   (1 << 14) /* of it is passed on before others have their turn */

/* ---- hiring ---- */

/* What of it ends when it is dead: without a pidfd, its end of a socket or pipe. */
static int end_of(const struct cdr_child *m)
{
    return m->pidfd >= 0 ? m->pidfd : m->socket >= 0 ? m->socket : m->lifeline;
}

static int watch(struct cdr_supervisor *c, int fd, uint32_t events, uint64_t what)
{
    struct epoll_event event = { .events = events, .data.u64 = what };

    return epoll_ctl(c->poll, EPOLL_CTL_ADD, fd, &event) ? errno : 0;
}

/* What it says on a socket is no death: only that nobody is there any more (EPOLLHUP, which
 * needs no asking for). */
static int watch_end(struct cdr_supervisor *c, const struct cdr_child *m, unsigned seat)
{
    return watch(c, end_of(m), m->pidfd >= 0 ? EPOLLIN : 0, seat);
}

/* A program without a stderr has workers without. */
int cdr_child_pipe(int ends[2])
{
    int rc;

    ends[0] = ends[1] = -1;
    if (fcntl(STDERR_FILENO, F_GETFD) < 0)
        return 0;
    rc = cdr_fd_own_pair(pipe2(ends, O_CLOEXEC), ends);
    if (rc)
        return rc;
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    fcntl(ends[0], F_SETPIPE_SZ, PIPE_SIZE); /* may fail: then it holds less */
    return 0;
}

void cdr_child_discard(struct cdr_child *m)
{
    siginfo_t info;

    cdr_pidfd_signal(m->pid, m->pidfd, SIGKILL);
    cdr_pidfd_wait(m->pid, m->pidfd, &info, NULL, WEXITED);
    cdr_fd_close(m->pidfd);
    cdr_fd_close(m->lifeline);
    cdr_fd_close(m->socket);
    cdr_fd_close(m->stderr_fd);
    m->pid = 0;
    m->stderr_fd = -1; /* whose number may soon be another's */
}

int cdr_child_adopt(struct cdr_supervisor *c, unsigned seat,
                    const struct cdr_child *who)
{
    struct cdr_child *m = &c->children[seat];
    int rc;

    *m = *who;
    m->expired = CADRE_NO_ITEM;
    rc = watch_end(c, m, seat);
    if (!rc && m->stderr_fd >= 0)
        rc = watch(c, m->stderr_fd, EPOLLIN, UINT64_C(1) << 32 | seat);
    if (rc) {
        /* Closing it is not enough: a process forked meanwhile may have it, too. */
        epoll_ctl(c->poll, EPOLL_CTL_DEL, end_of(m), NULL);
        cdr_child_discard(m);
        atomic_store_explicit(&c->scoreboard->slot[seat].retired, 0,
                              memory_order_relaxed);
    }
    return rc;
}

/* ---- hearing ---- */

/* To our own stderr. That a pipe there has no reader any more must not kill the program,
 * which wrote nothing itself. */
static void pass_on(const char *bytes, size_t size)
{
    struct pollfd ready = { .fd = STDERR_FILENO, .events = POLLOUT };
    struct timespec at_once = { 0 };
    sigset_t pipe_signal, old;

    sigemptyset(&pipe_signal);
    sigaddset(&pipe_signal, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_signal, &old);
    while (size > 0) {
        ssize_t n = write(STDERR_FILENO, bytes, size);
        if (n < 0 && errno == EAGAIN)
            n = poll(&ready, 1, -1) < 0 && errno != EINTR ? -1 : 0;
        else if (n < 0 && errno == EINTR)
            n = 0;
        if (n < 0)
            break;
        bytes += n;
        size -= (size_t)n;
    }
    if (size > 0 && errno == EPIPE && !sigismember(&old, SIGPIPE))
        sigtimedwait(&pipe_signal, NULL, &at_once);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
}

static void remember(struct cdr_child *m, const char *bytes, size_t size)
{
    size_t room = sizeof m->stderr_tail - 1, kept;

    if (size > room) {
        bytes += size - room;
        size = room;
    }
    kept = m->n_tail < room - size ? m->n_tail : room - size;
    memmove(m->stderr_tail, m->stderr_tail + m->n_tail - kept, kept);
    memcpy(m->stderr_tail + kept, bytes, size);
    m->n_tail = kept + size;
    m->stderr_tail[m->n_tail] = '\0';
}

/* Nothing more will come. A pipe at its end is always readable: it must not be watched. */
static void close_stderr(const struct cdr_supervisor *c, struct cdr_child *m)
{
    if (m->stderr_fd < 0)
        return;
    epoll_ctl(c->poll, EPOLL_CTL_DEL, m->stderr_fd, NULL);
    close(m->stderr_fd);
    m->stderr_fd = -1; /* whose number may soon be another's */
}

/* About so many bytes at most: who never stops writing must not keep its parent from all else. */
static void hear(const struct cdr_supervisor *c, struct cdr_child *m, size_t most)
{
    char bytes[4096];
    size_t heard = 0;
    ssize_t n;

    while (m->stderr_fd >= 0 && heard < most) {
        n = read(m->stderr_fd, bytes, sizeof bytes);
        if (n > 0) {
            pass_on(bytes, (size_t)n);
            remember(m, bytes, (size_t)n);
            heard += (size_t)n;
        } else if (n == 0) {
            close_stderr(c, m); /* it has closed or replaced its stderr, or is dead */
        } else if (errno != EINTR) {
            return;
        }
    }
}

void cdr_child_listen(const struct cdr_supervisor *c, struct cdr_child *m)
{
    hear(c, m, PORTION);
}

/* One line of printable characters, from the first whole line that was kept. */
static const char *tail_line(struct cdr_child *m)
{
    char *from = m->stderr_tail, *end;

    if (m->n_tail == sizeof m->stderr_tail - 1 &&
        (end = memchr(from, '\n', m->n_tail)) && end[1])
        from = end + 1;
    end = m->stderr_tail + m->n_tail;
    while (end > from && end[-1] == '\n')
        *--end = '\0';
    for (char *c = from; c < end; c++)
        *c = *c == '\n' ? '|' : (unsigned char)*c < ' ' || *c == 127 ? '?' : *c;
    return from;
}

/* ---- burying ---- */

void cdr_child_signal(const struct cdr_child *m, int number)
{
    cdr_pidfd_signal(m->pid, m->pidfd, number);
}

static void read_end(cadre_death *d, const siginfo_t *info, const struct rusage *usage)
{
    if (info->si_code == CLD_EXITED)
        d->status = info->si_status;
    else
        d->signal = info->si_status;
    if (info->si_code == CLD_DUMPED)
        d->flags |= CADRE_DUMPED_CORE;
    d->peak_kib = (uint32_t)usage->ru_maxrss;
}

/* Whether Linux killed it to get memory: nobody else is known to have, and it has killed
 * somebody since the supervisor was made, or ended a run in which that was so. */
static void note_memory(struct cdr_supervisor *c, const struct cdr_child *m,
                        cadre_death *death)
{
    uint64_t kills;

    if (death->signal != SIGKILL || m->killed || !cdr_oom_kills(&kills) ||
        kills <= c->oom_kills)
        return;
    death->flags |= CADRE_OUT_OF_MEMORY;
    c->oom_seen = kills;
}

void cdr_child_reap(struct cdr_supervisor *c, unsigned seat, cadre_death *death)
{
    struct cdr_child *m = &c->children[seat];
    struct rusage usage = { 0 };
    siginfo_t info = { 0 };
    int rc;

    *death = (cadre_death){ .pid = m->pid, .expired = m->expired };
    if (m->pidfd < 0) /* it is ending; or has closed what we know that by */
        cdr_child_signal(m, SIGKILL);
    rc = cdr_pidfd_wait(m->pid, m->pidfd, &info, &usage, WEXITED);
    if (rc)
        death->unknown = true; /* SIGCHLD is ignored, or somebody waits for any child */
    else
        read_end(death, &info, &usage);
    if (death->peak_kib > c->own_kib && death->peak_kib - c->own_kib > c->most_kib)
        c->most_kib = death->peak_kib - c->own_kib;
    note_memory(c, m, death);
    death->retired = atomic_exchange_explicit(&c->scoreboard->slot[seat].retired, 0,
                                              memory_order_acquire);
    hear(c, m, PIPE_SIZE); /* all that is left; processes it forked may go on writing */
    death->stderr_tail = tail_line(m);
    epoll_ctl(c->poll, EPOLL_CTL_DEL, end_of(m), NULL);
    cdr_fd_close(m->pidfd);
    cdr_fd_close(m->lifeline);
    cdr_fd_close(m->socket);
    close_stderr(c, m);
    m->pid = 0;
}

void cdr_child_tell_to_end(struct cdr_child *m, uint64_t now, uint64_t grace)
{
    m->asked_to_end = true;
    m->kill_at = now + grace;
    cdr_child_signal(m, SIGTERM);
    cdr_child_signal(m, SIGCONT); /* a stopped one would not hear */
}

void cdr_child_kill(struct cdr_child *m)
{
    m->killed = true;
    cdr_child_signal(m, SIGKILL);
}
