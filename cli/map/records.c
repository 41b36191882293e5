/* records.c - where records end, for who takes bytes apart between them.
 * SPDX-License-Identifier: MIT
 */
#include "cli/map/records.h"

#include <stdlib.h>
#include <string.h>

/* ---- what was typed ---- */

static char unescaped(char letter)
{
    switch (letter) {
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case '0': return '\0';
    default: return letter;
    }
}

static size_t append(char *to, const char *text)
{
    static const char known[] = "nrt0\\";
    size_t size = 0;

    for (; *text; text++) {
        bool escape = *text == '\\' && text[1] && strchr(known, text[1]);

        text += escape;
        to[size++] = escape ? unescaped(*text) : *text;
    }
    return size;
}

int cdr_records_open(struct cdr_records *r, const char *start, const char *end,
                     struct cdr_failure *why)
{
    if (!end)
        end = start ? "" : "\n";
    if (!start)
        start = "";
    *r = (struct cdr_records){ .pattern = malloc(strlen(end) + strlen(start) + 1) };
    if (!r->pattern)
        return cdr_fails_memory(why);
    r->end = append(r->pattern, end);
    r->size = r->end + append(r->pattern + r->end, start);
    return 0;
}

void cdr_records_close(struct cdr_records *r)
{
    free(r->pattern);
    *r = (struct cdr_records){ 0 };
}

/* ---- looking ---- */

/* Where the pattern stands last; NULL: nowhere. */
static const char *find_last(const struct cdr_records *r, const char *bytes,
                             size_t size)
{
    size_t rest = r->size - 1; /* bytes of the pattern after its first */

    while (size > rest) {
        const char *at = memrchr(bytes, *r->pattern, size - rest);

        if (!at || memcmp(at + 1, r->pattern + 1, rest) == 0)
            return at;
        size = (size_t)(at - bytes) + rest;
    }
    return NULL;
}

size_t cdr_records_last(const struct cdr_records *r, const char *bytes, size_t size)
{
    const char *at;

    if (r->size == 0)
        return size;
    at = find_last(r, bytes, size);
    return at ? (size_t)(at - bytes) + r->end : 0;
}

size_t cdr_records_next(const struct cdr_records *r, const char *bytes, size_t size,
                        size_t from)
{
    const char *at = from < size ? bytes + from : NULL;

    if (r->size == 0)
        return at ? from + 1 : 0;
    if (at && r->end == 0 && from == 0)
        at++; /* the start of the record itself */
    at = at ? memmem(at, (size_t)(bytes + size - at), r->pattern, r->size) : NULL;
    return at ? (size_t)(at - bytes) + r->end : 0;
}
