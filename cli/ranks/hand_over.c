/* hand_over.c - in cadre: under an MPI launcher, become cadre-mpi.
 * SPDX-License-Identifier: MIT
 */
#include "cli/base/self.h"
#include "cli/ranks/ranks.h"

#include <stdlib.h>
#include <string.h>

static bool is_several(const char *name)
{
    const char *text = getenv(name);

    return text && atoi(text) > 1;
}

/* By Open MPI's mpirun, MPICH's, or srun with whatever protocol. */
static bool is_launched(void)
{
    return is_several("OMPI_COMM_WORLD_SIZE") || is_several("PMI_SIZE") ||
           is_several("SLURM_STEP_NUM_TASKS");
}

int cdr_ranks_join(struct cdr_failure *why)
{
    if (!is_launched())
        return 0;
    return cdr_fails(why, CDR_EXIT_FAILED,
                     "an MPI launcher has started this program several times, and "
                     "cadre-mpi, which would share the work, cannot be started: %s",
                     strerror(cdr_self_exec("cadre-mpi")));
}

void cdr_ranks_leave(void)
{
}
