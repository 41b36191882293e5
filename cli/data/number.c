/* number.c - a field of a file as a number.
 * SPDX-License-Identifier: MIT
 */
#include "cli/data/number.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BLANKS " \t\n\v\f\r"

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
enum cdr_number cdr_number_parse(double *out, const char *text)
{
    size_t length;
    double value;
    char *end;

    text += strspn(text, BLANKS);
    length = strlen(text);
    while (length > 0 && strchr(BLANKS, text[length - 1]))
        length--;
    if (length == 0 || strspn(text, "0123456789+-.eE") < length)
        return classify(text, length);
    value = strtod(text, &end);
    if (end != text + length)
        return CDR_NO_NUMBER;
    if (!isfinite(value))
        return CDR_TOO_LARGE;
    *out = value;
    return CDR_NUMBER;
}
