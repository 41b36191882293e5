/* census.c - who the ranks are, and whether they are of one kind.
 * SPDX-License-Identifier: MIT
 */
#include "census.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Those that the launcher has bound it to, unless there are more than anybody has. */
static uint32_t count_cpus(void)
{
    cpu_set_t set[16];

    return sched_getaffinity(0, sizeof set, set)
               ? 0
               : (uint32_t)CPU_COUNT_S(sizeof set, set);
}

static void describe(struct cdr_mpi_member *m, const char *modules)
{
    memset(m, 0, sizeof *m);
    if (gethostname(m->host, sizeof m->host - 1))
        snprintf(m->host, sizeof m->host, "?");
    m->pid = (int32_t)getpid();
    m->modules = (uint32_t)strlen(modules) + 1;
    m->cpus = count_cpus();
    m->online = (uint32_t)sysconf(_SC_NPROCESSORS_ONLN);
}

const char *cdr_mpi_census_who(const struct cdr_mpi_census *census, int rank,
                               char *text, size_t size)
{
    const struct cdr_mpi_member *m = &census->member[rank];

    snprintf(text, size, "rank %d (host %s, process %d)", rank, m->host, (int)m->pid);
    return text;
}

/* On rank 0: the ranks that have another build of this file than rank 0 has. */
static void complain(const struct cdr_mpi_census *census, const char *all,
                     const int *at, const char *file, cadre_error *err)
{
    char ranks[200] = "", other[256];
    unsigned n = 0;

    for (int rank = 1; rank < census->n; rank++) {
        size_t used = strlen(ranks);
        if (!cdr_mpi_modules_differ(all, all + at[rank], other, sizeof other) ||
            strcmp(other, file) != 0)
            continue;
        snprintf(ranks + used, sizeof ranks - used, "%s%d (host %s)", n++ ? ", " : "",
                 rank, census->member[rank].host);
    }
    cdr_mpi_fail(err, CADRE_ENOTSUP,
                 "rank%s %s %s another build of %.150s than rank 0 (host %s): all "
                 "ranks need the same program and libraries",
                 n == 1 ? "" : "s", ranks, n == 1 ? "has" : "have", file,
                 census->member[0].host);
}

static void compare(const struct cdr_mpi_census *census, const char *all, const int *at,
                    cadre_error *err)
{
    char file[256];

    for (int rank = 1; rank < census->n; rank++)
        if (cdr_mpi_modules_differ(all, all + at[rank], file, sizeof file)) {
            complain(census, all, at, file, err);
            return;
        }
}

/* Every rank's list to rank 0, which compares them. */
static int gather_modules(struct cdr_mpi_census *census, MPI_Comm comm, int rank,
                          const char *modules, cadre_error *err)
{
    int *sizes = calloc((size_t)census->n, sizeof *sizes);
    int *at = calloc((size_t)census->n, sizeof *at), total = 0;
    char *all = NULL;
    int rc = MPI_SUCCESS;

    for (int i = 0; sizes && at && i < census->n; i++) {
        at[i] = total;
        sizes[i] = (int)census->member[i].modules;
        total += sizes[i];
    }
    if (rank == 0)
        all = malloc((size_t)total + 1);
    if (!sizes || !at || (rank == 0 && !all))
        rc = cdr_mpi_fail(err, CADRE_ENOMEM, "no memory for what ranks have loaded");
    if (!rc)
        rc = MPI_Gatherv(modules, sizes[rank], MPI_BYTE, all, sizes, at, MPI_BYTE, 0,
                         comm);
    if (!rc && rank == 0)
        compare(census, all, at, err);
    free(all);
    free(sizes);
    free(at);
    return rc;
}

int cdr_mpi_census_take(struct cdr_mpi_census *census, MPI_Comm comm, cadre_error *err)
{
    char *modules = cdr_mpi_modules_list();
    struct cdr_mpi_member self;
    cadre_error verdict = { .code = CADRE_OK };
    int rank, rc;

    MPI_Comm_rank(comm, &rank);
    MPI_Comm_size(comm, &census->n);
    census->member = calloc((size_t)census->n, sizeof *census->member);
    if (!modules || !census->member) {
        free(modules);
        return cdr_mpi_fail(err, CADRE_ENOMEM, "no memory for %d ranks", census->n);
    }
    describe(&self, modules);
    rc = MPI_Allgather(&self, sizeof self, MPI_BYTE, census->member, sizeof self,
                       MPI_BYTE, comm);
    if (!rc)
        rc = gather_modules(census, comm, rank, modules, &verdict);
    free(modules);
    if (!rc)
        rc = MPI_Bcast(&verdict, sizeof verdict, MPI_BYTE, 0, comm);
    if (rc)
        return rc < 0
                   ? rc
                   : cdr_mpi_fail_call(err, rc, "ranks cannot be asked who they are");
    if (verdict.code)
        *err = verdict;
    return verdict.code;
}

void cdr_mpi_census_free(struct cdr_mpi_census *census)
{
    free(census->member);
    census->member = NULL;
}

/* ---- in words ---- */

static bool is_first_of_host(const struct cdr_mpi_census *census, int rank)
{
    for (int before = 1; before < rank; before++)
        if (strcmp(census->member[before].host, census->member[rank].host) == 0)
            return false;
    return true;
}

void cdr_mpi_census_explain(const struct cdr_mpi_census *census, unsigned local,
                            bool processes, char *text, size_t size)
{
    const struct cdr_mpi_member *least = &census->member[1];
    const char *kind = processes ? "process" : "thread",
               *ending = processes ? "es" : "s";
    int hosts = 0, used;

    for (int rank = 1; rank < census->n; rank++) {
        hosts += is_first_of_host(census, rank);
        if (census->member[rank].cpus < least->cpus)
            least = &census->member[rank];
    }
    used = snprintf(
        text, size,
        "%d rank%s on %d host%s, %u %s%s each; the launcher gives a rank %u of "
        "its host's %u CPUs%s",
        census->n - 1, census->n > 2 ? "s" : "", hosts, hosts > 1 ? "s" : "", local,
        kind, local > 1 ? ending : "", least->cpus, least->online,
        least->cpus < least->online ? ", or more" : "");
    if (local > least->cpus && used > 0 && (size_t)used < size)
        snprintf(text + used, size - (size_t)used,
                 ": fewer than its %u %s%s, which take turns", local, kind, ending);
}
