/* spawn.c - start workers that are fresh processes of the same program.
 * SPDX-License-Identifier: MIT
 *
 * A worker that is forked has all that the program has, also what does it no good: locks
 * that other threads held, gigabytes of pages to copy on write. A spawned worker is the same
 * program started again, and serves before main (arrival.c). It has the program's code and
 * libraries, and nothing else of it; so it finds kernels by their names (base/portable.h).
 *
 * Getting ready (cdr_spawn_open). The program's file is opened through /proc/self/exe and
 * compared with the program in memory; workers are started from that descriptor. So it does
 * not matter when the file is replaced or removed, and it is noticed when Linux started
 * something else that loaded the program, as valgrind and ld.so do. That the worker comes
 * by here before its main must be certain, or it would be the program a second time: if
 * libcadre is not in the program's file, and not among the libraries that it is linked with
 * (the program, an interpreter perhaps, opened it at run time), it is preloaded. Programs
 * that get more rights by being started are refused: they do not let others decide what
 * they do, and do not listen to CADRE_WORKER.
 *
 * Starting (cdr_spawn_start). posix_spawn does not copy page tables, so the cost does not
 * depend on the size of the program, and it tells why a start failed. The worker has a
 * socket with the greeting in it already, /dev/null to read from, our stdout and our stderr
 * or a pipe, and no other descriptor. It answers with a hello; that, its death and the
 * deadline are what its parent waits for. All workers start at once.
 *
 * The end. A worker dies with its parent, whatever ends that. Linux tells a child when the
 * thread that started it is gone, which may be sooner. So if that is not the main thread,
 * the worker gets SIGHUP, and looks whether its parent is still there; else SIGKILL.
 *
 * What a kernel may not rely on in a spawned worker, beside data: what the program's own
 * constructors, and those of libraries that use libcadre, have done. Those run after
 * libcadre's where that is a library, so in a worker they never do. (Linked statically,
 * libcadre comes after the program's own.) Constructors of other libraries have run. Those
 * that call cadre find that workers cannot have spawned workers.
 */
#include "backends/spawn/spawn.h"
#include "backends/spawn/message.h"
#include "base/clock.h"
#include "base/descriptor.h"
#include "base/error.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#define DEADLINE_MS 30000
#define ABOVE       10 /* our descriptors, so that the worker's do not lie on them */

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

struct cdr_spawn {
    struct cdr_code_id serve;
    char name[16];
    unsigned deadline_ms;
    int program, library; /* library: -1, or that from which libcadre is preloaded */
    struct cdr_env *env;
    char argument[256]; /* the program's argv[0] */
};

/* ---- getting ready ---- */

static int open_file(const char *path)
{
    int fd;

    do
        fd = open(path, O_RDONLY | O_CLOEXEC);
    while (fd < 0 && errno == EINTR);
    return cdr_fd_lift(fd, ABOVE);
}

/* Whether starting it may give it rights that we do not have. */
static bool gains_rights(int fd)
{
    struct stat st;

    return getauxval(AT_SECURE) || fstat(fd, &st) || st.st_mode & (S_ISUID | S_ISGID) ||
           fgetxattr(fd, "security.capability", NULL, 0) > 0;
}

static int open_program(struct cdr_spawn *c, cadre_error *err)
{
    c->program = open_file("/proc/self/exe");
    if (c->program < 0)
        return cdr_fail_sys(err, errno, "spawned workers need the program's file");
    if (gains_rights(c->program))
        return cdr_fail(
            err, CADRE_ENOTSUP,
            "a program that gets more rights when it is started cannot have "
            "spawned workers");
    if (!cdr_program_is_from(c->program))
        return cdr_fail(err, CADRE_ENOTSUP,
                        "the program was not started by Linux itself, but by another "
                        "program that loaded it: spawned workers cannot be started so");
    return CADRE_OK;
}

