/* columns.c - --colsep and --trim: a value taken apart.
 * SPDX-License-Identifier: MIT
 */
#include "cli/map/columns.h"
#include "cli/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What Perl's expressions have, and POSIX's have not. */
static const char *spelled_out(char c, bool in_brackets)
{
    switch (c) {
    case 't': return "\t";
    case 'n': return "\n";
    case 'r': return "\r";
    case 's': return in_brackets ? "[:space:]" : "[[:space:]]";
    case 'd': return in_brackets ? "0-9" : "[0-9]";
    case 'w': return in_brackets ? "[:alnum:]_" : "[[:alnum:]_]";
    default: return NULL;
    }
}

static char *translated(const char *text)
{
    char *all = malloc(16 * strlen(text) + 1), *out = all;
    bool in_brackets = false;

    for (; all && *text; text++) {
        const char *words = *text == '\\' ? spelled_out(text[1], in_brackets) : NULL;

        if (words) {
            out = stpcpy(out, words);
            text++;
            continue;
        }
        if (*text == '\\' && text[1])
            *out++ = *text++;
        else if (*text == '[')
            in_brackets = true;
        else if (*text == ']')
            in_brackets = false;
        *out++ = *text;
    }
    if (all)
        *out = '\0';
    return all;
}

int cdr_columns_open(struct cdr_columns *c, const char *colsep, int trim,
                     struct cdr_failure *why)
{
    char reason[200], shown[CDR_SHOWN], *expression;
    int rc;

    *c = (struct cdr_columns){ .trim = trim };
    if (!colsep)
        return 0;
    expression = translated(colsep);
    if (!expression)
        return cdr_fails_memory(why);
    rc = *colsep ? regcomp(&c->separator, expression, REG_EXTENDED) : REG_BADPAT;
    free(expression);
    c->split = rc == 0;
    if (rc == 0)
        return 0;
    regerror(rc, NULL, reason, sizeof reason);
    return cdr_fails(why, CDR_EXIT_USAGE,
                     "--colsep is %s: not a regular expression: %s",
                     cdr_quote(shown, colsep), reason);
}

void cdr_columns_close(struct cdr_columns *c)
{
    if (c->split)
        regfree(&c->separator);
    c->split = false;
}

bool cdr_columns_are_values(const struct cdr_columns *c)
{
    return !c->split && c->trim == CDR_TRIM_NONE;
}

static bool is_space(char c)
{
    return c != '\0' && strchr(" \t\r\n\v\f", c) != NULL;
}

static bool add(const struct cdr_columns *c, struct cdr_args *to, const char *value,
                size_t size)
{
    if (c->trim & CDR_TRIM_LEFT)
        for (; size > 0 && is_space(*value); size--)
            value++;
    if (c->trim & CDR_TRIM_RIGHT)
        while (size > 0 && is_space(value[size - 1]))
            size--;
    return cdr_args_add(to, value, size);
}

/* Where the separator is next in terminated text; false: nowhere. One that is empty
 * separates nothing. To the C library a NUL byte ends a text; here it is one like others. */
static bool find(const struct cdr_columns *c, const char *from, const char *end,
                 bool begun, regmatch_t *match)
{
    for (const char *at = from; at <= end; at += strlen(at) + 1) {
        if (regexec(&c->separator, at, 1, match, begun || at > from ? REG_NOTBOL : 0))
            continue;
        match->rm_so += at - from;
        match->rm_eo += at - from;
        return match->rm_eo > match->rm_so;
    }
    return false;
}

static bool add_split(const struct cdr_columns *c, struct cdr_args *to,
                      const char *value, size_t size)
{
    const char *from = value, *end = value + size;
    regmatch_t match;

    while (find(c, from, end, from > value, &match)) {
        if (!add(c, to, from, (size_t)match.rm_so))
            return false;
        from += match.rm_eo;
    }
    return add(c, to, from, (size_t)(end - from));
}

bool cdr_columns_add(const struct cdr_columns *c, struct cdr_args *to,
                     const char *value, size_t size)
{
    char *text;
    bool added;

    if (!c->split)
        return add(c, to, value, size);
    text = malloc(size + 1);
    if (!text)
        return false;
    memcpy(text, value, size);
    text[size] = '\0';
    added = add_split(c, to, text, size);
    free(text);
    return added;
}
