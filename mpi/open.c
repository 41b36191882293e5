/* open.c - pools of ranks: MPI itself, who takes part, and the backend.
 * SPDX-License-Identifier: MIT
 *
 * A process has one world of ranks at a time, as it has one MPI, whichever pools use it.
 */
#include "begin.h"
#include "launcher.h"
#include "options.h"
#include <cadre/mpi.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct cdr_mpi_here *const here = &cdr_mpi_here;
static MPI_Comm world_of; /* whose ranks the world has */
static unsigned users;    /* pools, and who is about to open one */

/* ---- the world ---- */

/* What rank 0 decides for all. */
struct settings {
    uint64_t silence_ns;
    uint32_t local, processes;
    uint32_t driven, unused;
};

static int duplicate(MPI_Comm comm, MPI_Comm *a, MPI_Comm *b, cadre_error *err)
{
    int rc = MPI_Comm_dup(comm, a);

    if (!rc)
        rc = MPI_Comm_dup(comm, b);
    if (rc)
        return cdr_mpi_fail_call(err, rc, "the communicator cannot be duplicated");
    MPI_Comm_set_errhandler(*a, MPI_ERRORS_RETURN);
    MPI_Comm_set_errhandler(*b, MPI_ERRORS_RETURN);
    return CADRE_OK;
}

static int rule(MPI_Comm comm, MPI_Comm a, MPI_Comm b, const struct settings *set,
                cadre_error *err)
{
    struct cdr_mpi_world *w = calloc(1, sizeof *w);
    int rc;

    if (!w)
        MPI_Abort(comm, 1); /* the others wait for it */
    w->comm = a;
    w->casts.comm = b;
    MPI_Comm_size(a, &w->size);
    w->local = set->local;
    w->processes = set->processes;
    w->silence_ns = set->silence_ns;
    w->driven = set->driven;
    rc = cdr_mpi_census_take(&w->census, a, err);
    if (!rc && cdr_mpi_world_open(w, err))
        MPI_Abort(comm, 1);
    if (rc) {
        cdr_mpi_census_free(&w->census);
        free(w);
        return rc;
    }
    here->world = w;
    world_of = comm;
    here->owner = getpid();
    return CADRE_OK;
}

/* With the lock held, but not while it serves. */
static int obey(MPI_Comm a, MPI_Comm b, const struct settings *set, cadre_error *err)
{
    struct cdr_mpi_server s = { .comm = a, .casts.comm = b };
    int rc;

    MPI_Comm_size(a, &s.size);
    MPI_Comm_rank(a, &s.rank);
    s.local = set->local;
    s.processes = set->processes;
    s.silence_ns = set->silence_ns;
    s.driven = set->driven;
    here->owner = getpid();
    here->speaker = pthread_self();
    here->server = &s;
    pthread_mutex_unlock(&here->lock);
    rc = cdr_mpi_census_take(&s.census, a, err);
    if (rc)
        cdr_mpi_census_free(&s.census);
    else
        rc = cdr_mpi_serve(&s, err);
    pthread_mutex_lock(&here->lock);
    here->server = NULL;
    return rc;
}

/* Collective. On rank 0 there is a world then; the others have served. */
static int meet(MPI_Comm comm, struct settings set, cadre_error *err)
{
    MPI_Comm a, b;
    int rank, rc = duplicate(comm, &a, &b, err);

    if (rc)
        return rc;
    MPI_Comm_rank(a, &rank);
    rc = MPI_Bcast(&set, sizeof set, MPI_BYTE, 0, a);
    if (rc)
        return cdr_mpi_fail_call(err, rc, "ranks cannot be reached");
    if (rank == 0)
        return rule(comm, a, b, &set, err);
    rc = obey(a, b, &set, err);
    here->abandoned |= rc < CADRE_OK && rc != CADRE_ENOTSUP;
    return rc;
}

static int share(MPI_Comm comm, cadre_error *err)
{
    int same = MPI_UNEQUAL;

    if (comm != world_of)
        MPI_Comm_compare(comm, world_of, &same);
    if (comm == world_of || same == MPI_IDENT)
        return CADRE_OK;
    return cdr_mpi_fail(err, CADRE_EBUSY,
                        "a pool on another communicator is open in this process");
}

