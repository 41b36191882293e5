/* flight.c - a run that is on: on rank 0, from begin to end.
 * SPDX-License-Identifier: MIT
 */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CAST_SIZE   16384                /* a larger manifest is broadcast */
#define PATIENCE_NS UINT64_C(1000000000) /* for others to say that they refuse, too */
#define LOOK_NS     1000000 /* between two looks at tasks that may have had their time */

/* ---- saying ---- */

static int rank_of(const struct cdr_mpi_flight *f, unsigned seat)
{
    return 1 + (int)((seat - 1) % (unsigned)(f->world->size - 1));
}

static bool say(struct cdr_mpi_flight *f, int rank, struct cdr_mpi_frame frame,
                const void *body)
{
    struct cdr_mpi_links *links = &f->world->links;

    frame.run = f->id;
    return cdr_mpi_link_send(links, &links->link[rank - 1], frame, body);
}

static void say_to_all(struct cdr_mpi_flight *f, enum cdr_mpi_kind kind, uint32_t flags,
                       const void *body, size_t size)
{
    struct cdr_mpi_frame frame = {
        .kind = kind, .flags = flags, .number = f->pool, .size = size
    };

    for (int rank = 1; rank <= f->ranks; rank++)
        say(f, rank, frame, body);
}

/* As the dispatcher has it; seat 0 is everybody. */
static bool post(void *arg, enum cdr_mpi_kind kind, unsigned seat, uint64_t lease,
                 const void *body, size_t size)
{
    struct cdr_mpi_frame frame = {
        .kind = kind, .seat = seat, .number = lease, .size = size
    };
    struct cdr_mpi_flight *f = arg;

    if (seat > 0)
        return say(f, rank_of(f, seat), frame, body);
    say_to_all(f, kind, 0, body, size);
    return true;
}

/* ---- phases ---- */

static void begin(struct cdr_mpi_flight *f)
{
    uint64_t size = f->manifest.size;

    if (f->is_cast) {
        say_to_all(f, CDR_MPI_BEGIN, CDR_MPI_IS_CAST, &size, sizeof size);
        cdr_mpi_cast_begin(&f->world->casts, &f->cast, f->manifest.data, size);
    } else {
        say_to_all(f, CDR_MPI_BEGIN, 0, f->manifest.data, size);
    }
    for (unsigned seat = 1; seat <= f->dispatch.n; seat++)
        f->dispatch.seat[seat].in_run = true;
    f->phase = CDR_MPI_RUNNING;
}

/* Once all have answered, or had time to. */
static void look_at_refusals(struct cdr_mpi_flight *f, uint64_t now)
{
    cadre_error err = f->refusal;

    if (!f->refused || f->dispatch.over ||
        (f->answered < f->ranks && now - f->refused_at < PATIENCE_NS))
        return;
    cdr_mpi_fail(&err, f->refusal.code, "rank%s %s: %.280s", f->refused > 1 ? "s" : "",
                 f->refusing, f->refusal.message);
    cadre_run_give_up(f->dispatch.run, &err);
    f->dispatch.over = true;
}

/* Once for each task that has had its time; who looks on the rank says when it is dead. */
static void look_at_seat(struct cdr_mpi_flight *f, unsigned seat, uint64_t now)
{
    struct cdr_mpi_seat *s = &f->dispatch.seat[seat];
    uint64_t item, grace = cadre_run_grace_ns(f->dispatch.run);

    if (s->out == 0 || cadre_run_expiry(f->dispatch.run, seat, &item) > now ||
        s->expired == item)
        return;
    s->expired = item;
    post(f, CDR_MPI_EXPIRED, seat, item, &grace, sizeof grace);
}

static void look_at_times(struct cdr_mpi_flight *f, uint64_t now)
{
    uint64_t item;

    if (!f->world->processes || now - f->looked < LOOK_NS ||
        cadre_run_expiry(f->dispatch.run, 0, &item) == UINT64_MAX)
        return;
    f->looked = now;
    for (unsigned seat = 1; seat <= f->dispatch.n; seat++)
        look_at_seat(f, seat, now);
}

