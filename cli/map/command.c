/* command.c - cadre map: a command for each input, in parallel.
 * SPDX-License-Identifier: MIT
 */
#include "cli/commands/command.h"
#include "cli/map/making.h"
#include "cli/map/setup.h"
#include "cli/base/interrupt.h"
#include "cli/options/pool_options.h"

#include <cadre/stream.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* ---- what the outlet tells ---- */

static void written(void *arg, struct cdr_job *job)
{
    struct cdr_map *map = arg;

    pthread_mutex_lock(&map->lock);
    cdr_summary_add(&map->summary, job);
    pthread_mutex_unlock(&map->lock);
    cdr_job_free(job, &map->spool);
}

/* Nobody is left on the other ranks. */
static void ranks_broken(void *arg)
{
    cdr_map_end(arg, true);
}

/* For the bar's thread. */
static void count(void *arg, struct cdr_bar_counts *counts)
{
    struct cdr_map *map = arg;

    counts->running = cdr_gate_running(&map->gate);
    pthread_mutex_lock(&map->lock);
    counts->before = map->passed;
    counts->done = map->tally.ended;
    counts->failed = map->tally.failed;
    counts->total = map->tally.total;
    counts->known = map->all_known;
    pthread_mutex_unlock(&map->lock);
}

static int open_bar(struct cdr_map *map, struct cdr_failure *why)
{
    const struct cdr_output_options *set = &map->set->output;
    struct cdr_bar_setting bar = { .graph = set->bar, .count = count, .arg = map };

    return set->bar || set->eta ? cdr_bar_open(&map->bar, &bar, why) : 0;
}

static int open_status(struct cdr_map *map, struct cdr_failure *why)
{
    const struct cdr_output_options *set = &map->set->output;
    struct cdr_buffer text = { 0 };
    int rc;

    if (!set->status && !set->status_file)
        return 0;
    cdr_buffer_text(&text, "cadre map ");
    if (map->command)
        cdr_template_source(map->command, &text);
    else
        cdr_buffer_text(&text, "--retry-failed");
    cdr_buffer_add(&text, "", 1);
    rc = text.failed ? cdr_fails_memory(why)
                     : cdr_status_open(&map->status, set->status_file, text.data,
                                       map->workers + 1, why);
    cdr_buffer_free(&text);
    pthread_mutex_lock(&map->lock);
    cdr_map_show_counts(map);
    pthread_mutex_unlock(&map->lock);
    return rc;
}

static int open_outlet(struct cdr_map *map, struct cdr_failure *why)
{
    const struct cdr_output_options *set = &map->set->output;
    bool lines = set->line_buffer && !set->keep_order;
    struct cdr_outlet_setting outlet = {
        .unordered = set->unordered || lines,
        .lines = lines,
        .silent = map->results.folder && !map->set->run.dry_run,
        .verbose = set->verbose,
        .trace = set->trace,
        .shell = map->shell_runs,
        .tag = map->tag,
        .window = map->window + map->workers + 1,
        .spool = &map->spool,
        .bar = map->bar,
        .written = written,
        .broken = cdr_map_lose_output,
        .arg = map,
    };

    return cdr_outlet_open(&map->outlet, &outlet, why);
}

/* ---- the run ---- */

static int drain(cadre_stream *s, cadre_error *err)
{
    cadre_record record;
    int rc;

    do {
        rc = cadre_stream_next(s, &record, err);
    } while (rc == CADRE_OK);
    return rc == CADRE_DONE ? 0 : rc;
}

static int run_stream(struct cdr_map *map, cadre_pool *pool, struct cdr_failure *why)
{
    cadre_job job = { .fn = cdr_work_on,
                      .name = "map",
                      .item_size = sizeof(struct cdr_job *),
                      .result_size = sizeof(uint64_t),
                      .shared = &map,
                      .shared_size = sizeof map,
                      .worker_begin = cdr_work_begin,
                      .worker_end = cdr_work_end,
                      .chunk = 1,
                      .source = cdr_make_job,
                      .source_arg = map,
                      .window = map->window,
                      .caller_waits = true };
    cadre_stream *stream;
    cadre_error err;
    int rc = cadre_stream_open(&stream, pool, &job, &err);

    if (!rc) {
        rc = drain(stream, &err);
        cadre_stream_close(stream);
    }
    if (rc && !why->text[0])
        cdr_fails_in_library(why, NULL, &err);
    return rc;
}

static int run_pool(struct cdr_map *map, struct cdr_failure *why)
{
    struct cdr_progress log = { 0 };
    cadre_options options = { .backend = "threads",
                              .workers = (int)map->workers,
                              .oversubscribe = true,
                              .ignore_environment = true,
                              .name = "map",
                              .log = cdr_progress_log,
                              .log_arg = &log };
    cadre_pool *pool;
    cadre_error err;
    int rc = cadre_open(&pool, &options, &err);

    if (rc)
        return cdr_fails_in_library(why, NULL, &err);
    rc = run_stream(map, pool, why);
    cadre_close(pool);
    return rc;
}

/* ---- how it ends ---- */

static int exit_code(struct cdr_map *map, struct cdr_failure *why)
{
    int number = atomic_load_explicit(&map->broken, memory_order_relaxed);

    if (number == EPIPE)
        return CDR_EXIT_SIGNAL + SIGPIPE;
    if (number)
        return cdr_fails(why, CDR_EXIT_FAILED, "cannot write standard output: %s",
                         strerror(number));
    if (cdr_interrupted())
        return cdr_fails_interrupted(why);
    return cdr_halt_exit(&map->halt, &map->tally);
}

