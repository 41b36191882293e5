/* hand_over.c - in cadre: under an MPI launcher, become cadre-mpi.
 * SPDX-License-Identifier: MIT
 */
#include "cli/ranks/ranks.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* The file beside this program; false: its name is too long. */
static bool find_other(char *path, size_t size)
{
    static const char name[] = "cadre-mpi";
    ssize_t length = readlink("/proc/self/exe", path, size - 1);
    char *slash;

    path[length > 0 ? length : 0] = '\0';
    slash = strrchr(path, '/');
    if (!slash || (size_t)(slash + 1 - path) + sizeof name > size)
        return false;
    memcpy(slash + 1, name, sizeof name);
    return true;
}

int cdr_ranks_join(char **argv, struct cdr_failure *why)
{
    char path[PATH_MAX];

    if (!is_launched())
        return 0;
    if (find_other(path, sizeof path))
        execv(path, argv);
    return cdr_fails(why, CDR_EXIT_FAILED,
                     "an MPI launcher has started this program several times, and "
                     "cadre-mpi, which would share the work, cannot be started: %s",
                     strerror(errno));
}

void cdr_ranks_leave(void)
{
}
