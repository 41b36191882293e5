/* options.c - read a command line by its tables.
 * SPDX-License-Identifier: MIT
 *
 * `--name value`, `--name=value`, `-n value`, `-nvalue`; flags take no value; `--` ends
 * the options; `-` is an operand (standard input). The last of several values counts,
 * lists aside. Names are not abbreviated: a script would break with the next option.
 */
#include "cli/options/options.h"
#include "cli/commands/command.h"
#include "cli/base/text.h"
#include "cli/options/walk.h"
#include "cli/options/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is being read, for those below. */
struct parse {
    const struct cdr_command *command;
    char *settings;
    struct cdr_failure *why;
    bool given[CDR_OPTIONS_MAX]; /* by place among the command's options */
};

/* An option, and where its value goes. */
struct place {
    const struct cdr_option *option;
    void *target;
    size_t index;
    size_t offset; /* of the settings that the option speaks of */
};

/* By name, or by letter when name is NULL. */
static bool find(struct place *place, struct parse *p, const char *name, size_t length,
                 char letter)
{
    struct cdr_walk w = { 0 };
    size_t offset;
    const struct cdr_option *option =
        cdr_option_find(&w, p->command, name, length, letter, &offset);

    if (option)
        *place = (struct place){ option, p->settings + offset, w.index - 1,
                                 offset - option->offset };
    return option != NULL;
}

static int set(struct parse *p, const struct place *to, const char *text)
{
    return cdr_value_set(to->option, to->target, text, p->why);
}

static void note_given(struct parse *p, const struct place *to)
{
    p->given[to->index] = true;
    if (to->option->noted)
        *(bool *)(void *)(p->settings + to->offset + to->option->noted) = true;
}

/* ---- arguments ---- */

/* Names of the command's options; returns how many. */
static size_t collect(const char *names[CDR_OPTIONS_MAX],
                      const struct cdr_command *command)
{
    const struct cdr_option *option;
    struct cdr_walk w = { 0 };
    size_t n = 0, offset;

    while ((option = cdr_option_next(&w, command, &offset)))
        if (!cdr_option_is_operand(option))
            names[n++] = option->name;
    return n;
}

static int unknown(struct parse *p, const char *arg, const char *name)
{
    const char *names[CDR_OPTIONS_MAX];
    const char *near = cdr_nearest(name, names, collect(names, p->command));
    char shown[CDR_SHOWN];

    cdr_quote(shown, arg);
    if (near)
        return cdr_fails(p->why, CDR_EXIT_USAGE,
                         "%s has no option %s; did you mean --%s?", p->command->name,
                         shown, near);
    return cdr_fails(p->why, CDR_EXIT_USAGE, "%s has no option %s; see cadre %s --help",
                     p->command->name, shown, p->command->name);
}

/* The value of the option: what is glued to it, or the next argument. */
static int take(struct parse *p, const struct place *to, const char *glued,
                const char *const **next)
{
    const struct cdr_option *o = to->option;
    bool bare = !cdr_option_takes_value(o);
    char shown[CDR_SHOWN];

    note_given(p, to);
    if (bare && glued)
        return cdr_fails(p->why, CDR_EXIT_USAGE, "--%s takes no value", o->name);
    if (bare || glued)
        return set(p, to, glued);
    if (!**next)
        return cdr_fails(p->why, CDR_EXIT_USAGE, "--%s needs a value: %s", o->name,
                         o->value);
    if (strncmp(**next, "--", 2) == 0 && (**next)[2])
        return cdr_fails(p->why, CDR_EXIT_USAGE,
                         "--%s needs a value, but %s follows; write --%s=%s if that "
                         "is one",
                         o->name, cdr_quote(shown, **next), o->name, **next);
    return set(p, to, *(*next)++);
}

static int take_long(struct parse *p, const char *arg, const char *const **next)
{
    const char *name = arg + 2, *equals = strchr(name, '=');
    size_t length = equals ? (size_t)(equals - name) : strlen(name);
    struct place to;
    char copy[80];

    if (find(&to, p, name, length, 0))
        return take(p, &to, equals ? equals + 1 : NULL, next);
    snprintf(copy, sizeof copy, "--%.*s", (int)(length < 70 ? length : 70), name);
    return unknown(p, copy, copy + 2);
}

