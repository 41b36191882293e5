/* command.c - cadre journal: what is in a journal, and one job of it again.
 * SPDX-License-Identifier: MIT
 */
#include "cli/commands/command.h"
#include "cli/journal/look.h"
#include "cli/journal/recover.h"

#define AT(field) offsetof(struct cdr_look, field)

static const struct cdr_option what[] = {
    { .kind = CDR_OPERAND,
      .required = true,
      .name = "file",
      .value = "FILE",
      .offset = AT(path),
      .suggest = CDR_FILES,
      .help = "the journal that cadre map --journal has written" },
    { .kind = CDR_FLAG,
      .name = "failed",
      .offset = AT(failed),
      .help = "only jobs that failed, or had begun and not ended" },
    { .kind = CDR_FLAG,
      .name = "slow",
      .offset = AT(slow),
      .help = "the slowest first" },
    { .kind = CDR_COUNT,
      .name = "item",
      .value = "N",
      .offset = AT(item),
      .least = 1,
      .help = "only the job of this number" },
    { .kind = CDR_END },
};

static const struct cdr_option how[] = {
    { .kind = CDR_FLAG,
      .name = "output",
      .offset = AT(output),
      .help = "write the jobs' output and errors, as they did" },
    { .kind = CDR_FLAG,
      .name = "joblog",
      .offset = AT(joblog),
      .help = "write a job log, as GNU parallel has it" },
    { .kind = CDR_FLAG,
      .name = "replay",
      .offset = AT(replay),
      .help = "run the job of --item again, as it ran" },
    { .kind = CDR_FLAG,
      .name = "shell",
      .offset = AT(shell),
      .help = "with --replay: start a shell where it ran, with its environment" },
    { .kind = CDR_FLAG,
      .name = "gdb",
      .offset = AT(gdb),
      .help = "with --replay: run it under gdb" },
    { .kind = CDR_FLAG,
      .name = "verify",
      .offset = AT(verify),
      .help = "check that all is there that should be" },
    { .kind = CDR_TEXT,
      .name = "recover",
      .value = "NEW",
      .offset = AT(recover),
      .suggest = CDR_FILES,
      .help = "write what is left of a damaged journal to a new one, and say what is "
              "lost" },
    { .kind = CDR_END },
};

static const struct cdr_group groups[] = {
    { "Jobs", what, 0 },
    { "What to do with them", how, 0 },
    { .title = NULL },
};

static int run(const void *settings, struct cdr_failure *why)
{
    const struct cdr_look *look = settings;

    if ((look->shell || look->gdb) && !look->replay)
        return cdr_fails(why, CDR_EXIT_USAGE, "--shell and --gdb are for --replay");
    if (look->shell && look->gdb)
        return cdr_fails(why, CDR_EXIT_USAGE, "--shell and --gdb exclude each other");
    if (look->replay && !look->item)
        return cdr_fails(why, CDR_EXIT_USAGE, "--replay needs --item N");
    if (look->replay + look->verify + look->output + look->joblog +
            (look->recover != NULL) >
        1)
        return cdr_fails(why, CDR_EXIT_USAGE,
                         "--output, --joblog, --replay, --verify and --recover exclude "
                         "each other");
    if (look->recover && (look->failed || look->slow || look->item))
        return cdr_fails(
            why, CDR_EXIT_USAGE,
            "--recover saves all jobs: --failed, --slow and --item have no "
            "place beside it");
    if (look->recover)
        return cdr_journal_recover(look->path, look->recover, why);
    return cdr_journal_look(look, why);
}

const struct cdr_command cdr_cmd_journal = {
    .name = "journal",
    .summary = "what is in a journal of cadre map",
    .about =
        "List the jobs of a journal that cadre map --journal has written, write their "
        "output or a job log, run one of them again, or check the journal.",
    .synopsis = "journal FILE [--failed] [--slow] [--item N] [options]",
    .groups = groups,
    .settings_size = sizeof(struct cdr_look),
    .run = run,
};
