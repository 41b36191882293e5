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

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define OPTIONS_MAX 64 /* of one command, for suggestions */

static const struct cdr_option common_options[] = {
    { .kind = CDR_HELP, .letter = 'h', .name = "help", .help = "print this and end" },
    { .kind = CDR_END },
};

static const struct cdr_group common = { "Other", common_options, 0 };

/* What is being read, for those below. */
struct parse {
    const struct cdr_command *command;
    char *settings;
    struct cdr_failure *why;
    bool given[OPTIONS_MAX]; /* by position in the command's tables */
};

/* An option, and where its value goes. */
struct place {
    const struct cdr_option *option;
    void *target;
    size_t index;
};

/* ---- tables ---- */

const struct cdr_group *cdr_options_group(const struct cdr_command *command, size_t i)
{
    for (size_t k = 0; k <= i; k++)
        if (!command->groups[k].title)
            return k == i ? &common : NULL;
    return &command->groups[i];
}

/* Step to the next option of the command; start with an all-zero walk. */
struct walk {
    size_t group, at, index;
};

static const struct cdr_option *step(struct walk *w, const struct cdr_command *command,
                                     size_t *offset)
{
    const struct cdr_group *group;

    while ((group = cdr_options_group(command, w->group))) {
        const struct cdr_option *option = &group->options[w->at];

        if (option->kind != CDR_END && w->index < OPTIONS_MAX) {
            *offset = group->offset + option->offset;
            w->at++;
            w->index++;
            return option;
        }
        w->group++;
        w->at = 0;
    }
    return NULL;
}

static bool is_called(const struct cdr_option *option, const char *name, size_t length)
{
    return option->kind != CDR_OPERAND && strlen(option->name) == length &&
           strncmp(option->name, name, length) == 0;
}

/* By name, or by letter when name is NULL. */
static bool find(struct place *place, struct parse *p, const char *name, size_t length,
                 char letter)
{
    struct walk w = { 0 };
    const struct cdr_option *option;
    size_t offset;

    while ((option = step(&w, p->command, &offset)))
        if (name ? is_called(option, name, length) : option->letter == letter) {
            *place = (struct place){ option, p->settings + offset, w.index - 1 };
            return true;
        }
    return false;
}

/* ---- values ---- */

bool cdr_parse_count(uint64_t *out, const char *text)
{
    bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    unsigned base = hex ? 16 : 10;
    uint64_t value = 0;

    text += hex ? 2 : 0;
    if (!*text)
        return false;
    for (; *text; text++) {
        static const char *const digits = "0123456789abcdef";
        int c = *text >= 'A' && *text <= 'F' ? *text - 'A' + 'a' : *text;
        const char *digit = strchr(digits, c);
        unsigned d = digit ? (unsigned)(digit - digits) : base;

        if (d >= base || value > (UINT64_MAX - d) / base)
            return false;
        value = value * base + d;
    }
    *out = value;
    return true;
}

/* The program never sets a locale: strtod reads a point. */
static bool parse_real(double *out, const char *text)
{
    char *end;
    double value = strtod(text, &end);

    if (end == text || *end || !isfinite(value) || strchr(" \t\n\v\f\r", *text))
        return false;
    *out = value;
    return true;
}

/* False: it is none; *refused, if set, says why. */
static bool parse_workers(int *out, const char *text, const char **refused)
{
    bool negative = *text == '-';
    uint64_t n;

    if (strcmp(text, "auto") == 0) {
        *out = 0;
        return true;
    }
    if (strcmp(text, "all") == 0) {
        *out = -1;
        return true;
    }
    if (!cdr_parse_count(&n, text + negative) || n > INT_MAX)
        return false;
    if (n == 0) {
        *refused = "0, which other tools read as \"all\": use \"all\" for every CPU, "
                   "1 for no parallelism, or \"auto\"";
        return false;
    }
    *out = negative ? -(int)n : (int)n;
    return true;
}

/* The words of "table|json|csv" as an array in `room`; returns how many. */
#define WORDS_MAX 12
static size_t split_words(const char *words[WORDS_MAX], char room[128],
                          const char *text)
{
    size_t n = 0;
    char *at = room;

    snprintf(room, 128, "%s", text);
    while (n < WORDS_MAX && at) {
        words[n++] = at;
        at = strchr(at, '|');
        if (at)
            *at++ = '\0';
    }
    return n;
}

const char *cdr_hint(char *out, size_t size, const char *text,
                     const char *const *candidates, size_t n, const char *otherwise)
{
    const char *near = cdr_nearest(text, candidates, n);

    if (near)
        snprintf(out, size, "did you mean %s?", near);
    else
        snprintf(out, size, "%s", otherwise);
    return out;
}

static int wrong_word(struct parse *p, const struct cdr_option *o, const char *text,
                      const char *const *words, size_t n)
{
    char shown[CDR_SHOWN], hint[200], otherwise[160];
    size_t used = 0;

    used += (size_t)snprintf(otherwise, sizeof otherwise, "there are ");
    for (size_t i = 0; i < n; i++)
        used += (size_t)snprintf(otherwise + used, sizeof otherwise - used, "%s%s",
                                 i == 0       ? ""
                                 : i + 1 == n ? " and "
                                              : ", ",
                                 words[i]);
    return cdr_fails(p->why, CDR_EXIT_USAGE, "--%s: no %s is called %s; %s", o->name,
                     o->name, cdr_quote(shown, text),
                     cdr_hint(hint, sizeof hint, text, words, n, otherwise));
}

