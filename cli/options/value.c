/* value.c - what is written after an option, as the value that its table asks for.
 * SPDX-License-Identifier: MIT
 */
#include "cli/options/value.h"
#include "cli/base/text.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- whole numbers ---- */

static bool parse_hexadecimal(uint64_t *out, const char *text)
{
    static const char *const digits = "0123456789abcdef";
    uint64_t value = 0;

    if (!*text)
        return false;
    for (; *text; text++) {
        int c = *text >= 'A' && *text <= 'F' ? *text - 'A' + 'a' : *text;
        const char *digit = strchr(digits, c);

        if (!digit || value > UINT64_MAX / 16)
            return false;
        value = value * 16 + (uint64_t)(digit - digits);
    }
    *out = value;
    return true;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool add_digit(uint64_t *value, char c)
{
    unsigned digit = (unsigned)(c - '0');

    if (*value > (UINT64_MAX - digit) / 10)
        return false;
    *value = *value * 10 + digit;
    return true;
}

/* Step over digits, which single underscores may separate; NULL: there are none, or they
 * are too many. Counts them. */
static const char *take_digits(uint64_t *value, int *count, const char *text)
{
    if (!is_digit(*text))
        return NULL;
    for (; is_digit(*text) || (*text == '_' && is_digit(text[1])); text++)
        if (*text != '_') {
            if (!add_digit(value, *text))
                return NULL;
            ++*count;
        }
    return text;
}

/* Times 10^power, if that is whole and fits. */
static bool scale(uint64_t *value, int64_t power)
{
    for (; power > 0 && *value > 0; power--)
        if (!add_digit(value, '0'))
            return false;
    for (; power < 0 && *value > 0; power++) {
        if (*value % 10)
            return false;
        *value /= 10;
    }
    return true;
}

bool cdr_parse_count(uint64_t *out, const char *text)
{
    uint64_t value = 0, power = 0;
    int digits = 0, decimals = 0, ignored = 0;

    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X'))
        return parse_hexadecimal(out, text + 2);
    text = take_digits(&value, &digits, text);
    if (text && *text == '.')
        text = take_digits(&value, &decimals, text + 1);
    if (text && (*text == 'e' || *text == 'E')) {
        text += text[1] == '+' ? 2 : 1;
        text = take_digits(&power, &ignored, text);
    }
    if (!text || *text || power > INT32_MAX ||
        !scale(&value, (int64_t)power - decimals))
        return false;
    *out = value;
    return true;
}

/* ---- other values ---- */

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

size_t cdr_words_split(const char *words[CDR_WORDS_MAX], char room[CDR_WORDS_ROOM],
                       const char *text)
{
    size_t n = 0;
    char *at = room;

    snprintf(room, CDR_WORDS_ROOM, "%s", text);
    while (n < CDR_WORDS_MAX && at) {
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

static int wrong_word(struct cdr_failure *why, const struct cdr_option *o,
                      const char *text, const char *const *words, size_t n)
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
    return cdr_fails(why, CDR_EXIT_USAGE, "--%s: no %s is called %s; %s", o->name,
                     o->name, cdr_quote(shown, text),
                     cdr_hint(hint, sizeof hint, text, words, n, otherwise));
}

static int set_word(const struct cdr_option *o, void *target, const char *text,
                    struct cdr_failure *why)
{
    const char *words[CDR_WORDS_MAX];
    char room[CDR_WORDS_ROOM];
    size_t n = cdr_words_split(words, room, o->value);

    for (size_t i = 0; i < n; i++)
        if (strcmp(words[i], text) == 0) {
            *(int *)target = (int)i;
            return 0;
        }
    return wrong_word(why, o, text, words, n);
}

static int append(struct cdr_texts *list, const char *text, struct cdr_failure *why)
{
    const char **more = reallocarray(list->at, list->n + 1, sizeof *list->at);

    if (!more)
        return cdr_fails_memory(why);
    list->at = more;
    list->at[list->n++] = text;
    return 0;
}

static int wrong_value(struct cdr_failure *why, const struct cdr_option *o,
                       const char *text, const char *expected)
{
    char shown[CDR_SHOWN];

    return cdr_fails(why, CDR_EXIT_USAGE, "--%s is %s: expected %s", o->name,
                     cdr_quote(shown, text), expected);
}

static int set_count(const struct cdr_option *o, uint64_t *target, const char *text,
                     struct cdr_failure *why)
{
    char expected[80];

    if (cdr_parse_count(target, text) && *target >= o->least)
        return 0;
    snprintf(expected, sizeof expected, "a whole number from %llu to 2^64 - 1",
             (unsigned long long)o->least);
    return wrong_value(why, o, text, expected);
}

static int set_real(const struct cdr_option *o, double *target, const char *text,
                    struct cdr_failure *why)
{
    bool share = o->kind == CDR_SHARE;

    if (parse_real(target, text) && (!share || (*target > 0 && *target < 1)))
        return 0;
    return wrong_value(why, o, text,
                       share ? "a number between 0 and 1, such as 0.95"
                             : "a number, such as 0.5");
}

static int set_sign(const struct cdr_option *o, char *target, const char *text,
                    struct cdr_failure *why)
{
    const char *sign =
        strcmp(text, "tab") == 0 || strcmp(text, "\\t") == 0 ? "\t" : text;

    if (strlen(sign) == 1 && !strchr("\"\r\n ", *sign)) {
        *target = *sign;
        return 0;
    }
    return wrong_value(why, o, text, "one character, such as ; or tab");
}

static int set_workers(const struct cdr_option *o, int *target, const char *text,
                       struct cdr_failure *why)
{
    const char *refused = NULL;

    if (parse_workers(target, text, &refused))
        return 0;
    if (refused)
        return cdr_fails(why, CDR_EXIT_USAGE, "--%s is %s", o->name, refused);
    return wrong_value(why, o, text, "auto, all, N or -N, with N at most 2147483647");
}

/* A variable of a shell that is not set, most likely: no name stands for "none". */
static int set_text(const struct cdr_option *o, const char **target, const char *text,
                    struct cdr_failure *why)
{
    if (!*text && o->suggest == CDR_FILES)
        return wrong_value(why, o, text,
                           strcmp(o->value, "FOLDER") == 0 ? "the name of a folder"
                                                           : "the name of a file");
    *target = text;
    return 0;
}

int cdr_value_set(const struct cdr_option *o, void *target, const char *text,
                  struct cdr_failure *why)
{
    switch (o->kind) {
    case CDR_FLAG: *(bool *)target = true; return 0;
    case CDR_TEXT: return set_text(o, target, text, why);
    case CDR_OPERAND: *(const char **)target = text; return 0;
    case CDR_REST:
    case CDR_LIST: return append(target, text, why);
    case CDR_WORD: return set_word(o, target, text, why);
    case CDR_SIGN: return set_sign(o, target, text, why);
    case CDR_COUNT: return set_count(o, target, text, why);
    case CDR_REAL:
    case CDR_SHARE: return set_real(o, target, text, why);
    case CDR_WORKERS: return set_workers(o, target, text, why);
    case CDR_END:
    case CDR_HELP: break;
    }
    return CDR_WANTS_HELP;
}
