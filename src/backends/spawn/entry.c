/* entry.c - what a spawned worker does before main, or from there.
 * SPDX-License-Identifier: MIT
 *
 * A constructor sees the variable CADRE_WORKER, and makes sure that it is meant: the
 * descriptor is a socket, whoever made it is the parent of this process, and a greeting
 * with the same nonce is in it already. If not (it was inherited, or set by hand), it is
 * removed and nothing else happens. If so, the process is a worker until its end, and main
 * is never called. Nor is it where the parent has died meanwhile: an orphan ends at once,
 * and does not become the program that it was to work for.
 *
 * A worker that a command has started is only noted here: it becomes one when its main asks
 * for it (cdr_spawn_arrive).
 *
 * A program with more rights than whoever started it ignores the variable.
 */
#include "backends/spawn/spawn.h"
#include "backends/spawn/message.h"
#include "base/error.h"
#include "machine/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define ORPHAN        13 /* exit status: nobody waits for us */
#define ANCESTORS_MAX 64

/* Written before anything else runs in this process. */
static bool is_worker;
static bool is_awaited; /* it is to arrive from its main */
static pid_t parent;

bool cdr_is_spawned_worker(void)
{
    return is_worker;
}

/* ---- is it meant? ---- */

static bool parse_digit(uint64_t *number, char c)
{
    if (c >= '0' && c <= '9')
        *number = *number << 4 | (uint64_t)(c - '0');
    else if (c >= 'a' && c <= 'f')
        *number = *number << 4 | (uint64_t)(c - 'a' + 10);
    else
        return false;
    return true;
}

static bool parse(const char *text, uint64_t *nonce)
{
    *nonce = 0;
    if (text[0] != '0' + CDR_SPAWN_SOCKET || text[1] != ':')
        return false;
    for (unsigned k = 0; k < 16; k++)
        if (!parse_digit(nonce, text[2 + k]))
            return false;
    return text[18] == '\0';
}

/* Which process has made the socket; 0: it is none, or not one of cadre's. */
static pid_t maker_of(int fd)
{
    struct ucred peer;
    socklen_t size = sizeof peer;
    int type;
    socklen_t type_size = sizeof type;

    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_size) ||
        type != SOCK_SEQPACKET || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size))
        return 0;
    return peer.pid;
}

/* 0: there is no such process, or it has none. */
static pid_t parent_of(pid_t pid)
{
    char path[40], text[200] = "", *name_end;
    int found = 0, fd;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 0;
    if (read(fd, text, sizeof text - 1) > 0 && (name_end = strrchr(text, ')')))
        sscanf(name_end, ") %*c %d", &found);
    close(fd);
    return found;
}

/* Whether this process was started by a worker that has not come here itself: with
 * variable and socket of that one, whose parent is still there. */
static bool is_from_worker(pid_t maker)
{
    pid_t pid = getppid();

    for (int level = 0; pid > 1 && level < ANCESTORS_MAX; level++) {
        if (pid == maker)
            return true;
        pid = parent_of(pid);
    }
    return false;
}

