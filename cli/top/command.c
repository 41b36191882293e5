/* command.c - cadre top: what runs, how far it is, and what its workers do.
 * SPDX-License-Identifier: MIT
 */
#include "cli/top/running.h"
#include "cli/commands/command.h"
#include "cli/base/interrupt.h"
#include "cli/base/text.h"
#include "cli/map/clock.h"
#include "cli/output/records.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define PACE_MS 1000
#define USUAL   80 /* columns of a terminal that does not say */

struct settings {
    const char *target;
    bool once;
    int format;
};

static const struct cdr_option options[] = {
    { .kind = CDR_OPERAND,
      .name = "target",
      .value = "PID|FILE",
      .offset = offsetof(struct settings, target),
      .suggest = CDR_FILES,
      .help = "one program, by its number or by the file of --status-file; otherwise "
              "all of yours" },
    { .kind = CDR_FLAG,
      .name = "once",
      .offset = offsetof(struct settings, once),
      .help = "print it once, also on a terminal" },
    { .kind = CDR_WORD,
      .letter = 'f',
      .name = "format",
      .value = "text|json",
      .offset = offsetof(struct settings, format),
      .initial = "text",
      .help = "output format; json is printed once" },
    { .kind = CDR_END },
};

static const struct cdr_group groups[] = {
    { "Programs", options, 0 },
    { .title = NULL },
};

/* ---- figures ---- */

static double seconds_of(const struct cdr_running *r, double now)
{
    return now > r->began ? now - r->began : 0;
}

/* Jobs a second, of those that have run. */
static double rate_of(const struct cdr_running *r, double now)
{
    double seconds = seconds_of(r, now);

    return seconds > 0 ? (double)r->count[CDR_STATUS_DONE] / seconds : 0;
}

/* Seconds; below 0: not known. */
static double left_of(const struct cdr_running *r, double now)
{
    uint64_t ended = r->count[CDR_STATUS_BEFORE] + r->count[CDR_STATUS_DONE];
    double rate = rate_of(r, now);

    return r->count[CDR_STATUS_TOTAL] < ended || rate <= 0
               ? -1
               : (double)(r->count[CDR_STATUS_TOTAL] - ended) / rate;
}

/* ---- text ---- */

/* A line cut to the width; 0: as it is. */
static void put_line(const char *line, size_t width)
{
    size_t shown = 0;

    for (const char *at = line; *at; shown++) {
        size_t size = cdr_character_size(at);

        if (width > 0 && shown == width)
            break;
        fwrite(at, 1, size ? size : 1, stdout);
        at += size ? size : 1;
    }
    putchar('\n');
}

static void put_printable(const char *before, const char *text, size_t width)
{
    char *shown = cdr_printable(text), *line = NULL;

    if (shown && asprintf(&line, "%s%s", before, shown) >= 0)
        put_line(line, width);
    free(shown);
    free(line);
}

static void put_counts(const struct cdr_running *r, double now, size_t width)
{
    uint64_t ended = r->count[CDR_STATUS_BEFORE] + r->count[CDR_STATUS_DONE];
    double left = left_of(r, now);
    char line[400];
    int n = snprintf(line, sizeof line, "  %" PRIu64, ended);

    if (r->count[CDR_STATUS_TOTAL] > 0)
        n += snprintf(line + n, sizeof line - (size_t)n, " of %" PRIu64,
                      r->count[CDR_STATUS_TOTAL]);
    n += snprintf(line + n, sizeof line - (size_t)n,
                  " done, %" PRIu64 " failed, %u running; %.0f s, %.3g a second",
                  r->count[CDR_STATUS_FAILED], r->busy, seconds_of(r, now),
                  rate_of(r, now));
    if (left >= 0)
        snprintf(line + n, sizeof line - (size_t)n, ", %.0f s left", left);
    put_line(line, width);
}

static void put_program(const struct cdr_running *r, double now, size_t width)
{
    char begin[100];

    snprintf(begin, sizeof begin, "%" PRId64 "  ", r->pid);
    put_printable(begin, r->command, width);
    put_counts(r, now, width);
    if (r->busy > 0)
        put_line("  worker       job     seconds  try  input", width);
    for (unsigned i = 0; i < r->workers; i++) {
        const struct cdr_status_job *job = &r->job[i];

        if (job->number == 0)
            continue;
        snprintf(begin, sizeof begin, "  %6u %9" PRIu64 " %11.1f %4" PRIu64 "  ", i + 1,
                 job->number, now > job->since ? now - job->since : 0, job->tries);
        put_printable(begin, job->input, width);
    }
}