/* With the lock held; counts a user. */
static int enter(MPI_Comm comm, const struct cdr_mpi_wish *wish, int level,
                 cadre_error *err)
{
    struct settings set = { .silence_ns = UINT64_C(1000000) * wish->silence_ms,
                            .local = wish->local,
                            .processes = wish->processes,
                            .driven = level < MPI_THREAD_SERIALIZED };
    int rc;

    if (here->abandoned)
        return cdr_mpi_fail(err, CADRE_ECRASH,
                            "a rank is gone: no pool of ranks can be opened any more; "
                            "start the job again");
    if (here->server)
        return cdr_mpi_fail(
            err, CADRE_ENOTSUP,
            "this is a worker of a pool of ranks: a task cannot open one");
    if (here->world && getpid() != here->owner)
        return cdr_mpi_fail(err, CADRE_ENOTSUP,
                            "this process was forked from the one that has the ranks");
    rc = here->world ? share(comm, err) : meet(comm, set, err);
    if (rc == CADRE_OK)
        users++;
    return rc;
}

/* Without a rank the others cannot end MPI either, and the launcher ends the job with the
 * first of them that exits. So they serve on, and this process gives signs of life, until it
 * exits: the program may still write down what it has. */
static void leave(void)
{
    pthread_mutex_lock(&here->lock);
    if (--users > 0) {
        pthread_mutex_unlock(&here->lock);
        return;
    }
    here->abandoned = cdr_mpi_world_is_broken(here->world);
    if (!here->abandoned || !here->ours) {
        here->abandoned |= !cdr_mpi_world_close(here->world);
        free(here->world);
        here->world = NULL;
    }
    pthread_mutex_unlock(&here->lock);
}

/* ---- the backend ---- */

struct state {
    struct cdr_mpi_world *world;
    uint64_t pool; /* its number there */
};

static int check_size(MPI_Comm comm, cadre_error *err)
{
    int size;

    MPI_Comm_size(comm, &size);
    if (size > 1)
        return CADRE_OK;
    if (cdr_mpi_launcher_check_single(err))
        return CADRE_ENOTSUP;
    return cdr_mpi_fail(err, CADRE_ENOTSUP,
                        "backend \"mpi\" needs two ranks or more, and this is the only "
                        "one: start the program with mpirun -n 4, for instance");
}

static int open_by_name(struct state *s, bool isolated, cadre_error *err)
{
    struct cdr_mpi_wish wish;
    int level = MPI_THREAD_SINGLE, rc = cdr_mpi_wish_read(&wish, NULL, err);

    if (rc)
        return rc;
    if (isolated && here->world && !here->world->processes)
        return cdr_mpi_fail(err, CADRE_ENOTSUP,
                            "CADRE_RANK_WORKERS says processes, but the pool that "
                            "is open has ranks with threads");
    rc = here->server || here->world ? CADRE_OK : cdr_mpi_begin(&level, err);
    if (!rc && !here->server && !here->world)
        rc = check_size(MPI_COMM_WORLD, err);
    if (!rc && here->world)
        MPI_Query_thread(&level);
    if (!rc)
        rc = enter(here->world ? world_of : MPI_COMM_WORLD, &wish, level, err);
    s->world = here->world;
    if (rc == CADRE_OK)
        s->pool = cdr_mpi_world_enlist(here->world);
    return rc;
}

static int mpi_open(void *state, const cadre_setup *setup, cadre_error *err)
{
    int rc;

    (void)setup;
    pthread_mutex_lock(&here->lock);
    rc = open_by_name(state, false, err);
    pthread_mutex_unlock(&here->lock);
    return rc;
}

/* What is promised of its workers must be so. */
static int mpi_open_isolated(void *state, const cadre_setup *setup, cadre_error *err)
{
    int rc;

    (void)setup;
    pthread_mutex_lock(&here->lock);
    rc = open_by_name(state, true, err);
    pthread_mutex_unlock(&here->lock);
    return rc;
}

static void mpi_explain(void *state, char *text, size_t size)
{
    const struct cdr_mpi_world *w = ((struct state *)state)->world;

    cdr_mpi_census_explain(&w->census, w->local, w->processes, text, size);
}

/* Pools that are still there when the process exits have been closed (begin.c). */
static bool is_over(void)
{
    bool over;

    pthread_mutex_lock(&here->lock);
    over = !here->world;
    pthread_mutex_unlock(&here->lock);
    return over;
}

static int mpi_begin(void *state, cadre_run *run, cadre_error *err)
{
    const struct state *s = state;

    if (is_over())
        return cdr_mpi_fail(err, CADRE_ECRASH,
                            "the process exits, and its ranks are gone");
    return cdr_mpi_flight_begin(s->world, s->pool, run, err);
}

static int mpi_pollfd(void *state, cadre_run *run)
{
    (void)run;
    return ((struct state *)state)->world->readable;
}

static unsigned mpi_poll(void *state, cadre_run *run, int timeout_ms)
{
    (void)state;
    return cdr_mpi_flight_poll(cadre_run_data(run), timeout_ms);
}

static void mpi_wake(void *state, cadre_run *run)
{
    (void)run;
    cdr_mpi_nap_end(&((struct state *)state)->world->nap);
}