/* Look at the greeting without taking it: it may be somebody else's message. */
static bool is_greeted(int fd, uint64_t nonce, struct cdr_spawn_greeting *g)
{
    ssize_t got;

    memset(g, 0, sizeof *g);
    do
        got = recv(fd, g, sizeof *g, MSG_PEEK | MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    return got >= (ssize_t)offsetof(struct cdr_spawn_greeting, parent) &&
           g->magic == CDR_SPAWN_MAGIC && g->nonce == nonce;
}

/* ---- answering ---- */

static void answer(const struct cdr_spawn_greeting *g, const cadre_error *error)
{
    struct cdr_spawn_hello hello = { .magic = CDR_SPAWN_MAGIC,
                                     .protocol = CDR_SPAWN_PROTOCOL,
                                     .size = sizeof hello,
                                     .nonce = g->nonce,
                                     .pid = getpid(),
                                     .seat = g->seat,
                                     .error = *error };

    if (cdr_message_send(CDR_SPAWN_SOCKET, &hello, sizeof hello, NULL, 0))
        _exit(ORPHAN);
}

static _Noreturn void refuse(const struct cdr_spawn_greeting *g,
                             const cadre_error *error)
{
    answer(g, error);
    _exit(EXIT_FAILURE);
}

/* ---- settling in ---- */

/* The parent, or the thread of it that started us, is gone: which? */
static void look_after_parent(int number)
{
    (void)number;
    if (getppid() != parent)
        _exit(ORPHAN);
}

static void die_with_parent(const struct cdr_spawn_greeting *g)
{
    struct sigaction action = { .sa_handler = look_after_parent,
                                .sa_flags = SA_RESTART };

    parent = g->parent;
    if (g->death_signal != SIGKILL)
        sigaction(g->death_signal, &action, NULL); /* if not, it kills as well */
    if (prctl(PR_SET_PDEATHSIG, g->death_signal) || getppid() != parent)
        _exit(ORPHAN);
}

/* Ctrl-C comes to the program too, which decides. A limit on files is none on memory. */
static void ignore_signals(void)
{
    signal(SIGINT, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);
}

static void take_name(const struct cdr_spawn_greeting *g)
{
    char name[16];

    snprintf(name, sizeof name, "%.9s/%u", g->name, g->seat);
    prctl(PR_SET_NAME, name); /* only a name: may fail */
}

/* What kernels start must not be taken for a worker. */
static void clear_environment(void)
{
    const char *preload = getenv("LD_PRELOAD");
    size_t ours = sizeof CDR_SPAWN_PRELOAD - 1;

    unsetenv(CDR_SPAWN_VARIABLE);
    if (!preload || strncmp(preload, CDR_SPAWN_PRELOAD, ours) != 0)
        return;
    close(CDR_SPAWN_LIBRARY);
    if (preload[ours] != ':')
        unsetenv("LD_PRELOAD");
    else if (setenv("LD_PRELOAD", preload + ours + 1, 1))
        unsetenv("LD_PRELOAD");
}

static void settle_in(struct cdr_spawn_greeting *g)
{
    g->name[sizeof g->name - 1] = '\0';
    die_with_parent(g);
    ignore_signals();
    fcntl(CDR_SPAWN_SOCKET, F_SETFD, FD_CLOEXEC); /* valid: cannot fail */
    if (!g->by_command)
        close(CDR_SPAWN_PROGRAM);
    clear_environment();
    take_name(g);
    cdr_offer_to_oom_killer();
}

/* ---- the constructor, and a call from main ---- */

/* Take the greeting, which is for this process. */
static void take_greeting(struct cdr_spawn_greeting *g)
{
    if (cdr_message_receive(CDR_SPAWN_SOCKET, g, sizeof *g, NULL, NULL))
        _exit(ORPHAN);
    settle_in(g);
}

int cdr_spawn_arrive(unsigned *seat, cadre_error *err)
{
    struct cdr_spawn_greeting g;

    if (!is_awaited)
        return cdr_fail(err, CADRE_EINVAL,
                        "no pool has started this process by its worker_command%s",
                        is_worker ? ", or it has served already" : "");
    is_awaited = false;
    is_worker = true;
    take_greeting(&g);
    cdr_error_clear(err);
    answer(&g, err);
    *seat = g.seat;
    return CADRE_OK;
}

/* The greeting is for this process. */
static void refuse_other_version(const struct cdr_spawn_greeting *g)
{
    cadre_error error;

    if (g->protocol != CDR_SPAWN_PROTOCOL || g->size != sizeof *g) {
        cdr_fail(&error, CADRE_ENOTSUP,
                 "it has loaded another version of cadre than the program: start the "
                 "program again");
        refuse(g, &error);
    }
}

/* Be a worker, and never come back. */
static _Noreturn void serve(struct cdr_spawn_greeting *g)
{
    cadre_error error;
    cdr_code *code;

    is_worker = true;
    take_greeting(g);
    if (cdr_code_id_find(&code, &g->serve, "what workers do", &error))
        refuse(g, &error);
    answer(g, &error);
    ((cdr_spawn_main *)code)(CDR_SPAWN_SOCKET, g->seat);
    _exit(EXIT_SUCCESS);
}

__attribute__((constructor)) static void arrive(void)
{
    const char *text = getenv(CDR_SPAWN_VARIABLE);
    struct cdr_spawn_greeting greeting;
    uint64_t nonce;
    pid_t maker;

    if (!text)
        return;
    maker = getauxval(AT_SECURE) ? 0 : maker_of(CDR_SPAWN_SOCKET);
    if (maker > 0 && parse(text, &nonce) &&
        is_greeted(CDR_SPAWN_SOCKET, nonce, &greeting)) {
        if (maker == getppid()) {
            refuse_other_version(&greeting);
            if (!greeting.by_command)
                serve(&greeting);
            is_awaited = true;
            fcntl(CDR_SPAWN_SOCKET, F_SETFD, FD_CLOEXEC);
        } else if (!is_from_worker(maker)) {
            _exit(ORPHAN);
        }
    }
    unsetenv(CDR_SPAWN_VARIABLE);
}