/* See to it that libcadre is in every worker, and that it is this one. */
static int open_library(struct cdr_spawn *c, cadre_error *err)
{
    uintptr_t here = (uintptr_t)cdr_is_spawned_worker;
    struct cdr_module m;
    int fd;

    if (!cdr_module_at(&m, here) || m.program)
        return CADRE_OK;
    fd = open_file(m.path);
    if (fd < 0)
        return cdr_fail_sys(err, errno, "spawned workers need %s", m.path);
    if (!cdr_module_is_from(here, fd)) {
        close(fd);
        return cdr_fail(err, CADRE_ENOTSUP,
                        "%.300s was replaced since it was loaded: start the program "
                        "again",
                        m.path);
    }
    if (cdr_module_is_linked(here))
        close(fd);
    else
        c->library = fd;
    return CADRE_OK;
}

static void read_argument(struct cdr_spawn *c)
{
    int fd = open_file("/proc/self/cmdline");
    ssize_t n = fd < 0 ? 0 : read(fd, c->argument, sizeof c->argument - 1);

    cdr_fd_close(fd);
    c->argument[n > 0 ? n : 0] = '\0';
    if (!c->argument[0])
        snprintf(c->argument, sizeof c->argument, "%s", c->name);
}

static int get_ready(struct cdr_spawn *c, const struct cdr_spawn_plan *plan,
                     cadre_error *err)
{
    int rc;

    if (cdr_is_spawned_worker())
        return cdr_fail(
            err, CADRE_ENOTSUP,
            "this process is a worker: it cannot have spawned workers itself");
    rc = cdr_code_id_name(&c->serve, (cdr_code *)plan->serve, "what workers do", err);
    if (!rc)
        rc = open_program(c, err);
    if (!rc)
        rc = open_library(c, err);
    if (rc)
        return rc;
    read_argument(c);
    c->env = cdr_env_make(plan->threads, c->library >= 0);
    if (!c->env)
        return cdr_fail(err, CADRE_ENOMEM, "no memory for the workers' environment");
    return CADRE_OK;
}

int cdr_spawn_open(struct cdr_spawn **out, const struct cdr_spawn_plan *plan,
                   cadre_error *err)
{
    struct cdr_spawn *c = calloc(1, sizeof *c);
    int rc;

    if (!c)
        return cdr_fail(err, CADRE_ENOMEM, "no memory to start workers with");
    c->program = c->library = -1;
    c->deadline_ms = plan->deadline_ms ? plan->deadline_ms : DEADLINE_MS;
    snprintf(c->name, sizeof c->name, "%s", plan->name ? plan->name : "cadre");
    rc = get_ready(c, plan, err);
    if (rc) {
        cdr_spawn_close(c);
        return rc;
    }
    *out = c;
    cdr_error_clear(err);
    return CADRE_OK;
}

void cdr_spawn_close(struct cdr_spawn *c)
{
    if (!c)
        return;
    cdr_fd_close(c->program);
    cdr_fd_close(c->library);
    cdr_env_free(c->env);
    free(c);
}

/* ---- starting one ---- */

