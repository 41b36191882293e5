/* replicates.c - replicates of an earlier run, from the file of --replicates.
 * SPDX-License-Identifier: MIT
 */
#include "cli/data/replicates.h"
#include "cli/base/text.h"
#include "cli/data/csv_file.h"
#include "cli/data/number.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SCORE, METRIC, GROUP, RESAMPLE, VALUE, FIELDS };

static const char *const header[FIELDS] = { "score", "metric", "group", "resample",
                                            "value" };

struct reading {
    struct cdr_replicate_file *out;
    struct cdr_failure *why;
    const char *file;
    bool in_header;
    char *field[FIELDS]; /* of the row so far */
    size_t fields;
};

static int no_such_file(const struct reading *r, uint64_t line, const char *what)
{
    return cdr_fails(r->why, CDR_EXIT_INPUT,
                     "%s:%" PRIu64
                     ": %s: this is no file that --replicates has written",
                     r->file, line, what);
}

static int on_field(void *arg, const char *text, size_t size, uint64_t line)
{
    struct reading *r = arg;

    (void)size;
    if (r->fields == FIELDS)
        return no_such_file(r, line, "there are more than five fields");
    if (r->in_header)
        return strcmp(text, header[r->fields++]) == 0
                   ? 0
                   : no_such_file(r, line, "the header is another one");
    free(r->field[r->fields]);
    r->field[r->fields] = strdup(text);
    return r->field[r->fields++] ? 0 : cdr_fails_memory(r->why);
}

/* ---- rows ---- */

static struct cdr_replicate_list *list_of(struct reading *r)
{
    struct cdr_replicate_file *f = r->out;
    struct cdr_replicate_list *more;

    for (size_t i = f->n; i-- > 0;)
        if (strcmp(f->lists[i].key[SCORE], r->field[SCORE]) == 0 &&
            strcmp(f->lists[i].key[METRIC], r->field[METRIC]) == 0 &&
            strcmp(f->lists[i].key[GROUP], r->field[GROUP]) == 0)
            return &f->lists[i];
    more = reallocarray(f->lists, f->n + 1, sizeof *more);
    if (!more)
        return NULL;
    f->lists = more;
    more = &f->lists[f->n++];
    *more = (struct cdr_replicate_list){ .n = 0 };
    for (size_t k = 0; k <= GROUP; k++) {
        more->key[k] = r->field[k];
        r->field[k] = NULL;
    }
    return more;
}

static bool append(struct cdr_replicate_list *list, double value)
{
    if (list->n == list->room) {
        const size_t room = list->room ? 2 * list->room : 1024;
        double *more = reallocarray(list->values, room, sizeof *more);

        if (!more)
            return false;
        list->values = more;
        list->room = room;
    }
    list->values[list->n++] = value;
    return true;
}

static int take_row(struct reading *r, uint64_t line)
{
    struct cdr_replicate_list *list = list_of(r);
    double value = NAN;
    char place[24];

    if (!list)
        return cdr_fails_memory(r->why);
    snprintf(place, sizeof place, "%zu", list->n);
    if (strcmp(r->field[RESAMPLE], place) != 0)
        return no_such_file(r, line, "resamples are not in order");
    if (r->field[VALUE][0] &&
        cdr_number_parse(&value, r->field[VALUE], '.') != CDR_NUMBER)
        return no_such_file(r, line, "the value is no number");
    return append(list, value) ? 0 : cdr_fails_memory(r->why);
}

static int on_row(void *arg, uint64_t line)
{
    struct reading *r = arg;
    const size_t fields = r->fields;

    r->fields = 0;
    if (fields != FIELDS)
        return no_such_file(r, line, "there are fewer than five fields");
    if (!r->in_header)
        return take_row(r, line);
    r->in_header = false;
    return 0;
}

/* ---- all ---- */

int cdr_replicates_read(struct cdr_replicate_file *out, const char *path,
                        struct cdr_failure *why)
{
    struct reading r = { .out = out, .why = why, .in_header = true };
    const struct cdr_csv csv = {
        .field = on_field, .row = on_row, .arg = &r, .delimiter = ',', .why = why
    };
    struct cdr_source *source;
    int rc = cdr_input_open(&source, path, why);

    if (rc)
        return rc;
    r.file = cdr_source_name(source);
    rc = cdr_csv_read(&csv, source);
    if (!rc && out->n == 0)
        rc = cdr_fails(why, CDR_EXIT_INPUT, "%s: there are no replicates", r.file);
    cdr_input_close(source);
    for (size_t k = 0; k < FIELDS; k++)
        free(r.field[k]);
    return rc;
}

void cdr_replicates_free(struct cdr_replicate_file *f)
{
    for (size_t i = 0; i < f->n; i++) {
        for (size_t k = 0; k <= GROUP; k++)
            free(f->lists[i].key[k]);
        free(f->lists[i].values);
    }
    free(f->lists);
    *f = (struct cdr_replicate_file){ 0 };
}

const struct cdr_replicate_list *cdr_replicates_find(const struct cdr_replicate_file *f,
                                                     const char *score,
                                                     const char *metric,
                                                     const char *group)
{
    for (size_t i = 0; i < f->n; i++)
        if (strcmp(f->lists[i].key[SCORE], score) == 0 &&
            strcmp(f->lists[i].key[METRIC], metric) == 0 &&
            strcmp(f->lists[i].key[GROUP], group ? group : "") == 0)
            return &f->lists[i];
    return NULL;
}
