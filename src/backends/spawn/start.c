/* start.c - start spawned workers, and wait until they are ready.
 * SPDX-License-Identifier: MIT
 *
 * spawn.c tells how. A worker that dies before it has said hello, whoever killed it, is
 * replaced.
 */
#include "backends/spawn/spawn.h"
#include "backends/spawn/message.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "base/error.h"
#include "machine/pidfd.h"
#include "machine/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define DEATHS 4 /* in a row, before a worker is ready */

/* ---- starting one ---- */

static int greet(const struct cdr_spawn *c, int socket, unsigned seat, uint64_t nonce)
{
    struct cdr_spawn_greeting g = { .magic = CDR_SPAWN_MAGIC,
                                    .protocol = CDR_SPAWN_PROTOCOL,
                                    .size = sizeof g,
                                    .nonce = nonce,
                                    .parent = getpid(),
                                    .seat = seat,
                                    .by_command = c->command != NULL,
                                    .serve = c->serve };

    g.death_signal = syscall(SYS_gettid) == getpid() ? SIGKILL : SIGHUP;
    memcpy(g.name, c->name, sizeof g.name);
    return cdr_message_send(socket, &g, sizeof g, NULL, 0);
}

/* Our end, which does not block, and the worker's. 0 or an errno value. */
static int make_sockets(int ends[2])
{
    int rc = 0;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends))
        return errno;
    for (int k = 0; k < 2; k++) {
        ends[k] = cdr_fd_lift(ends[k], CDR_SPAWN_ABOVE);
        if (ends[k] < 0)
            rc = errno;
    }
    if (!rc && fcntl(ends[0], F_SETFL, O_RDWR | O_NONBLOCK))
        rc = errno;
    if (rc) {
        cdr_fd_close(ends[0]);
        cdr_fd_close(ends[1]);
    }
    return rc;
}

/* What the worker finds at its descriptors. 0 or an errno value. */
static int place(posix_spawn_file_actions_t *a, const struct cdr_spawn *c, int socket,
                 int stderr_fd)
{
    int rc =
        posix_spawn_file_actions_addopen(a, STDIN_FILENO, "/dev/null", O_RDONLY, 0);

    if (!rc && stderr_fd > 0)
        rc = posix_spawn_file_actions_adddup2(a, stderr_fd, STDERR_FILENO);
    if (!rc)
        rc = posix_spawn_file_actions_adddup2(a, socket, CDR_SPAWN_SOCKET);
    if (!rc && !c->command)
        rc = posix_spawn_file_actions_adddup2(a, c->program, CDR_SPAWN_PROGRAM);
    if (!rc && c->library >= 0)
        rc = posix_spawn_file_actions_adddup2(a, c->library, CDR_SPAWN_LIBRARY);
#ifdef __GLIBC_PREREQ
#if __GLIBC_PREREQ(2, 34)
    if (!rc)
        rc = posix_spawn_file_actions_addclosefrom_np(a, c->command ? CDR_SPAWN_PROGRAM
                                                         : c->library >= 0
                                                             ? CDR_SPAWN_END
                                                             : CDR_SPAWN_LIBRARY);
#endif
#endif
    return rc;
}

