/* workers.c - what the program has of ranks, for its commands.
 * SPDX-License-Identifier: MIT
 */
#include "cli/ranks/workers.h"

#include <stddef.h>
#include <string.h>

static unsigned elsewhere; /* written before there are threads */

const char *const cdr_ranks_variables[] = { "OMPI_COMM_WORLD_SIZE", "PMI_SIZE",
                                            "PMIX_RANK", "SLURM_STEP_NUM_TASKS", NULL };

void cdr_ranks_set_workers(unsigned workers)
{
    elsewhere = workers;
}

unsigned cdr_ranks_workers(void)
{
    return elsewhere;
}

bool cdr_ranks_is_variable(const char *entry)
{
    for (size_t i = 0; cdr_ranks_variables[i]; i++) {
        size_t size = strlen(cdr_ranks_variables[i]);

        if (strncmp(entry, cdr_ranks_variables[i], size) == 0 && entry[size] == '=')
            return true;
    }
    return false;
}
