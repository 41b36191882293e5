/* data.c - the labels and score columns of a file.
 * SPDX-License-Identifier: MIT
 *
 * The header decides what each column of the file is for: a slot says "labels", "scores
 * number k", or "nothing". With every_score a slot is "perhaps" until the first row has
 * shown whether it holds numbers.
 */
#include "cli/data/data.h"
#include "cli/data/csv_file.h"
#include "cli/data/number.h"
#include "cli/base/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 1024

enum use { NOTHING = 0, LABELS, SCORES, PERHAPS };

struct slot {
    enum use use;
    size_t score; /* SCORES: which */
};

struct reading {
    struct cdr_data *data;
    const struct cdr_wanted *wanted;
    struct cdr_failure *why;
    const char *file;
    struct slot *slots; /* one a column of the file */
    bool in_header;
    size_t room;   /* rows that the arrays hold */
    size_t fields; /* of the row so far */
};

/* ---- memory ---- */

static bool grow_array(void *array, size_t n, size_t size)
{
    void **at = array, *more = reallocarray(*at, n ? n : 1, size);

    if (more)
        *at = more;
    return more != NULL;
}

static bool grow_rows(struct reading *r)
{
    struct cdr_data *d = r->data;
    size_t room = r->room ? r->room + r->room / 2 : FIRST_ROOM;

    if (!grow_array(&d->labels, room, sizeof *d->labels))
        return false;
    for (size_t i = 0; i < d->n_scores; i++)
        if (!grow_array(&d->scores[i].values, room, sizeof(double)))
            return false;
    r->room = room;
    return true;
}

static bool add_score(struct reading *r, struct slot *slot, const char *name)
{
    struct cdr_data *d = r->data;

    if (!grow_array(&d->scores, d->n_scores + 1, sizeof *d->scores))
        return false;
    d->scores[d->n_scores] = (struct cdr_column){ .name = name };
    *slot = (struct slot){ SCORES, d->n_scores++ };
    return r->room == 0 ||
           grow_array(&d->scores[slot->score].values, r->room, sizeof(double));
}

void cdr_data_free(struct cdr_data *data)
{
    for (size_t i = 0; i < data->n_scores; i++)
        free(data->scores[i].values);
    for (size_t i = 0; i < data->n_header; i++)
        free(data->header[i]);
    free(data->scores);
    free(data->labels);
    free(data->left_out);
    free(data->header);
    *data = (struct cdr_data){ 0 };
}

/* ---- the header ---- */

static int take_name(struct reading *r, const char *text)
{
    struct cdr_data *d = r->data;

    if (!grow_array(&d->header, d->n_header + 1, sizeof *d->header) ||
        !(d->header[d->n_header] = strdup(text)))
        return cdr_fails_memory(r->why);
    d->n_header++;
    return 0;
}

/* What to try instead, as the end of the message. */
static const char *advice(char out[2 * CDR_SHOWN], const char *name,
                          const char *const *names, size_t n)
{
    const char *near = cdr_nearest(name, names, n);
    char shown[CDR_SHOWN];

    out[0] = '\0';
    if (near)
        snprintf(out, 2 * CDR_SHOWN, "; did you mean %s?", cdr_quote(shown, near));
    else if (n == 1 && strchr(names[0], ';'))
        snprintf(out, 2 * CDR_SHOWN, "; try --delimiter ';'");
    else if (n == 1 && strchr(names[0], '\t'))
        snprintf(out, 2 * CDR_SHOWN, "; try --delimiter tab");
    return out;
}

static int no_column(struct reading *r, const char *name, uint64_t line)
{
    const char *const *names = (const char *const *)r->data->header;
    size_t n = r->data->n_header;
    char shown[CDR_SHOWN], there[700], end[2 * CDR_SHOWN];

    return cdr_fails(
        r->why, CDR_EXIT_INPUT, "%s:%" PRIu64 ": no column is called %s; there %s %s%s",
        r->file, line, cdr_quote(shown, name), n == 1 ? "is" : "are",
        cdr_list(there, sizeof there, names, n), advice(end, name, names, n));
}