static void mpi_end(void *state, cadre_run *run)
{
    (void)state;
    cdr_mpi_flight_end(cadre_run_data(run));
}

static void mpi_close(void *state)
{
    const struct state *s = state;

    if (is_over())
        return;
    cdr_mpi_world_dismiss(s->world, s->pool);
    leave();
}

/* What a pool has for workers when nobody says how many; 0: this is no MPI job. */
static unsigned mpi_available(void)
{
    struct cdr_mpi_wish wish;
    int begun = 0, ended = 0, size;
    unsigned n = 0, local = 1;

    pthread_mutex_lock(&here->lock);
    if (here->world && getpid() == here->owner && !here->server) {
        n = (unsigned)here->world->size;
        local = here->world->local;
    } else if (!here->world && !here->server) {
        n = cdr_mpi_launcher_ranks();
        if (!MPI_Initialized(&begun) && begun && !MPI_Finalized(&ended) && !ended) {
            MPI_Comm_size(MPI_COMM_WORLD, &size);
            n = (unsigned)size;
        }
        if (!cdr_mpi_wish_read(&wish, NULL, NULL))
            local = wish.local;
    }
    pthread_mutex_unlock(&here->lock);
    return n > 1 ? (n - 1) * local : 0;
}

#define COMMON                                                                   \
    .abi = CADRE_BACKEND_ABI, .name = "mpi", .state_size = sizeof(struct state), \
    .begin = mpi_begin, .poll = mpi_poll, .wake = mpi_wake, .end = mpi_end,      \
    .close = mpi_close, .pollfd = mpi_pollfd, .available = mpi_available,        \
    .explain = mpi_explain

const cadre_backend cdr_mpi_backend = {
    COMMON,
    .open = mpi_open,
    .traits = CADRE_REMOTE | CADRE_OWN_CPUS,
};

const cadre_backend cdr_mpi_isolated_backend = {
    COMMON,
    .open = mpi_open_isolated,
    .traits = CADRE_REMOTE | CADRE_OWN_CPUS | CADRE_ISOLATED | CADRE_KILLABLE,
};

/* What is known by the name is what the environment says as the program starts. */
__attribute__((constructor)) static void make_known(void)
{
    struct cdr_mpi_wish wish = { 0 };
    bool isolated = !cdr_mpi_wish_read(&wish, NULL, NULL) && wish.processes;

    cadre_backend_register(isolated ? &cdr_mpi_isolated_backend : &cdr_mpi_backend,
                           NULL); /* or "mpi" is unknown, and said so */
}

/* ---- cadre_mpi_open ---- */

/* Counts a user of the world on rank 0, unless the rank is alone. */
static int join(MPI_Comm comm, const struct cdr_mpi_wish *wish, bool *alone,
                cadre_error *err)
{
    int level = MPI_THREAD_SINGLE, size, between, rc;

    pthread_mutex_lock(&here->lock);
    rc = cdr_mpi_begin(&level, err);
    if (!rc && comm == MPI_COMM_NULL)
        rc =
            cdr_mpi_fail(err, CADRE_EINVAL, "cadre_mpi_open: the communicator is null");
    if (!rc && !MPI_Comm_test_inter(comm, &between) && between)
        rc = cdr_mpi_fail(
            err, CADRE_EINVAL,
            "cadre_mpi_open: an intercommunicator has two groups of ranks");
    if (!rc) {
        MPI_Comm_size(comm, &size);
        *alone = size == 1;
    }
    if (!rc && *alone)
        rc = cdr_mpi_launcher_check_single(err);
    else if (!rc)
        rc = enter(comm, wish, level, err);
    pthread_mutex_unlock(&here->lock);
    return rc;
}

int cadre_mpi_open(cadre_pool **out, MPI_Comm comm, const cadre_mpi_options *options,
                   cadre_error *err)
{
    static const cadre_mpi_options defaults;
    cadre_mpi_options o = options ? *options : defaults;
    struct cdr_mpi_wish wish;
    cadre_error local;
    bool alone = false;
    int rc;

    if (!err)
        err = &local;
    cdr_mpi_fail(err, CADRE_OK, "%s", "");
    if (!out)
        return cdr_mpi_fail(err, CADRE_EINVAL, "cadre_mpi_open: out is NULL");
    *out = NULL;
    rc = cdr_mpi_wish_read(&wish, &o, err);
    if (!rc)
        rc = join(comm, &wish, &alone, err);
    if (rc)
        return rc;
    if (!alone)
        o.pool.custom =
            here->world->processes ? &cdr_mpi_isolated_backend : &cdr_mpi_backend;
    rc = cadre_open(out, &o.pool, err);
    if (!alone)
        leave();
    return rc;
}
