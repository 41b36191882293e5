/* options.c - any arguments are settings, a wish for help, or an error that names one of them.
 * SPDX-License-Identifier: MIT
 *
 * Byte 0: which command. The rest: its arguments, a NUL after each.
 */
#include "target.h"
#include "cli/commands/command.h"

#include <inttypes.h>
#include <string.h>

#define ARGUMENTS 40

static const struct cdr_command *const commands[] = { &cdr_cmd_bootstrap,
                                                      &cdr_cmd_compare, &cdr_cmd_random,
                                                      &cdr_cmd_explain };

/* The arguments, and NULL after the last. */
static void split(const char *argv[ARGUMENTS + 1], char *text, size_t size)
{
    size_t n = 0, at = 0;

    while (at < size && n < ARGUMENTS) {
        argv[n++] = text + at;
        at += strlen(text + at) + 1;
    }
    argv[n] = NULL;
}

static void check_counts(const char *const *argv)
{
    uint64_t count, again;
    char text[32];

    for (; *argv; argv++)
        if (cdr_parse_count(&count, *argv)) {
            snprintf(text, sizeof text, "%" PRIu64, count);
            HOLDS(cdr_parse_count(&again, text) && again == count);
        }
}

static void check_parsing(const struct cdr_command *command, const char *const *argv)
{
    struct cdr_failure why = { 0 };
    void *settings = calloc(1, command->settings_size);
    int rc;

    HOLDS(settings);
    rc = cdr_options_parse(settings, command, argv, &why);
    HOLDS(rc == 0 || rc == CDR_WANTS_HELP || rc == CDR_EXIT_USAGE);
    HOLDS(rc != CDR_EXIT_USAGE || why.text[0]);
    HOLDS(rc == CDR_EXIT_USAGE || !why.text[0]);
    cdr_options_free(settings, command);
    free(settings);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *argv[ARGUMENTS + 1];
    char *text;

    if (size < 1)
        return 0;
    text = malloc(size);
    HOLDS(text);
    memcpy(text, data + 1, size - 1);
    text[size - 1] = '\0';
    split(argv, text, size - 1);
    check_parsing(commands[data[0] % (sizeof commands / sizeof *commands)], argv);
    check_counts(argv);
    free(text);
    return 0;
}