static int set_word(struct parse *p, const struct place *to, const char *text)
{
    const char *words[WORDS_MAX];
    char room[128];
    size_t n = split_words(words, room, to->option->value);

    for (size_t i = 0; i < n; i++)
        if (strcmp(words[i], text) == 0) {
            *(int *)to->target = (int)i;
            return 0;
        }
    return wrong_word(p, to->option, text, words, n);
}

static int append(struct parse *p, struct cdr_texts *list, const char *text)
{
    const char **more = reallocarray(list->at, list->n + 1, sizeof *list->at);

    if (!more)
        return cdr_fails_memory(p->why);
    list->at = more;
    list->at[list->n++] = text;
    return 0;
}

static int wrong_value(struct parse *p, const struct cdr_option *o, const char *text,
                       const char *expected)
{
    char shown[CDR_SHOWN];

    return cdr_fails(p->why, CDR_EXIT_USAGE, "--%s is %s: expected %s", o->name,
                     cdr_quote(shown, text), expected);
}

static int set_count(struct parse *p, const struct place *to, const char *text)
{
    char expected[80];
    uint64_t *target = to->target;

    if (cdr_parse_count(target, text) && *target >= to->option->least)
        return 0;
    snprintf(expected, sizeof expected, "a whole number from %llu to 2^64 - 1",
             (unsigned long long)to->option->least);
    return wrong_value(p, to->option, text, expected);
}

static int set_real(struct parse *p, const struct place *to, const char *text)
{
    double *target = to->target;
    bool share = to->option->kind == CDR_SHARE;

    if (parse_real(target, text) && (!share || (*target > 0 && *target < 1)))
        return 0;
    return wrong_value(p, to->option, text,
                       share ? "a number between 0 and 1, such as 0.95" : "a number");
}

static int set_workers(struct parse *p, const struct place *to, const char *text)
{
    const char *refused = NULL;

    if (parse_workers(to->target, text, &refused))
        return 0;
    if (refused)
        return cdr_fails(p->why, CDR_EXIT_USAGE, "--%s is %s", to->option->name,
                         refused);
    return wrong_value(p, to->option, text, "auto, all, n or -n");
}

static int set(struct parse *p, const struct place *to, const char *text)
{
    switch (to->option->kind) {
    case CDR_FLAG: *(bool *)to->target = true; return 0;
    case CDR_TEXT:
    case CDR_OPERAND: *(const char **)to->target = text; return 0;
    case CDR_LIST: return append(p, to->target, text);
    case CDR_WORD: return set_word(p, to, text);
    case CDR_COUNT: return set_count(p, to, text);
    case CDR_REAL:
    case CDR_SHARE: return set_real(p, to, text);
    case CDR_WORKERS: return set_workers(p, to, text);
    case CDR_END:
    case CDR_HELP: break;
    }
    return CDR_WANTS_HELP;
}

/* ---- arguments ---- */

/* Names of the command's options; returns how many. */
static size_t collect(const char *names[OPTIONS_MAX], const struct cdr_command *command)
{
    const struct cdr_option *option;
    struct walk w = { 0 };
    size_t n = 0, offset;

    while ((option = step(&w, command, &offset)))
        if (option->kind != CDR_OPERAND)
            names[n++] = option->name;
    return n;
}

static int unknown(struct parse *p, const char *arg, const char *name)
{
    const char *names[OPTIONS_MAX];
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
    bool bare = o->kind == CDR_FLAG || o->kind == CDR_HELP;
    char shown[CDR_SHOWN];

    p->given[to->index] = true;
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
        if (to.option->kind != CDR_FLAG && to.option->kind != CDR_HELP)
            return take(p, &to, at[1] ? at + 1 : NULL, next);
        rc = take(p, &to, NULL, next);
    }
    return rc;
}

static int take_operand(struct parse *p, const char *arg)
{
    const struct cdr_option *option;
    struct walk w = { 0 };
    char shown[CDR_SHOWN];
    size_t offset;

    while ((option = step(&w, p->command, &offset)))
        if (option->kind == CDR_OPERAND && !p->given[w.index - 1]) {
            p->given[w.index - 1] = true;
            *(const char **)(void *)(p->settings + offset) = arg;
            return 0;
        }
    return cdr_fails(p->why, CDR_EXIT_USAGE, "%s: %s is one argument too many",
                     p->command->name, cdr_quote(shown, arg));
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
    struct walk w = { 0 };
    size_t offset;
    int rc = 0;

    while (rc == 0 && (option = step(&w, p->command, &offset))) {
        struct place to = { option, p->settings + offset, w.index - 1 };

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
    struct walk w = { 0 };
    size_t offset;

    while ((option = step(&w, command, &offset)))
        if (option->kind == CDR_LIST) {
            struct cdr_texts *list = (void *)((char *)settings + offset);

            free(list->at);
            *list = (struct cdr_texts){ 0 };
        }
}