static bool step(struct cdr_mpi_flight *f, uint64_t now)
{
    bool some = f->phase == CDR_MPI_BEGUN, idle = f->idle;

    if (f->phase == CDR_MPI_BEGUN)
        begin(f);
    if (f->phase == CDR_MPI_RUNNING) {
        look_at_refusals(f, now);
        look_at_times(f, now);
        if (cdr_mpi_dispatch_pump(&f->dispatch, now))
            some = true;
        f->idle = cdr_mpi_dispatch_is_idle(&f->dispatch);
        if (f->idle != idle)
            pthread_cond_broadcast(&f->world->changed);
    }
    return some;
}

/* ---- a rank is gone ---- */

/* The tasks that it had, after what is said of it. */
static void name_tasks(const struct cdr_mpi_flight *f, int rank, cadre_error *err)
{
    size_t used = strlen(err->message);

    for (unsigned seat = 1; seat <= f->dispatch.n; seat++) {
        uint64_t first, end;
        if (rank_of(f, seat) != rank || used >= sizeof err->message ||
            !cdr_mpi_dispatch_has(&f->dispatch, seat, &first, &end))
            continue;
        used +=
            (size_t)snprintf(err->message + used, sizeof err->message - used,
                             "; it had tasks %llu to %llu", (unsigned long long)first,
                             (unsigned long long)end - 1);
    }
}

/* Whether all the others have the manifest, and there are any. */
static bool may_go_on(const struct cdr_mpi_flight *f)
{
    bool some = false;

    for (unsigned seat = 1; seat <= f->dispatch.n; seat++)
        some |= f->dispatch.seat[seat].in_run;
    return some && f->phase != CDR_MPI_BEGUN &&
           (!f->is_cast || f->answered == f->ranks);
}

static void give_up(struct cdr_mpi_flight *f, const cadre_error *why)
{
    if (f->phase != CDR_MPI_ENDED)
        cadre_run_give_up(f->dispatch.run, why);
    f->dispatch.over = f->idle = true;
}

static void note_answer(struct cdr_mpi_flight *f, int rank)
{
    f->answered += !f->rank[rank].has_answered;
    f->rank[rank].has_answered = true;
}

static void note_left(struct cdr_mpi_flight *f, int rank)
{
    f->left += !f->rank[rank].has_left;
    f->rank[rank].has_left = true;
    if (f->left < f->ranks || f->phase != CDR_MPI_ENDING)
        return;
    f->phase = CDR_MPI_ENDED;
    pthread_cond_broadcast(&f->world->changed);
}

/* What it had goes to the others, if the job allows, or has failed: then they do what is
 * below that, and the run ends. */
static void lose(struct cdr_mpi_flight *f, int rank, const cadre_error *why)
{
    cadre_error err = *why;
    bool goes_on = true;

    if (rank > f->ranks)
        return;
    name_tasks(f, rank, &err);
    for (unsigned seat = 1; seat <= f->dispatch.n; seat++)
        if (rank_of(f, seat) == rank &&
            !cdr_mpi_dispatch_gone(&f->dispatch, seat, &err))
            goes_on = false;
    note_answer(f, rank);
    note_left(f, rank);
    if (f->phase == CDR_MPI_ENDING && f->is_cast && f->answered < f->ranks)
        f->phase = CDR_MPI_ENDED; /* what is broadcast may never come to the others */
    if (f->phase == CDR_MPI_ENDING || f->phase == CDR_MPI_ENDED)
        return;
    if (!may_go_on(f))
        give_up(f, &err);
    else if (goes_on)
        snprintf(f->warning, sizeof f->warning, "%s: the others go on", err.message);
}

/* ---- hearing ---- */