static int greet(const struct cdr_spawn *c, int socket, unsigned seat, uint64_t nonce)
{
    struct cdr_spawn_greeting g = { .magic = CDR_SPAWN_MAGIC,
                                    .protocol = CDR_SPAWN_PROTOCOL,
                                    .size = sizeof g,
                                    .nonce = nonce,
                                    .parent = getpid(),
                                    .seat = seat,
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
        ends[k] = cdr_fd_lift(ends[k], ABOVE);
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
    if (!rc)
        rc = posix_spawn_file_actions_adddup2(a, c->program, CDR_SPAWN_PROGRAM);
    if (!rc && c->library >= 0)
        rc = posix_spawn_file_actions_adddup2(a, c->library, CDR_SPAWN_LIBRARY);
#ifdef __GLIBC_PREREQ
#if __GLIBC_PREREQ(2, 34)
    if (!rc)
        rc = posix_spawn_file_actions_addclosefrom_np(
            a, c->library >= 0 ? CDR_SPAWN_END : CDR_SPAWN_LIBRARY);
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
    if (!rc)
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

static int launch(const struct cdr_spawn *c, struct cdr_spawn_worker *w, uint64_t nonce)
{
    int ends[2], rc = make_sockets(ends);

    if (rc)
        return rc;
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
    w->pidfd = cdr_fd_own((int)syscall(SYS_pidfd_open, w->pid, 0));
    rc = w->pidfd < 0 ? errno : 0;
    if (rc == ESRCH)
        w->pid = 0; /* dead, and somebody else has waited for it: the number is free */
    return rc;
}

/* ---- waiting for its hello ---- */

static void signal_death(const struct cdr_spawn_worker *w)
{
    if (w->pidfd >= 0)
        syscall(SYS_pidfd_send_signal, w->pidfd, SIGKILL, NULL, 0);
    else
        kill(w->pid, SIGKILL); /* not waited for, so it is there */
}

/* Wait until it is gone; somebody else may have waited for it already. */
static void collect(const struct cdr_spawn_worker *w)
{
    siginfo_t info;
    int rc;

    do
        rc = w->pidfd >= 0 ? waitid((idtype_t)P_PIDFD, (id_t)w->pidfd, &info, WEXITED)
                           : waitid(P_PID, (id_t)w->pid, &info, WEXITED);
    while (rc < 0 && errno == EINTR);
}

static void forget(struct cdr_spawn_worker *w)
{
    cdr_fd_close(w->pidfd);
    cdr_fd_close(w->socket);
    w->pid = 0;
    w->pidfd = w->socket = -1;
}

static int tell_death(const struct cdr_spawn_worker *w, cadre_error *err)
{
    siginfo_t info = { 0 };
    int rc;

    do
        rc = waitid((idtype_t)P_PIDFD, (id_t)w->pidfd, &info, WEXITED | WNOWAIT);
    while (rc < 0 && errno == EINTR);
    if (rc)
        return cdr_fail_sys(err, errno, "worker %u (pid %d) ended before it was ready",
                            w->seat, (int)w->pid);
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
    struct pollfd what[2] = { { .fd = message ? w->socket : -1, .events = POLLIN },
                              { .fd = w->pidfd, .events = POLLIN } };
    uint64_t now;
    int n;

    do {
        now = cdr_now();
        n = poll(what, 2, now < until ? (int)((until - now + 999999) / 1000000) : 0);
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return cdr_fail_sys(err, errno, "waiting for worker %u", w->seat);
    if (n == 0)
        return cdr_fail(err, CADRE_ETIMEOUT,
                        "worker %u (pid %d) was not ready after %u ms: loading the "
                        "program, or a constructor in it, takes longer or has closed "
                        "descriptors",
                        w->seat, (int)w->pid, c->deadline_ms);
    return what[0].revents ? CADRE_OK : tell_death(w, err);
}

static int hear(const struct cdr_spawn *c, const struct cdr_spawn_worker *w,
                uint64_t nonce, uint64_t until, cadre_error *err)
{
    struct cdr_spawn_hello hello;
    int rc = await(c, w, true, until, err);

    if (rc)
        return rc;
    rc = cdr_message_receive(w->socket, &hello, sizeof hello, NULL, NULL);
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

static int launch_all(const struct cdr_spawn *c, struct cdr_spawn_worker *workers,
                      unsigned n, uint64_t nonce, cadre_error *err)
{
    for (unsigned k = 0; k < n; k++) {
        int rc = launch(c, &workers[k], nonce + k);
        if (rc)
            return cdr_fail_sys(err, rc, "worker process %u could not be started",
                                workers[k].seat);
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
    if (getrandom(&nonce, sizeof nonce, 0) != (ssize_t)sizeof nonce)
        return cdr_fail_sys(err, errno, "workers need a random number");
    rc = launch_all(c, workers, n, nonce, err);
    for (unsigned k = 0; k < n && !rc; k++)
        rc = hear(c, &workers[k], nonce + k, until, err);
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