static int spawn(pid_t *pid, const struct cdr_spawn *c,
                 const posix_spawn_file_actions_t *actions, char *const *environment)
{
    char path[32], *arguments[] = { (char *)(uintptr_t)c->argument, NULL };
    posix_spawnattr_t attributes;
    sigset_t none;
    int rc = posix_spawnattr_init(&attributes);

    if (rc)
        return rc;
    snprintf(path, sizeof path, "/proc/self/fd/%d", CDR_SPAWN_PROGRAM);
    sigemptyset(&none);
    rc = posix_spawnattr_setsigmask(&attributes, &none);
    if (!rc)
        rc = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    if (!rc && c->command)
        rc = posix_spawnp(pid, c->command[0], actions, &attributes, c->command,
                          environment);
    else if (!rc)
        rc = posix_spawn(pid, path, actions, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    return rc;
}

static int spawn_with(pid_t *pid, const struct cdr_spawn *c, int socket, int stderr_fd,
                      uint64_t nonce)
{
    posix_spawn_file_actions_t actions;
    int rc = posix_spawn_file_actions_init(&actions);

    if (rc)
        return rc;
    rc = place(&actions, c, socket, stderr_fd);
    if (!rc)
        rc = spawn(pid, c, &actions, cdr_env_for(c->env, nonce));
    posix_spawn_file_actions_destroy(&actions);
    return rc;
}

/* 0 or an errno value; *call is what failed. */
static int launch(const struct cdr_spawn *c, struct cdr_spawn_worker *w, uint64_t nonce,
                  const char **call)
{
    int ends[2], rc = make_sockets(ends);

    *call = "socketpair";
    if (rc)
        return rc;
    *call = c->command ? c->command[0] : "posix_spawn";
    rc = greet(c, ends[0], w->seat, nonce);
    if (!rc)
        rc = spawn_with(&w->pid, c, ends[1], w->stderr_fd, nonce);
    close(ends[1]);
    if (rc) {
        w->pid = 0;
        close(ends[0]);
        return rc;
    }
    w->socket = ends[0];
    *call = "pidfd_open";
    rc = cdr_pidfd_open(&w->pidfd, w->pid);
    return rc == ENOSYS ? 0 : rc; /* then its end of the socket tells of its death */
}

/* ---- waiting for its hello ---- */

static void signal_death(const struct cdr_spawn_worker *w)
{
    cdr_pidfd_signal(w->pid, w->pidfd, SIGKILL);
}

/* Wait until it is gone; somebody else may have waited for it already. */
static void collect(const struct cdr_spawn_worker *w)
{
    siginfo_t info;

    cdr_pidfd_wait(w->pid, w->pidfd, &info, NULL, WEXITED);
}

static void forget(struct cdr_spawn_worker *w)
{
    cdr_fd_close(w->pidfd);
    cdr_fd_close(w->socket);
    w->pid = 0;
    w->pidfd = w->socket = -1;
}

static int tell_death(const struct cdr_spawn *c, const struct cdr_spawn_worker *w,
                      cadre_error *err)
{
    siginfo_t info;
    int rc;

    if (w->pidfd < 0) /* it has closed its end of the socket: it is ending */
        signal_death(w);
    rc = cdr_pidfd_wait(w->pid, w->pidfd, &info, NULL, WEXITED | WNOWAIT);
    if (rc)
        return cdr_fail(
            err, CADRE_ECRASH,
            "worker %u (pid %d) ended before it was ready; how is not known, "
            "as somebody else waited for it",
            w->seat, (int)w->pid);
    if (info.si_code == CLD_EXITED && c->command)
        return cdr_fail(err, CADRE_ECRASH,
                        "worker %u (pid %d) ended with status %d before it was ready: "
                        "%.60s has to call cadre_worker_main, in the process that was "
                        "started",
                        w->seat, (int)w->pid, info.si_status, c->command[0]);
    if (info.si_code == CLD_EXITED)
        return cdr_fail(err, CADRE_ECRASH,
                        "worker %u (pid %d) ended with status %d before it was ready",
                        w->seat, (int)w->pid, info.si_status);
    rc = cdr_fail(err, CADRE_ECRASH,
                  "worker %u (pid %d) was killed by signal %d (%s) before it was ready",
                  w->seat, (int)w->pid, info.si_status, strsignal(info.si_status));
    if (err)
        err->signal = info.si_status;
    return rc;
}

/* Wait for its death, the deadline, and a message if it is to be. 0: there is one, or the
 * socket is at its end; else what goes into the error. */
static int await(const struct cdr_spawn *c, const struct cdr_spawn_worker *w,
                 bool message, uint64_t until, cadre_error *err)
{
    int rc = cdr_message_await(message ? w->socket : -1, w->pidfd, until);

    if (rc == ESRCH)
        return tell_death(c, w, err);
    if (rc == ETIMEDOUT && c->command)
        return cdr_fail(err, CADRE_ETIMEOUT,
                        "worker %u (pid %d) was not ready after %u ms: %.60s has not "
                        "called cadre_worker_main",
                        w->seat, (int)w->pid, c->deadline_ms, c->command[0]);
    if (rc == ETIMEDOUT)
        return cdr_fail(err, CADRE_ETIMEOUT,
                        "worker %u (pid %d) was not ready after %u ms: loading the "
                        "program, or a constructor in it, takes longer or has closed "
                        "descriptors",
                        w->seat, (int)w->pid, c->deadline_ms);
    return rc ? cdr_fail_sys(err, rc, "waiting for worker %u", w->seat) : CADRE_OK;
}

static int hear(const struct cdr_spawn *c, const struct cdr_spawn_worker *w,
                uint64_t nonce, uint64_t until, cadre_error *err)
{
    struct cdr_spawn_hello hello;
    int rc = await(c, w, true, until, err);

    if (rc)
        return rc;
    rc = cdr_message_receive(w->socket, &hello, sizeof hello, NULL, NULL);
    if (rc == EPIPE && w->pidfd < 0)
        return tell_death(c, w, err);
    if (rc == EPIPE) /* it is ending, most likely */
        return await(c, w, false, until, err);
    if (rc)
        return cdr_fail_sys(err, rc,
                            "worker %u (pid %d) said something else than hello",
                            w->seat, (int)w->pid);
    hello.error.message[sizeof hello.error.message - 1] = '\0';
    if (hello.magic != CDR_SPAWN_MAGIC || hello.protocol != CDR_SPAWN_PROTOCOL ||
        hello.size != sizeof hello || hello.nonce != nonce || hello.seat != w->seat)
        return cdr_fail(err, CADRE_ESYS, "worker %u (pid %d) is of another version",
                        w->seat, (int)w->pid);
    if (hello.error.code)
        return cdr_fail(err, hello.error.code, "worker %u (pid %d): %.400s", w->seat,
                        (int)w->pid, hello.error.message);
    return CADRE_OK;
}

/* ---- all of them ---- */

/* It died before it was ready, as `err` says: somebody may have killed it, who means no
 * harm to the next one. */
static int replace(const struct cdr_spawn *c, struct cdr_spawn_worker *w,
                   uint64_t nonce, cadre_error *err)
{
    const char *call;
    int rc;

    cdr_spawn_end(w, 1);
    rc = launch(c, w, nonce, &call);
    return rc ? cdr_fail_sys(err, rc, "worker process %u could not be started: %s",
                             w->seat, call)
              : CADRE_OK;
}

/* Wait until all are ready. Those that die before are replaced, up to DEATHS in a row. */
static int hear_all(const struct cdr_spawn *c, struct cdr_spawn_worker *workers,
                    unsigned n, uint64_t nonce, uint64_t until, cadre_error *err)
{
    unsigned deaths = 0, k = 0;
    int rc = CADRE_OK;

    while (k < n && !rc) {
        rc = hear(c, &workers[k], nonce + k, until, err);
        if (!rc) {
            k++;
            deaths = 0;
        } else if (rc == CADRE_ECRASH && ++deaths < DEATHS) {
            rc = replace(c, &workers[k], nonce + k, err);
        }
    }
    return rc;
}

static int launch_all(const struct cdr_spawn *c, struct cdr_spawn_worker *workers,
                      unsigned n, uint64_t nonce, cadre_error *err)
{
    for (unsigned k = 0; k < n; k++) {
        const char *call;
        int rc = launch(c, &workers[k], nonce + k, &call);
        if (rc)
            return cdr_fail_sys(err, rc, "worker process %u could not be started: %s",
                                workers[k].seat, call);
    }
    return CADRE_OK;
}

int cdr_spawn_start(struct cdr_spawn *c, struct cdr_spawn_worker *workers, unsigned n,
                    cadre_error *err)
{
    uint64_t until = cdr_now() + c->deadline_ms * UINT64_C(1000000), nonce;
    int rc;

    for (unsigned k = 0; k < n; k++) {
        workers[k].pid = 0;
        workers[k].pidfd = workers[k].socket = -1;
    }
    cdr_different_bytes(&nonce, sizeof nonce);
    rc = launch_all(c, workers, n, nonce, err);
    if (!rc)
        rc = hear_all(c, workers, n, nonce, until, err);
    if (rc)
        cdr_spawn_end(workers, n);
    else
        cdr_error_clear(err);
    return rc;
}

void cdr_spawn_end(struct cdr_spawn_worker *workers, unsigned n)
{
    /* All at once, then wait: they go together. */
    for (unsigned k = 0; k < n; k++)
        if (workers[k].pid > 0)
            signal_death(&workers[k]);
    for (unsigned k = 0; k < n; k++) {
        if (workers[k].pid > 0)
            collect(&workers[k]);
        forget(&workers[k]);
    }
}