/* -n value, -nvalue; flags may be glued together. */
static int take_letters(struct parse *p, const char *arg, const char *const **next)
{
    int rc = 0;

    for (const char *at = arg + 1; *at && rc == 0; at++) {
        struct place to;

        if (!find(&to, p, NULL, 0, *at))
            return unknown(p, arg, arg + 1);
        if (cdr_option_takes_value(to.option))
            return take(p, &to, at[1] ? at + 1 : NULL, next);
        rc = take(p, &to, NULL, next);
    }
    return rc;
}

static int take_operand(struct parse *p, const char *arg)
{
    const struct cdr_option *option;
    struct cdr_walk w = { 0 };
    char shown[CDR_SHOWN];
    size_t offset;

    while ((option = cdr_option_next(&w, p->command, &offset)))
        if (option->kind == CDR_OPERAND && !p->given[w.index - 1]) {
            p->given[w.index - 1] = true;
            *(const char **)(void *)(p->settings + offset) = arg;
            return 0;
        }
    return cdr_fails(p->why, CDR_EXIT_USAGE, "%s: %s is one argument too many",
                     p->command->name, cdr_quote(shown, arg));
}

/* The argument and all that follow belong to the command's own, if it takes such. */
static bool take_rest(struct parse *p, const char *const *argv, int *rc)
{
    const struct cdr_option *option;
    struct cdr_walk w = { 0 };
    size_t offset;

    while ((option = cdr_option_next(&w, p->command, &offset)))
        if (option->kind == CDR_REST) {
            for (; *argv && *rc == 0; argv++)
                *rc = cdr_value_set(option, p->settings + offset, *argv, p->why);
            return true;
        }
    return false;
}

static int take_all(struct parse *p, const char *const *argv)
{
    bool options = true;
    int rc = 0;

    while (*argv && rc == 0) {
        const char *arg = *argv++;

        if (options && strcmp(arg, "--") == 0)
            options = false;
        else if (options && strncmp(arg, "--", 2) == 0)
            rc = take_long(p, arg, &argv);
        else if (options && arg[0] == '-' && arg[1])
            rc = take_letters(p, arg, &argv);
        else if (take_rest(p, argv - 1, &rc))
            break;
        else
            rc = take_operand(p, arg);
    }
    return rc;
}

static int lacks(struct parse *p, const struct cdr_option *o)
{
    return cdr_fails(p->why, CDR_EXIT_USAGE, "%s needs %s%s%s%s; see cadre %s --help",
                     p->command->name, o->kind == CDR_OPERAND ? "a " : "--",
                     o->kind == CDR_OPERAND ? "" : o->name,
                     o->kind == CDR_OPERAND ? "" : " ", o->value, p->command->name);
}

/* What was not given: its initial value, or a complaint. */
static int complete(struct parse *p)
{
    const struct cdr_option *option;
    struct cdr_walk w = { 0 };
    size_t offset;
    int rc = 0;

    while (rc == 0 && (option = cdr_option_next(&w, p->command, &offset))) {
        struct place to = { option, p->settings + offset, w.index - 1, 0 };

        if (p->given[to.index])
            continue;
        if (option->required)
            rc = lacks(p, option);
        else if (option->initial)
            rc = set(p, &to, option->initial);
    }
    return rc;
}

int cdr_options_parse(void *settings, const struct cdr_command *command,
                      const char *const *argv, struct cdr_failure *why)
{
    struct parse p = { .command = command, .settings = settings, .why = why };
    int rc = take_all(&p, argv);

    return rc ? rc : complete(&p);
}

void cdr_options_free(void *settings, const struct cdr_command *command)
{
    const struct cdr_option *option;
    struct cdr_walk w = { 0 };
    size_t offset;

    while ((option = cdr_option_next(&w, command, &offset)))
        if (option->kind == CDR_LIST || option->kind == CDR_REST) {
            struct cdr_texts *list = (void *)((char *)settings + offset);

            free(list->at);
            *list = (struct cdr_texts){ 0 };
        }
}
