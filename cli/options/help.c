/* help.c - --help, as the option tables have it.
 * SPDX-License-Identifier: MIT
 */
#include "cli/options/help.h"
#include "cli/options/walk.h"

#include <cadre/stats.h>
#include <string.h>

#define WIDTH 79 /* of all help */
#define NAMES 26 /* columns that options and their values get */

/* Write text from the given column on, going on in that column on further lines. A
 * line end in the text ends the line. Leaves the cursor after the text. */
static void wrap(FILE *out, const char *text, int column)
{
    int at = column;

    while (*text) {
        int length = (int)strcspn(text, " \n");

        if (at > column && at + 1 + length > WIDTH) {
            fprintf(out, "\n%*s", column, "");
            at = column;
        } else if (at > column) {
            fputc(' ', out);
            at++;
        }
        fprintf(out, "%.*s", length, text);
        at += length;
        text += length;
        if (*text == '\n') {
            fprintf(out, "\n%*s", text[1] == '\n' ? 0 : column, "");
            at = column;
        }
        text += *text != '\0';
    }
}

static void paragraph(FILE *out, const char *text)
{
    wrap(out, text, 0);
    fputs("\n", out);
}

/* The name in the first column, then the text in the second. */
static void entry(FILE *out, const char *name, const char *text)
{
    if (strlen(name) + 4 > NAMES)
        fprintf(out, "  %s\n%*s", name, NAMES, "");
    else
        fprintf(out, "  %-*s", NAMES - 2, name);
    wrap(out, text, NAMES);
    fputc('\n', out);
}

static const char *placeholder(const struct cdr_option *o)
{
    return o->value ? o->value : "";
}

static void option_entry(FILE *out, const struct cdr_option *o)
{
    char name[80], text[600], letter[8] = "";

    if (o->letter)
        snprintf(letter, sizeof letter, "-%c, ", o->letter);
    if (cdr_option_is_operand(o))
        snprintf(name, sizeof name, "%s", placeholder(o));
    else
        snprintf(name, sizeof name, "%s--%s%s%s%s%s", letter, o->name,
                 o->alias ? ", --" : "", o->alias ? o->alias : "", o->value ? " " : "",
                 placeholder(o));
    snprintf(text, sizeof text, "%s%s%s%s", o->help, o->initial ? " [" : "",
             o->initial ? o->initial : "", o->initial ? "]" : "");
    entry(out, name, text);
}

static void metrics(FILE *out)
{
    fputs("\nMetrics:\n", out);
    for (int kind = 0; kind < CADRE_METRIC_COUNT; kind++)
        entry(out, cadre_metric_name(kind), cadre_metric_text(kind));
}

void cdr_help_command(FILE *out, const struct cdr_command *command)
{
    const struct cdr_group *group;

    fprintf(out, "usage: cadre %s\n\n", command->synopsis);
    paragraph(out, command->about);
    for (size_t i = 0; (group = cdr_options_group(command, i)); i++) {
        fprintf(out, "\n%s:\n", group->title);
        for (const struct cdr_option *o = group->options; o->kind != CDR_END; o++)
            option_entry(out, o);
    }
    if (command->lists_metrics)
        metrics(out);
}

void cdr_help_program(FILE *out)
{
    fputs("usage: cadre COMMAND [options]\n\n", out);
    paragraph(out,
              "Parallel statistics with the same bytes out on any number of workers.");
    fputs("\nCommands:\n", out);
    for (size_t i = 0; cdr_commands[i]; i++)
        entry(out, cdr_commands[i]->name, cdr_commands[i]->summary);
    entry(out, "help COMMAND", "all about a command");
    fputs("\nOptions:\n", out);
    entry(out, "-h, --help", "show this help and exit");
    entry(out, "--version", "show the version and what this program was built with");
}

static void dump_option(FILE *out, const char *command, const struct cdr_option *o)
{
    const char *names[] = { o->name, o->alias };

    for (int i = 0; i < 2; i++)
        if (names[i])
            fprintf(out, "%s\t--%s\t%c\t%s\n", command, names[i],
                    o->letter && i == 0 ? o->letter : '-',
                    o->kind == CDR_WORD ? o->value
                    : o->value          ? "-"
                                        : "");
}

void cdr_help_dump(FILE *out)
{
    for (size_t i = 0; cdr_commands[i]; i++) {
        const struct cdr_group *group;

        for (size_t g = 0; (group = cdr_options_group(cdr_commands[i], g)); g++)
            for (const struct cdr_option *o = group->options; o->kind != CDR_END; o++)
                if (!cdr_option_is_operand(o))
                    dump_option(out, cdr_commands[i]->name, o);
    }
}
