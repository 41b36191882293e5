/* setup.c - from the options to a run that is ready to begin, and back.
 * SPDX-License-Identifier: MIT
 */
#include "cli/map/setup.h"
#include "cli/map/duration.h"
#include "cli/map/jobs.h"
#include "cli/map/shell.h"
#include "cli/map/size.h"
#include "cli/map/sources.h"
#include "cli/base/interrupt.h"
#include "cli/output/clash.h"
#include "cli/ranks/workers.h"
#include "cli/base/text.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

static int wrong(struct cdr_failure *why, const char *option, const char *text,
                 const char *expected)
{
    char shown[CDR_SHOWN];

    return cdr_fails(why, CDR_EXIT_USAGE, "--%s is %s: expected %s", option,
                     cdr_quote(shown, text), expected);
}

/* ---- options that are numbers ---- */

static int set_tries(struct cdr_map *map, const char *text, struct cdr_failure *why)
{
    uint64_t n = 1;

    if (text && (!cdr_parse_count(&n, text) || n > UINT_MAX))
        return wrong(why, "retries", text, "how many times a job is run at most");
    map->tries = n ? (unsigned)n : UINT_MAX; /* 0: until it succeeds */
    return 0;
}

static int set_seed(struct cdr_map *map, const char *text, struct cdr_failure *why)
{
    uint64_t seed = 0;

    if (text && !cdr_parse_count(&seed, text))
        return wrong(why, "seed", text, "a whole number from 0 to 2^64 - 1");
    cadre_seed_init(&map->seed, seed);
    map->shuffle_seed = seed;
    return 0;
}

static int set_nice(struct cdr_map *map, const char *text, struct cdr_failure *why)
{
    bool negative = text && *text == '-';
    uint64_t n = 0;

    if (!text)
        return 0;
    if (!cdr_parse_count(&n, text + negative) || n > 20)
        return wrong(why, "nice", text, "a number from -20 to 19");
    map->common.renice = true;
    map->common.nice = negative ? -(int)n : (int)n;
    return 0;
}

static uint64_t memory_of_machine(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);

    return pages > 0 && size > 0 ? (uint64_t)pages * (uint64_t)size : UINT64_MAX;
}

static int set_gate(struct cdr_map *map, const struct cdr_run_options *set,
                    struct cdr_failure *why)
{
    struct cdr_gate *gate = &map->gate;
    int rc = cdr_gate_open(gate, map->jobs, why);

    if (rc)
        return rc;
    gate->over = map->over;
    if (set->delay && !cdr_duration_parse(&gate->delay, set->delay))
        return wrong(why, "delay", set->delay, "seconds, such as 0.5");
    if (set->memory && !cdr_size_parse(&gate->memory, set->memory))
        return wrong(why, "memfree", set->memory, "bytes, such as 500M or 2G");
    if (gate->memory > memory_of_machine())
        return cdr_fails(
            why, CDR_EXIT_USAGE,
            "--memfree is %s, but this machine has %.1fG: no job would ever "
            "begin",
            set->memory, (double)memory_of_machine() / (1 << 30));
    if (set->load &&
        (!cdr_jobs_parse(&gate->load, set->load, cdr_cpus()) || gate->load <= 0))
        return wrong(why, "load", set->load, "a number above 0, such as 1.5 or 80%");
    return 0;
}

/* ---- surroundings ---- */

/* A reader that goes away is an error of write from now on. */
static void take_over_signals(struct cdr_map *map)
{
    struct sigaction action = { .sa_handler = SIG_IGN }, before;

    sigemptyset(&action.sa_mask);
    if (sigaction(SIGPIPE, &action, &before) == 0)
        map->common.default_pipe = before.sa_handler != SIG_IGN;
    map->common.default_size = cdr_interrupt_size_ends();
    action.sa_handler = SIG_DFL;
    (void)sigaction(SIGCHLD, &action, NULL); /* ignored, it would eat how jobs end */
}

