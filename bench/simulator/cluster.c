/* cluster.c - a run on ranks that there are not.
 * SPDX-License-Identifier: MIT
 *
 * The ranks are the workers of a backend whose poll plays the whole run through. All leases run
 * in this process, one after another, and each kernel moves the clock on by what its task
 * takes; so what they measure of themselves is the cluster's time, as is all else that
 * libcadre goes by.
 */
#include "simulator.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAP_NS 1000000 /* the longest, as in mpi/ */

struct queue {
    struct message *first, **last;
};

struct rank {
    struct queue arrived; /* messages that its speaking thread has not seen */
    struct queue leases;  /* that its worker has not begun */
    bool working;
    struct cdr_mpi_nap nap;
    uint64_t looked;
};

struct simulation {
    struct cluster cluster;
    struct cdr_mpi_dispatch dispatch;
    struct events events;
    struct rank *rank; /* [seat]; 0 is rank 0 */
    struct queue posted;
    bool root_will_look;
    double overhead; /* of looking at the real clock */
    uint64_t root_free;
    cadre_packet manifest;
    cadre_program *program; /* of all ranks */
    cadre_worker *worker;
    struct outcome outcome;
};

static struct simulation now_simulated; /* one at a time, as there is one clock */

/* ---- queues ---- */

static void put(struct queue *q, struct message *m)
{
    m->next = NULL;
    if (!q->first)
        q->last = &q->first;
    *q->last = m;
    q->last = &m->next;
}

static struct message *take(struct queue *q)
{
    struct message *m = q->first;

    if (m)
        q->first = m->next;
    return m;
}

static struct message *new_message(enum cdr_mpi_kind kind, unsigned seat, uint64_t id,
                                   const void *body, size_t size)
{
    struct message *m = have_memory(calloc(1, sizeof *m));

    *m = (struct message){ .kind = kind, .seat = seat, .id = id, .size = size };
    m->body = have_memory(malloc(size + 1));
    if (size > 0)
        memcpy(m->body, body, size);
    return m;
}

static void free_message(struct message *m)
{
    if (m)
        free(m->body);
    free(m);
}

/* ---- who looks when ---- */

/* When a thread that speaks MPI, and has nothing to do, looks at or after `at`. */
static uint64_t next_look(struct rank *r, uint64_t at)
{
    uint64_t length, last = 0;

    while (r->looked < at) {
        length = cdr_mpi_nap_length(&r->nap, false, r->looked, NAP_NS);
        if (length == last && length > 0 && at - r->looked > length)
            r->looked += (at - r->looked) / length * length;
        else
            r->looked += length > 0 ? length : 1000;
        last = length;
    }
    return r->looked;
}

static void is_busy(struct rank *r, uint64_t at)
{
    cdr_mpi_nap_length(&r->nap, true, at, NAP_NS);
    r->looked = at;
}

static uint64_t arrival(const struct simulation *s, uint64_t at, size_t size)
{
    return at + (uint64_t)(s->cluster.latency_ns + s->cluster.byte_ns * (double)size);
}

/* ---- ranks that work ---- */

static void fail(const char *what)
{
    fprintf(stderr, "%s\n", what);
    exit(1);
}

/* The whole lease, and when each outcome of it is there. */
static void run_lease(struct simulation *s, unsigned seat, struct message *lease)
{
    uint64_t begun = simulated_now;
    cadre_packet outcome = { 0 };
    cadre_error error;
    int rc;

    simulated_now += (uint64_t)s->cluster.start_ns;
    while ((rc = cadre_lease_run(s->worker, s->program, lease->body, lease->size, 0,
                                 &outcome, &error)) == CADRE_OK)
        events_add(
            &s->events, simulated_now, RANK_TELLS, seat,
            new_message(CDR_MPI_OUTCOME, seat, lease->id, outcome.data, outcome.size));
    if (rc != CADRE_DONE)
        fail(error.message);
    events_add(&s->events, simulated_now, RANK_IS_FREE, seat, NULL);
    cadre_packet_free(&outcome);
    free_message(lease);
    simulated_now = begun;
}

static void work_on(struct simulation *s, unsigned seat)
{
    struct rank *r = &s->rank[seat];
    struct message *lease = r->working ? NULL : take(&r->leases);

    if (!lease)
        return;
    r->working = true;
    run_lease(s, seat, lease);
}

static void tell_root(struct simulation *s, struct message *m)
{
    events_add(&s->events, arrival(s, simulated_now, m->size), ROOT_HEARS, m->seat, m);
}

