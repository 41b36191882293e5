/* ranks.h - the program under an MPI launcher.
 * SPDX-License-Identifier: MIT
 *
 * The program cadre knows no MPI. Where a launcher has started it several times, it becomes
 * cadre-mpi, which lies beside it and is the same but for that.
 */
#ifndef CDR_CLI_RANKS_H
#define CDR_CLI_RANKS_H

#include "cli/base/failure.h"

#define CDR_RANKS_SERVED \
    (-2) /* this process was a worker of rank 0: it prints nothing */

/* Before anything else but cdr_self_set. */
int cdr_ranks_join(struct cdr_failure *why);

/* At the end. */
void cdr_ranks_leave(void);

#endif