static int set_surroundings(struct cdr_map *map, struct cdr_failure *why)
{
    struct stat output;

    map->common.parent = getpid();
    map->results.spool = &map->spool;
    map->common.directory = map->set->command.directory;
    if (sigprocmask(SIG_SETMASK, NULL, &map->common.mask) < 0)
        sigemptyset(&map->common.mask);
    take_over_signals(map);
    map->piped = !map->set->output.results && fstat(STDOUT_FILENO, &output) == 0 &&
                 S_ISFIFO(output.st_mode);
    map->nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
    map->over = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (map->nothing < 0 || map->over < 0)
        return cdr_fails(why, CDR_EXIT_FAILED, "cannot open what jobs need: %s",
                         strerror(errno));
    cdr_interrupt_notify(map->over);
    if (!cdr_spool_open(&map->spool, map->set->output.temporary) ||
        pthread_mutex_init(&map->lock, NULL) != 0 || !cdr_environment_open(map))
        return cdr_fails_memory(why);
    return 0;
}

/* ---- the command ---- */

/* A shell runs it if asked to, if it is one word that says something to a shell, or if
 * the inputs are commands themselves. */
static bool wants_shell(const struct cdr_command_options *set, const char *const *words,
                        size_t n)
{
    if (set->quote)
        return false;
    return set->shell || n == 0 || (n == 1 && cdr_has_shell_syntax(words[0]));
}

/* The name is the same for all jobs: look it up once. What only a shell knows, it runs. */
static int find_program(struct cdr_map *map, const char *name, struct cdr_failure *why)
{
    char room[PATH_MAX];
    const char *path;

    if (strchr(name, '{') ||
        (map->set->command.replace && strstr(name, map->set->command.replace)))
        return 0;
    if (cdr_only_shell_knows(name)) {
        map->through_shell = true;
        name = map->shell;
    }
    path = cdr_process_find(room, sizeof room, name);
    if (!path)
        return 0; /* each job says so */
    map->path = strdup(path);
    return map->path ? 0 : cdr_fails_memory(why);
}

static int set_tag(struct cdr_map *map, const struct cdr_template_setting *like,
                   struct cdr_failure *why)
{
    const struct cdr_output_options *set = &map->set->output;
    const char *text = set->tag_string ? set->tag_string : "{}";

    if (!set->tag && !set->tag_string)
        return 0;
    return cdr_template_text(&map->tag, text, like, why);
}

static int set_command(struct cdr_map *map, size_t n, struct cdr_failure *why)
{
    const struct cdr_command_options *set = &map->set->command;
    const char *const *words = (const char *const *)map->set->words.at;
    struct cdr_template_setting like = {
        .words = words,
        .n_words = n,
        .replace = set->replace,
        .shell = wants_shell(set, words, n),
        .context = set->context || (map->batch.most > 0 && !set->many),
        .no_arguments = map->batch.none || map->blocks,
        .raw = n == 0,
        .inputs = map->set->input.header ? map->inputs : NULL,
    };
    int rc;

    map->shell = cdr_shell();
    map->shell_runs = like.shell;
    if (map->set->run.retry_failed)
        return 0;
    if (n == 0 && (set->quote || map->blocks))
        return cdr_fails(why, CDR_EXIT_USAGE, "--%s needs a command",
                         set->quote ? "quote" : "pipe");
    rc = cdr_template_open(&map->command, &like, why);
    if (!rc)
        rc = set_tag(map, &like, why);
    if (!rc)
        rc = cdr_results_open(&map->results, map->set->output.results, &like, why);
    if (rc)
        return rc;
    return find_program(map, like.shell ? map->shell : words[0], why);
}

/* ---- all of it ---- */

