/* environment.c - what a job finds in its environment.
 * SPDX-License-Identifier: MIT
 *
 * All that the program has, and PARALLEL_SEQ, PARALLEL_JOBSLOT and PARALLEL_PID as GNU
 * parallel sets them, CADRE_ITEM, the job's arguments, CADRE_SEED, a number of its own
 * that depends on its place alone, and CADRE_WORKERS, how many workers a cadre in the job
 * should have so that all of them together are no more than the machine has CPUs; on ranks,
 * which have one for each worker, 1.
 */
#include "cli/map/environment.h"
#include "cli/map/map.h"
#include "cli/base/text.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OWN      6     /* entries of a job */
#define ITEM_MAX 65536 /* bytes of CADRE_ITEM: a longer one, or with NUL, is left out */

static const char *const ours[] = { "PARALLEL_SEQ=", "PARALLEL_JOBSLOT=",
                                    "PARALLEL_PID=", "CADRE_ITEM=",
                                    "CADRE_SEED=",   "CADRE_WORKERS=" };

bool cdr_environment_is_ours(const char *entry)
{
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        if (strncmp(entry, ours[i], strlen(ours[i])) == 0)
            return true;
    return false;
}

/* --env: all variables are there for jobs; what is missing is not exported, or misspelt. A
 * function of bash is there under a name of its own. */
static void warn_if_unset(const char *name)
{
    char function[256], shown[CDR_SHOWN];

    snprintf(function, sizeof function, "BASH_FUNC_%.200s%%%%", name);
    if (strcmp(name, "_") != 0 && !getenv(name) && !getenv(function))
        fprintf(stderr,
                "cadre: warning: --env: no variable %s is in the environment; was it "
                "exported?\n",
                cdr_quote(shown, name));
}

bool cdr_environment_open(struct cdr_map *map)
{
    size_t n = 0;

    while (environ[n])
        n++;
    map->env = calloc(n + 1, sizeof *map->env);
    if (!map->env)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!cdr_environment_is_ours(environ[i]))
            map->env[map->n_env++] = environ[i];
    for (size_t i = 0; i < map->set->command.env.n; i++)
        warn_if_unset(map->set->command.env.at[i]);
    return true;
}

void cdr_environment_close(struct cdr_map *map)
{
    free(map->env);
    map->env = NULL;
}

static void add_count(struct cdr_buffer *b, const char *name, uint64_t n)
{
    cdr_buffer_text(b, name);
    cdr_buffer_count(b, n);
    cdr_buffer_add(b, "", 1);
}

static void add_item(struct cdr_buffer *b, const struct cdr_job *job)
{
    const struct cdr_args *key = cdr_job_key(job);

    if (key->used > ITEM_MAX || key->has_nul)
        return;
    cdr_buffer_text(b, "CADRE_ITEM=");
    cdr_job_input(job, b);
    cdr_buffer_add(b, "", 1);
}

static unsigned budget(const struct cdr_map *map)
{
    if (map->ranks > 0)
        return 1;
    return map->budget > map->jobs ? map->budget / map->jobs : 1;
}

bool cdr_environment_of(struct cdr_work *w, const struct cdr_job *job)
{
    struct cdr_buffer *b = &w->own_env;
    size_t n = w->map->n_env;

    if (!w->env) {
        w->env = calloc(n + OWN + 1, sizeof *w->env);
        if (!w->env)
            return false;
        memcpy(w->env, w->map->env, n * sizeof *w->env);
    }
    b->size = 0;
    add_count(b, "PARALLEL_SEQ=", job->seq);
    add_count(b, "PARALLEL_JOBSLOT=", job->slot);
    add_count(b, "PARALLEL_PID=", (uint64_t)w->map->common.parent);
    add_count(b, "CADRE_SEED=", job->seed);
    add_count(b, "CADRE_WORKERS=", budget(w->map));
    add_item(b, job);
    if (b->failed)
        return false;
    for (size_t at = 0; at < b->size; at += strlen(b->data + at) + 1)
        w->env[n++] = b->data + at;
    w->env[n] = NULL;
    return true;
}
