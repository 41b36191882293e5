/* hear.c - a rank that serves: what rank 0 says, of runs and of pools.
 * SPDX-License-Identifier: MIT
 */
#include "serve.h"

#include <stdlib.h>
#include <string.h>

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
        cdr_mpi_serve_starve(s);
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

/* Processes map it: the rank's own copy is not needed any more. */
static void share_manifest(struct cdr_mpi_server *s, struct cdr_mpi_served *run)
{
    run->shared = cdr_mpi_process_share(run->manifest, run->size);
    if (run->shared < 0)
        cdr_mpi_serve_starve(s);
    free(run->manifest);
    run->manifest = NULL;
}

static void set_ready(struct cdr_mpi_server *s, struct cdr_mpi_served *run)
{
    if (s->processes)
        share_manifest(s, run);
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

    if (good) {
        run->pool = pool;
        run->shared = -1;
    }
    for (unsigned k = 0; good && k < s->local; k++)
        good = (run->hand[k] = cdr_mpi_hand_take(s, run)) != NULL;
    if (!good) {
        cdr_mpi_serve_starve(s);
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
        cdr_mpi_serve_starve(s);
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

void cdr_mpi_look_at_casts(struct cdr_mpi_server *s)
{
    struct cdr_mpi_served *next;

    for (struct cdr_mpi_served *run = s->runs; run; run = next) {
        next = run->next;
        if (run->is_cast && !run->ready && run->cast.done)
            set_ready(s, run);
    }
}

void cdr_mpi_halt(struct cdr_mpi_server *s, struct cdr_mpi_served *run, uint64_t limit)
{
    run->limit = limit;
    for (unsigned k = 0; k < s->local; k++) {
        struct cdr_mpi_hand *h = run->hand[k];
        if (h->run != run)
            continue;
        if (s->processes)
            cdr_mpi_process_halt(&h->process, run);
        else if (h->program)
            cadre_program_halt(h->program, limit);
    }
}

/* ---- processes ---- */

static uint64_t read_number(const struct cdr_mpi_frame *frame, const void *body)
{
    uint64_t number = 0;

    if (frame->size == sizeof number)
        memcpy(&number, body, sizeof number);
    return number;
}

static void expire(struct cdr_mpi_server *s, const struct cdr_mpi_served *run,
                   const struct cdr_mpi_frame *frame, const void *body)
{
    struct cdr_mpi_hand *h = hand_of(s, run, frame->seat);

    if (h->run == run)
        cdr_mpi_process_expire(&h->process, frame->number, read_number(frame, body));
}

/* Tasks that nobody waits for may keep their workers no longer than the grace. */
static void hurry(struct cdr_mpi_server *s, struct cdr_mpi_served *run, uint64_t grace)
{
    run->leaving = true;
    for (unsigned k = 0; s->processes && k < s->local; k++)
        if (run->hand[k]->run == run)
            cdr_mpi_process_hurry(&run->hand[k]->process, grace);
}

void cdr_mpi_look_at_processes(struct cdr_mpi_server *s)
{
    uint64_t now = cdr_mpi_now();

    for (struct cdr_mpi_hand *h = s->processes ? s->hands : NULL; h; h = h->next)
        cdr_mpi_process_look(&h->process, h->run, now);
}

/* What the seat's worker has not begun goes back. */
static void recall(struct cdr_mpi_server *s, const struct cdr_mpi_served *run,
                   unsigned seat)
{
    struct cdr_mpi_hand *h = hand_of(s, run, seat);
    struct cdr_mpi_frame frame = { .kind = CDR_MPI_RETURNED,
                                   .run = run->id,
                                   .seat = seat };
    uint64_t ids[512];
    size_t n = cdr_mpi_hand_take_leases(h, ids, sizeof ids / sizeof *ids);

    frame.size = n * sizeof *ids;
    cdr_mpi_serve_send(s, frame, ids);
}

/* ---- pools ---- */

void cdr_mpi_stop(struct cdr_mpi_server *s, struct cdr_mpi_hand *h)
{
    if (!cdr_mpi_hand_stop(h))
        cdr_mpi_serve_starve(s);
}

static void dismiss(struct cdr_mpi_server *s, uint64_t pool)
{
    s->dismissing = pool;
    for (struct cdr_mpi_hand *h = s->hands; h; h = h->next)
        if (h->pool == pool)
            cdr_mpi_stop(s, h);
}

/* Workers that have ended go; and once all of a pool have, that is said. */
void cdr_mpi_reap(struct cdr_mpi_server *s)
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
    cdr_mpi_serve_send(s, frame, NULL);
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
    bool deaf = hand_of(s, run, frame->seat)->process.deaf;
    struct cdr_mpi_job *job = deaf ? NULL : new_job(s, CDR_MPI_RUN, run);

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

    if (frame->kind == CDR_MPI_HALT && frame->size == sizeof(uint64_t)) {
        cdr_mpi_halt(s, run, read_number(frame, body));
    } else if (frame->kind == CDR_MPI_EXPIRED) {
        expire(s, run, frame, body);
    } else if (frame->kind == CDR_MPI_RESUME) {
        hand_of(s, run, frame->seat)->process.deaf = false;
    } else if (frame->kind == CDR_MPI_RECALL) {
        recall(s, run, frame->seat);
    } else if (frame->kind == CDR_MPI_LEAVE) {
        hurry(s, run, read_number(frame, body));
        job = new_job(s, CDR_MPI_END, run);
        if (job)
            give_when_ready(s, job);
    }
}

void cdr_mpi_hear(void *arg, struct cdr_mpi_link *l, const struct cdr_mpi_frame *frame,
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
