/* number.c - numbers as print has them.
 * SPDX-License-Identifier: MIT
 */
#include "plot/number.h"

#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MINUS "\u2212"
#define TIMES "\u00d7"
#define SMALL 1e-4 /* shorter with a power below, or from LARGE on */
#define LARGE 1e6

int cdr_number_exponent(double value)
{
    char text[40];
    const char *e;

    if (value == 0 || !isfinite(value))
        return 0;
    /* Of what is meant: a double near 1e-12 may be a little less than that. */
    snprintf(text, sizeof text, "%.14e", value);
    e = strchr(text, 'e');
    return e ? atoi(e + 1) : 0;
}

const char *cdr_number_fixed(char *out, size_t size, double value, int decimals)
{
    char plain[400];
    bool minus;

    snprintf(plain, sizeof plain, "%.*f", decimals, value);
    minus = plain[0] == '-' && (strpbrk(plain, "123456789") || !isfinite(value));
    /* What has no room is written with an exponent. */
    if ((size_t)snprintf(out, size, "%s%s", minus ? MINUS : "",
                         plain + (plain[0] == '-')) >= size)
        snprintf(out, size, "%.*e", 3, value);
    return out;
}

double cdr_number_scale(double value, int exponent)
{
    return (double)((long double)value / powl(10, exponent));
}

const char *cdr_number_power(char *out, size_t size, int exponent)
{
    static const char *const raised[] = { "\u2070", "\u00b9", "\u00b2", "\u00b3",
                                          "\u2074", "\u2075", "\u2076", "\u2077",
                                          "\u2078", "\u2079" };
    char digits[16];
    int used = snprintf(out, size, "10%s", exponent < 0 ? "\u207b" : "");

    snprintf(digits, sizeof digits, "%d", abs(exponent));
    for (const char *d = digits; *d && used >= 0 && (size_t)used < size; d++)
        used += snprintf(out + used, size - (size_t)used, "%s", raised[*d - '0']);
    return out;
}

/* As few digits as read back the same, at most 15. */
static int shortest(double value)
{
    char text[40], best[40];

    snprintf(best, sizeof best, "%.14e", value);
    for (int digits = 0; digits < 14; digits++) {
        snprintf(text, sizeof text, "%.*e", digits, value);
        if (strtod(text, NULL) == strtod(best, NULL))
            return digits;
    }
    return 14;
}

const char *cdr_number_short(char *out, size_t size, double value)
{
    int exponent = cdr_number_exponent(value), digits = shortest(value);
    char mantissa[40], power[40];

    if (value == 0 || !isfinite(value) || (fabs(value) >= SMALL && fabs(value) < LARGE))
        return cdr_number_fixed(out, size, value,
                                digits > exponent ? digits - exponent : 0);
    cdr_number_power(power, sizeof power, exponent);
    cdr_number_fixed(mantissa, sizeof mantissa, cdr_number_scale(value, exponent),
                     digits);
    if (strcmp(mantissa, "1") == 0)
        snprintf(out, size, "%s", power);
    else
        snprintf(out, size, "%s" TIMES "%s", mantissa, power);
    return out;
}
