/* serve.c - a rank that serves: what rank 0 says, and what it is told.
 * SPDX-License-Identifier: MIT
 */
#include "serve.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAP_NS   1000000
#define GRACE_NS UINT64_C(1000000000) /* for tasks, once nobody wants them */

static void lose(struct cdr_mpi_server *s, int code, const char *why)
{
    char who[CDR_MPI_WHO];

    if (s->lost)
        return;
    s->lost = true;
    cdr_mpi_fail(&s->error, code, "%s %s",
                 cdr_mpi_census_who(&s->census, 0, who, sizeof who), why);
}

static void lose_memory(struct cdr_mpi_server *s)
{
    if (!s->lost)
        cdr_mpi_fail(&s->error, CADRE_ENOMEM, "no memory to serve");
    s->lost = true;
}

/* ---- runs ---- */

static struct cdr_mpi_served *find_run(struct cdr_mpi_server *s, uint32_t id)
{
    struct cdr_mpi_served *run = s->runs;

    while (run && run->id != id)
        run = run->next;
    return run;
}

static struct cdr_mpi_job *new_job(struct cdr_mpi_server *s, enum cdr_mpi_work work,
                                   struct cdr_mpi_served *run)
{
    struct cdr_mpi_job *job = calloc(1, sizeof *job);

    if (!job) {
        lose_memory(s);
        return NULL;
    }
    job->work = work;
    job->run = run;
    return job;
}

static struct cdr_mpi_hand *hand_of(const struct cdr_mpi_server *s,
                                    const struct cdr_mpi_served *run, unsigned seat)
{
    unsigned k = seat > 0 ? (seat - 1) / (unsigned)(s->size - 1) : 0;

    return run->hand[k < s->local ? k : 0];
}

/* The end is for all workers, what is else for one. */
static void give(struct cdr_mpi_server *s, struct cdr_mpi_job *job)
{
    struct cdr_mpi_served *run = job->run;

    if (job->work != CDR_MPI_END) {
        cdr_mpi_hand_give(hand_of(s, run, job->frame.seat), job);
        return;
    }
    for (unsigned k = 1; k < s->local; k++) {
        struct cdr_mpi_job *another = new_job(s, CDR_MPI_END, run);
        if (another)
            cdr_mpi_hand_give(run->hand[k], another);
    }
    cdr_mpi_hand_give(run->hand[0], job);
}

static void give_when_ready(struct cdr_mpi_server *s, struct cdr_mpi_job *job)
{
    struct cdr_mpi_served *run = job->run;

    if (run->ready) {
        give(s, job);
        return;
    }
    job->next = NULL;
    *run->last_early = job;
    run->last_early = &job->next;
}

static void set_ready(struct cdr_mpi_server *s, struct cdr_mpi_served *run)
{
    run->ready = true;
    while (run->early) {
        struct cdr_mpi_job *job = run->early;
        bool end = job->work == CDR_MPI_END;
        run->early = job->next;
        give(s, job);
        if (end) /* the run may be gone */
            return;
    }
}

/* A run, with workers of its own; NULL: they cannot be had. */
static struct cdr_mpi_served *new_run(struct cdr_mpi_server *s, uint32_t id,
                                      uint64_t pool)
{
    struct cdr_mpi_served *run = calloc(1, sizeof *run);
    bool good = run && (run->hand = calloc(s->local, sizeof(struct cdr_mpi_hand *)));

    if (good)
        run->pool = pool;
    for (unsigned k = 0; good && k < s->local; k++)
        good = (run->hand[k] = cdr_mpi_hand_take(s, run)) != NULL;
    if (!good) {
        lose_memory(s);
        return NULL; /* this process ends */
    }
    run->id = id;
    run->limit = UINT64_MAX;
    run->in = s->local;
    run->last_early = &run->early;
    run->next = s->runs;
    s->runs = run;
    return run;
}

static void receive_cast(struct cdr_mpi_server *s, struct cdr_mpi_served *run,
                         void *body)
{
    uint64_t size;

    memcpy(&size, body, sizeof size);
    run->is_cast = true;
    run->size = (size_t)size;
    run->manifest = malloc(run->size);
    if (run->manifest)
        cdr_mpi_cast_begin(&s->casts, &run->cast, run->manifest, run->size);
    else
        lose_memory(s);
    free(body);
}