static void hand_back(struct simulation *s, unsigned seat)
{
    uint64_t ids[512];
    size_t n = 0;
    struct message *m;

    while (n < sizeof ids / sizeof *ids && (m = take(&s->rank[seat].leases))) {
        ids[n++] = m->id;
        free_message(m);
    }
    tell_root(s, new_message(CDR_MPI_RETURNED, seat, 0, ids, n * sizeof *ids));
}

static void rank_looks(struct simulation *s, unsigned seat)
{
    struct rank *r = &s->rank[seat];
    struct message *m;

    is_busy(r, simulated_now);
    while ((m = take(&r->arrived))) {
        if (m->kind == CDR_MPI_LEASE) {
            put(&r->leases, m);
            continue;
        }
        if (m->kind == CDR_MPI_RECALL)
            hand_back(s, seat);
        free_message(m);
    }
    work_on(s, seat);
}

static void rank_hears(struct simulation *s, unsigned seat, struct message *m)
{
    struct rank *r = &s->rank[seat];
    bool first = !r->arrived.first;

    put(&r->arrived, m);
    if (first)
        events_add(&s->events, next_look(r, simulated_now), RANK_LOOKS, seat, NULL);
}

/* ---- rank 0 ---- */

/* Said once its thread has come to it. */
static bool post(void *arg, enum cdr_mpi_kind kind, unsigned seat, uint64_t lease,
                 const void *body, size_t size)
{
    struct simulation *s = arg;

    if (seat > 0)
        put(&s->posted, new_message(kind, seat, lease, body, size));
    s->outcome.leases += kind == CDR_MPI_LEASE;
    return true;
}

static void send_posted(struct simulation *s, uint64_t at)
{
    struct message *m;

    while ((m = take(&s->posted))) {
        at += (uint64_t)s->cluster.message_ns;
        s->outcome.messages++;
        events_add(&s->events, arrival(s, at, m->size), RANK_HEARS, m->seat, m);
    }
    s->root_free = at;
}

static void root_will_look(struct simulation *s, uint64_t at)
{
    if (s->root_will_look)
        return;
    s->root_will_look = true;
    if (at <= s->root_free)
        at = s->root_free;
    else
        at = next_look(&s->rank[0], at);
    events_add(&s->events, at, ROOT_LOOKS, 0, NULL);
}

static void hear_all(struct simulation *s)
{
    struct message *m;

    while ((m = take(&s->rank[0].arrived))) {
        s->outcome.messages++;
        if (m->kind == CDR_MPI_OUTCOME)
            cdr_mpi_dispatch_outcome(&s->dispatch, m->seat, m->body, m->size,
                                     simulated_now);
        else
            cdr_mpi_dispatch_returned(&s->dispatch, m->seat, m->body, m->size,
                                      simulated_now);
        if (m->kind == CDR_MPI_OUTCOME)
            m->body = NULL; /* the dispatcher's */
        free_message(m);
    }
}

/* Somebody has nothing to do while others have more than they are at. */
static bool recall_is_near(const struct simulation *s)
{
    bool idle = false, some = false;

    for (unsigned seat = 1; seat <= s->dispatch.n; seat++) {
        idle |= s->dispatch.seat[seat].out == 0;
        some |= s->dispatch.seat[seat].out > 1;
    }
    return idle && some;
}

static void root_looks(struct simulation *s)
{
    double began = real_cpu_ns(), cost, messages = (double)s->outcome.messages;

    s->root_will_look = false;
    hear_all(s);
    messages = (double)s->outcome.messages - messages;
    cdr_mpi_dispatch_pump(&s->dispatch, simulated_now);
    cost = real_cpu_ns() - began - s->overhead;
    cost = cost > 0 ? cost : 0;
    s->outcome.scheduling_ns += cost;
    send_posted(s, simulated_now + (uint64_t)(cost + messages * s->cluster.message_ns));
    s->outcome.root_ns += (double)(s->root_free - simulated_now);
    is_busy(&s->rank[0], s->root_free);
    if (!cadre_run_has_work(s->dispatch.run) && recall_is_near(s))
        root_will_look(s, s->root_free + NAP_NS);
}

/* ---- the run ---- */

static void happen(struct simulation *s, const struct event *e)
{
    simulated_now = e->at;
    switch (e->kind) {
    case ROOT_HEARS:
        put(&s->rank[0].arrived, e->message);
        root_will_look(s, e->at);
        break;
    case ROOT_LOOKS: root_looks(s); break;
    case RANK_HEARS: rank_hears(s, e->seat, e->message); break;
    case RANK_LOOKS: rank_looks(s, e->seat); break;
    case RANK_TELLS:
        tell_root(s, e->message);
        rank_looks(s, e->seat);
        break;
    case RANK_IS_FREE:
        s->rank[e->seat].working = false;
        work_on(s, e->seat);
        break;
    }
}