static int set_inputs(struct cdr_map *map, size_t *n_command, struct cdr_failure *why)
{
    const struct cdr_texts *words = &map->set->words;
    const char *header = map->set->input.header;
    size_t n = 0;
    int rc;

    if (header && strcmp(header, ":") != 0)
        return wrong(why, "header", header,
                     "a colon: the first input names the columns");
    while (n < words->n && !cdr_is_source_word(words->at[n]))
        n++;
    *n_command = n;
    if (map->set->run.retry_failed)
        return 0;
    if (map->set->pipe.pipe || map->set->pipe.part)
        return cdr_blocks_open(&map->blocks, map->set,
                               (const char *const *)words->at + n, words->n - n,
                               map->jobs, why);
    rc = cdr_inputs_open(&map->inputs, &map->set->input,
                         (const char *const *)words->at + n, words->n - n,
                         map->shuffle_seed, why);
    if (!rc)
        rc = cdr_batch_init(&map->batch, &map->set->command, why);
    map->batch.inputs = map->inputs;
    map->batch.jobs = map->jobs;
    return rc;
}

static int check_together(const struct cdr_map_settings *set, struct cdr_failure *why)
{
    if (set->command.replace && !*set->command.replace)
        return wrong(why, "replace", set->command.replace,
                     "a text that stands for the input");
    if (set->command.shell && set->command.quote)
        return cdr_fails(why, CDR_EXIT_USAGE, "--shell and --quote exclude each other");
    if ((set->run.resume || set->run.resume_failed || set->run.retry_failed) &&
        !set->run.journal)
        return cdr_fails(why, CDR_EXIT_USAGE,
                         "--resume and its like need --journal FILE, which keeps more "
                         "than a job log does");
    if (set->run.resume + set->run.resume_failed + set->run.retry_failed > 1)
        return cdr_fails(why, CDR_EXIT_USAGE,
                         "--resume, --resume-failed and --retry-failed exclude each "
                         "other");
    if (set->run.retry_failed &&
        (set->pipe.pipe || set->pipe.part || set->output.tag || set->output.tag_string))
        return cdr_fails(
            why, CDR_EXIT_USAGE,
            "--retry-failed has commands from the journal: --pipe and --tag "
            "have no place beside it");
    if (set->input.shuffle && (set->pipe.pipe || set->pipe.part))
        return cdr_fails(why, CDR_EXIT_USAGE, "--shuf and --pipe exclude each other");
    if (set->pipe.pipe && set->pipe.part)
        return cdr_fails(why, CDR_EXIT_USAGE,
                         "--pipe and --pipe-part exclude each other");
    if (!set->pipe.pipe && !set->pipe.part &&
        (set->pipe.block || set->pipe.records || set->pipe.start || set->pipe.end))
        return cdr_fails(why, CDR_EXIT_USAGE,
                         "--block, --records, --recstart and --recend need --pipe or "
                         "--pipe-part");
    if (set->input.null && set->input.delimiter)
        return cdr_fails(why, CDR_EXIT_USAGE,
                         "--null and --delimiter exclude each other");
    if (set->output.keep_order && set->output.unordered)
        return cdr_fails(why, CDR_EXIT_USAGE,
                         "--keep-order and --unordered exclude each other");
    if (set->output.results && (set->output.ungroup || set->run.retry_failed))
        return cdr_fails(why, CDR_EXIT_USAGE, "--results has no place beside --%s",
                         set->output.ungroup ? "ungroup" : "retry-failed");
    if (set->output.ungroup && (set->output.tag || set->output.tag_string))
        return cdr_fails(why, CDR_EXIT_USAGE,
                         "--ungroup leaves nothing to --tag: jobs write themselves");
    return 0;
}

/* The log is emptied before a line is read: it must not be what is read. */
static int check_job_log(const struct cdr_map_settings *set, struct cdr_failure *why)
{
    const struct cdr_texts *words = &set->words, *files = &set->input.files;
    const char *path = set->output.joblog;
    struct cdr_clash_file *all;
    bool are_files = false;
    size_t n = 0;
    int rc;

    if (!path)
        return 0;
    all = calloc(words->n + files->n + 3, sizeof *all);
    if (!all)
        return cdr_fails_memory(why);
    all[n++] = (struct cdr_clash_file){ "standard input", NULL, STDIN_FILENO, false };
    all[n++] = (struct cdr_clash_file){ "the journal (--journal)", set->run.journal, -1,
                                        false };
    for (size_t i = 0; i < files->n; i++)
        all[n++] = (struct cdr_clash_file){ "an input", files->at[i], -1, false };
    for (size_t i = 0; i < words->n; i++)
        if (cdr_is_source_word(words->at[i]))
            are_files = strncmp(words->at[i], "::::", 4) == 0;
        else if (are_files)
            all[n++] = (struct cdr_clash_file){ "an input", words->at[i], -1, false };
    all[n++] = (struct cdr_clash_file){ "the job log (--joblog)", path + (*path == '+'),
                                        -1, true };
    rc = cdr_clash_check(all, n, why);
    free(all);
    return rc;
}

