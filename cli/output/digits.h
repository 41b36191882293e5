/* digits.h - numbers with the digits that they need, for programs and for people.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_DIGITS_H
#define CDR_CLI_DIGITS_H

#include <stdbool.h>
#include <stddef.h>

#define CDR_DIGITS_ROOM 40

/* For programs: the fewest digits that read back as the same double. Returns out. */
const char *cdr_digits_shortest(char out[CDR_DIGITS_ROOM], double value);

/* For people: digits that go with a standard error, so many that two of it show. */
struct cdr_precision {
    bool known;    /* there is an error that says how many */
    bool exponent; /* as 1.23e-14, since fixed digits would not show them */
    int decimals;  /* fixed: after the point */
    int last;      /* exponents: the power of ten of the last digit that shows */
};

/* `size` is that of the largest value that the error belongs to: an error that is to it
 * what rounding makes of zero says nothing. */
struct cdr_precision cdr_precision_of(double error, double size);

/* The value so; one that fixed digits would hide, with an exponent. Returns out. */
const char *cdr_precision_write(char out[CDR_DIGITS_ROOM], double value,
                                const struct cdr_precision *precision);

#endif
