/* options.c - what a pool of ranks is to be, as options and the environment say.
 * SPDX-License-Identifier: MIT
 */
#include "options.h"
#include "frame.h"

#include <stdlib.h>
#include <string.h>

#define SILENCE_MS 30000
#define MOST       1024 /* workers on a rank */

/* ---- options ---- */

static int check_pool(const cadre_options *pool, cadre_error *err)
{
    if (pool->backend || pool->custom)
        return cdr_mpi_fail(
            err, CADRE_EINVAL,
            "options: pool.backend and pool.custom are for cadre_open: the "
            "backend is \"mpi\" here");
    return CADRE_OK;
}

static int check(const cadre_mpi_options *o, cadre_error *err)
{
    for (size_t i = 0; i < sizeof o->reserved / sizeof *o->reserved; i++)
        if (o->reserved[i])
            return cdr_mpi_fail(err, CADRE_EINVAL,
                                "options: reserved[%zu] is not zero: this program was "
                                "built for another version of cadre",
                                i);
    if (o->rank_workers > MOST)
        return cdr_mpi_fail(err, CADRE_EINVAL,
                            "options: %u workers on each rank are more than %d",
                            o->rank_workers, MOST);
    if (o->rank_kind < CADRE_RANK_AUTO || o->rank_kind > CADRE_RANK_PROCESSES)
        return cdr_mpi_fail(err, CADRE_EINVAL, "options: no rank_kind is called %d",
                            o->rank_kind);
    return check_pool(&o->pool, err);
}

/* What kernels demand, against what there will be. */
static int check_demands(const struct cdr_mpi_wish *w, const cadre_options *pool,
                         cadre_error *err)
{
    if (pool->not_thread_safe && w->local > 1 && !w->processes)
        return cdr_mpi_fail(
            err, CADRE_EINVAL,
            "options: pool.not_thread_safe is set, but %u threads of each "
            "rank would run kernels at the same time; use processes",
            w->local);
    return CADRE_OK;
}

/* ---- the environment ---- */

static bool skip(const char **at, const char *word)
{
    size_t size = strlen(word);

    if (strncmp(*at, word, size) != 0)
        return false;
    *at += size;
    return true;
}

static bool parse(struct cdr_mpi_wish *w, const char *text)
{
    bool processes = skip(&text, "processes");
    bool named = processes || skip(&text, "threads");
    unsigned long n;
    char *end;

    if (named)
        w->processes = processes;
    if (named && *text == '\0')
        return true;
    if (named && !skip(&text, ":"))
        return false;
    if (*text < '0' || *text > '9')
        return false;
    n = strtoul(text, &end, 10);
    if (*end || n == 0 || n > MOST)
        return false;
    w->local = (unsigned)n;
    return true;
}

static int read_environment(struct cdr_mpi_wish *w, cadre_error *err)
{
    const char *text = getenv("CADRE_RANK_WORKERS");

    if (!text || !*text || parse(w, text))
        return CADRE_OK;
    return cdr_mpi_fail(err, CADRE_EINVAL,
                        "CADRE_RANK_WORKERS is \"%.60s\": it is a number from 1 to %d, "
                        "or \"processes:4\", or \"threads:4\"",
                        text, MOST);
}

int cdr_mpi_wish_read(struct cdr_mpi_wish *out, const cadre_mpi_options *o,
                      cadre_error *err)
{
    static const cadre_mpi_options by_name;
    int rc;

    if (!o)
        o = &by_name;
    rc = check(o, err);
    if (rc)
        return rc;
    *out = (struct cdr_mpi_wish){
        .local = o->rank_workers ? o->rank_workers : 1,
        .silence_ms = o->silence_ms ? o->silence_ms : SILENCE_MS,
        .processes = o->rank_kind == CADRE_RANK_PROCESSES,
    };
    if (o->rank_kind == CADRE_RANK_AUTO)
        out->processes =
            o->pool.isolate || (o->pool.not_thread_safe && o->rank_workers > 1);
    if (!o->pool.ignore_environment)
        rc = read_environment(out, err);
    return rc ? rc : check_demands(out, &o->pool, err);
}
