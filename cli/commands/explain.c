/* explain.c - cadre explain: what this machine offers, and what a job would use.
 * SPDX-License-Identifier: MIT
 */
#include "cli/commands/command.h"
#include "cli/output/output.h"
#include "cli/output/records.h"
#include "cli/options/pool_options.h"

#include <stdio.h>

struct settings {
    struct cdr_pool_options pool;
    uint64_t items;
    int format;
};

static const struct cdr_option options[] = {
    { .kind = CDR_COUNT,
      .name = "items",
      .value = "N",
      .offset = offsetof(struct settings, items),
      .least = 1,
      .help = "also explain a job of N items" },
    { .kind = CDR_WORD,
      .letter = 'f',
      .name = "format",
      .value = "text|json",
      .offset = offsetof(struct settings, format),
      .initial = "text",
      .help = "output format" },
    { .kind = CDR_END },
};

static const struct cdr_group groups[] = {
    { "Running", cdr_pool_option_table, offsetof(struct settings, pool) },
    { "Explanation", options, 0 },
    { .title = NULL },
};

/* A job is not explained without a kernel. */
static int idle(cadre_task *task, const void *item, void *result)
{
    (void)task;
    (void)item;
    (void)result;
    return 0;
}

static int print_json(const cadre_pool *pool, const char *text, struct cdr_failure *why)
{
    json_t *all =
        json_pack("{s:s, s:s, s:s, s:i, s:o}", "cadre", CADRE_VERSION, "command",
                  "explain", "backend", cadre_backend_name(pool), "workers",
                  (int)cadre_workers(pool), "plan", cdr_json_lines(text));
    int rc = all ? cdr_records_json(stdout, all, why) : cdr_fails_memory(why);

    json_decref(all);
    return rc;
}

static int run(const void *settings, struct cdr_failure *why)
{
    const struct settings *set = settings;
    struct cdr_progress progress = { 0 };
    cadre_job job = { .fn = idle, .n = set->items };
    char text[CADRE_EXPLAIN_MAX];
    cadre_pool *pool;
    cadre_error err;
    int rc = cdr_pool_options_open(&pool, &set->pool, "explain", &progress, why);

    if (rc)
        return rc;
    if (cadre_explain(pool, set->items ? &job : NULL, text, sizeof text, &err))
        rc = cdr_fails_in_library(why, NULL, &err);
    else if (set->format == 0)
        fputs(text, stdout);
    else
        rc = print_json(pool, text, why);
    cdr_pool_options_close(pool);
    return rc;
}

const struct cdr_command cdr_cmd_explain = {
    .name = "explain",
    .summary = "what this machine offers, and what a job would use",
    .about =
        "Print the plan for a job on this machine: backend, workers and chunk, each "
        "with its reason, and what was found out about CPUs and memory.",
    .synopsis = "explain [--workers W] [--backend B] [--items N] [options]",
    .groups = groups,
    .settings_size = sizeof(struct settings),
    .run = run,
};
