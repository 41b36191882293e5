/* main.c - the program: find the command, read its options, run it, end well.
 * SPDX-License-Identifier: MIT
 *
 * A command is one file in commands/, with one struct cdr_command: its words for the help,
 * its option tables, the size of its settings and a function. Main finds the command,
 * lets options.c fill the settings and calls the function. Whatever goes wrong below
 * comes back as an exit code and a sentence in a struct cdr_failure; only main prints
 * it and only main decides how the program ends.
 *
 * Standard output carries results and nothing else. Everything that a person is told on
 * the way (progress, warnings, errors) goes to standard error and begins with "cadre: ".
 */
#include "cli/commands/command.h"
#include "cli/options/complete.h"
#include "cli/options/help.h"
#include "cli/base/interrupt.h"
#include "cli/base/self.h"
#include "cli/output/output.h"
#include "cli/base/text.h"
#include "cli/ranks/ranks.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COMMANDS_MAX 16

const struct cdr_command *const cdr_commands[] = {
    &cdr_cmd_bootstrap, &cdr_cmd_compare, &cdr_cmd_roc,
    &cdr_cmd_map,       &cdr_cmd_journal, &cdr_cmd_top,
    &cdr_cmd_random,    &cdr_cmd_explain, NULL,
};

const struct cdr_command *cdr_command_find(const char *name, struct cdr_failure *why)
{
    const char *names[COMMANDS_MAX];
    char shown[CDR_SHOWN], hint[CDR_SHOWN];
    size_t n = 0;

    for (; cdr_commands[n] && n < COMMANDS_MAX; n++) {
        if (strcmp(cdr_commands[n]->name, name) == 0)
            return cdr_commands[n];
        names[n] = cdr_commands[n]->name;
    }
    cdr_fails(why, CDR_EXIT_USAGE, "no command is called %s; %s",
              cdr_quote(shown, name),
              cdr_hint(hint, sizeof hint, name, names, n, "see cadre --help"));
    return NULL;
}

static int run_command(const char *name, const char *const *argv,
                       struct cdr_failure *why)
{
    const struct cdr_command *command = cdr_command_find(name, why);
    void *settings;
    int rc;

    if (!command)
        return why->code;
    settings = calloc(1, command->settings_size);
    if (!settings)
        return cdr_fails_memory(why);
    rc = cdr_options_parse(settings, command, argv, why);
    if (rc == 0)
        rc = command->run(settings, why);
    cdr_options_free(settings, command);
    free(settings);
    if (rc > 0 && why->text[0] && rc < CDR_EXIT_SIGNAL && command->other_exit)
        rc = command->other_exit;
    if (rc != CDR_WANTS_HELP)
        return rc;
    cdr_help_command(stdout, command);
    return 0;
}

static int too_many(const char *first, const char *arg, struct cdr_failure *why)
{
    char shown[CDR_SHOWN];

    return cdr_fails(why, CDR_EXIT_USAGE, "%s: %s is one argument too many", first,
                     cdr_quote(shown, arg));
}

static int help(const char *const *argv, struct cdr_failure *why)
{
    const struct cdr_command *command;
    const char *name = argv[1];

    if (name && argv[2])
        return too_many(argv[0], argv[2], why);
    if (!name || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 ||
        strcmp(name, "help") == 0) {
        cdr_help_program(stdout);
        return 0;
    }
    command = cdr_command_find(name, why);
    if (!command)
        return why->code;
    cdr_help_command(stdout, command);
    return 0;
}

static void version(void)
{
    printf("cadre %s\ngzip files: %s\nplots: %s\njournals: %s\n", CADRE_VERSION,
           CADRE_GZIP ? "yes" : "no", CADRE_PLOT ? "yes" : "no",
           CADRE_JOURNAL ? "yes" : "no");
}

static void dump(void)
{
    cdr_help_dump(stdout);
}

/* Arguments that stand for a command; for a user, or for scripts. */
static const struct {
    const char *name;
    void (*print)(void);
} prints[] = {
    { "--version", version },
    { "--dump-options", dump },
};

static int dispatch(const char *const *argv, struct cdr_failure *why)
{
    char shown[CDR_SHOWN];
    const char *first = argv[0];

    if (!first) {
        cdr_help_program(stderr);
        return CDR_EXIT_USAGE;
    }
    if (strcmp(first, "help") == 0 || strcmp(first, "--help") == 0 ||
        strcmp(first, "-h") == 0)
        return help(argv, why);
    if (strcmp(first, "--complete") == 0) { /* for the scripts of shells */
        cdr_complete(stdout, argv + 1);
        return 0;
    }
    for (size_t i = 0; i < sizeof prints / sizeof prints[0]; i++)
        if (strcmp(first, prints[i].name) == 0) {
            if (argv[1])
                return too_many(first, argv[1], why);
            prints[i].print();
            return 0;
        }
    if (first[0] == '-')
        return cdr_fails(why, CDR_EXIT_USAGE,
                         "a command is expected before %s; see cadre --help",
                         cdr_quote(shown, first));
    return run_command(first, argv + 1, why);
}

/* A file that the program opens must not become standard output because that was
 * closed: put something there that refuses to be written (or, for 0, read). */
static void fill_standard_files(void)
{
    for (int fd = 0; fd <= 2; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void)open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
}

int main(int argc, char **argv)
{
    struct cdr_failure why = { 0 };
    int rc;

    cdr_self_set(argv);
    fill_standard_files();
    rc = cdr_ranks_join(&why);
    if (rc == CDR_RANKS_SERVED)
        return 0;
    if (rc == 0) {
        cdr_interrupt_install();
        rc = dispatch((const char *const *)argv + (argc > 0), &why);
    }
    if (rc == 0)
        rc = cdr_output_flush_standard(&why);
    cdr_failure_print(&why);
    cdr_ranks_leave();
    return rc;
}