static void begin(struct cdr_mpi_server *s, const struct cdr_mpi_frame *frame,
                  void *body)
{
    struct cdr_mpi_served *run = new_run(s, frame->run, frame->number);
    struct cdr_mpi_job *job = run ? new_job(s, CDR_MPI_OPEN, run) : NULL;

    if (!job) {
        free(body);
        return;
    }
    give_when_ready(s, job);
    if (frame->flags & CDR_MPI_IS_CAST) {
        receive_cast(s, run, body);
    } else {
        run->manifest = body;
        run->size = (size_t)frame->size;
        set_ready(s, run);
    }
}

static void look_at_casts(struct cdr_mpi_server *s)
{
    struct cdr_mpi_served *next;

    for (struct cdr_mpi_served *run = s->runs; run; run = next) {
        next = run->next;
        if (run->is_cast && !run->ready && run->cast.done)
            set_ready(s, run);
    }
}

static void halt(struct cdr_mpi_server *s, struct cdr_mpi_served *run, uint64_t limit)
{
    run->limit = limit;
    for (unsigned k = 0; k < s->local; k++)
        if (run->hand[k]->run == run && run->hand[k]->program)
            cadre_program_halt(run->hand[k]->program, limit);
}

/* ---- letters ---- */

static void send(struct cdr_mpi_server *s, struct cdr_mpi_frame frame, const void *body)
{
    if (!cdr_mpi_link_send(&s->links, &s->links.link[0], frame, body))
        lose(s, CADRE_ESYS, "cannot be reached any more");
}

static bool send_letters(struct cdr_mpi_server *s)
{
    struct cdr_mpi_letter *letter = s->letters;
    bool some = letter != NULL;

    s->letters = NULL;
    s->last_letter = &s->letters;
    while (letter) {
        struct cdr_mpi_letter *next = letter->next;
        send(s, letter->frame, letter->body);
        free(letter->body);
        free(letter);
        letter = next;
    }
    return some;
}

/* What the seat's worker has not begun goes back. */
static void recall(struct cdr_mpi_server *s, const struct cdr_mpi_served *run,
                   unsigned seat)
{
    struct cdr_mpi_hand *h = hand_of(s, run, seat);
    struct cdr_mpi_job **at = &h->first;
    struct cdr_mpi_frame frame = { .kind = CDR_MPI_RETURNED,
                                   .run = run->id,
                                   .seat = seat };
    uint64_t ids[512];
    size_t n = 0;

    while (*at && n < sizeof ids / sizeof *ids) {
        struct cdr_mpi_job *job = *at;
        if (job->work != CDR_MPI_RUN) {
            at = &job->next;
            continue;
        }
        *at = job->next;
        if (!*at)
            h->last = at;
        ids[n++] = job->frame.number;
        free(job->body);
        free(job);
    }
    frame.size = n * sizeof *ids;
    send(s, frame, ids);
}

/* ---- pools ---- */

static void stop_hand(struct cdr_mpi_server *s, struct cdr_mpi_hand *h)
{
    if (!cdr_mpi_hand_stop(h))
        lose_memory(s);
}

static void dismiss(struct cdr_mpi_server *s, uint64_t pool)
{
    s->dismissing = pool;
    for (struct cdr_mpi_hand *h = s->hands; h; h = h->next)
        if (h->pool == pool)
            stop_hand(s, h);
}

/* Workers that have ended go; and once all of a pool have, that is said. */
static void reap(struct cdr_mpi_server *s)
{
    struct cdr_mpi_frame frame = { .kind = CDR_MPI_DISMISSED };
    struct cdr_mpi_hand **at = &s->hands;
    bool some = false;

    while (*at) {
        struct cdr_mpi_hand *h = *at;
        if (h->ended) {
            *at = h->next;
            cdr_mpi_hand_free(h);
        } else {
            some |= h->pool == s->dismissing;
            at = &h->next;
        }
    }
    if (s->dismissing == 0 || some)
        return;
    s->dismissing = 0;
    send(s, frame, NULL);
}

/* ---- hearing ---- */

