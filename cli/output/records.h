/* records.h - results as JSON and as CSV.
 * SPDX-License-Identifier: MIT
 *
 * What a command finds out is one JSON object: facts about all of it, and `results`, an
 * array of objects, one a row. The three formats show the same object: JSON as it is,
 * CSV and the table (table.h) by lists of keys.
 *
 * Numbers have the fewest digits that read back as the same. One that is not finite is the text "nan", "inf"
 * or "-inf"; what does not exist for a row is left out (CSV: empty).
 */
#ifndef CDR_CLI_RECORDS_H
#define CDR_CLI_RECORDS_H

#include "cli/base/failure.h"
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

enum cdr_format { CDR_TABLE = 0, CDR_JSON, CDR_CSV };

/* A column of the CSV and perhaps of the table. Its value is the row's, or else the
 * whole object's. */
struct cdr_field {
    const char *key;
    const char *title; /* in the table; NULL: not there */
    bool rare;         /* in the table only if some row has it, and not as 0 */
    bool plain;        /* a number that the standard error says nothing about */
    bool brief;        /* and that two digits of are enough */
    bool late; /* in CSV behind all that are not: for scripts that count columns */
};

/* New values; NULL without memory, which json_pack and json_object_set_new pass on. */
json_t *cdr_json_text(const char *text); /* other text than UTF-8 is made printable */
json_t *cdr_json_number(double value);
json_t *cdr_json_count(uint64_t n); /* at most 2^63 - 1 */
json_t *cdr_json_lines(const char *text);

/* The value of a field in row i; NULL: it has none. */
const json_t *cdr_record_value(const json_t *records, size_t i, const char *key);

int cdr_records_json(FILE *out, const json_t *records, struct cdr_failure *why);
/* A field of CSV, in quotes where it needs them. */
void cdr_csv_text(FILE *out, const char *text);
void cdr_records_csv(FILE *out, const json_t *records, const struct cdr_field *fields,
                     size_t n_fields);

#endif
