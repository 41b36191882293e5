/* text.c - text that came from elsewhere, made fit for a message, a table, a picture.
 * SPDX-License-Identifier: MIT
 */
#include "cli/base/text.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DOTS              "\u2026"
#define NAME_MAX_COMPARED 64
#define ESCAPED_MAX       4 /* bytes that one byte becomes at most: \x1b */

/* ---- UTF-8 ---- */

static size_t size_by_first_byte(unsigned char c)
{
    if (c < 0x80)
        return 1;
    if (c >= 0xc2 && c < 0xe0)
        return 2;
    if (c >= 0xe0 && c < 0xf0)
        return 3;
    return c >= 0xf0 && c < 0xf5 ? 4 : 0;
}

/* Overlong forms, surrogates and what is beyond U+10FFFF show in the second byte. */
static bool second_byte_fits(const unsigned char *c)
{
    switch (c[0]) {
    case 0xe0: return c[1] >= 0xa0;
    case 0xed: return c[1] < 0xa0;
    case 0xf0: return c[1] >= 0x90;
    case 0xf4: return c[1] < 0x90;
    default: return true;
    }
}

size_t cdr_character_size(const char *text)
{
    const unsigned char *c = (const unsigned char *)text;
    size_t size = size_by_first_byte(*c);

    if (*c == '\0')
        return 0;
    for (size_t i = 1; i < size; i++)
        if ((c[i] & 0xc0) != 0x80)
            return 0;
    return size > 1 && !second_byte_fits(c) ? 0 : size;
}

