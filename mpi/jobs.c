/* jobs.c - what the hands of a rank are to do, and the runs that it is of.
 * SPDX-License-Identifier: MIT
 */
#include "serve.h"

#include <stdlib.h>
#include <unistd.h>

void cdr_mpi_hand_give(struct cdr_mpi_hand *h, struct cdr_mpi_job *job)
{
    job->next = NULL;
    *h->last = job;
    h->last = &job->next;
    pthread_cond_signal(&h->some);
}

struct cdr_mpi_job *cdr_mpi_hand_next(struct cdr_mpi_hand *h)
{
    struct cdr_mpi_job *job;

    pthread_mutex_lock(&h->server->lock);
    while (!h->first)
        pthread_cond_wait(&h->some, &h->server->lock);
    job = h->first;
    h->first = job->next;
    if (!h->first)
        h->last = &h->first;
    pthread_mutex_unlock(&h->server->lock);
    return job;
}

size_t cdr_mpi_hand_take_leases(struct cdr_mpi_hand *h, uint64_t *ids, size_t most)
{
    struct cdr_mpi_job **at = &h->first;
    size_t n = 0;

    while (*at && n < most) {
        struct cdr_mpi_job *job = *at;
        if (job->work != CDR_MPI_RUN) {
            at = &job->next;
            continue;
        }
        *at = job->next;
        if (!*at)
            h->last = at;
        if (ids)
            ids[n] = job->frame.number;
        n++;
        free(job->body);
        free(job);
    }
    return n;
}

void cdr_mpi_served_free(struct cdr_mpi_served *run)
{
    if (run->shared >= 0)
        close(run->shared);
    free(run->manifest);
    free(run->hand);
    free(run);
}
