/* options.h - what a command takes: one table from which parsing and help follow.
 * SPDX-License-Identifier: MIT
 *
 * A command's settings are one struct. Its options are tables that say of each option
 * how it is called, what it takes, where in the settings its value goes and what it is
 * for. Reading the command line, --help, the shell completion and the check of the man
 * page all read these tables, so that they cannot disagree.
 *
 * Tables are put together as groups, each with a heading in the help; a group that
 * several commands share lies at an offset of its own in each one's settings.
 */
#ifndef CDR_CLI_OPTIONS_H
#define CDR_CLI_OPTIONS_H

#include "cli/base/failure.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cdr_option_kind {
    CDR_END = 0, /* of a table */
    CDR_FLAG,    /* bool: takes no value */
    CDR_TEXT,    /* const char *; NULL: not given */
    CDR_LIST,    /* struct cdr_texts: may be given several times */
    CDR_WORD,    /* int: which of the words in `value`, "table|json|csv" */
    CDR_SIGN,    /* char: one character, or "tab" */
    CDR_COUNT,   /* uint64_t as cdr_parse_count reads it, at least `least` */
    CDR_REAL,    /* double, finite */
    CDR_SHARE,   /* double, more than 0 and less than 1 */
    CDR_WORKERS, /* int, as in cadre_options.workers */
    CDR_OPERAND, /* const char *: no option, but an argument known by its place */
    CDR_REST, /* struct cdr_texts: the first argument that is no option, and all after */
    CDR_HELP  /* ends the parsing */
};

struct cdr_texts {
    const char **at;
    size_t n;
};

/* What completion offers for a value, words aside. */
enum cdr_suggest { CDR_SUGGEST_NOTHING = 0, CDR_FILES, CDR_COLUMNS, CDR_METRICS };

struct cdr_option {
    enum cdr_option_kind kind;
    char letter;         /* -o; 0: none */
    bool required;       /* it must be given */
    const char *name;    /* without the dashes */
    const char *alias;   /* another name, in few words of help; NULL: none */
    const char *value;   /* what its value is called; CDR_WORD: the words */
    size_t offset;       /* of the value in the settings */
    const char *initial; /* the value when it is not given, as one would type it */
    uint64_t least;      /* CDR_COUNT */
    size_t noted;        /* where a bool says that it was given; 0: nowhere */
    enum cdr_suggest suggest;
    const char *usual; /* what completion offers besides: "auto|all" */
    const char *help;  /* a line or two; no full stop */
};

struct cdr_group {
    const char *title;
    const struct cdr_option *options;
    size_t offset; /* of the settings that the options speak of, in the command's */
};

struct cdr_command; /* cli/command.h */

/* Asked for help: neither success nor failure. */
#define CDR_WANTS_HELP (-1)

/* Read the arguments after the command's name into the settings (all zero before). They
 * point into argv. 0, CDR_WANTS_HELP or CDR_EXIT_USAGE. */
int cdr_options_parse(void *settings, const struct cdr_command *command,
                      const char *const *argv, struct cdr_failure *why);

/* Free what lists in the settings hold. */
void cdr_options_free(void *settings, const struct cdr_command *command);

/* The groups of the command, and then the one that all commands have. NULL: no more. */
const struct cdr_group *cdr_options_group(const struct cdr_command *command, size_t i);

/* A whole number: 1000, 1_000, 1e3 or 0x3e8. False: it is none, or above 2^64 - 1. */
bool cdr_parse_count(uint64_t *out, const char *text);

/* "did you mean ...?" or a word on where to look: the end of a message about an
 * unknown name. Returns out. */
const char *cdr_hint(char *out, size_t size, const char *text,
                     const char *const *candidates, size_t n, const char *otherwise);

#endif
