/* launcher.c - what the environment says of how this process was started.
 * SPDX-License-Identifier: MIT
 *
 * Launchers say how many ranks there are in variables of their own. An MPI that does not know
 * a launcher's protocol takes each process for a world of one.
 */
#include "launcher.h"
#include "frame.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

/* Open MPI's mpirun; the PMI of MPICH, and of srun --mpi=pmi2. */
static const char *const counts[] = { "OMPI_COMM_WORLD_SIZE", "PMI_SIZE" };

/* A job step of Slurm, with whatever protocol. */
static const char *const slurm_counts[] = { "SLURM_STEP_NUM_TASKS", "SLURM_NTASKS" };

static unsigned read_count(const char *name)
{
    const char *text = getenv(name);
    char *end;
    unsigned long n;

    if (!text || *text < '0' || *text > '9')
        return 0;
    errno = 0;
    n = strtoul(text, &end, 10);
    return errno || *end || n > INT_MAX ? 0 : (unsigned)n;
}

static unsigned most_of(const char *const *names, size_t n, const char **name)
{
    unsigned most = 0;

    for (size_t i = 0; i < n; i++) {
        unsigned count = read_count(names[i]);
        if (count > most) {
            most = count;
            *name = names[i];
        }
    }
    return most;
}

unsigned cdr_mpi_launcher_ranks(void)
{
    const char *name;
    unsigned n = most_of(counts, sizeof counts / sizeof *counts, &name);

    if (n == 0 && getenv("PMIX_RANK"))
        n = most_of(slurm_counts, sizeof slurm_counts / sizeof *slurm_counts, &name);
    return n;
}

int cdr_mpi_launcher_check_single(cadre_error *err)
{
    const char *name = NULL;
    unsigned n = most_of(counts, sizeof counts / sizeof *counts, &name);

    if (n < 2)
        n = most_of(slurm_counts, sizeof slurm_counts / sizeof *slurm_counts, &name);
    if (n < 2)
        return CADRE_OK;
    return cdr_mpi_fail(
        err, CADRE_ENOTSUP,
        "%s is %u, but this process is alone in its MPI: start it with the "
        "mpirun of the MPI that it is built with, or with srun --mpi=pmix "
        "(Open MPI) or srun --mpi=pmi2 (MPICH)",
        name, n);
}
