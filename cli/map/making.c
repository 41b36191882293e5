/* making.c - jobs, one after another, as a stream's source.
 * SPDX-License-Identifier: MIT
 *
 * A job has two numbers besides the one that people see: its turn among all whose output is
 * written, and its entry among those that run. What the journal has done has no entry, goes
 * to the outlet straight from here, and costs neither a worker nor a look at the gate.
 * Where it comes in the order in which it was recorded, and nobody is to write before it, it
 * is not even made a job: its input is read and compared, and its output written.
 */
#include "cli/map/making.h"

#include <cadre/random.h>
#include <cadre/stream.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* Jobs that are made before a worker has come for them, beside theirs. */
#define AHEAD 64

/* ---- one job ---- */

/* In a journal a block is known by its bytes; otherwise by its number. */
static int name_block(struct cdr_map *map, struct cdr_job *job)
{
    char name[CDR_BLOCK_NAME];

    if (!map->journal)
        snprintf(name, sizeof name, "block %" PRIu64, job->seq);
    else if (!cdr_block_name(job->block, name))
        return cdr_fails(map->why, CDR_EXIT_INPUT,
                         "block %" PRIu64 " cannot be read: %s", job->seq,
                         strerror(errno));
    return cdr_args_add(&job->name, name, strlen(name)) ? 0
                                                        : cdr_fails_memory(map->why);
}

/* The same for each item, whoever runs it; below 2^63, so that shells can count with it. */
static uint64_t seed_of(const struct cdr_map *map, uint64_t place)
{
    cadre_seed seed = cadre_seed_child(&map->seed, place);
    uint64_t number;

    cadre_seed_state64(&seed, &number, 1);
    return number >> 1;
}

static int next_input(struct cdr_map *map, struct cdr_job *job)
{
    return map->blocks ? cdr_blocks_next(map->blocks, &job->block, map->why)
                       : cdr_batch_next(&map->batch, &job->args, map->why);
}

static int number(struct cdr_map *map, struct cdr_job *job)
{
    uint64_t place = map->made;

    job->seq = job->turn = ++map->made;
    if (!map->blocks && cdr_batch_is_tuple(&map->batch))
        place = cdr_inputs_place(map->inputs);
    job->seed = seed_of(map, place);
    return map->blocks ? name_block(map, job) : 0;
}

/* ---- what was done before ---- */

static void count_skipped(struct cdr_map *map)
{
    if (map->skipped == 0)
        return;
    pthread_mutex_lock(&map->lock);
    map->passed += map->skipped;
    cdr_map_show_counts(map);
    pthread_mutex_unlock(&map->lock);
    map->skipped = 0;
}

void cdr_make_flush(void *arg)
{
    struct cdr_map *map = arg;

    if (map->skipped > 0)
        cdr_outlet_flush(map->outlet);
    count_skipped(map);
}

/* It was done before, and there is nothing left to do about it. */
static bool skip(struct cdr_map *map, const struct cdr_job *job)
{
    struct cdr_stored stored;

    if (!map->journal || map->blocks ||
        !cdr_outlet_takes_bytes(map->outlet, map->made + 1) ||
        !cdr_journal_skip(map->journal, &job->args, &stored, map->why))
        return false;
    cdr_outlet_pass_bytes(map->outlet, stored.bytes, stored.size);
    map->made++;
    map->skipped++;
    return true;
}

/* The next job that is not skipped: 0, CDR_NO_MORE or an exit code. */
static int fill(struct cdr_map *map, struct cdr_job *job)
{
    int rc;

    do {
        rc = cdr_map_is_over(map) ? CDR_NO_MORE : next_input(map, job);
    } while (!rc && skip(map, job));
    cdr_make_flush(map);
    if (!rc)
        rc = map->why->code ? map->why->code : number(map, job);
    if (!rc && map->journal)
        rc = cdr_journal_look_up(map->journal, job, map->why);
    return rc;
}

static int fill_failed(struct cdr_map *map, struct cdr_job *job)
{
    int rc = cdr_journal_next_failed(map->journal, job, map->why);

    if (!rc)
        job->turn = ++map->made;
    return rc;
}

static void warn_of_returns(struct cdr_map *map)
{
    if (map->warned || !map->inputs || !cdr_inputs_saw_return(map->inputs))
        return;
    map->warned = true;
    fprintf(stderr,
            "cadre: warning: lines of the input end in a carriage return (CR LF), "
            "which is part of the input; --trim r removes it\n");
}

/* ---- one after another ---- */

/* Inputs are not read much further than there are workers for them, and of blocks one for
 * each worker. */
static void wait_for_workers(struct cdr_map *map)
{
    uint64_t ahead = map->blocks ? map->workers : AHEAD + 4 * map->workers;

    cdr_gate_keep_near(&map->gate, map->entered + 1, ahead);
}

/* It was done before: 0, if it failed then, counts as it did. */
static void pass(struct cdr_map *map, struct cdr_job *job)
{
    int failed;

    pthread_mutex_lock(&map->lock);
    if (cdr_job_failed(job)) {
        map->tally.ended++;
        map->tally.failed++;
    } else {
        map->passed++;
    }
    cdr_map_show_counts(map);
    pthread_mutex_unlock(&map->lock);
    if (map->results.folder && (failed = cdr_results_save(&map->results, job)) != 0)
        fprintf(stderr,
                "cadre: warning: results of job %" PRIu64 " cannot be kept: %s\n",
                job->seq, strerror(failed));
    cdr_outlet_pass(map->outlet, job);
}

static int no_more(struct cdr_map *map, struct cdr_job *job, int rc, cadre_error *err)
{
    cdr_job_free(job, &map->spool);
    if (rc == CDR_NO_MORE) {
        pthread_mutex_lock(&map->lock);
        map->tally.total = map->made;
        map->all_known = true;
        cdr_map_show_counts(map);
        pthread_mutex_unlock(&map->lock);
        return CADRE_DONE;
    }
    return cadre_source_fail(err, 0, "%s", map->why->text);
}

int cdr_make_job(void *arg, void *item, cadre_error *err)
{
    struct cdr_map *map = arg;
    struct cdr_job *job;
    int rc;

    wait_for_workers(map);
    for (;;) {
        if (cdr_map_is_over(map))
            return CADRE_DONE;
        job = cdr_job_new();
        if (!job)
            return cadre_source_fail(err, 0, "out of memory");
        rc = map->set->run.retry_failed ? fill_failed(map, job) : fill(map, job);
        warn_of_returns(map);
        if (rc || cdr_map_is_over(map))
            return no_more(map, job, rc ? rc : CDR_NO_MORE, err);
        cdr_outlet_await(map->outlet, job->turn);
        if (!job->stored)
            break;
        pass(map, job);
    }
    job->entry = ++map->entered;
    *(struct cdr_job **)item = job;
    return CADRE_OK;
}
