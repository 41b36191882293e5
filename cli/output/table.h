/* table.h - results as a table for people.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CLI_TABLE_H
#define CDR_CLI_TABLE_H

#include "cli/output/records.h"

/* Text on the left, numbers with their points below each other. A row's numbers have as
 * many digits as its standard_error is known to: two of it. */
int cdr_table_write(FILE *out, const json_t *records, const struct cdr_field *fields,
                    size_t n_fields, struct cdr_failure *why);

#endif
