/* serve.c - a rank that serves: the thread that speaks with rank 0, from begin to end.
 * SPDX-License-Identifier: MIT
 */
#include "serve.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAP_NS   1000000
#define GRACE_NS UINT64_C(1000000000) /* for tasks, once nobody wants them */

/* ---- speaking ---- */

static void look_at_rank_0(struct cdr_mpi_server *s)
{
    struct cdr_mpi_link *l = &s->links.link[0];
    struct cdr_mpi_frame beat = { .kind = CDR_MPI_BEAT };
    uint64_t now = cdr_mpi_now();
    char why[64];

    if (now - s->stepped > s->silence_ns / 4) /* it is this process that did not look */
        l->heard = now;
    s->stepped = now;
    if (l->dead) {
        cdr_mpi_serve_lose(s, CADRE_ESYS, "cannot be reached any more");
    } else if (!s->driven && now - l->heard > s->silence_ns) {
        snprintf(why, sizeof why, "has said nothing for %.3g s",
                 (double)(now - l->heard) / 1e9);
        cdr_mpi_serve_lose(s, CADRE_ESYS, why);
    } else if (now - l->spoke > s->silence_ns / 4) {
        cdr_mpi_link_send(&s->links, l, beat, NULL);
        l->spoke = now;
    }
}

static void step(struct cdr_mpi_server *s)
{
    bool some;

    pthread_mutex_lock(&s->lock);
    some = cdr_mpi_links_progress(&s->links);
    if (cdr_mpi_casts_progress(&s->casts))
        some = true;
    cdr_mpi_look_at_casts(s);
    cdr_mpi_reap(s);
    cdr_mpi_look_at_processes(s);
    if (cdr_mpi_send_letters(s)) {
        cdr_mpi_links_progress(&s->links);
        some = true;
    }
    look_at_rank_0(s);
    pthread_mutex_unlock(&s->lock);
    cdr_mpi_nap(&s->nap, some, NAP_NS);
}

static bool all_stopped(struct cdr_mpi_server *s)
{
    bool all;

    pthread_mutex_lock(&s->lock);
    all = s->hands == NULL;
    pthread_mutex_unlock(&s->lock);
    return all;
}

/* True once all workers have ended; `most`: nanoseconds to wait for that. */
static bool stop_hands(struct cdr_mpi_server *s, uint64_t most)
{
    uint64_t since = cdr_mpi_now();

    pthread_mutex_lock(&s->lock);
    for (struct cdr_mpi_served *run = s->runs; run; run = run->next)
        cdr_mpi_halt(s, run, 0);
    for (struct cdr_mpi_hand *h = s->hands; h; h = h->next)
        cdr_mpi_stop(s, h);
    pthread_mutex_unlock(&s->lock);
    while (!all_stopped(s) && cdr_mpi_now() - since < most)
        step(s);
    return all_stopped(s);
}

static void free_jobs(struct cdr_mpi_job *job)
{
    while (job) {
        struct cdr_mpi_job *next = job->next;
        free(job->body);
        free(job);
        job = next;
    }
}

static void free_server(struct cdr_mpi_server *s)
{
    while (s->runs) {
        struct cdr_mpi_served *run = s->runs;
        s->runs = run->next;
        free_jobs(run->early);
        cdr_mpi_served_free(run);
    }
    cdr_mpi_census_free(&s->census);
    cdr_mpi_nap_fini(&s->nap);
    pthread_mutex_destroy(&s->lock);
}

/* All is said: leave together. */
static void part(struct cdr_mpi_server *s)
{
    struct cdr_mpi_frame bye = { .kind = CDR_MPI_BYE };

    cdr_mpi_serve_send(s, bye, NULL);
    while (!s->lost && !cdr_mpi_links_are_empty(&s->links))
        step(s);
    if (!s->lost)
        MPI_Barrier(s->comm);
    cdr_mpi_links_close(&s->links, s->lost);
    if (s->lost)
        return;
    MPI_Comm_free(&s->casts.comm);
    MPI_Comm_free(&s->comm);
}

static int prepare(struct cdr_mpi_server *s, cadre_error *err)
{
    int rc;

    s->stepped = cdr_mpi_now();
    s->last_letter = &s->letters;
    s->links.arrive = cdr_mpi_hear;
    s->links.arg = s;
    s->casts.request = MPI_REQUEST_NULL;
    rc = pthread_mutex_init(&s->lock, NULL);
    if (!rc)
        rc = cdr_mpi_nap_init(&s->nap);
    if (rc)
        return cdr_mpi_fail(err, CADRE_ESYS, "a rank needs a mutex: %s", strerror(rc));
    if (s->processes && cdr_mpi_forkserver_open(&s->forkserver, err))
        return err->code;
    return cdr_mpi_links_open(&s->links, s->comm, 0, 1, err);
}

/* Without it rank 0 would wait for an answer that cannot come. */
static void give_up(struct cdr_mpi_server *s, const cadre_error *err)
{
    fprintf(stderr, "cadre: %s\n", err->message);
    MPI_Abort(s->comm, 1);
}

int cdr_mpi_serve(struct cdr_mpi_server *s, cadre_error *err)
{
    cadre_error local;
    int rc = prepare(s, err ? err : &local);

    if (rc)
        give_up(s, err ? err : &local);
    while (!s->closing && !s->lost)
        step(s);
    /* A task that does not end keeps this process, which nobody can want any more. */
    if (!stop_hands(s, s->lost ? GRACE_NS : UINT64_MAX))
        give_up(s, &s->error);
    cdr_mpi_forkserver_close(&s->forkserver);
    part(s);
    rc = s->lost ? s->error.code : CADRE_DONE;
    if (s->lost && err)
        *err = s->error;
    free_server(s);
    return rc;
}
