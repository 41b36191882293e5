/* options.h - what a pool of ranks is to be, as options and the environment say.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_MPI_OPTIONS_H
#define CDR_MPI_OPTIONS_H

#include <cadre/mpi.h>

struct cdr_mpi_wish {
    unsigned local; /* workers of each rank */
    bool processes;
    uint32_t silence_ms;
};

/* Of these options; NULL: those of a pool that is opened by its name. CADRE_EINVAL: what is
 * wrong with them, or with the environment. */
int cdr_mpi_wish_read(struct cdr_mpi_wish *out, const cadre_mpi_options *o,
                      cadre_error *err);

#endif
