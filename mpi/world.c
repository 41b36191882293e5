/* world.c - the ranks of a pool, as rank 0 has them.
 * SPDX-License-Identifier: MIT
 */
#include "world.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define IDLE_NAP_NS 1000000
#define GRACE_NS    UINT64_C(2000000000) /* for those that are left, once one is dead */

/* ---- death ---- */

/* Runs that are on go on as far as they can; none begins any more, as MPI does not promise
 * anything from here on. */
static void lose_rank(struct cdr_mpi_world *w, int rank, const char *why)
{
    char who[CDR_MPI_WHO];
    cadre_error err;

    w->links.link[rank - 1].dead = true;
    if (w->closed)
        return;
    w->is_lost[rank] = true;
    cdr_mpi_fail(&err, CADRE_ECRASH, "%s %s",
                 cdr_mpi_census_who(&w->census, rank, who, sizeof who), why);
    err.pid = w->census.member[rank].pid;
    if (!w->broken)
        w->error = err;
    w->broken = true;
    for (struct cdr_mpi_flight *f = w->flights; f; f = f->next)
        f->lose(f, rank, &err);
    pthread_cond_broadcast(&w->changed);
}

static void look_at_rank(struct cdr_mpi_world *w, int rank, uint64_t now)
{
    struct cdr_mpi_link *l = &w->links.link[rank - 1];
    struct cdr_mpi_frame beat = { .kind = CDR_MPI_BEAT };
    char why[64];

    if (w->said_bye[rank] || w->is_lost[rank])
        return;
    if (l->dead) {
        lose_rank(w, rank, "cannot be reached any more");
    } else if (now - l->heard > w->silence_ns) {
        snprintf(why, sizeof why, "has said nothing for %.3g s",
                 (double)(now - l->heard) / 1e9);
        lose_rank(w, rank, why);
    } else if (now - l->spoke > w->silence_ns / 4) {
        cdr_mpi_link_send(&w->links, l, beat, NULL);
        l->spoke = now; /* or it waits for a credit */
    }
}

/* ---- the thread ---- */

static struct cdr_mpi_flight *find_flight(struct cdr_mpi_world *w, uint32_t id)
{
    struct cdr_mpi_flight *f = w->flights;

    while (f && f->id != id)
        f = f->next;
    return f;
}

static void arrive(void *arg, struct cdr_mpi_link *l, const struct cdr_mpi_frame *frame,
                   void *body)
{
    struct cdr_mpi_world *w = arg;
    struct cdr_mpi_flight *f = find_flight(w, frame->run);

    if (frame->kind == CDR_MPI_BYE) {
        w->said_bye[l->peer] = true;
        w->byes++;
    } else if (frame->kind == CDR_MPI_DISMISSED) {
        w->dismissed++;
        pthread_cond_broadcast(&w->changed);
    }
    if (f)
        f->hear(f, l->peer, frame, body);
    else
        free(body);
}

static bool step(struct cdr_mpi_world *w)
{
    bool some = cdr_mpi_links_progress(&w->links);
    uint64_t now = cdr_mpi_now(); /* not before what has come */

    if (cdr_mpi_casts_progress(&w->casts)) {
        some = true;
        pthread_cond_broadcast(&w->changed);
    }
    for (struct cdr_mpi_flight *f = w->flights; f; f = f->next)
        if (f->step(f, now))
            some = true;
    if (now - w->stepped > w->silence_ns / 4) /* it is this process that did not look */
        for (int rank = 1; rank < w->size; rank++)
            w->links.link[rank - 1].heard = now;
    w->stepped = now;
    for (int rank = 1; rank < w->size; rank++)
        look_at_rank(w, rank, now);
    return some;
}

/* Ranks answer that they close, unless one is dead: then some may never. */
static void say_close(struct cdr_mpi_world *w)
{
    struct cdr_mpi_frame frame = { .kind = CDR_MPI_CLOSE,
                                   .flags = w->broken ? CDR_MPI_IS_LOST : 0,
                                   .size = w->broken ? sizeof w->error : 0 };

    for (int rank = 1; rank < w->size; rank++)
        cdr_mpi_link_send(&w->links, &w->links.link[rank - 1], frame, &w->error);
}

static bool all_closed(struct cdr_mpi_world *w, uint64_t since)
{
    return w->byes == w->size - 1 || (w->broken && cdr_mpi_now() - since > GRACE_NS);
}

/* With the lock held, by the thread that speaks MPI. */
static void let_close(struct cdr_mpi_world *w)
{
    uint64_t since = cdr_mpi_now();

    say_close(w);
    while (!all_closed(w, since)) {
        bool some = step(w);
        pthread_mutex_unlock(&w->lock);
        cdr_mpi_nap(&w->nap, some, IDLE_NAP_NS);
        pthread_mutex_lock(&w->lock);
    }
    w->closed = true;
    if (!w->broken)
        MPI_Barrier(w->comm); /* nothing is under way any more */
    cdr_mpi_links_close(&w->links, w->broken);
    if (!w->broken) {
        MPI_Comm_free(&w->casts.comm);
        MPI_Comm_free(&w->comm);
    }
}