/* What would not be what it says where jobs run on other ranks. */
static int check_ranks(const struct cdr_map_settings *set, struct cdr_failure *why)
{
    const char *option = set->output.ungroup ? "ungroup"
                         : set->run.memory   ? "memfree"
                         : set->run.load     ? "load"
                                             : NULL;

    if (cdr_ranks_workers() == 0 || !option)
        return 0;
    return cdr_fails(why, CDR_EXIT_USAGE,
                     set->output.ungroup
                         ? "--%s: jobs on other ranks cannot write to the output of "
                           "this one; leave it out"
                         : "--%s looks at one machine, and jobs run on all ranks; "
                           "leave it out",
                     option);
}

int cdr_map_set_up(struct cdr_map *map, const struct cdr_map_settings *set,
                   struct cdr_failure *why)
{
    size_t n_command = 0;
    int rc;

    *map = (struct cdr_map){ .set = set, .nothing = -1, .over = -1, .why = why };
    map->guard.pipe = -1;
    map->window = set->run.window;
    if (check_together(set, why) || check_job_log(set, why) || check_ranks(set, why) ||
        cdr_jobs_choose(map, why) || set_surroundings(map, why) ||
        set_seed(map, set->run.seed, why) || set_tries(map, set->run.retries, why) ||
        set_nice(map, set->command.nice, why) || set_gate(map, &set->run, why) ||
        cdr_halt_parse(&map->halt, set->run.halt, why) ||
        cdr_ending_parse(&map->ending, set->run.term_sequence, why) ||
        cdr_timeout_open(&map->timeout, set->run.timeout, why) ||
        set_inputs(map, &n_command, why) || set_command(map, n_command, why) ||
        cdr_joblog_open(&map->joblog, set->output.joblog, why))
        return why->code;
    map->batch.command = map->command;
    if (map->blocks)
        map->tally.total = cdr_blocks_total(map->blocks);
    else if (map->inputs)
        map->tally.total = cdr_inputs_total(map->inputs);
    map->all_known =
        map->tally.total > 0 && (map->blocks || cdr_batch_is_tuple(&map->batch));
    map->wake = malloc((map->workers + 1) * sizeof *map->wake);
    if (!map->wake)
        return cdr_fails_memory(why);
    for (unsigned i = 0; i <= map->workers; i++)
        atomic_init(&map->wake[i], -1);
    rc = cdr_guard_open(&map->guard, map->workers + 1, why);
    return rc;
}

static void close_files(struct cdr_map *map)
{
    cdr_interrupt_notify(-1);
    for (unsigned i = 0; map->wake && i <= map->workers; i++)
        if (atomic_load(&map->wake[i]) >= 0)
            close(atomic_load(&map->wake[i]));
    free(map->wake);
    if (map->nothing >= 0)
        close(map->nothing);
    if (map->over >= 0)
        close(map->over);
}

void cdr_map_tear_down(struct cdr_map *map)
{
    cdr_guard_close(&map->guard);
    cdr_outlet_close(map->outlet);
    cdr_batch_free(&map->batch);
    cdr_inputs_close(map->inputs);
    cdr_blocks_close(map->blocks);
    cdr_template_close(map->command);
    cdr_template_close(map->tag);
    cdr_results_close(&map->results);
    cdr_summary_free(&map->summary);
    cdr_gate_close(&map->gate);
    cdr_environment_close(map);
    if (map->spool.folder)
        cdr_spool_close(&map->spool);
    close_files(map);
    free(map->path);
}
