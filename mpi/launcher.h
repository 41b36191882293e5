/* launcher.h - what the environment says of how this process was started.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_MPI_LAUNCHER_H
#define CDR_MPI_LAUNCHER_H

#include <cadre/cadre.h>

/* How many ranks an MPI launcher says that there are; 0: there is no sign of one. */
unsigned cdr_mpi_launcher_ranks(void);

/* This process is the only rank of its MPI. Was it meant to be? CADRE_ENOTSUP says how to
 * start it, if it was started several times. */
int cdr_mpi_launcher_check_single(cadre_error *err);

#endif
