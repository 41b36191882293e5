/* table.c - results as a table for people.
 * SPDX-License-Identifier: MIT
 */
#include "cli/output/table.h"
#include "cli/base/text.h"
#include "cli/base/width.h"
#include "cli/output/digits.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define GAP 2 /* columns between two */

/* ---- cells ---- */

struct cell {
    char *text;
    bool number;
    size_t before, after; /* columns before the point, and from it on */
};

struct table {
    const json_t *records;
    const struct cdr_field **fields; /* those that are shown */
    size_t columns, rows;
    struct cell *cells;            /* row by row; the first row has the titles */
    size_t *before, *after, *wide; /* of each column, the most */
};

static double number_in(const json_t *records, size_t row, const char *key)
{
    const json_t *value = cdr_record_value(records, row, key);

    return json_is_real(value) ? json_real_value(value) : NAN;
}

/* The row's numbers have the digits that its standard error leaves to the largest. */
static struct cdr_precision precision_of(const struct table *t, size_t row)
{
    double size = 0;

    for (size_t k = 0; k < t->columns; k++)
        if (!t->fields[k]->plain)
            size = fmax(size, fabs(number_in(t->records, row, t->fields[k]->key)));
    return cdr_precision_of(number_in(t->records, row, "standard_error"), size);
}

static char *text_of(const struct table *t, size_t row, const struct cdr_field *field,
                     const struct cdr_precision *precision)
{
    const json_t *value = cdr_record_value(t->records, row, field->key);
    char room[CDR_DIGITS_ROOM] = "";

    switch (value ? json_typeof(value) : JSON_NULL) {
    case JSON_STRING: return cdr_printable(json_string_value(value));
    case JSON_TRUE: return strdup("yes");
    case JSON_FALSE: return strdup("no");
    case JSON_INTEGER:
        snprintf(room, sizeof room, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        break;
    case JSON_REAL:
        if (field->brief)
            snprintf(room, sizeof room, "%.2g", json_real_value(value));
        else if (field->plain)
            cdr_digits_shortest(room, json_real_value(value));
        else
            cdr_precision_write(room, json_real_value(value), precision);
        break;
    default: break;
    }
    return strdup(room);
}

static bool fill(struct table *t, size_t row, size_t column, char *text, bool number)
{
    struct cell *cell = &t->cells[row * t->columns + column];
    const char *point = text && number ? strchr(text, '.') : NULL;

    if (!text)
        return false;
    cell->text = text;
    cell->number = number;
    cell->before = point ? (size_t)(point - text) : cdr_width(text);
    cell->after = point ? strlen(point) : 0;
    if (number && cell->before > t->before[column])
        t->before[column] = cell->before;
    if (number && cell->after > t->after[column])
        t->after[column] = cell->after;
    if (!number && cell->before > t->wide[column])
        t->wide[column] = cell->before;
    return true;
}

static bool fill_all(struct table *t)
{
    for (size_t k = 0; k < t->columns; k++)
        if (!fill(t, 0, k, strdup(t->fields[k]->title), false))
            return false;
    for (size_t i = 0; i < t->rows; i++) {
        const struct cdr_precision precision = precision_of(t, i);

        for (size_t k = 0; k < t->columns; k++) {
            const struct cdr_field *field = t->fields[k];
            bool number = json_is_number(cdr_record_value(t->records, i, field->key));

            if (!fill(t, i + 1, k, text_of(t, i, field, &precision), number))
                return false;
        }
    }
    return true;
}

/* ---- printing ---- */

static void pad(FILE *out, size_t n)
{
    while (n-- > 0)
        fputc(' ', out);
}

static bool is_numeric(const struct table *t, size_t column)
{
    return t->before[column] > 0;
}

/* Trailing blanks are owed, and paid by what follows. */
static void put_cell(FILE *out, const struct table *t, const struct cell *cell,
                     size_t column, size_t *owed)
{
    size_t wide = t->wide[column], digits = t->before[column] + t->after[column];
    size_t all = digits > wide ? digits : wide, left = 0, right;

    if (cell->number)
        left = all - digits + t->before[column] - cell->before;
    else if (is_numeric(t, column))
        left = all - cell->before;
    right = all - left - cell->before - cell->after;
    if (cell->text[0]) {
        pad(out, *owed + left);
        fputs(cell->text, out);
        *owed = right + GAP;
    } else {
        *owed += all + GAP;
    }
}

static void put_all(FILE *out, const struct table *t)
{
    for (size_t i = 0; i <= t->rows; i++) {
        size_t owed = 0;

        for (size_t k = 0; k < t->columns; k++)
            put_cell(out, t, &t->cells[i * t->columns + k], k, &owed);
        fputc('\n', out);
    }
}

/* ---- all of it ---- */

static bool says_something(const json_t *value)
{
    if (json_is_number(value))
        return json_number_value(value) != 0;
    return value != NULL;
}

static bool is_shown(const struct table *t, const struct cdr_field *field)
{
    bool shown = field->title && !field->rare;

    for (size_t i = 0; i < t->rows && !shown && field->title; i++)
        shown = says_something(cdr_record_value(t->records, i, field->key));
    return shown;
}

static bool open_table(struct table *t, const struct cdr_field *fields, size_t n)
{
    t->fields = calloc(n, sizeof *t->fields);
    t->before = calloc(3 * n, sizeof *t->before);
    t->cells = calloc(n * (t->rows + 1), sizeof *t->cells);
    if (!t->fields || !t->before || !t->cells)
        return false;
    t->after = t->before + n;
    t->wide = t->after + n;
    for (size_t k = 0; k < n; k++)
        if (is_shown(t, &fields[k]))
            t->fields[t->columns++] = &fields[k];
    return true;
}

static void close_table(struct table *t)
{
    for (size_t i = 0; t->cells && i < (t->rows + 1) * t->columns; i++)
        free(t->cells[i].text);
    free(t->cells);
    free(t->before);
    free(t->fields);
}

int cdr_table_write(FILE *out, const json_t *records, const struct cdr_field *fields,
                    size_t n_fields, struct cdr_failure *why)
{
    struct table t = { .records = records };
    bool done;

    t.rows = json_array_size(json_object_get(records, "results"));
    done = open_table(&t, fields, n_fields) && fill_all(&t);
    if (done)
        put_all(out, &t);
    close_table(&t);
    return done ? 0 : cdr_fails_memory(why);
}