/* Where in the header the column is that is wanted. */
static int locate(struct reading *r, size_t *at, const char *name, uint64_t line)
{
    const struct cdr_data *d = r->data;
    size_t found = d->n_header;
    char shown[CDR_SHOWN];

    for (size_t i = 0; i < d->n_header; i++) {
        if (strcmp(d->header[i], name) != 0)
            continue;
        if (found < d->n_header)
            return cdr_fails(r->why, CDR_EXIT_INPUT,
                             "%s:%" PRIu64 ": columns %zu and %zu are both called %s",
                             r->file, line, found + 1, i + 1, cdr_quote(shown, name));
        found = i;
    }
    *at = found;
    return found < d->n_header ? 0 : no_column(r, name, line);
}

static int want_scores(struct reading *r, uint64_t line)
{
    for (size_t k = 0; k < r->wanted->n_scores; k++) {
        size_t at;
        int rc = locate(r, &at, r->wanted->scores[k], line);

        if (rc)
            return rc;
        if (!add_score(r, &r->slots[at], r->data->header[at]))
            return cdr_fails_memory(r->why);
    }
    return 0;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* No two of one name; files with a hundred thousand columns are not rare. */
static int check_names(struct reading *r, uint64_t line)
{
    size_t n = r->data->n_header, at, i = 1;
    const char **sorted = calloc(n, sizeof *sorted);
    int rc = 0;

    if (!sorted)
        return cdr_fails_memory(r->why);
    memcpy(sorted, r->data->header, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, compare_names);
    while (i < n && strcmp(sorted[i - 1], sorted[i]) != 0)
        i++;
    if (i < n)
        rc = locate(r, &at, sorted[i], line); /* says where they are */
    free(sorted);
    return rc;
}

static int want_every_score(struct reading *r, uint64_t line)
{
    int rc = check_names(r, line);

    for (size_t i = 0; i < r->data->n_header && rc == 0; i++)
        if (r->slots[i].use == NOTHING)
            r->slots[i].use = PERHAPS;
    return rc;
}

static int take_header(struct reading *r, uint64_t line)
{
    size_t at;
    int rc;

    r->in_header = false;
    r->slots = calloc(r->data->n_header, sizeof *r->slots);
    if (!r->slots)
        return cdr_fails_memory(r->why);
    rc = locate(r, &at, r->wanted->label, line);
    if (rc)
        return rc;
    r->slots[at].use = LABELS;
    return r->wanted->every_score ? want_every_score(r, line) : want_scores(r, line);
}

/* ---- fields ---- */

static int wrong_value(struct reading *r, const char *text, uint64_t line,
                       const char *wrong, const char *for_what)
{
    char name[CDR_SHOWN], shown[CDR_SHOWN];

    return cdr_fails(r->why, CDR_EXIT_INPUT, "%s:%" PRIu64 ": column %s: %s %s%s",
                     r->file, line, cdr_quote(name, r->data->header[r->fields]),
                     cdr_quote(shown, text), wrong, for_what);
}

static int wrong_number(struct reading *r, const char *text, uint64_t line,
                        enum cdr_number what)
{
    char name[CDR_SHOWN];

    switch (what) {
    case CDR_MISSING:
        if (text[strspn(text, " \t")])
            return wrong_value(r, text, line, "is a missing value", "");
        return cdr_fails(r->why, CDR_EXIT_INPUT,
                         "%s:%" PRIu64 ": column %s: the value is missing", r->file,
                         line, cdr_quote(name, r->data->header[r->fields]));
    case CDR_NOT_FINITE: return wrong_value(r, text, line, "is not finite", "");
    case CDR_TOO_LARGE: return wrong_value(r, text, line, "is too large", "");
    default: return wrong_value(r, text, line, "is not a number", "");
    }
}

static int take_label(struct reading *r, const char *text, uint64_t line)
{
    struct cdr_data *d = r->data;
    double value;
    enum cdr_number what = cdr_number_parse(&value, text);

    if (what == CDR_MISSING)
        return wrong_number(r, text, line, what);
    if (what != CDR_NUMBER || (value != 0 && value != 1))
        return wrong_value(r, text, line, "is not a label: 0 or 1", "");
    d->labels[d->rows] = value == 1;
    d->positives += value == 1;
    return 0;
}

static int take_score(struct reading *r, size_t score, const char *text, uint64_t line)
{
    double *to = &r->data->scores[score].values[r->data->rows];
    enum cdr_number what = cdr_number_parse(to, text);

    if (what != CDR_NUMBER)
        return wrong_number(r, text, line, what);
    if (r->wanted->probability_for && (*to < 0 || *to > 1))
        return wrong_value(r, text, line, "is not a probability, as needed for ",
                           r->wanted->probability_for);
    return 0;
}

/* The first row decides. */
static int settle(struct reading *r, struct slot *slot, const char *text)
{
    struct cdr_data *d = r->data;
    double value;

    if (cdr_number_parse(&value, text) != CDR_NO_NUMBER) {
        if (!add_score(r, slot, d->header[r->fields]))
            return cdr_fails_memory(r->why);
        return 0;
    }
    slot->use = NOTHING;
    if (!grow_array(&d->left_out, d->n_left_out + 1, sizeof *d->left_out))
        return cdr_fails_memory(r->why);
    d->left_out[d->n_left_out++] = d->header[r->fields];
    return 0;
}

static int take_field(struct reading *r, const char *text, uint64_t line)
{
    struct slot *slot = &r->slots[r->fields];

    if (r->data->rows == r->room && slot->use != NOTHING && !grow_rows(r))
        return cdr_fails_memory(r->why);
    if (slot->use == PERHAPS && settle(r, slot, text))
        return r->why->code;
    switch (slot->use) {
    case LABELS: return take_label(r, text, line);
    case SCORES: return take_score(r, slot->score, text, line);
    default: return 0;
    }
}

static int on_field(void *arg, const char *text, size_t size, uint64_t line)
{
    struct reading *r = arg;
    int rc = 0;

    if (strlen(text) != size)
        return cdr_fails(r->why, CDR_EXIT_INPUT,
                         "%s:%" PRIu64
                         ": field %zu holds a NUL byte: this is no text file",
                         r->file, line, r->fields + 1);
    if (r->in_header)
        rc = take_name(r, text);
    else if (r->fields < r->data->n_header)
        rc = take_field(r, text, line);
    r->fields++;
    return rc;
}

/* ---- rows ---- */

static int on_row(void *arg, uint64_t line)
{
    struct reading *r = arg;
    size_t fields = r->fields, expected = r->data->n_header;

    r->fields = 0;
    if (r->in_header)
        return take_header(r, line);
    if (fields != expected)
        return cdr_fails(r->why, CDR_EXIT_INPUT,
                         "%s:%" PRIu64 ": %zu field%s, but the header has %zu", r->file,
                         line, fields, fields == 1 ? "" : "s", expected);
    if (r->data->rows == UINT32_MAX)
        return cdr_fails(r->why, CDR_EXIT_INPUT,
                         "%s:%" PRIu64 ": more than 2^32 - 1 rows", r->file, line);
    r->data->rows++;
    return 0;
}

static int check_all(struct reading *r)
{
    if (r->in_header)
        return cdr_fails(r->why, CDR_EXIT_INPUT, "%s: the file is empty", r->file);
    if (r->data->rows == 0)
        return cdr_fails(r->why, CDR_EXIT_INPUT,
                         "%s: there is a header, but no row follows", r->file);
    if (r->data->n_scores == 0)
        return cdr_fails(r->why, CDR_EXIT_INPUT,
                         "%s: no column but the label holds numbers", r->file);
    return 0;
}

int cdr_data_read(struct cdr_data *data, const char *path,
                  const struct cdr_wanted *wanted, struct cdr_failure *why)
{
    struct reading r = {
        .data = data, .wanted = wanted, .why = why, .in_header = true
    };
    struct cdr_csv csv = { on_field, on_row, &r, wanted->delimiter, why };
    struct cdr_source *source;
    int rc;

    *data = (struct cdr_data){ 0 };
    rc = cdr_source_open(&source, path, why);
    if (rc)
        return rc;
    r.file = cdr_source_name(source);
    rc = cdr_csv_read(&csv, source);
    if (!rc)
        rc = check_all(&r);
    cdr_source_close(source);
    free(r.slots);
    if (rc)
        cdr_data_free(data);
    return rc;
}
