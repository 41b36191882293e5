/* digits.c - numbers with the digits that they need, for programs and for people.
 * SPDX-License-Identifier: MIT
 */
#include "cli/output/digits.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define DECIMALS_MAX 12
#define DIGITS_MAX   16    /* after the first one: a double has no more */
#define LARGE        1e9   /* from here on with exponents */
#define NOISE        1e-12 /* errors so small beside the value are roundings */
#define DIGITS       3     /* of what has no error */

const char *cdr_digits_shortest(char out[CDR_DIGITS_ROOM], double value)
{
    /* Fifteen digits and more lose their zeros; only the smallest doubles have fewer. */
    int precision = fabs(value) < DBL_MIN ? 1 : DBL_DIG;

    do
        snprintf(out, CDR_DIGITS_ROOM, "%.*g", precision, value);
    while (precision++ < DBL_DECIMAL_DIG && strtod(out, NULL) != value);
    return out;
}

/* ---- with a standard error ---- */

static int power_of(double value)
{
    return (int)floor(log10(value));
}

struct cdr_precision cdr_precision_of(double error, double size)
{
    struct cdr_precision p = { .decimals = fabs(size) < 10 ? DIGITS : 0 };
    int decimals;

    if (!isfinite(error) || error <= NOISE * fabs(size)) {
        p.decimals = p.decimals ? p.decimals : 2;
        return p;
    }
    p.known = true;
    p.last = power_of(error) - 1;
    decimals = -p.last;
    p.exponent = decimals > DECIMALS_MAX;
    if (decimals > p.decimals)
        p.decimals = decimals;
    return p;
}

static int clamp(int value, int least, int most)
{
    return value < least ? least : value > most ? most : value;
}

/* Whether fixed digits show fewer than two of the value's own. */
static bool hides(const struct cdr_precision *p, double value)
{
    return fabs(value) >= LARGE ||
           (!p->known && value != 0 && power_of(fabs(value)) < 1 - p->decimals);
}

const char *cdr_precision_write(char out[CDR_DIGITS_ROOM], double value,
                                const struct cdr_precision *p)
{
    if (value == 0 && p->exponent)
        snprintf(out, CDR_DIGITS_ROOM, "0");
    else if (p->exponent || hides(p, value))
        snprintf(out, CDR_DIGITS_ROOM, "%.*e",
                 p->known ? clamp(power_of(fabs(value)) - p->last, 1, DIGITS_MAX)
                          : DIGITS,
                 value);
    else
        snprintf(out, CDR_DIGITS_ROOM, "%.*f", p->decimals, value);
    return out;
}
