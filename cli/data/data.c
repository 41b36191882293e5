/* data.c - the labels and score columns of a file.
 * SPDX-License-Identifier: MIT
 */
#include "cli/data/data.h"
#include "cli/data/csv_file.h"
#include "cli/data/reading.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Ends the reading when the header is all that is wanted. */
#define HEADER_READ (-1)

void cdr_data_free(struct cdr_data *data)
{
    for (size_t i = 0; i < data->n_scores; i++)
        free(data->scores[i].values);
    for (size_t i = 0; i < data->n_header; i++)
        free(data->header[i]);
    for (size_t e = 0; e < CDR_NUMBER_COLUMNS; e++)
        free(data->numbers[e]);
    for (size_t e = 0; e < CDR_EXTRAS - CDR_NUMBER_COLUMNS; e++)
        cdr_groups_free(&data->groups[e]);
    free(data->scores);
    free(data->labels);
    free(data->left_out);
    free(data->nameless);
    free(data->negative);
    free(data->header);
    *data = (struct cdr_data){ 0 };
}

/* ---- rows ---- */

static int on_field(void *arg, const char *text, size_t size, uint64_t line)
{
    struct cdr_reading *r = arg;
    int rc = 0;

    if (strlen(text) != size)
        return cdr_fails(r->why, CDR_EXIT_INPUT,
                         "%s:%" PRIu64
                         ": field %zu holds a NUL byte: this is no text file",
                         r->file, line, r->fields + 1);
    if (r->fields == 0)
        r->row_begins = text[0];
    if (r->in_header)
        rc = cdr_header_take_name(r, text);
    else if (r->fields < r->data->n_header)
        rc = cdr_field_take(r, text, line);
    r->fields++;
    return rc;
}

static int wrong_fields(struct cdr_reading *r, size_t fields, uint64_t line)
{
    size_t expected = r->data->n_header;
    char remedy[60] = "";

    if (cdr_may_be_comment(r->row_begins) && !r->wanted->comment)
        snprintf(remedy, sizeof remedy, "; is it a comment? --comment '%c'",
                 r->row_begins);
    return cdr_fails(r->why, CDR_EXIT_INPUT,
                     "%s:%" PRIu64 ": %zu field%s, but the header has %zu%s", r->file,
                     line, fields, fields == 1 ? "" : "s", expected, remedy);
}

static int on_row(void *arg, uint64_t line)
{
    struct cdr_reading *r = arg;
    size_t fields = r->fields, expected = r->data->n_header;

    r->fields = 0;
    if (r->in_header && r->header_only)
        return HEADER_READ;
    if (r->in_header)
        return cdr_header_take(r, line);
    if (fields != expected)
        return wrong_fields(r, fields, line);
    if (r->data->rows == UINT32_MAX)
        return cdr_fails(r->why, CDR_EXIT_INPUT,
                         "%s:%" PRIu64 ": more than 2^32 - 1 rows", r->file, line);
    r->data->rows++;
    return 0;
}

static int check_all(struct cdr_reading *r)
{
    if (r->in_header)
        return cdr_fails(r->why, CDR_EXIT_INPUT, "%s: the file is empty", r->file);
    if (r->data->rows == 0)
        return cdr_fails(r->why, CDR_EXIT_INPUT,
                         "%s: there is a header, but no row follows", r->file);
    if (r->data->n_scores == 0)
        return cdr_fails(r->why, CDR_EXIT_INPUT,
                         "%s: no column with a name, except the label, holds numbers%s",
                         r->file,
                         !r->other_decimal           ? ""
                         : r->wanted->decimal == ',' ? "; is the decimal sign a point? "
                                                       "Leave --decimal out"
                                                     : "; is the decimal sign a comma? "
                                                       "--decimal ,");
    for (size_t e = CDR_NUMBER_COLUMNS; e < CDR_EXTRAS; e++)
        if (r->wanted->extra[e] &&
            !cdr_groups_sort(&r->data->groups[e - CDR_NUMBER_COLUMNS], r->data->rows))
            return cdr_fails_memory(r->why);
    return cdr_labels_check(r);
}

static int read_all(struct cdr_reading *r, const char *path)
{
    const struct cdr_wanted *w = r->wanted;
    struct cdr_csv csv = { .field = on_field,
                           .row = on_row,
                           .arg = r,
                           .delimiter = w->delimiter,
                           .comment = w->comment,
                           .why = r->why };
    struct cdr_source *source;
    int rc;

    *r->data = (struct cdr_data){ 0 };
    rc = cdr_input_open(&source, path, r->why);
    if (rc)
        return rc;
    r->file = cdr_source_name(source);
    rc = cdr_csv_read(&csv, source);
    if (rc == HEADER_READ)
        rc = 0;
    else if (!rc)
        rc = check_all(r);
    cdr_input_close(source);
    free(r->slots);
    if (rc)
        cdr_data_free(r->data);
    return rc;
}

int cdr_data_read(struct cdr_data *data, const char *path,
                  const struct cdr_wanted *wanted, struct cdr_failure *why)
{
    struct cdr_reading r = {
        .data = data, .wanted = wanted, .why = why, .in_header = true
    };

    return read_all(&r, path);
}

int cdr_data_read_header(struct cdr_data *data, const char *path,
                         const struct cdr_wanted *wanted, struct cdr_failure *why)
{
    struct cdr_reading r = { .data = data,
                             .wanted = wanted,
                             .why = why,
                             .in_header = true,
                             .header_only = true };

    return read_all(&r, path);
}