static void *speak(void *arg)
{
    struct cdr_mpi_world *w = arg;

    pthread_mutex_lock(&w->lock);
    while (!w->closing) {
        bool some = step(w);
        pthread_mutex_unlock(&w->lock);
        cdr_mpi_nap(&w->nap, some, IDLE_NAP_NS);
        pthread_mutex_lock(&w->lock);
    }
    let_close(w);
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

/* ---- waiting ---- */

static bool is_over(uint64_t until)
{
    return until != UINT64_MAX && cdr_mpi_now() >= until;
}

/* One look, or one wait, with the lock held. */
static void wait_once(struct cdr_mpi_world *w, uint64_t until)
{
    struct timespec t = { (time_t)(until / 1000000000), (long)(until % 1000000000) };
    bool some;

    if (!w->driven) {
        if (until == UINT64_MAX)
            pthread_cond_wait(&w->changed, &w->lock);
        else
            pthread_cond_timedwait(&w->changed, &w->lock, &t);
        return;
    }
    some = step(w);
    pthread_mutex_unlock(&w->lock);
    cdr_mpi_nap(&w->nap, some, IDLE_NAP_NS);
    pthread_mutex_lock(&w->lock);
}

void cdr_mpi_world_wait_idle(struct cdr_mpi_world *w, struct cdr_mpi_flight *f,
                             uint64_t until)
{
    if (w->driven)
        wait_once(w, until); /* nobody else does anything */
    while (!f->idle && f->phase != CDR_MPI_ENDED && !is_over(until))
        wait_once(w, until);
}

void cdr_mpi_world_wait_ended(struct cdr_mpi_world *w, struct cdr_mpi_flight *f)
{
    while (f->phase != CDR_MPI_ENDED || (f->is_cast && !f->cast.done && !w->broken))
        wait_once(w, UINT64_MAX);
}

/* ---- pools ---- */

uint64_t cdr_mpi_world_enlist(struct cdr_mpi_world *w)
{
    uint64_t pool;

    pthread_mutex_lock(&w->lock);
    pool = ++w->last_pool;
    pthread_mutex_unlock(&w->lock);
    return pool;
}

void cdr_mpi_world_dismiss(struct cdr_mpi_world *w, uint64_t pool)
{
    struct cdr_mpi_frame frame = { .kind = CDR_MPI_DISMISS, .number = pool };

    pthread_mutex_lock(&w->lock);
    while (w->dismissing)
        wait_once(w, UINT64_MAX);
    w->dismissing = true;
    w->dismissed = 0;
    for (int rank = 1; rank < w->size && !w->broken; rank++)
        cdr_mpi_link_send(&w->links, &w->links.link[rank - 1], frame, NULL);
    cdr_mpi_nap_end(&w->nap);
    while (w->dismissed < w->size - 1 && !w->broken)
        wait_once(w, UINT64_MAX);
    w->dismissing = false;
    pthread_cond_broadcast(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

/* ---- open and close ---- */

static int make_sync(struct cdr_mpi_world *w)
{
    pthread_condattr_t monotonic;
    int rc = cdr_mpi_nap_init(&w->nap);

    if (rc)
        return rc;
    rc = pthread_mutex_init(&w->lock, NULL);
    if (!rc)
        rc = pthread_condattr_init(&monotonic);
    if (!rc) {
        pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
        rc = pthread_cond_init(&w->changed, &monotonic);
        pthread_condattr_destroy(&monotonic);
    }
    return rc;
}

/* It takes no signals: those are the program's. */
static int start_thread(struct cdr_mpi_world *w)
{
    sigset_t all, old;
    int rc;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    rc = pthread_create(&w->thread, NULL, speak, w);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    return rc;
}

int cdr_mpi_world_open(struct cdr_mpi_world *w, cadre_error *err)
{
    int rc = make_sync(w);

    if (rc)
        return cdr_mpi_fail(err, CADRE_ESYS, "a pool of ranks needs a mutex: %s",
                            strerror(rc));
    w->stepped = cdr_mpi_now();
    w->readable = w->driven ? eventfd(1, EFD_CLOEXEC) : -1;
    if (w->driven && w->readable < 0)
        return cdr_mpi_fail(err, CADRE_ESYS, "cannot create an eventfd: %s",
                            strerror(errno));
    w->said_bye = calloc((size_t)w->size, sizeof *w->said_bye);
    w->is_lost = calloc((size_t)w->size, sizeof *w->is_lost);
    if (!w->said_bye || !w->is_lost)
        return cdr_mpi_fail(err, CADRE_ENOMEM, "no memory for %d ranks", w->size);
    w->links.arrive = arrive;
    w->links.arg = w;
    w->casts.request = MPI_REQUEST_NULL;
    rc = cdr_mpi_links_open(&w->links, w->comm, 1, w->size - 1, err);
    if (rc || w->driven)
        return rc;
    rc = start_thread(w);
    return rc ? cdr_mpi_fail(err, CADRE_ESYS, "no thread to speak with ranks: %s",
                             strerror(rc))
              : CADRE_OK;
}

bool cdr_mpi_world_is_broken(struct cdr_mpi_world *w)
{
    bool broken;

    pthread_mutex_lock(&w->lock);
    broken = w->broken;
    pthread_mutex_unlock(&w->lock);
    return broken;
}

void cdr_mpi_world_abort(struct cdr_mpi_world *w)
{
    pthread_mutex_lock(&w->lock);
    MPI_Abort(w->comm, 1);
    pthread_mutex_unlock(&w->lock);
}

bool cdr_mpi_world_close(struct cdr_mpi_world *w)
{
    pthread_mutex_lock(&w->lock);
    w->closing = true;
    if (w->driven)
        let_close(w);
    pthread_mutex_unlock(&w->lock);
    cdr_mpi_nap_end(&w->nap);
    if (!w->driven)
        pthread_join(w->thread, NULL);
    if (w->readable >= 0)
        close(w->readable);
    free(w->said_bye);
    free(w->is_lost);
    cdr_mpi_census_free(&w->census);
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->lock);
    cdr_mpi_nap_fini(&w->nap);
    return !w->broken;
}
