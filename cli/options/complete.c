/* complete.c - what a shell may offer for the word being typed.
 * SPDX-License-Identifier: MIT
 *
 * The shells' own scripts (completion/) only pass on the words and show what comes: the
 * option tables know the rest, and the named file its columns.
 */
#include "cli/options/complete.h"
#include "cli/commands/command.h"
#include "cli/data/data.h"
#include "cli/options/walk.h"
#include "cli/options/value.h"

#include <cadre/stats.h>
#include <string.h>
#include <sys/stat.h>

/* What the words before the current one say. */
struct typed {
    const struct cdr_command *command;
    const struct cdr_option *waiting; /* for its value, which is the current word */
    const char *file;                 /* the first operand */
    bool ended;                       /* by "--": no more options */
    struct cdr_wanted reading;        /* how the file is to be read */
};

static void offer(FILE *out, const char *candidate, const char *what)
{
    fprintf(out, "%s%s%s\n", candidate, what ? "\t" : "", what ? what : "");
}

/* ---- what has been typed ---- */

static void note_value(struct typed *t, const struct cdr_option *option,
                       const char *text)
{
    struct cdr_failure ignored = { 0 };
    char sign;

    if (option->kind != CDR_SIGN || cdr_value_set(option, &sign, text, &ignored) != 0)
        return;
    if (strcmp(option->name, "delimiter") == 0)
        t->reading.delimiter = sign;
    else if (strcmp(option->name, "comment") == 0)
        t->reading.comment = sign;
}

static const struct cdr_option *find(const struct typed *t, const char *name,
                                     size_t length, char letter)
{
    struct cdr_walk w = { 0 };
    size_t offset;

    return cdr_option_find(&w, t->command, name, length, letter, &offset);
}

static void take_long(struct typed *t, const char *word)
{
    const char *name = word + 2, *equals = strchr(name, '=');
    const struct cdr_option *option =
        find(t, name, equals ? (size_t)(equals - name) : strlen(name), 0);

    if (!option || !cdr_option_takes_value(option))
        return;
    if (equals)
        note_value(t, option, equals + 1);
    else
        t->waiting = option;
}

static void take_letters(struct typed *t, const char *word)
{
    for (const char *at = word + 1; *at; at++) {
        const struct cdr_option *option = find(t, NULL, 0, *at);

        if (!option || !cdr_option_takes_value(option))
            continue;
        if (at[1])
            note_value(t, option, at + 1);
        else
            t->waiting = option;
        return;
    }
}

static void take(struct typed *t, const char *word)
{
    if (t->waiting) {
        note_value(t, t->waiting, word);
        t->waiting = NULL;
    } else if (t->ended || word[0] != '-' || !word[1]) {
        t->file = t->file ? t->file : word;
    } else if (strcmp(word, "--") == 0) {
        t->ended = true;
    } else if (word[1] == '-') {
        take_long(t, word);
    } else {
        take_letters(t, word);
    }
}

/* ---- what is offered ---- */

static void offer_commands(FILE *out, bool first)
{
    for (size_t i = 0; cdr_commands[i]; i++)
        offer(out, cdr_commands[i]->name, cdr_commands[i]->summary);
    if (!first)
        return;
    offer(out, "help", "all about a command");
    offer(out, "--help", "show this help and exit");
    offer(out, "--version", "show the version and what this program was built with");
}

static void offer_options(FILE *out, const struct typed *t)
{
    const struct cdr_option *option;
    struct cdr_walk w = { 0 };
    size_t offset;
    char name[80];

    while ((option = cdr_option_next(&w, t->command, &offset))) {
        if (cdr_option_is_operand(option))
            continue;
        snprintf(name, sizeof name, "--%s", option->name);
        offer(out, name, option->help);
    }
}

static void offer_words(FILE *out, const char *text)
{
    const char *words[CDR_WORDS_MAX];
    char room[CDR_WORDS_ROOM];
    size_t n = text ? cdr_words_split(words, room, text) : 0;

    for (size_t i = 0; i < n; i++)
        offer(out, words[i], NULL);
}

/* After those that stand before the last comma. */
static void offer_metrics(FILE *out, const char *current)
{
    const char *comma = strrchr(current, ',');
    int before = comma ? (int)(comma - current) + 1 : 0;

    for (int kind = 0; kind < CADRE_METRIC_COUNT; kind++)
        fprintf(out, "%.*s%s\t%s\n", before, current, cadre_metric_name(kind),
                cadre_metric_text(kind));
}

/* Names that a shell can have on one line. */
static bool is_plain(const char *name)
{
    for (; *name; name++)
        if ((unsigned char)*name < ' ' || *name == 0x7f)
            return false;
    return true;
}

/* A pipe is left alone: what is read from it here, the command would lack. */
static void offer_columns(FILE *out, const struct typed *t)
{
    struct cdr_failure ignored = { 0 };
    struct cdr_data data;
    struct stat file;

    if (!t->file || stat(t->file, &file) != 0 || !S_ISREG(file.st_mode) ||
        cdr_data_read_header(&data, t->file, &t->reading, &ignored) != 0)
        return;
    for (size_t i = 0; i < data.n_header; i++)
        if (data.header[i][0] && is_plain(data.header[i]))
            offer(out, data.header[i], NULL);
    cdr_data_free(&data);
}

static void offer_values(FILE *out, const struct typed *t,
                         const struct cdr_option *option, const char *current)
{
    if (option->kind == CDR_WORD)
        offer_words(out, option->value);
    offer_words(out, option->usual);
    switch (option->suggest) {
    case CDR_FILES: offer(out, ":files", NULL); break;
    case CDR_COLUMNS: offer_columns(out, t); break;
    case CDR_METRICS: offer_metrics(out, current); break;
    case CDR_SUGGEST_NOTHING: break;
    }
}

static bool takes_file(const struct cdr_command *command)
{
    const struct cdr_option *option;
    struct cdr_walk w = { 0 };
    size_t offset;

    while ((option = cdr_option_next(&w, command, &offset)))
        if (cdr_option_is_operand(option))
            return true;
    return false;
}

static void offer_next(FILE *out, struct typed *t, const char *current)
{
    const char *equals = strchr(current, '=');
    bool is_option = !t->ended && current[0] == '-';

    if (t->waiting) {
        offer_values(out, t, t->waiting, current);
    } else if (is_option && strncmp(current, "--", 2) == 0 && equals) {
        const struct cdr_option *option =
            find(t, current + 2, (size_t)(equals - current) - 2, 0);

        if (option && cdr_option_takes_value(option))
            offer_values(out, t, option, equals + 1);
    } else if (!is_option && !t->file && takes_file(t->command)) {
        offer(out, ":files", NULL);
    } else if (!t->ended) {
        offer_options(out, t);
    }
}

static const struct cdr_command *command_called(const char *name)
{
    for (size_t i = 0; cdr_commands[i]; i++)
        if (strcmp(cdr_commands[i]->name, name) == 0)
            return cdr_commands[i];
    return NULL;
}

void cdr_complete(FILE *out, const char *const *words)
{
    struct typed t = { 0 };
    size_t n = 0;

    while (words[n])
        n++;
    if (n < 2 || (n == 2 && strcmp(words[0], "help") == 0)) {
        offer_commands(out, n < 2);
        return;
    }
    t.command = command_called(words[0]);
    if (!t.command)
        return;
    for (size_t i = 1; i + 1 < n; i++)
        take(&t, words[i]);
    offer_next(out, &t, words[n - 1]);
}
