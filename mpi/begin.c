/* begin.c - MPI itself: begun where it is not yet, and ended well.
 * SPDX-License-Identifier: MIT
 */
#include "begin.h"
#include "launcher.h"

#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct cdr_mpi_here cdr_mpi_here = { .lock = PTHREAD_MUTEX_INITIALIZER };
static struct cdr_mpi_here *const here = &cdr_mpi_here;

/* ---- the end ---- */

/* False: who has it may be the thread that exits, in a handler of signals. */
static bool lock_in_time(pthread_mutex_t *mutex)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec++;
    return pthread_mutex_timedlock(mutex, &until) == 0;
}

static void abort_job(void)
{
    fflush(NULL); /* what the program has printed is not lost */
    if (here->world)
        cdr_mpi_world_abort(here->world);
    else
        MPI_Abort(MPI_COMM_WORLD, 1);
}

/* The thread that speaks MPI must do so no more while the process goes. */
static void stop_serving(void)
{
    if (pthread_equal(pthread_self(), here->speaker))
        return; /* its program has a handler of signals that exits */
    fprintf(
        stderr,
        "cadre: rank %d: a task has called exit, which ends the rank: have it return "
        "an error instead\n",
        here->server->rank);
    pthread_mutex_lock(&here->server->lock); /* for good */
}

/* Pools that the program has left open are closed, unless it is in the middle of runs. */
static void close_idle(void)
{
    bool idle;

    if (!lock_in_time(&here->world->lock))
        return;
    here->abandoned = here->world->broken;
    idle = !here->world->flights;
    pthread_mutex_unlock(&here->world->lock);
    if (here->abandoned || !idle)
        return;
    here->abandoned = !cdr_mpi_world_close(here->world);
    here->world = NULL; /* pools may have it still: it is not freed */
}

/* Where a rank is gone, the job ends with the first process that exits: that of rank 0, for
 * which the others stay (leave). */
static void end_mpi(void)
{
    bool good;
    int ended = 0;

    if (getpid() != here->owner || MPI_Finalized(&ended) || ended ||
        !lock_in_time(&here->lock))
        return;
    if (here->server)
        stop_serving();
    else if (here->world && !here->abandoned)
        close_idle();
    good = !here->server && !here->world;
    pthread_mutex_unlock(&here->lock);
    if (here->abandoned)
        abort_job();
    else if (good)
        MPI_Finalize();
}

/* It would wait for ever for ranks that serve, or are gone. */
static void mind_finalize(void)
{
    if (getpid() != here->owner || (!here->world && !here->server))
        return;
    if (!here->abandoned)
        fprintf(stderr, "cadre: MPI_Finalize was called while a pool of ranks is open: "
                        "close the pool before, with cadre_close\n");
    abort_job();
}

/* ---- the beginning ---- */

/* MPI_Finalize deletes the attributes of MPI_COMM_SELF before it does anything else. */
static int see_finalize(MPI_Comm comm, int keyval, void *value, void *extra)
{
    (void)comm, (void)keyval, (void)value, (void)extra;
    mind_finalize();
    return MPI_SUCCESS;
}

static int watch(cadre_error *err)
{
    static int key = MPI_KEYVAL_INVALID;
    int rc = MPI_SUCCESS;

    if (key != MPI_KEYVAL_INVALID)
        return CADRE_OK;
    here->owner = getpid();
    rc = MPI_Comm_create_keyval(MPI_COMM_NULL_COPY_FN, see_finalize, &key, NULL);
    if (!rc)
        rc = MPI_Comm_set_attr(MPI_COMM_SELF, key, NULL);
    return rc ? cdr_mpi_fail_call(err, rc, "the end of MPI cannot be watched")
              : CADRE_OK;
}

int cdr_mpi_begin(int *level, cadre_error *err)
{
    int begun = 0, ended = 0, rc = MPI_Initialized(&begun);

    if (!rc)
        rc = MPI_Finalized(&ended);
    if (rc || ended)
        return cdr_mpi_fail(err, CADRE_EINVAL, "MPI has been finalized already");
    if (begun) {
        MPI_Query_thread(level);
        return watch(err);
    }
    if (cdr_mpi_launcher_ranks() == 0 && cdr_mpi_launcher_check_single(err))
        return CADRE_ENOTSUP; /* some MPIs would end the process */
    rc = MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, level);
    if (rc)
        return cdr_mpi_fail_call(err, rc, "MPI cannot be initialised");
    here->ours = true;
    if (atexit(end_mpi))
        return cdr_mpi_fail(err, CADRE_ENOMEM, "no memory to have MPI ended at exit");
    return watch(err);
}
