/* cast.c - bytes from rank 0 to all others at once, however many there are.
 * SPDX-License-Identifier: MIT
 */
#include "cast.h"

#define PIECE ((size_t)4 << 20)

void cdr_mpi_cast_begin(struct cdr_mpi_casts *casts, struct cdr_mpi_cast *cast,
                        void *bytes, size_t size)
{
    struct cdr_mpi_cast **at = &casts->first;

    *cast = (struct cdr_mpi_cast){ .bytes = bytes, .size = size };
    while (*at)
        at = &(*at)->next;
    *at = cast;
}

/* The piece that was under way is there. */
static bool is_free(struct cdr_mpi_casts *casts)
{
    int done = 1;

    if (casts->request == MPI_REQUEST_NULL)
        return true;
    if (MPI_Test(&casts->request, &done, MPI_STATUS_IGNORE)) {
        casts->failed = true;
        return false;
    }
    return done;
}

static void begin_piece(struct cdr_mpi_casts *casts, struct cdr_mpi_cast *c)
{
    size_t left = c->size - c->at, size = left < PIECE ? left : PIECE;

    if (MPI_Ibcast(c->bytes + c->at, (int)size, MPI_BYTE, 0, casts->comm,
                   &casts->request))
        casts->failed = true;
    c->at += size;
}

bool cdr_mpi_casts_progress(struct cdr_mpi_casts *casts)
{
    struct cdr_mpi_cast *c = casts->first;

    if (!c || casts->failed || !is_free(casts))
        return false;
    if (c->at < c->size) {
        begin_piece(casts, c);
    } else {
        casts->first = c->next;
        c->done = true;
    }
    return true;
}