size_t cdr_characters(const char *text)
{
    size_t n = 0;

    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

/* ---- shown ---- */

/* The C1 controls, too: terminals obey them. */
static bool is_control(const char *at, size_t size)
{
    unsigned char c = (unsigned char)at[0], second = (unsigned char)at[size - 1];

    return c < 0x20 || c == 0x7f || (size == 2 && c == 0xc2 && second < 0xa0);
}

/* Write the character at *at, or an escape for its first byte, and step over it. */
static size_t put(char out[ESCAPED_MAX + 1], const char **at)
{
    static const char *const names = "\aa\bb\tt\nn\vv\ff\rr";
    size_t size = cdr_character_size(*at);
    unsigned char c = (unsigned char)**at;
    const char *name;

    if (size > 0 && !is_control(*at, size)) {
        memcpy(out, *at, size);
        *at += size;
        return size;
    }
    *at += 1;
    name = c >= '\a' && c <= '\r' ? strchr(names, c) : NULL;
    if (name)
        return (size_t)snprintf(out, ESCAPED_MAX + 1, "\\%c", name[1]);
    return (size_t)snprintf(out, ESCAPED_MAX + 1, "\\x%02x", c);
}

char *cdr_printable(const char *text)
{
    size_t length = strlen(text), used = 0;
    char *out = length < SIZE_MAX / ESCAPED_MAX - ESCAPED_MAX
                    ? malloc(length * ESCAPED_MAX + ESCAPED_MAX + 1)
                    : NULL;

    if (!out)
        return NULL;
    while (*text)
        used += put(out + used, &text);
    out[used] = '\0';
    return out;
}

/* The byte where the k-th character begins. */
static size_t character(const char *text, size_t k)
{
    size_t at = 0;

    while (text[at] && k-- > 0)
        at += cdr_character_size(text + at);
    return at;
}

char *cdr_abridge(const char *text, size_t most)
{
    char *out = cdr_printable(text);
    size_t n = out ? cdr_characters(out) : 0, head, tail;

    if (n <= most || n < 3)
        return out;
    head = character(out, most / 2);
    tail = character(out, n - (most - 1) / 2);
    /* What is cut has a character more than the dots, but maybe fewer bytes. */
    if (tail - head < strlen(DOTS)) {
        char *more = realloc(out, strlen(out) + sizeof DOTS);

        if (!more) {
            free(out);
            return NULL;
        }
        out = more;
    }
    memmove(out + head + strlen(DOTS), out + tail, strlen(out + tail) + 1);
    memcpy(out + head, DOTS, strlen(DOTS));
    return out;
}

const char *cdr_quote(char out[CDR_SHOWN], const char *text)
{
    size_t used = 0, end = CDR_SHOWN - sizeof "...\"" - ESCAPED_MAX;

    out[used++] = '"';
    while (*text && used < end)
        used += put(out + used, &text);
    snprintf(out + used, CDR_SHOWN - used, "%s", *text ? "...\"" : "\"");
    return out;
}

const char *cdr_list(char *out, size_t size, const char *const *names, size_t n)
{
    char shown[CDR_SHOWN];
    size_t used = 0, i = 0;

    out[0] = '\0';
    for (; i < n; i++) {
        const char *between = i == 0 ? "" : i + 1 == n ? " and " : ", ";

        cdr_quote(shown, names[i]);
        /* Leave room for the remark below. */
        if (used + strlen(between) + strlen(shown) +
                sizeof " and 18446744073709551615 more" >
            size)
            break;
        used += (size_t)snprintf(out + used, size - used, "%s%s", between, shown);
    }
    if (i < n)
        snprintf(out + used, size - used, " and %zu more", n - i);
    return out;
}

/* ---- nearest ---- */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static bool same(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Insertions, deletions, replacements and swaps of neighbours from a to b, in units of
 * two, whatever the case. Row by row, keeping three. */
static size_t distance(const char *a, size_t na, const char *b, size_t nb)
{
    size_t rows[3][NAME_MAX_COMPARED + 1];
    size_t *before = rows[0], *last = rows[1], *now = rows[2];

    for (size_t j = 0; j <= nb; j++)
        last[j] = 2 * j;
    for (size_t i = 1; i <= na; i++) {
        size_t *spare = before;

        now[0] = 2 * i;
        for (size_t j = 1; j <= nb; j++) {
            size_t differ = same(a[i - 1], b[j - 1]) ? 0 : 2;

            now[j] = least(last[j - 1] + differ, least(last[j], now[j - 1]) + 2);
            if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
                now[j] = least(now[j], before[j - 2] + 2);
        }
        before = last;
        last = now;
        now = spare;
    }
    return last[nb];
}

const char *cdr_nearest(const char *text, const char *const *candidates, size_t n)
{
    size_t length = strlen(text), best = SIZE_MAX;
    const char *found = NULL;

    if (length == 0 || length > NAME_MAX_COMPARED)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        size_t other = strlen(candidates[i]), d;

        if (other == 0 || other > NAME_MAX_COMPARED)
            continue;
        d = distance(text, length, candidates[i], other);
        /* A beginning of the name is a good guess, too. */
        if (length > 1 && length < other &&
            strncasecmp(text, candidates[i], length) == 0)
            d = least(d, 2);
        if (d == 0 && strcmp(text, candidates[i]) != 0)
            d = 1;
        if (d < best) {
            best = d;
            found = candidates[i];
        }
    }
    /* One mistake in a short word, one in three letters of a long one; mere case is
       none. */
    return best <= least(length, 2) || best <= 2 * (length / 3) ? found : NULL;
}

const char *cdr_list_places(char *out, size_t size, const size_t *places, size_t n)
{
    size_t used = (size_t)snprintf(out, size, "column%s", n == 1 ? "" : "s");

    for (size_t i = 0; i < n && used < size; i++) {
        const char *between = i == 0 ? " " : i + 1 == n ? " and " : ", ";

        if (i == CDR_PLACES_MAX)
            used += (size_t)snprintf(out + used, size - used, " and %zu more", n - i);
        if (i >= CDR_PLACES_MAX)
            break;
        used += (size_t)snprintf(out + used, size - used, "%s%zu", between, places[i]);
    }
    return out;
}
