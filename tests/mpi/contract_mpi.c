/* contract_mpi.c - what the contract suite loads to run on ranks.
 * SPDX-License-Identifier: MIT
 *
 * All ranks run the test program. Rank 0 keeps a pool open for as long as it lasts, so that
 * the others serve whatever pools the tests open, and end with it.
 */
#include <cadre/backend.h>
#include <cadre/mpi.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const cadre_backend cdr_mpi_backend, cdr_mpi_isolated_backend;
CADRE_API extern cadre_backend contract_backend;
CADRE_API void contract_start(void);

cadre_backend contract_backend;
static cadre_pool *kept;

static void end(void)
{
    cadre_close(kept);
}

void contract_start(void)
{
    const char *workers = getenv("CADRE_TEST_RANK_WORKERS");
    const char *kind = getenv("CADRE_TEST_RANK_KIND");
    bool processes = kind && strcmp(kind, "processes") == 0;
    cadre_mpi_options o = { .pool.ignore_environment = true };
    cadre_error err;
    int rc;

    contract_backend = processes ? cdr_mpi_isolated_backend : cdr_mpi_backend;
    o.rank_kind = processes ? CADRE_RANK_PROCESSES : CADRE_RANK_THREADS;
    o.rank_workers = workers ? (unsigned)atoi(workers) : 0;
    rc = cadre_mpi_open(&kept, MPI_COMM_WORLD, &o, &err);
    if (rc == CADRE_DONE)
        exit(0);
    if (rc) {
        printf("Bail out! %s\n", err.message);
        exit(1);
    }
    atexit(end);
}