static void refuse(struct cdr_mpi_flight *f, int rank, const void *body, size_t size)
{
    size_t used = strlen(f->refusing);
    char who[CDR_MPI_WHO];

    if (size != sizeof f->refusal || f->rank[rank].has_refused)
        return;
    f->rank[rank].has_refused = true;
    if (f->refused++ == 0) {
        memcpy(&f->refusal, body, sizeof f->refusal);
        f->refused_at = cdr_mpi_now();
    }
    cdr_mpi_census_who(&f->world->census, rank, who, sizeof who);
    snprintf(f->refusing + used, sizeof f->refusing - used, "%s%s",
             used > 0 ? ", " : "", who + strlen("rank "));
}

/* A local worker process has died. Its rank goes on as soon as it knows that it is known. */
static void lose_worker(struct cdr_mpi_flight *f, int rank, unsigned seat,
                        const void *body, size_t size)
{
    char host[sizeof f->world->census.member->host], where[CDR_MPI_WHO];
    struct cdr_mpi_lost lost;
    cadre_death death;

    if (size != sizeof lost)
        return;
    memcpy(&lost, body, sizeof lost);
    lost.tail[sizeof lost.tail - 1] = '\0';
    memcpy(host, f->world->census.member[rank].host, sizeof host);
    snprintf(where, sizeof where, "rank %d (host %s)", rank, host);
    death = (cadre_death){ .pid = lost.pid,
                           .signal = lost.signal,
                           .status = lost.status,
                           .flags = lost.flags,
                           .peak_kib = lost.peak_kib,
                           .expired = lost.expired,
                           .stderr_tail = lost.tail,
                           .where = where };
    cdr_mpi_dispatch_lost(&f->dispatch, seat, &death);
    post(f, CDR_MPI_RESUME, seat, 0, NULL, 0);
}

static void hear(struct cdr_mpi_flight *f, int rank, const struct cdr_mpi_frame *frame,
                 void *body)
{
    struct cdr_mpi_dispatch *d = &f->dispatch;
    bool known = frame->seat > 0 && frame->seat <= d->n;

    if (frame->kind == CDR_MPI_OUTCOME && known && f->phase == CDR_MPI_RUNNING) {
        cdr_mpi_dispatch_outcome(d, frame->seat, body, frame->size, cdr_mpi_now());
        return;
    }
    if (frame->kind == CDR_MPI_RETURNED && known && f->phase == CDR_MPI_RUNNING)
        cdr_mpi_dispatch_returned(d, frame->seat, body, frame->size, cdr_mpi_now());
    else if (frame->kind == CDR_MPI_LOST && known && f->phase == CDR_MPI_RUNNING)
        lose_worker(f, rank, frame->seat, body, frame->size);
    if (frame->kind == CDR_MPI_READY || frame->kind == CDR_MPI_REFUSED)
        note_answer(f, rank);
    if (frame->kind == CDR_MPI_REFUSED)
        refuse(f, rank, body, frame->size);
    else if (frame->kind == CDR_MPI_LEFT)
        note_left(f, rank);
    free(body);
}

/* ---- the run's caller ---- */

static struct cdr_mpi_flight *new_flight(struct cdr_mpi_world *w, cadre_run *run,
                                         cadre_error *err)
{
    struct cdr_mpi_flight *f = calloc(1, sizeof *f);
    unsigned n = cadre_run_workers(run), most = (unsigned)(w->size - 1) * w->local;

    if (!f) {
        cdr_mpi_fail(err, CADRE_ENOMEM, "no memory for a run");
        return NULL;
    }
    f->world = w;
    f->rank = calloc((size_t)w->size, sizeof *f->rank);
    f->step = step;
    f->hear = hear;
    f->lose = lose;
    if (f->rank &&
        !cdr_mpi_dispatch_open(&f->dispatch, run, n < most ? n : most, post, f, err))
        return f;
    if (!f->rank)
        cdr_mpi_fail(err, CADRE_ENOMEM, "no memory for a run on %d ranks", w->size);
    free(f->rank);
    free(f);
    return NULL;
}

