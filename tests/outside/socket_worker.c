/* socket_worker.c - a worker that has of a run what comes over its socket.
 * SPDX-License-Identifier: MIT
 *
 * One thread reads, so that tasks hear at once that they are not wanted any more; the other
 * runs leases, in the order in which they came.
 */
#include "socket.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* ---- messages ---- */

static bool send_all(int fd, const void *bytes, size_t size)
{
    const char *at = bytes;

    while (size > 0) {
        ssize_t n = send(fd, at, size, MSG_NOSIGNAL);
        if (n < 0 && errno != EINTR)
            return false;
        at += n > 0 ? n : 0;
        size -= n > 0 ? (size_t)n : 0;
    }
    return true;
}

static bool receive_all(int fd, void *bytes, size_t size)
{
    char *at = bytes;

    while (size > 0) {
        ssize_t n = recv(fd, at, size, 0);
        if (n == 0 || (n < 0 && errno != EINTR))
            return false;
        at += n > 0 ? n : 0;
        size -= n > 0 ? (size_t)n : 0;
    }
    return true;
}

struct head {
    uint32_t kind, seat;
    uint64_t size;
};

bool message_send(int fd, enum kind kind, uint32_t seat, const void *bytes, size_t size)
{
    struct head head = { kind, seat, size };

    return send_all(fd, &head, sizeof head) && send_all(fd, bytes, size);
}

bool message_receive(int fd, struct message *m)
{
    struct head head;

    if (!receive_all(fd, &head, sizeof head))
        return false;
    *m = (struct message){ NULL, head.kind, head.seat, head.size,
                           malloc(head.size + 1) };
    if (m->bytes && receive_all(fd, m->bytes, m->size))
        return true;
    free(m->bytes);
    return false;
}

/* ---- the worker ---- */

struct server {
    int fd;
    uint64_t most;
    pthread_mutex_t lock; /* guards the rest */
    pthread_cond_t some;
    struct message *first, **last;
    cadre_program *program;
    uint64_t limit;
};

/* Also of a manifest that waits in the queue still. */
static void halt(struct server *s, const struct message *m)
{
    memcpy(&s->limit, m->bytes, sizeof s->limit);
    if (s->program)
        cadre_program_halt(s->program, s->limit);
}

static void *read_all(void *arg)
{
    struct server *s = arg;
    struct message *m;

    while ((m = malloc(sizeof *m)) && message_receive(s->fd, m)) {
        pthread_mutex_lock(&s->lock);
        if (m->kind == HALT) {
            halt(s, m);
            free(m->bytes);
            free(m);
        } else {
            *s->last = m;
            s->last = &m->next;
            pthread_cond_signal(&s->some);
        }
        pthread_mutex_unlock(&s->lock);
    }
    _exit(0); /* nobody is there any more */
}

static struct message *next(struct server *s)
{
    struct message *m;

    pthread_mutex_lock(&s->lock);
    while (!s->first)
        pthread_cond_wait(&s->some, &s->lock);
    m = s->first;
    s->first = m->next;
    if (!s->first)
        s->last = &s->first;
    pthread_mutex_unlock(&s->lock);
    return m;
}

static void set_program(struct server *s, cadre_program *program)
{
    pthread_mutex_lock(&s->lock);
    s->program = program;
    if (program && s->limit != UINT64_MAX)
        cadre_program_halt(program, s->limit);
    if (!program)
        s->limit = UINT64_MAX;
    pthread_mutex_unlock(&s->lock);
}

static cadre_program *join(struct server *s, const struct message *m)
{
    cadre_program *program;
    cadre_error err;

    if (cadre_manifest_open(&program, m->bytes, m->size, &err))
        message_send(s->fd, REFUSED, m->seat, &err, sizeof err);
    else
        set_program(s, program);
    return program;
}

static void run(struct server *s, cadre_worker *worker, cadre_program *program,
                const struct message *m)
{
    static cadre_packet outcome;
    cadre_error err;
    int rc;

    while ((rc = cadre_lease_run(worker, program, m->bytes, m->size, s->most, &outcome,
                                 &err)) == CADRE_OK)
        if (!message_send(s->fd, OUTCOME, m->seat, outcome.data, outcome.size))
            _exit(0);
    if (rc != CADRE_DONE)
        message_send(s->fd, REFUSED, m->seat, &err, sizeof err);
    if (cadre_worker_is_retired(worker)) {
        message_send(s->fd, RETIRED, m->seat, NULL, 0);
        set_program(s, NULL);
        cadre_program_close(program);
        cadre_worker_close(worker);
        _exit(0);
    }
}

static void leave(struct server *s, cadre_program *program, struct message *manifest)
{
    set_program(s, NULL);
    cadre_program_close(program);
    free(manifest->bytes);
    manifest->bytes = NULL;
    message_send(s->fd, LEFT, 0, NULL, 0);
}

_Noreturn void socket_worker(int fd, uint64_t most)
{
    static struct server s;
    struct message manifest = { 0 }, *m;
    cadre_program *program = NULL;
    cadre_worker *worker = cadre_worker_open();
    pthread_t reader;

    s = (struct server){ .fd = fd, .most = most, .limit = UINT64_MAX };
    s.last = &s.first;
    if (!worker || pthread_mutex_init(&s.lock, NULL) ||
        pthread_cond_init(&s.some, NULL) || pthread_create(&reader, NULL, read_all, &s))
        _exit(12);
    for (;;) {
        m = next(&s);
        if (m->kind == MANIFEST) {
            manifest = *m;
            m->bytes = NULL;
            program = join(&s, &manifest);
        } else if (m->kind == LEASE && program) {
            run(&s, worker, program, m);
        } else if (m->kind == LEAVE) {
            leave(&s, program, &manifest);
            program = NULL;
        } else if (m->kind == CLOSE) {
            cadre_worker_close(worker);
            _exit(0);
        }
        free(m->bytes);
        free(m);
    }
}
