/* mpi.c - in cadre-mpi: rank 0 is the program, and the others are its workers.
 * SPDX-License-Identifier: MIT
 *
 * A pool stays open for as long as the program lasts, so that the others serve whatever
 * pools its command opens.
 */
#include "cli/base/text.h"
#include "cli/ranks/ranks.h"

#include <cadre/mpi.h>

#include <stdlib.h>

static cadre_pool *kept;

/* Programs that this one starts are not ranks. */
static void forget_launcher(void)
{
    static const char *const names[] = { "OMPI_COMM_WORLD_SIZE", "PMI_SIZE",
                                         "PMIX_RANK", "SLURM_STEP_NUM_TASKS" };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        unsetenv(names[i]);
}

int cdr_ranks_join(struct cdr_failure *why)
{
    cadre_mpi_options o = { .pool.ignore_environment = true };
    cadre_error err;
    int rc = cadre_mpi_open(&kept, MPI_COMM_WORLD, &o, &err);

    if (rc == CADRE_DONE)
        return CDR_RANKS_SERVED;
    if (rc)
        return cdr_fails_in_library(why, NULL, &err);
    forget_launcher();
    return 0;
}

void cdr_ranks_leave(void)
{
    cadre_close(kept);
}
