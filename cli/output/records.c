/* records.c - results as JSON and as CSV.
 * SPDX-License-Identifier: MIT
 */
#include "cli/output/records.h"
#include "cli/base/text.h"
#include "cli/output/digits.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

json_t *cdr_json_text(const char *text)
{
    json_t *value = json_string(text);
    char *printable;

    if (value)
        return value;
    printable = cdr_printable(text);
    value = printable ? json_string(printable) : NULL;
    free(printable);
    return value;
}

json_t *cdr_json_number(double value)
{
    if (isfinite(value))
        return json_real(value);
    return json_string(isnan(value) ? "nan" : value > 0 ? "inf" : "-inf");
}

json_t *cdr_json_count(uint64_t n)
{
    return json_integer((json_int_t)n);
}

json_t *cdr_json_lines(const char *text)
{
    json_t *lines = json_array();

    while (lines && *text) {
        size_t length = strcspn(text, "\n");

        if (json_array_append_new(lines, json_stringn(text, length)) != 0) {
            json_decref(lines);
            return NULL;
        }
        text += length + (text[length] == '\n');
    }
    return lines;
}

const json_t *cdr_record_value(const json_t *records, size_t i, const char *key)
{
    const json_t *row = json_array_get(json_object_get(records, "results"), i);
    const json_t *value = json_object_get(row, key);

    return value ? value : json_object_get(records, key);
}

/* ---- JSON ---- */

/* Jansson writes all but reals, whose digits it cannot choose one by one. */
static bool put_json(FILE *out, const json_t *value, int depth);

static void put_line(FILE *out, int depth)
{
    fprintf(out, "\n%*s", 2 * depth, "");
}

static bool put_object(FILE *out, const json_t *object, int depth)
{
    const char *key, *between = "";
    json_t *value;
    bool done = true;

    fputc('{', out);
    json_object_foreach((json_t *)(uintptr_t)object, key, value)
    {
        json_t *name = json_string(key);

        fputs(between, out);
        put_line(out, depth + 1);
        done = done && name && put_json(out, name, 0);
        fputs(": ", out);
        done = done && put_json(out, value, depth + 1);
        between = ",";
        json_decref(name);
    }
    if (*between)
        put_line(out, depth);
    fputc('}', out);
    return done;
}

static bool put_array(FILE *out, const json_t *array, int depth)
{
    size_t n = json_array_size(array);
    bool done = true;

    fputc('[', out);
    for (size_t i = 0; i < n; i++) {
        fputs(i ? "," : "", out);
        put_line(out, depth + 1);
        done = done && put_json(out, json_array_get(array, i), depth + 1);
    }
    if (n)
        put_line(out, depth);
    fputc(']', out);
    return done;
}

/* A number that readers take for a real. */
static void put_real(FILE *out, double value)
{
    char text[CDR_DIGITS_ROOM];

    cdr_digits_shortest(text, value);
    fprintf(out, "%s%s", text, strpbrk(text, ".e") ? "" : ".0");
}

static bool put_json(FILE *out, const json_t *value, int depth)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT: return put_object(out, value, depth);
    case JSON_ARRAY: return put_array(out, value, depth);
    case JSON_REAL: put_real(out, json_real_value(value)); return true;
    default: return json_dumpf(value, out, JSON_ENCODE_ANY) == 0 || ferror(out);
    }
}

int cdr_records_json(FILE *out, const json_t *records, struct cdr_failure *why)
{
    if (!put_json(out, records, 0))
        return cdr_fails_memory(why);
    fputc('\n', out);
    return 0; /* whether all was written is asked when the output is committed */
}

/* ---- CSV ---- */

/* RFC 4180: quotes where they are needed, doubled within. */
void cdr_csv_text(FILE *out, const char *text)
{
    if (text[strcspn(text, ",\"\r\n")] == '\0') {
        fputs(text, out);
        return;
    }
    fputc('"', out);
    for (; *text; text++) {
        if (*text == '"')
            fputc('"', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

static void put_value(FILE *out, const json_t *value)
{
    char room[CDR_DIGITS_ROOM];

    switch (value ? json_typeof(value) : JSON_NULL) {
    case JSON_STRING: cdr_csv_text(out, json_string_value(value)); break;
    case JSON_INTEGER:
        fprintf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        break;
    case JSON_REAL:
        fputs(cdr_digits_shortest(room, json_real_value(value)), out);
        break;
    case JSON_TRUE: fputs("true", out); break;
    case JSON_FALSE: fputs("false", out); break;
    default: break;
    }
}

/* Field k of row i; row SIZE_MAX is the header. */
static void put_field(FILE *out, const json_t *records, size_t i,
                      const struct cdr_field *field)
{
    if (i == SIZE_MAX)
        fputs(field->key, out);
    else
        put_value(out, cdr_record_value(records, i, field->key));
}

static void put_row(FILE *out, const json_t *records, size_t i,
                    const struct cdr_field *fields, size_t n_fields)
{
    const char *between = "";

    for (int late = 0; late < 2; late++)
        for (size_t k = 0; k < n_fields; k++)
            if (fields[k].late == late) {
                fputs(between, out);
                put_field(out, records, i, &fields[k]);
                between = ",";
            }
    fputc('\n', out);
}

void cdr_records_csv(FILE *out, const json_t *records, const struct cdr_field *fields,
                     size_t n_fields)
{
    size_t rows = json_array_size(json_object_get(records, "results"));

    put_row(out, records, SIZE_MAX, fields, n_fields);
    for (size_t i = 0; i < rows; i++)
        put_row(out, records, i, fields, n_fields);
}
