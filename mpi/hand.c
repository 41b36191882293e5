/* hand.c - a local worker of a rank: a thread that does jobs in the order they came.
 * SPDX-License-Identifier: MIT
 */
#include "serve.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- programs ---- */

/* Has the run's program, or says why not. */
static cadre_program *open_program(struct cdr_mpi_hand *h,
                                   const struct cdr_mpi_job *job)
{
    struct cdr_mpi_server *s = h->server;
    cadre_program *program = h->program;
    cadre_error err;

    if (program)
        return program;
    if (!h->worker)
        h->worker = cadre_worker_open();
    if (!h->worker) {
        cdr_mpi_fail(&err, CADRE_ENOMEM, "no memory to take part in a run");
    } else if (!cadre_manifest_open(&program, job->run->manifest, job->run->size,
                                    &err)) {
        pthread_mutex_lock(&s->lock);
        h->program = program;
        if (job->run->limit != UINT64_MAX)
            cadre_program_halt(program, job->run->limit);
        pthread_mutex_unlock(&s->lock);
        return program;
    }
    cdr_mpi_hand_refuse(s, job, &err);
    return NULL;
}

static void close_program(struct cdr_mpi_hand *h)
{
    cadre_program *program = h->program;

    pthread_mutex_lock(&h->server->lock);
    h->program = NULL;
    pthread_mutex_unlock(&h->server->lock);
    cadre_program_close(program);
}

/* It has served or grown as much as the pool allows: a fresh one goes on. */
static void renew(struct cdr_mpi_hand *h)
{
    close_program(h);
    cadre_worker_close(h->worker);
    h->worker = cadre_worker_open();
}

/* ---- jobs ---- */

static bool has_process(const struct cdr_mpi_hand *h)
{
    return h->process.socket >= 0;
}

static void open_run(struct cdr_mpi_hand *h, const struct cdr_mpi_job *job)
{
    struct cdr_mpi_frame frame = { .kind = CDR_MPI_READY, .run = job->run->id };

    if (has_process(h) ? cdr_mpi_process_open(h, job) : open_program(h, job) != NULL)
        cdr_mpi_hand_post(h->server, frame, NULL);
}

static void run_here(struct cdr_mpi_hand *h, const struct cdr_mpi_job *job)
{
    cadre_program *program = open_program(h, job);
    struct cdr_mpi_frame frame = { .kind = CDR_MPI_OUTCOME,
                                   .run = job->run->id,
                                   .seat = job->frame.seat,
                                   .number = job->frame.number };
    cadre_error err;
    int rc = CADRE_DONE;

    while (program &&
           (rc = cadre_lease_run(h->worker, program, job->body, (size_t)job->frame.size,
                                 0, &h->outcome, &err)) == CADRE_OK) {
        frame.size = h->outcome.size;
        cdr_mpi_hand_post(h->server, frame, h->outcome.data);
        h->outcome = (cadre_packet){ 0 };
    }
    if (rc < CADRE_OK)
        cdr_mpi_hand_refuse(h->server, job, &err);
    if (program && cadre_worker_is_retired(h->worker))
        renew(h);
}

static void run_lease(struct cdr_mpi_hand *h, const struct cdr_mpi_job *job)
{
    if (has_process(h))
        cdr_mpi_process_run(h, job);
    else
        run_here(h, job);
}

static void forget(struct cdr_mpi_server *s, struct cdr_mpi_served *run)
{
    struct cdr_mpi_served **at = &s->runs;

    while (*at != run)
        at = &(*at)->next;
    *at = run->next;
    cdr_mpi_served_free(run);
}

static void end_run(struct cdr_mpi_hand *h, const struct cdr_mpi_job *job)
{
    struct cdr_mpi_frame frame = { .kind = CDR_MPI_LEFT, .run = job->run->id };
    bool last;

    if (has_process(h))
        cdr_mpi_process_leave(h, job);
    else
        close_program(h);
    pthread_mutex_lock(&h->server->lock);
    h->run = NULL;
    last = --job->run->in == 0;
    if (last)
        forget(h->server, job->run);
    pthread_mutex_unlock(&h->server->lock);
    if (last)
        cdr_mpi_hand_post(h->server, frame, NULL);
}

static void *work(void *arg)
{
    struct cdr_mpi_hand *h = arg;
    bool more = true;

    while (more) {
        struct cdr_mpi_job *job = cdr_mpi_hand_next(h);
        switch (job->work) {
        case CDR_MPI_OPEN: open_run(h, job); break;
        case CDR_MPI_RUN: run_lease(h, job); break;
        case CDR_MPI_END: end_run(h, job); break;
        case CDR_MPI_STOP: more = false; break;
        }
        free(job->body);
        free(job);
    }
    if (has_process(h))
        cdr_mpi_process_close(h);
    close_program(h);
    cadre_worker_close(h->worker);
    cadre_packet_free(&h->outcome);
    pthread_mutex_lock(&h->server->lock);
    h->ended = true;
    pthread_mutex_unlock(&h->server->lock);
    cdr_mpi_nap_end(&h->server->nap);
    return NULL;
}

/* Signals are the program's. */
static bool start_thread(struct cdr_mpi_hand *h)
{
    sigset_t all, old;
    bool good;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    good = pthread_create(&h->thread, NULL, work, h) == 0;
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return good;
}

static bool prepare(struct cdr_mpi_hand *h, struct cdr_mpi_server *s)
{
    h->server = s;
    h->last = &h->first;
    h->process =
        (struct cdr_mpi_process){ .socket = -1, .pidfd = -1, .expired = CADRE_NO_ITEM };
    if (pthread_cond_init(&h->some, NULL))
        return false;
    if (s->processes)
        h->process.socket = cdr_mpi_forkserver_place(&s->forkserver);
    if ((!s->processes || has_process(h)) && start_thread(h))
        return true;
    if (has_process(h))
        close(h->process.socket);
    pthread_cond_destroy(&h->some);
    return false;
}

static struct cdr_mpi_hand *start(struct cdr_mpi_server *s)
{
    struct cdr_mpi_hand *h = calloc(1, sizeof *h);

    if (!h || !prepare(h, s)) {
        free(h);
        return NULL;
    }
    h->next = s->hands;
    s->hands = h;
    return h;
}

struct cdr_mpi_hand *cdr_mpi_hand_take(struct cdr_mpi_server *s,
                                       struct cdr_mpi_served *run)
{
    struct cdr_mpi_hand *h = s->hands;

    while (h && (h->run || h->pool != run->pool))
        h = h->next;
    if (!h)
        h = start(s);
    if (!h)
        return NULL;
    h->run = run;
    h->pool = run->pool;
    return h;
}

bool cdr_mpi_hand_stop(struct cdr_mpi_hand *h)
{
    struct cdr_mpi_job *job = calloc(1, sizeof *job);

    if (!job)
        return false;
    job->work = CDR_MPI_STOP;
    cdr_mpi_hand_give(h, job);
    return true;
}

void cdr_mpi_hand_free(struct cdr_mpi_hand *h)
{
    pthread_join(h->thread, NULL);
    pthread_cond_destroy(&h->some);
    while (h->first) {
        struct cdr_mpi_job *job = h->first;
        h->first = job->next;
        free(job->body);
        free(job);
    }
    free(h);
}
