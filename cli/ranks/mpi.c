/* mpi.c - in cadre-mpi: rank 0 is the program, and the others are its workers.
 * SPDX-License-Identifier: MIT
 *
 * A pool stays open for as long as the program lasts, so that the others serve whatever
 * pools its command opens.
 */
#include "cli/base/text.h"
#include "cli/ranks/ranks.h"
#include "cli/ranks/workers.h"

#include <cadre/mpi.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cadre_pool *kept;

/* Programs that this one starts are not ranks. */
static void forget_launcher(void)
{
    for (size_t i = 0; cdr_ranks_variables[i]; i++)
        unsetenv(cdr_ranks_variables[i]);
}

/* A variable that is not there for a while. */
struct hidden {
    const char *name;
    char *value; /* NULL: it was not there anyhow */
};

static bool hide(struct hidden *h)
{
    const char *value = getenv(h->name);

    h->value = value ? strdup(value) : NULL;
    if (value && h->value)
        unsetenv(h->name);
    return !value || h->value;
}

static bool show(struct hidden *h)
{
    bool good = !h->value || setenv(h->name, h->value, 1) == 0;

    free(h->value);
    return good;
}

/* CADRE_RANK_WORKERS is for this pool, the others are for those of the commands. */
static int open_kept(cadre_error *err)
{
    struct hidden backend = { "CADRE_BACKEND", NULL },
                  workers = { "CADRE_WORKERS", NULL };
    bool good = hide(&backend) && hide(&workers);
    int rc = good ? cadre_mpi_open(&kept, MPI_COMM_WORLD, NULL, err) : CADRE_ENOMEM;
    bool shown = show(&backend);

    if (good && show(&workers) && shown)
        return rc;
    err->code = CADRE_ENOMEM;
    snprintf(err->message, sizeof err->message, "no memory for the environment");
    return err->code;
}

int cdr_ranks_join(struct cdr_failure *why)
{
    cadre_error err = { 0 };
    int rc = open_kept(&err);

    if (rc == CADRE_DONE)
        return CDR_RANKS_SERVED;
    if (rc)
        return cdr_fails_in_library(why, NULL, &err);
    forget_launcher();
    if (strcmp(cadre_backend_name(kept), "mpi") == 0)
        cdr_ranks_set_workers(cadre_workers(kept));
    return 0;
}

void cdr_ranks_leave(void)
{
    cadre_close(kept);
}