static void free_flight(struct cdr_mpi_flight *f)
{
    cdr_mpi_dispatch_close(&f->dispatch);
    if (f->is_cast && !f->cast.done)
        f->manifest.data = NULL; /* MPI may still read it */
    cadre_packet_free(&f->manifest);
    free(f->rank);
    free(f);
}

static int enlist(struct cdr_mpi_world *w, struct cdr_mpi_flight *f, cadre_error *err)
{
    int main_thread = 1;

    if (w->driven)
        MPI_Is_thread_main(&main_thread);
    if (!main_thread)
        return cdr_mpi_fail(err, CADRE_ENOTSUP,
                            "MPI was initialised so that only its main thread may use "
                            "it, and this is another: use MPI_THREAD_SERIALIZED");
    pthread_mutex_lock(&w->lock);
    if (w->broken) {
        *err = w->error;
    } else {
        f->id = ++w->last_id;
        f->next = w->flights;
        w->flights = f;
    }
    pthread_mutex_unlock(&w->lock);
    return w->broken && !f->id ? err->code : CADRE_OK;
}

int cdr_mpi_flight_begin(struct cdr_mpi_world *w, uint64_t pool, cadre_run *run,
                         cadre_error *err)
{
    struct cdr_mpi_flight *f = new_flight(w, run, err);
    int rc;

    if (!f)
        return CADRE_ENOMEM;
    rc = cadre_manifest_pack(run, &f->manifest, err);
    f->pool = pool;
    f->is_cast = f->manifest.size > CAST_SIZE;
    f->ranks = w->size - 1;
    if (!f->is_cast && f->dispatch.n < (unsigned)f->ranks)
        f->ranks = (int)f->dispatch.n;
    cadre_run_set_data(run, f);
    if (!rc)
        rc = enlist(w, f, err);
    if (rc) {
        free_flight(f);
        return rc;
    }
    cdr_mpi_nap_end(&w->nap);
    return CADRE_OK;
}

bool cdr_mpi_flight_poll(struct cdr_mpi_flight *f, int timeout_ms)
{
    uint64_t most = (uint64_t)(timeout_ms < 0 ? 60000 : timeout_ms) * 1000000;
    char warning[sizeof f->warning];
    bool idle;

    pthread_mutex_lock(&f->world->lock);
    cdr_mpi_world_wait_idle(f->world, f, cdr_mpi_now() + most);
    idle = f->idle;
    memcpy(warning, f->warning, sizeof warning);
    f->warning[0] = '\0';
    pthread_mutex_unlock(&f->world->lock);
    if (warning[0])
        cadre_run_log(f->dispatch.run, CADRE_WARNING, warning);
    return !idle;
}

void cdr_mpi_flight_end(struct cdr_mpi_flight *f)
{
    struct cdr_mpi_world *w = f->world;
    struct cdr_mpi_flight **at = &w->flights;
    uint64_t grace = cadre_run_grace_ns(f->dispatch.run);
    static const uint64_t nothing = 0;

    pthread_mutex_lock(&w->lock);
    if (f->phase == CDR_MPI_BEGUN)
        begin(f); /* ranks expect what is broadcast */
    say_to_all(f, CDR_MPI_HALT, 0, &nothing, sizeof nothing);
    say_to_all(f, CDR_MPI_LEAVE, 0, &grace, sizeof grace);
    f->phase = w->broken || f->ranks == 0 ? CDR_MPI_ENDED : CDR_MPI_ENDING;
    cdr_mpi_nap_end(&w->nap);
    cdr_mpi_world_wait_ended(w, f);
    while (*at != f)
        at = &(*at)->next;
    *at = f->next;
    pthread_mutex_unlock(&w->lock);
    free_flight(f);
}