/* The journal is lost: nothing that happens from now on would be kept. */
static void journal_broken(void *arg)
{
    struct cdr_map *map = arg;

    if (map->outlet)
        cdr_outlet_cut(map->outlet);
    cdr_map_end(map, true);
}

/* The command as the journal knows it: what changes what jobs do stands before it. */
static char *command_of(const struct cdr_map *map)
{
    const char *seed = map->set->run.seed;
    struct cdr_buffer text = { 0 };

    if (map->blocks)
        cdr_buffer_text(&text, CDR_PIPE_PREFIX);
    if (seed) {
        cdr_buffer_text(&text, "--seed ");
        cdr_buffer_text(&text, seed);
        cdr_buffer_text(&text, " ");
    }
    cdr_template_source(map->command, &text);
    cdr_buffer_add(&text, "", 1);
    if (text.failed)
        cdr_buffer_free(&text);
    return text.data;
}

/* The journal's failed jobs run as they did. */
static int take_command(struct cdr_map *map, struct cdr_failure *why)
{
    struct cdr_journal_command command;

    if (cdr_journal_failed_command(map->journal, &command, why))
        return why->code;
    map->shell_runs = command.shell != NULL;
    if (command.shell)
        map->shell = command.shell;
    if (!map->common.directory)
        map->common.directory = command.folder;
    return 0;
}

static int open_journal(struct cdr_map *map, struct cdr_failure *why)
{
    bool again = map->set->run.retry_failed;
    struct cdr_journal_setting set = {
        .path = map->set->run.journal,
        .shell = map->shell_runs ? map->shell : NULL,
        .keep_failed = map->set->run.resume,
        .failed_only = again,
        .spool = &map->spool,
        .workers = map->workers + 1,
        .broken = journal_broken,
        .arg = map,
    };
    char *folder, *command;
    int rc;

    if (!set.path || (map->set->run.dry_run && !again))
        return 0;
    folder = realpath(map->common.directory ? map->common.directory : ".", NULL);
    command = again ? NULL : command_of(map);
    set.folder = folder ? folder : ".";
    set.template = command ? command : "";
    rc = !again && !command ? cdr_fails_memory(why)
                            : cdr_journal_open(&map->journal, &set, why);
    if (!rc && again)
        rc = take_command(map, why);
    if (!rc && map->inputs)
        cdr_inputs_before_reading(map->inputs, cdr_make_flush, map);
    free(command);
    free(folder);
    return rc;
}

/* How to go on, for who has interrupted it. */
static void say_how_to_go_on(const struct cdr_map *map)
{
    if (!cdr_interrupted())
        return;
    if (map->journal)
        fprintf(stderr,
                "cadre: what has ended is in the journal; the same command again "
                "goes on from there\n");
    else
        fprintf(stderr,
                "cadre: with --journal FILE, the same command again would go on "
                "from there\n");
}

static int close_journal(struct cdr_map *map, struct cdr_failure *why)
{
    say_how_to_go_on(map);
    if (!map->journal)
        return 0;
    if (!map->set->output.no_summary)
        cdr_journal_report(map->journal, stderr);
    return cdr_journal_close(map->journal, why);
}

static int run_map(struct cdr_map *map, struct cdr_failure *why)
{
    int rc = open_bar(map, why);

    if (!rc)
        rc = open_outlet(map, why);
    if (!rc)
        rc = open_journal(map, why);
    if (!rc)
        rc = open_status(map, why);
    if (!rc)
        rc = cdr_remote_open(map, ranks_broken, why);
    if (!rc)
        rc = run_pool(map, why);
    if (cdr_bridge_close(map->bridge, why))
        rc = why->code;
    map->bridge = NULL;
    cdr_bar_close(map->bar);
    cdr_status_close(map->status);
    if (close_journal(map, why))
        rc = why->code;
    if (!map->set->output.no_summary &&
        atomic_load_explicit(&map->broken, memory_order_relaxed) != EPIPE)
        cdr_summary_print(&map->summary, stderr);
    if (cdr_joblog_close(&map->joblog, why))
        rc = why->code;
    return rc ? CDR_EXIT_OTHER : exit_code(map, why);
}

static int run(const void *settings, struct cdr_failure *why)
{
    struct cdr_map *map = calloc(1, sizeof *map);
    int rc;

    if (!map)
        return cdr_fails_memory(why);
    rc = cdr_map_set_up(map, settings, why);
    rc = rc ? rc : run_map(map, why);
    cdr_map_tear_down(map);
    free(map);
    return rc;
}

const struct cdr_command cdr_cmd_map = {
    .name = "map",
    .summary = "a command for each input, in parallel",
    .about =
        "Run a command for each input, several at a time, and write what they put out "
        "in the order of the inputs. Inputs are the lines of standard input, or what "
        "follows :::. In the command {} stands for the input; without any {} it "
        "comes at the end. Words and options are GNU parallel's.",
    .synopsis = "map [options] COMMAND [ARGUMENT ...] [::: INPUT ...]",
    .groups = cdr_map_groups,
    .settings_size = sizeof(struct cdr_map_settings),
    .other_exit = CDR_EXIT_OTHER,
    .run = run,
};
