/* remote.c - an attempt on another rank, as the job's worker on rank 0 sees it.
 * SPDX-License-Identifier: MIT
 *
 * The worker sends a request and waits, for its answer or for the end of the run, as it
 * does with a command of its own. What the command has put out it then puts out all at once.
 */
#include "cli/map/map.h"
#include "cli/map/rank.h"
#include "cli/map/request.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GRACE_MS \
    1000 /* beside what the ending takes, until a rank's process is killed */

/* ---- from here to there ---- */

static uint32_t grace_of(const struct cdr_ending *ending)
{
    uint64_t ms = GRACE_MS;

    for (unsigned i = 0; i < ending->n; i++)
        ms += (uint64_t)ending->after_ms[i];
    return ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
}

/* What --env names, functions of bash included. */
static bool is_named(const struct cdr_texts *names, const char *entry)
{
    for (size_t i = 0; i < names->n; i++) {
        size_t size = strlen(names->at[i]);

        if (strncmp(entry, names->at[i], size) == 0 && entry[size] == '=')
            return true;
        if (strncmp(entry, "BASH_FUNC_", 10) == 0 &&
            strncmp(entry + 10, names->at[i], size) == 0 &&
            strncmp(entry + 10 + size, "%%=", 3) == 0)
            return true;
    }
    return false;
}

static bool add_variables(const struct cdr_map *map, struct cdr_args *variables)
{
    for (size_t i = 0; i < map->n_env; i++)
        if (is_named(&map->set->command.env, map->env[i]) &&
            !cdr_args_add(variables, map->env[i], strlen(map->env[i])))
            return false;
    return true;
}

static int open_with(struct cdr_map *map, const struct cdr_buffer *common,
                     void (*broken)(void *map), struct cdr_failure *why)
{
    struct cdr_bridge_setting set = { .kernel = cdr_rank_attempt,
                                      .begin = cdr_rank_begin,
                                      .end = cdr_rank_end,
                                      .name = "map",
                                      .shared = common->data,
                                      .shared_size = common->size,
                                      .grace_ms = grace_of(&map->ending),
                                      .most = map->workers + 1,
                                      .broken = broken,
                                      .arg = map };

    return cdr_bridge_open(&map->bridge, &set, why);
}

int cdr_remote_open(struct cdr_map *map, void (*broken)(void *map),
                    struct cdr_failure *why)
{
    const char *where = map->common.directory ? map->common.directory : ".";
    char *folder = realpath(where, NULL);
    struct cdr_args variables = { 0 };
    struct cdr_buffer common = { 0 };
    int rc;

    if (map->ranks == 0) {
        rc = 0;
    } else if (!add_variables(map, &variables) ||
               !cdr_request_pack_common(&common, &map->common, &map->ending,
                                        folder ? folder : where, &variables)) {
        rc = cdr_fails_memory(why);
    } else {
        rc = open_with(map, &common, broken, why);
    }
    cdr_buffer_free(&common);
    cdr_args_free(&variables);
    free(folder);
    return rc;
}

/* ---- what came back ---- */

static void take_end(struct cdr_job *job, const char *bytes, size_t size)
{
    unsigned tries = job->end.tries;

    if (size != sizeof job->end)
        return;
    memcpy(&job->end, bytes, size);
    job->end.tries = tries;
}

static void take_answer(const struct cdr_attempt *how, struct cdr_job *job,
                        const struct cdr_errand *e)
{
    size_t left = e->answer_size;
    const char *at = e->answer, *bytes;
    struct cdr_piece_head head;

    while (cdr_request_piece(&at, &left, &head, &bytes)) {
        if (head.kind == CDR_PIECE_END) {
            take_end(job, bytes, head.size);
        } else if (head.kind == CDR_PIECE_REASON) {
            cdr_job_says(job, "%.*s", (int)head.size, bytes);
        } else {
            job->bytes += head.kind ? 0 : head.size;
            how->take(how->arg, (int)head.kind, bytes, head.size);
        }
    }
    if (job->reason && !cdr_job_failed(job))
        job->end.status = 1; /* part of its output is lost */
}

/* The library also names tasks, by numbers that say nothing here: first the one that failed,
 * and at the end those that a rank had. */
static void note_loss(struct cdr_job *job, const cadre_error *err)
{
    const char *text = err->message, *tasks;
    int before = 0;

    (void)sscanf(text, "map: item %*[0-9]: %n", &before);
    text += before;
    tasks = strstr(text, "; it had tasks ");
    job->end.status = CDR_EXIT_OTHER;
    job->end.lost = true;
    cdr_job_says(job, "%.*s", tasks ? (int)(tasks - text) : (int)strlen(text), text);
}

/* As if the first signal had done it: what became of it is not told any more. */
static void note_stop(struct cdr_map *map, struct cdr_job *job)
{
    job->end.killed = true;
    job->end.signal = map->ending.signal[0];
}

static void wait_for(struct cdr_work *w, const struct cdr_attempt *how,
                     struct cdr_errand *e)
{
    struct pollfd wake = { .fd = w->wake, .events = POLLIN };

    while (!atomic_load_explicit(&e->done, memory_order_acquire)) {
        (void)poll(&wake, 1, -1); /* whatever it says: look again */
        if (how->look(how->arg))
            cdr_bridge_stop(w->map->bridge);
    }
}

static void exchange(struct cdr_work *w, const struct cdr_attempt *how,
                     struct cdr_job *job, struct cdr_errand *e)
{
    cdr_bridge_send(w->map->bridge, e);
    wait_for(w, how, e);
    if (e->end == CDR_ERRAND_DONE)
        take_answer(how, job, e);
    else if (e->end == CDR_ERRAND_FAILED)
        note_loss(job, &e->error);
    else
        note_stop(w->map, job);
    free(e->answer);
}

void cdr_attempt_remotely(struct cdr_work *w, const struct cdr_attempt *how,
                          struct cdr_job *job)
{
    struct cdr_errand errand = { .wake = w->wake };
    unsigned tries = job->end.tries;

    job->end = (struct cdr_end){ .ran = true, .tries = tries };
    job->bytes = 0;
    if (cdr_request_pack(&errand.request, how, job, &w->own_env)) {
        exchange(w, how, job, &errand);
    } else {
        job->end.status = 1;
        cdr_job_says(job, "what it reads cannot be had: %s", strerror(errno));
    }
    cdr_buffer_free(&errand.request);
}