static void put_text(const struct cdr_running_list *list, size_t width)
{
    double now = cdr_wall_clock();

    for (size_t i = 0; i < list->n; i++)
        put_program(&list->at[i], now, width);
    if (list->n == 0)
        put_line("nothing runs that shows what it is at: cadre map does with --status",
                 width);
}

/* ---- JSON ---- */

static json_t *workers_json(const struct cdr_running *r, double now)
{
    json_t *all = json_array();

    for (unsigned i = 0; all && i < r->workers; i++) {
        const struct cdr_status_job *job = &r->job[i];
        json_t *one;

        if (job->number == 0)
            continue;
        one =
            json_pack("{s:i, s:o, s:o, s:o, s:o}", "worker", (int)i + 1, "job",
                      cdr_json_count(job->number), "seconds",
                      cdr_json_number(now > job->since ? now - job->since : 0), "tries",
                      cdr_json_count(job->tries), "input", cdr_json_text(job->input));
        if (!one || json_array_append_new(all, one) < 0) {
            json_decref(all);
            return NULL;
        }
    }
    return all;
}

static json_t *program_json(const struct cdr_running *r, double now)
{
    double left = left_of(r, now);
    json_t *one = json_pack(
        "{s:I, s:o, s:o, s:o, s:o, s:o, s:i, s:o, s:o}", "pid", (json_int_t)r->pid,
        "command_line", cdr_json_text(r->command), "seconds",
        cdr_json_number(seconds_of(r, now)), "before",
        cdr_json_count(r->count[CDR_STATUS_BEFORE]), "done",
        cdr_json_count(r->count[CDR_STATUS_DONE]), "failed",
        cdr_json_count(r->count[CDR_STATUS_FAILED]), "running", (int)r->busy, "rate",
        cdr_json_number(rate_of(r, now)), "workers", workers_json(r, now));

    if (one && r->count[CDR_STATUS_TOTAL] > 0 &&
        json_object_set_new(one, "total", cdr_json_count(r->count[CDR_STATUS_TOTAL])) <
            0)
        return NULL;
    if (one && left >= 0 && json_object_set_new(one, "left", cdr_json_number(left)) < 0)
        return NULL;
    return one;
}

static int put_json(const struct cdr_running_list *list, struct cdr_failure *why)
{
    json_t *results = json_array(), *all;
    double now = cdr_wall_clock();
    int rc;

    for (size_t i = 0; results && i < list->n; i++)
        if (json_array_append_new(results, program_json(&list->at[i], now)) < 0) {
            json_decref(results);
            results = NULL;
        }
    all = json_pack("{s:s, s:s, s:o}", "cadre", CADRE_VERSION, "command", "top",
                    "results", results);
    rc = all ? cdr_records_json(stdout, all, why) : cdr_fails_memory(why);
    json_decref(all);
    return rc;
}

/* ---- on a terminal ---- */

static size_t columns(void)
{
    struct winsize size;

    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col
                                                                           : USUAL;
}

static int show(const struct settings *set, bool terminal, struct cdr_failure *why)
{
    struct cdr_running_list list;
    int rc = cdr_running_find(&list, set->target, why);

    if (rc)
        return rc;
    if (set->format)
        rc = put_json(&list, why);
    else
        put_text(&list, terminal ? columns() : 0);
    cdr_running_free(&list);
    return rc;
}

/* Until the program that was asked for has ended, or somebody has enough. */
static int show_on_and_on(const struct settings *set, struct cdr_failure *why)
{
    struct cdr_failure end = { 0 };
    bool shown = false;

    while (!cdr_interrupted()) {
        fputs("\033[H\033[J", stdout);
        if (show(set, true, &end))
            break;
        shown = true;
        if (fflush(stdout) != 0)
            break;
        (void)poll(NULL, 0, PACE_MS); /* a signal ends it, too */
    }
    if (end.code && (!shown || end.code != CDR_EXIT_INPUT)) {
        *why = end;
        return why->code;
    }
    return 0;
}

static int run(const void *settings, struct cdr_failure *why)
{
    const struct settings *set = settings;
    bool terminal = isatty(STDOUT_FILENO) == 1;

    if (set->once || set->format || !terminal)
        return show(set, terminal, why);
    return show_on_and_on(set, why);
}

const struct cdr_command cdr_cmd_top = {
    .name = "top",
    .summary = "what runs, how far it is, and what its workers do",
    .about =
        "Look at programs that were started with cadre map --status, from another "
        "terminal: jobs done, their rate, what each worker runs and since when. On a "
        "terminal it is drawn anew each second, until Ctrl-C or until the program "
        "that was asked for has ended; elsewhere it is printed once.",
    .synopsis = "top [PID|FILE] [--once] [--format text|json]",
    .groups = groups,
    .settings_size = sizeof(struct settings),
    .run = run,
};
