/* layout.h - results as a table for people.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_LAYOUT_H
#define CDR_CLI_LAYOUT_H

#include "cli/output/records.h"

/* Text on the left, numbers with their points below each other. A row's numbers have as
 * many digits as its standard_error is known to: two of it. */
int cdr_layout_table(FILE *out, const json_t *records, const struct cdr_field *fields,
                     size_t n_fields, struct cdr_failure *why);

/* Digits after the point that go with a standard error, for values of that size. */
int cdr_layout_decimals(double standard_error, double value);

/* The value with these; large ones as 1.23e+45. */
void cdr_layout_number(char *out, size_t size, double value, int decimals);

#endif
