/* nap.c - how a thread that speaks MPI waits.
 * SPDX-License-Identifier: MIT
 */
#include "nap.h"
#include "frame.h"

#include <sched.h>

#define WATCHFUL_NS 50000  /* look without a nap for so long */
#define FIRST_NS    50000  /* then nap so long, and a quarter longer each time ... */
#define LONGEST_NS  900000 /* ... up to here: with what Linux adds, below 1 ms */

int cdr_mpi_nap_init(struct cdr_mpi_nap *nap)
{
    pthread_condattr_t monotonic;
    int rc = pthread_condattr_init(&monotonic);

    *nap = (struct cdr_mpi_nap){ .length = FIRST_NS, .busy_at = cdr_mpi_now() };
    if (rc)
        return rc;
    rc = pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    if (!rc)
        rc = pthread_mutex_init(&nap->lock, NULL);
    if (!rc) {
        rc = pthread_cond_init(&nap->ended, &monotonic);
        if (rc)
            pthread_mutex_destroy(&nap->lock);
    }
    pthread_condattr_destroy(&monotonic);
    return rc;
}

void cdr_mpi_nap_fini(struct cdr_mpi_nap *nap)
{
    pthread_cond_destroy(&nap->ended);
    pthread_mutex_destroy(&nap->lock);
}

/* The lock is a plain mutex that its thread does not hold: taking it cannot fail. */
void cdr_mpi_nap_end(struct cdr_mpi_nap *nap)
{
    if (atomic_exchange(&nap->roused, true))
        return;
    pthread_mutex_lock(&nap->lock);
    pthread_cond_signal(&nap->ended);
    pthread_mutex_unlock(&nap->lock);
}

static void sleep_for(struct cdr_mpi_nap *nap, uint64_t ns)
{
    uint64_t until = cdr_mpi_now() + ns;
    struct timespec t = { (time_t)(until / 1000000000), (long)(until % 1000000000) };
    int rc = 0;

    pthread_mutex_lock(&nap->lock);
    while (!rc && !atomic_load(&nap->roused))
        rc = pthread_cond_timedwait(&nap->ended, &nap->lock, &t);
    pthread_mutex_unlock(&nap->lock);
}

uint64_t cdr_mpi_nap_length(struct cdr_mpi_nap *nap, bool busy, uint64_t now,
                            uint64_t most)
{
    uint64_t length = nap->length < most ? nap->length : most;

    if (busy) {
        nap->busy_at = now;
        nap->length = FIRST_NS;
        return 0;
    }
    if (now - nap->busy_at < WATCHFUL_NS)
        return 0;
    nap->length += nap->length / 4;
    if (nap->length > LONGEST_NS)
        nap->length = LONGEST_NS;
    return length;
}

void cdr_mpi_nap(struct cdr_mpi_nap *nap, bool busy, uint64_t most)
{
    bool roused = busy || atomic_load(&nap->roused);
    uint64_t length = cdr_mpi_nap_length(nap, roused, cdr_mpi_now(), most);

    if (length > 0)
        sleep_for(nap, length);
    else if (!roused)
        sched_yield();
    atomic_store(&nap->roused, false);
}
