/* spawn_case.c - workers for the tests of the clean start: what they do, and asking them.
 * SPDX-License-Identifier: MIT
 */
#include "spawn_case.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#define PATIENCE_MS 20000

unsigned clean_count_open(void)
{
    DIR *d = opendir("/proc/self/fd");
    unsigned n = 0;

    while (d && readdir(d))
        n++;
    if (d)
        closedir(d);
    return n - 3; /* ".", ".." and its own */
}

static void call(struct message *l)
{
    cadre_error err;
    cdr_code *code;

    if (cdr_code_id_find(&code, &l->kernel, "kernel", &err))
        snprintf(l->text, sizeof l->text, "%.319s", err.message);
    else
        l->value = ((clean_kernel *)code)(l->value);
}

static void read_variable(struct message *l)
{
    const char *value = getenv(l->text);

    snprintf(l->text, sizeof l->text, "%s", value ? value : "(none)");
}

static void fill(struct message *l, int fd)
{
    int64_t *shared =
        mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    close(fd);
    if (shared == MAP_FAILED)
        return;
    *shared = l->value;
    munmap(shared, sizeof *shared);
}

static void nest(struct message *l)
{
    struct cdr_spawn_plan plan = { .serve = clean_serve };
    struct cdr_spawn *c;
    cadre_error err;

    l->value = cdr_spawn_open(&c, &plan, &err);
    snprintf(l->text, sizeof l->text, "%.319s", err.message);
}

static void act(struct message *l, int fd)
{
    switch (l->kind) {
    case CALL: call(l); break;
    case READ: read_variable(l); break;
    case TITLE: prctl(PR_GET_NAME, l->text); break;
    case COUNT_OPEN: l->value = clean_count_open(); break;
    case INPUT: l->value = read(STDIN_FILENO, l->text, 1); break;
    case FILL: fill(l, fd); break;
    case NEST: nest(l); break;
    case DIE: kill(getpid(), (int)l->value); break;
    case SHOUT: (void)!write(STDERR_FILENO, l->text, strlen(l->text)); break;
    default: break;
    }
}

void clean_serve(int socket, unsigned seat)
{
    struct message l;

    for (;;) {
        unsigned n_fds = 1;
        int fd = -1;
        if (cdr_message_receive(socket, &l, sizeof l, &fd, &n_fds))
            return;
        l.seat = (int32_t)seat;
        l.pid = getpid();
        l.parent = getppid();
        act(&l, fd);
        if (cdr_message_send(socket, &l, sizeof l, NULL, 0))
            return;
        while (l.kind == SLEEP)
            pause();
    }
}

int clean_ask(const struct cdr_spawn_worker *w, struct message *l, int fd)
{
    struct pollfd what = { .fd = w->socket, .events = POLLIN };
    int rc = cdr_message_send(w->socket, l, sizeof *l, &fd, fd >= 0);

    if (!rc && poll(&what, 1, PATIENCE_MS) != 1)
        rc = ETIMEDOUT;
    return rc ? rc : cdr_message_receive(w->socket, l, sizeof *l, NULL, NULL);
}
