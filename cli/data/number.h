/* number.h - a field of a file as a number.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_NUMBER_H
#define CDR_CLI_NUMBER_H

enum cdr_number {
    CDR_NUMBER,
    CDR_MISSING,    /* empty, NA, N/A, NaN or null, in any case */
    CDR_NO_NUMBER,  /* other text */
    CDR_NOT_FINITE, /* inf, infinity */
    CDR_TOO_LARGE   /* a number that would become infinite */
};

/* A decimal number, the whole text except for blanks around it. `decimal` is the sign
 * before its fraction, '.' or ','. *out is set for CDR_NUMBER only. */
enum cdr_number cdr_number_parse(double *out, const char *text, char decimal);

#endif
