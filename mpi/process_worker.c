/* process_worker.c - a worker process of a rank: runs leases that come over its socket.
 * SPDX-License-Identifier: MIT
 *
 * One thread reads, so that a task hears at once that it is not wanted any more; the first
 * does what is said, one thing after another. MPI is never used here.
 */
#include "frame.h"
#include "message.h"
#include "forkserver.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define STARVED 12 /* exit status: no memory to begin with */

struct said {
    struct said *next;
    struct cdr_mpi_message head;
    void *body;
    int fd;
};

struct worker {
    int socket;
    cadre_worker *worker;
    void *manifest; /* mapped */
    size_t size;
    cadre_packet outcome;
    bool started; /* the reader's: what comes is for this life */
    uint64_t life;
    pthread_mutex_t lock; /* guards the rest */
    pthread_cond_t some;
    struct said *first, **last;
    cadre_program *program; /* of this run; or NULL */
    uint32_t run;
    struct cdr_mpi_message halted; /* the last that was said: of run and number */
};

static void say(const struct worker *w, enum cdr_mpi_message_kind kind, uint32_t run,
                uint64_t number, const void *body, size_t size)
{
    struct cdr_mpi_message head = {
        .kind = kind, .run = run, .number = number, .size = size
    };

    if (!cdr_mpi_message_send(w->socket, head, body, -1))
        _exit(0); /* the rank is gone */
}

/* ---- the thread that reads ---- */

static void halt(struct worker *w, const struct cdr_mpi_message *m)
{
    w->halted = *m;
    if (w->program && w->run == m->run)
        cadre_program_halt(w->program, m->number);
}

static void hear(struct worker *w, struct said *m)
{
    pthread_mutex_lock(&w->lock);
    if (m->head.kind == CDR_MPI_WORKER_HALT) {
        halt(w, &m->head);
        free(m->body);
        free(m);
    } else {
        *w->last = m;
        w->last = &m->next;
        pthread_cond_signal(&w->some);
    }
    pthread_mutex_unlock(&w->lock);
}

/* What was said to one before it, that died of it perhaps, is not for this one. */
static bool is_for_us(struct worker *w, const struct cdr_mpi_message *m)
{
    if (w->started)
        return true;
    w->started = m->kind == CDR_MPI_WORKER_START && m->number == w->life;
    return false;
}

static void *read_all(void *arg)
{
    struct worker *w = arg;
    struct cdr_mpi_inbox in = { 0 };
    struct said *m;

    while ((m = calloc(1, sizeof *m)) &&
           cdr_mpi_message_receive(w->socket, &in, &m->head, &m->body, &m->fd)) {
        if (is_for_us(w, &m->head)) {
            hear(w, m);
            continue;
        }
        if (m->fd >= 0)
            close(m->fd);
        free(m->body);
        free(m);
    }
    _exit(m ? 0 : STARVED); /* the rank has gone, most likely */
}

/* ---- runs ---- */

static void set_program(struct worker *w, cadre_program *program,
                        const struct cdr_mpi_message *m)
{
    uint64_t limit = m ? m->number : UINT64_MAX;

    pthread_mutex_lock(&w->lock);
    w->program = program;
    w->run = m ? m->run : 0;
    if (m && w->halted.run == m->run && w->halted.number < limit)
        limit = w->halted.number;
    if (program && limit != UINT64_MAX)
        cadre_program_halt(program, limit);
    pthread_mutex_unlock(&w->lock);
}

static void leave(struct worker *w)
{
    cadre_program *program = w->program;

    set_program(w, NULL, NULL);
    cadre_program_close(program);
    if (w->manifest)
        munmap(w->manifest, w->size);
    w->manifest = NULL;
}

/* All workers of the rank read the same bytes. */
static int map_manifest(struct worker *w, int fd, cadre_error *err)
{
    struct stat st;
    void *bytes = MAP_FAILED;

    if (fd >= 0 && fstat(fd, &st) == 0)
        bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
    if (bytes == MAP_FAILED)
        return cdr_mpi_fail(err, CADRE_ESYS, "a run cannot be mapped: %s",
                            strerror(errno));
    w->manifest = bytes;
    w->size = (size_t)st.st_size;
    return CADRE_OK;
}

static void open_run(struct worker *w, const struct said *m)
{
    cadre_program *program = NULL;
    cadre_error err;
    int rc = map_manifest(w, m->fd, &err);

    if (!rc)
        rc = cadre_manifest_open(&program, w->manifest, w->size, &err);
    if (rc) {
        leave(w);
        say(w, CDR_MPI_WORKER_REFUSED, m->head.run, 0, &err, sizeof err);
        return;
    }
    set_program(w, program, &m->head);
    say(w, CDR_MPI_WORKER_READY, m->head.run, (uint64_t)getpid(), NULL, 0);
}

static _Noreturn void end(struct worker *w)
{
    leave(w);
    cadre_worker_close(w->worker);
    _exit(0);
}

static void run_lease(struct worker *w, const struct said *m)
{
    cadre_error err;
    int rc;

    while ((rc = cadre_lease_run(w->worker, w->program, m->body, (size_t)m->head.size,
                                 0, &w->outcome, &err)) == CADRE_OK)
        say(w, CDR_MPI_WORKER_OUTCOME, m->head.run, 0, w->outcome.data,
            w->outcome.size);
    if (rc < CADRE_OK) {
        say(w, CDR_MPI_WORKER_REFUSED, m->head.run, 0, &err, sizeof err);
        return;
    }
    say(w, CDR_MPI_WORKER_DONE, m->head.run, cadre_worker_is_retired(w->worker), NULL,
        0);
    if (cadre_worker_is_retired(w->worker))
        end(w);
}

/* ---- from begin to end ---- */

static struct said *next(struct worker *w)
{
    struct said *m;

    pthread_mutex_lock(&w->lock);
    while (!w->first)
        pthread_cond_wait(&w->some, &w->lock);
    m = w->first;
    w->first = m->next;
    if (!w->first)
        w->last = &w->first;
    pthread_mutex_unlock(&w->lock);
    return m;
}

static void obey(struct worker *w, const struct said *m)
{
    switch (m->head.kind) {
    case CDR_MPI_WORKER_OPEN: open_run(w, m); break;
    case CDR_MPI_WORKER_LEASE: run_lease(w, m); break;
    case CDR_MPI_WORKER_LEAVE:
        leave(w);
        say(w, CDR_MPI_WORKER_LEFT, m->head.run, 0, NULL, 0);
        break;
    case CDR_MPI_WORKER_CLOSE: end(w);
    default: break;
    }
}

/* It takes no signals: those are for the tasks' thread. */
static bool start_reader(struct worker *w)
{
    pthread_t reader;
    sigset_t all, old;
    bool good;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    good = pthread_create(&reader, NULL, read_all, w) == 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return good;
}

_Noreturn void cdr_mpi_process_serve(int socket, uint64_t life)
{
    static struct worker w;

    w = (struct worker){ .socket = socket,
                         .life = life,
                         .worker = cadre_worker_open() };
    w.last = &w.first;
    if (!w.worker || pthread_mutex_init(&w.lock, NULL) ||
        pthread_cond_init(&w.some, NULL) || !start_reader(&w))
        _exit(STARVED);
    for (;;) {
        struct said *m = next(&w);
        obey(&w, m);
        if (m->fd >= 0)
            close(m->fd);
        free(m->body);
        free(m);
    }
}
