/* number.c - a field of a file as a number.
 * SPDX-License-Identifier: MIT
 */
#include "cli/data/number.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BLANKS    " \t\n\v\f\r"
#define COMMA_MAX 1100 /* characters: more than any double has digits */

static bool is_any_of(const char *text, size_t length, const char *const *words)
{
    for (; *words; words++)
        if (strlen(*words) == length && strncasecmp(text, *words, length) == 0)
            return true;
    return false;
}

/* Why the text is none: it has letters, or is empty. */
static enum cdr_number classify(const char *text, size_t length)
{
    static const char *const missing[] = { "NA", "N/A", "NaN", "null", NULL };
    static const char *const infinite[] = { "inf", "infinity", NULL };
    bool sign = length > 0 && (*text == '-' || *text == '+');

    if (length == 0 || is_any_of(text, length, missing) ||
        is_any_of(text + sign, length - sign, missing + 2))
        return CDR_MISSING;
    return is_any_of(text + sign, length - sign, infinite) ? CDR_NOT_FINITE
                                                           : CDR_NO_NUMBER;
}

/* strtod reads hexadecimal, infinities and NaN as well: only these characters get
 * there. The program never sets a locale, so it reads a point in every one. */
static enum cdr_number parse(double *out, const char *text, size_t length)
{
    char *end;
    double value = strtod(text, &end);

    if (end != text + length)
        return CDR_NO_NUMBER;
    if (!isfinite(value))
        return CDR_TOO_LARGE;
    *out = value;
    return CDR_NUMBER;
}

/* The same with a comma in the point's place. */
static enum cdr_number parse_comma(double *out, const char *text, size_t length)
{
    char copy[COMMA_MAX + 1];
    char *comma;

    if (length > COMMA_MAX)
        return CDR_NO_NUMBER;
    memcpy(copy, text, length);
    copy[length] = '\0';
    comma = strchr(copy, ',');
    if (comma)
        *comma = '.';
    return parse(out, copy, length);
}

enum cdr_number cdr_number_parse(double *out, const char *text, char decimal)
{
    const char *digits = decimal == ',' ? "0123456789+-,eE" : "0123456789+-.eE";
    size_t length;

    text += strspn(text, BLANKS);
    length = strlen(text);
    while (length > 0 && strchr(BLANKS, text[length - 1]))
        length--;
    if (length == 0 || strspn(text, digits) < length)
        return classify(text, length);
    return decimal == ',' ? parse_comma(out, text, length) : parse(out, text, length);
}