static int begin(void *state, cadre_run *run, cadre_error *error)
{
    struct simulation *s = &now_simulated;
    int rc = cadre_manifest_pack(run, &s->manifest, error);

    (void)state;
    if (!rc)
        rc =
            cadre_manifest_open(&s->program, s->manifest.data, s->manifest.size, error);
    if (!rc)
        rc = cdr_mpi_dispatch_open(&s->dispatch, run, s->cluster.ranks, post, s, error);
    if (rc)
        return rc;
    for (unsigned seat = 1; seat <= s->dispatch.n; seat++) {
        s->dispatch.seat[seat].in_run = true;
        put(&s->posted,
            new_message(CDR_MPI_BEGIN, seat, 0, s->manifest.data, s->manifest.size));
    }
    for (unsigned seat = 0; seat <= s->dispatch.n; seat++)
        is_busy(&s->rank[seat], simulated_now);
    return CADRE_OK;
}

static unsigned poll_until_done(void *state, cadre_run *run, int timeout_ms)
{
    struct simulation *s = &now_simulated;
    struct event e;

    (void)state, (void)run, (void)timeout_ms;
    root_will_look(s, simulated_now);
    while (!cdr_mpi_dispatch_is_idle(&s->dispatch) && events_take(&s->events, &e))
        happen(s, &e);
    return 0;
}

static void wake(void *state, cadre_run *run)
{
    (void)state, (void)run;
}

static void end(void *state, cadre_run *run)
{
    struct simulation *s = &now_simulated;

    (void)state, (void)run;
    cdr_mpi_dispatch_close(&s->dispatch);
    cadre_program_close(s->program);
    cadre_packet_free(&s->manifest);
}

static const cadre_backend backend = { .abi = CADRE_BACKEND_ABI,
                                       .name = "simulated",
                                       .begin = begin,
                                       .poll = poll_until_done,
                                       .wake = wake,
                                       .end = end,
                                       .traits = CADRE_REMOTE | CADRE_OWN_CPUS };

/* The item's index decides what its task takes: the same on any number of ranks. */
static int pass_time(cadre_task *task, const void *item, void *result)
{
    struct simulation *s = &now_simulated;
    uint64_t index = cadre_task_index(task);
    uint64_t mixed = (index + 1) * UINT64_C(0x9E3779B97F4A7C15);
    double at = (double)((mixed ^ mixed >> 29) >> 12 & 0xFFFFFFFF) / 4294967295.0;
    double ns = s->cluster.task_ns * (1 + s->cluster.spread * (2 * at - 1));

    (void)item;
    simulated_now += (uint64_t)ns;
    s->outcome.tasks_ns += ns;
    *(double *)result = ns;
    return 0;
}

static void tidy(struct simulation *s)
{
    struct event e;

    while (events_take(&s->events, &e))
        free_message(e.message);
    for (unsigned seat = 0; seat <= s->cluster.ranks; seat++) {
        struct message *m;
        while ((m = take(&s->rank[seat].arrived)) || (m = take(&s->rank[seat].leases)))
            free_message(m);
    }
    events_free(&s->events);
    free(s->rank);
    cadre_worker_close(s->worker);
}

struct outcome simulate(const struct cluster *c, uint64_t tasks)
{
    struct simulation *s = &now_simulated;
    cadre_options options = { .custom = &backend,
                              .workers = c->ranks,
                              .exact_workers = true,
                              .ignore_environment = true };
    double *results = have_memory(calloc(tasks, sizeof *results));
    cadre_job job = {
        .fn = pass_time, .n = tasks, .results = results, .result_size = sizeof *results
    };
    cadre_pool *pool;
    cadre_error error;
    uint64_t began;

    *s = (struct simulation){ .cluster = *c, .overhead = real_cpu_overhead() };
    s->rank = have_memory(calloc(c->ranks + 1, sizeof *s->rank));
    s->worker = have_memory(cadre_worker_open());
    if (cadre_open(&pool, &options, &error))
        fail(error.message);
    if (cadre_workers(pool) != c->ranks)
        fail("a pool has not so many workers");
    began = simulated_now;
    s->root_free = began;
    if (cadre_map(pool, &job, &error))
        fail(error.message);
    s->outcome.makespan_ns = (double)(simulated_now - began);
    cadre_close(pool);
    tidy(s);
    free(results);
    return s->outcome;
}