static void close_pool(struct cdr_mpi_server *s, const struct cdr_mpi_frame *frame,
                       const void *body)
{
    s->closing = true;
    if (!(frame->flags & CDR_MPI_IS_LOST) || frame->size != sizeof s->error)
        return;
    memcpy(&s->error, body, sizeof s->error);
    s->lost = true;
}

static void lease(struct cdr_mpi_server *s, struct cdr_mpi_served *run,
                  const struct cdr_mpi_frame *frame, void *body)
{
    struct cdr_mpi_job *job = new_job(s, CDR_MPI_RUN, run);

    if (!job) {
        free(body);
        return;
    }
    job->frame = *frame;
    job->body = body;
    give_when_ready(s, job);
}

static void hear_of_run(struct cdr_mpi_server *s, struct cdr_mpi_served *run,
                        const struct cdr_mpi_frame *frame, const void *body)
{
    struct cdr_mpi_job *job;
    uint64_t limit;

    if (frame->kind == CDR_MPI_HALT && frame->size == sizeof limit) {
        memcpy(&limit, body, sizeof limit);
        halt(s, run, limit);
    } else if (frame->kind == CDR_MPI_RECALL) {
        recall(s, run, frame->seat);
    } else if (frame->kind == CDR_MPI_LEAVE) {
        job = new_job(s, CDR_MPI_END, run);
        if (job)
            give_when_ready(s, job);
    }
}

static void arrive(void *arg, struct cdr_mpi_link *l, const struct cdr_mpi_frame *frame,
                   void *body)
{
    struct cdr_mpi_server *s = arg;
    struct cdr_mpi_served *run = find_run(s, frame->run);

    (void)l;
    if (frame->kind == CDR_MPI_BEGIN && !run) {
        begin(s, frame, body);
        return;
    }
    if (frame->kind == CDR_MPI_LEASE && run) {
        lease(s, run, frame, body);
        return;
    }
    if (frame->kind == CDR_MPI_DISMISS)
        dismiss(s, frame->number);
    else if (frame->kind == CDR_MPI_CLOSE)
        close_pool(s, frame, body);
    else if (run)
        hear_of_run(s, run, frame, body);
    free(body);
}

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
        lose(s, CADRE_ESYS, "cannot be reached any more");
    } else if (!s->driven && now - l->heard > s->silence_ns) {
        snprintf(why, sizeof why, "has said nothing for %.3g s",
                 (double)(now - l->heard) / 1e9);
        lose(s, CADRE_ESYS, why);
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
    look_at_casts(s);
    reap(s);
    if (send_letters(s)) {
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
        halt(s, run, 0);
    for (struct cdr_mpi_hand *h = s->hands; h; h = h->next)
        stop_hand(s, h);
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
        free(run->manifest);
        free(run->hand);
        free(run);
    }
    cdr_mpi_census_free(&s->census);
    cdr_mpi_nap_fini(&s->nap);
    pthread_mutex_destroy(&s->lock);
}

/* All is said: leave together. */
static void part(struct cdr_mpi_server *s)
{
    struct cdr_mpi_frame bye = { .kind = CDR_MPI_BYE };

    send(s, bye, NULL);
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
    s->links.arrive = arrive;
    s->links.arg = s;
    s->casts.request = MPI_REQUEST_NULL;
    rc = pthread_mutex_init(&s->lock, NULL);
    if (!rc)
        rc = cdr_mpi_nap_init(&s->nap);
    if (rc)
        return cdr_mpi_fail(err, CADRE_ESYS, "a rank needs a mutex: %s", strerror(rc));
    return cdr_mpi_links_open(&s->links, s->comm, 0, 1, err);
}

int cdr_mpi_serve(struct cdr_mpi_server *s, cadre_error *err)
{
    int rc = prepare(s, err);

    if (rc) /* rank 0 waits for an answer that cannot come */
        MPI_Abort(s->comm, 1);
    while (!s->closing && !s->lost)
        step(s);
    /* A task that does not end keeps this process, which nobody can want any more. */
    if (!stop_hands(s, s->lost ? GRACE_NS : UINT64_MAX)) {
        fprintf(stderr, "cadre: %s\n", s->error.message);
        MPI_Abort(s->comm, 1);
    }
    part(s);
    rc = s->lost ? s->error.code : CADRE_DONE;
    if (s->lost && err)
        *err = s->error;
    free_server(s);
    return rc;
}
