/* say.c - what a rank that serves says to rank 0, and why it can no more.
 * SPDX-License-Identifier: MIT
 */
#include "serve.h"

#include <stdlib.h>
#include <string.h>

/* ---- losing ---- */

void cdr_mpi_serve_lose(struct cdr_mpi_server *s, int code, const char *why)
{
    char who[CDR_MPI_WHO];

    if (s->lost)
        return;
    s->lost = true;
    cdr_mpi_fail(&s->error, code, "%s %s",
                 cdr_mpi_census_who(&s->census, 0, who, sizeof who), why);
}

void cdr_mpi_serve_starve(struct cdr_mpi_server *s)
{
    if (!s->lost)
        cdr_mpi_fail(&s->error, CADRE_ENOMEM, "no memory to serve");
    s->lost = true;
}

/* ---- letters ---- */

void cdr_mpi_serve_send(struct cdr_mpi_server *s, struct cdr_mpi_frame frame,
                        const void *body)
{
    if (!cdr_mpi_link_send(&s->links, &s->links.link[0], frame, body))
        cdr_mpi_serve_lose(s, CADRE_ESYS, "cannot be reached any more");
}

bool cdr_mpi_send_letters(struct cdr_mpi_server *s)
{
    struct cdr_mpi_letter *letter = s->letters;
    bool some = letter != NULL;

    s->letters = NULL;
    s->last_letter = &s->letters;
    while (letter) {
        struct cdr_mpi_letter *next = letter->next;
        cdr_mpi_serve_send(s, letter->frame, letter->body);
        free(letter->body);
        free(letter);
        letter = next;
    }
    return some;
}

/* ---- by the threads of hands ---- */

/* The body is given away. Without memory for it rank 0 hears nothing, and the link breaks. */
void cdr_mpi_hand_post(struct cdr_mpi_server *s, struct cdr_mpi_frame frame, void *body)
{
    struct cdr_mpi_letter *letter = malloc(sizeof *letter);

    pthread_mutex_lock(&s->lock);
    if (letter) {
        *letter = (struct cdr_mpi_letter){ NULL, frame, body };
        *s->last_letter = letter;
        s->last_letter = &letter->next;
    } else if (!s->lost) {
        s->lost = true;
        cdr_mpi_fail(&s->error, CADRE_ENOMEM, "no memory to send what was computed");
        free(body);
    }
    pthread_mutex_unlock(&s->lock);
    cdr_mpi_nap_end(&s->nap);
}

void cdr_mpi_hand_refuse(struct cdr_mpi_server *s, const struct cdr_mpi_job *job,
                         const cadre_error *err)
{
    struct cdr_mpi_frame frame = { .kind = CDR_MPI_REFUSED,
                                   .run = job->run->id,
                                   .seat = job->frame.seat };
    void *copy = malloc(sizeof *err);

    if (copy) {
        memcpy(copy, err, sizeof *err);
        frame.size = sizeof *err;
    }
    cdr_mpi_hand_post(s, frame, copy);
}
