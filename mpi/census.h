/* census.h - who the ranks are, and whether they are of one kind.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_MPI_CENSUS_H
#define CDR_MPI_CENSUS_H

#include "frame.h"

#include <mpi.h>

#define CDR_MPI_WHO 128

struct cdr_mpi_member {
    char host[64];
    int32_t pid;
    uint32_t modules;      /* bytes of its list */
    uint32_t cpus, online; /* that it may use; of its host */
};

struct cdr_mpi_census {
    struct cdr_mpi_member *member; /* by rank */
    int n;
};

/* Collective. All ranks get the same answer: CADRE_ENOTSUP names the ranks whose program or
 * libraries are not those of rank 0, and the file. */
int cdr_mpi_census_take(struct cdr_mpi_census *census, MPI_Comm comm, cadre_error *err);
void cdr_mpi_census_free(struct cdr_mpi_census *census);

/* "rank 3 (host b, process 4711)" */
const char *cdr_mpi_census_who(const struct cdr_mpi_census *census, int rank,
                               char *text, size_t size);

/* Who the workers are, and which CPUs they have, as one line. */
void cdr_mpi_census_explain(const struct cdr_mpi_census *census, unsigned local,
                            bool processes, char *text, size_t size);

/* The program and the libraries that this process has, a line each: file, tab, build-id. The
 * caller frees it; NULL: no memory. */
char *cdr_mpi_modules_list(void);

/* The first line of `there` about a file whose line in `here` has another build-id. The
 * program's line is the first of each. Both files, or false: they agree. */
bool cdr_mpi_modules_differ(const char *here, const char *there, char *file,
                            size_t size);

#endif
