/* header.c - which column of a file is which.
 * SPDX-License-Identifier: MIT
 */
#include "cli/base/text.h"
#include "cli/data/reading.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_SIZE 300 /* bytes that a list of names gets in a message */

int cdr_header_take_name(struct cdr_reading *r, const char *text)
{
    struct cdr_data *d = r->data;

    if (!cdr_reading_grow(&d->header, d->n_header + 1, sizeof *d->header) ||
        !(d->header[d->n_header] = strdup(text)))
        return cdr_fails_memory(r->why);
    d->n_header++;
    return 0;
}

bool cdr_may_be_comment(char c)
{
    return c != '\0' && strchr("#%!", c);
}

/* For a header that is one field: the delimiter that it seems to have; or 0. */
static char likely_delimiter(const char *const *names, size_t n)
{
    const char *found = n == 1 ? strpbrk(names[0], ";\t|") : NULL;

    return found ? *found : '\0';
}

/* What to do about it, as a clause; "": nothing is known. */
static const char *advice(char out[2 * CDR_SHOWN], const struct cdr_reading *r,
                          const char *name)
{
    const char *const *names = (const char *const *)r->data->header;
    size_t n = r->data->n_header;
    const char *near = cdr_nearest(name, names, n);
    char shown[CDR_SHOWN], delimiter = likely_delimiter(names, n);

    out[0] = '\0';
    if (near)
        snprintf(out, 2 * CDR_SHOWN, "; did you mean %s?", cdr_quote(shown, near));
    else if (cdr_may_be_comment(names[0][0]) && !r->wanted->comment)
        snprintf(out, 2 * CDR_SHOWN, "; is this line a comment? --comment '%c'",
                 names[0][0]);
    else if (delimiter == '\t')
        snprintf(out, 2 * CDR_SHOWN, "; try --delimiter tab");
    else if (delimiter)
        snprintf(out, 2 * CDR_SHOWN, "; try --delimiter '%c'", delimiter);
    else if (strchr(name, ','))
        snprintf(out, 2 * CDR_SHOWN, "; for several columns repeat the option");
    return out;
}

static int no_column(struct cdr_reading *r, const char *name, uint64_t line)
{
    const char *const *names = (const char *const *)r->data->header;
    size_t n = r->data->n_header;
    char shown[CDR_SHOWN], there[LIST_SIZE], end[2 * CDR_SHOWN];

    return cdr_fails(r->why, CDR_EXIT_INPUT,
                     "%s:%" PRIu64 ": no column is called %s%s (there %s %s)", r->file,
                     line, cdr_quote(shown, name), advice(end, r, name),
                     n == 1 ? "is" : "are", cdr_list(there, sizeof there, names, n));
}

/* Where in the header the column is that is wanted. */
static int locate(struct cdr_reading *r, size_t *at, const char *name, uint64_t line)
{
    const struct cdr_data *d = r->data;
    size_t places[CDR_PLACES_MAX], n = 0;
    char list[LIST_SIZE], shown[CDR_SHOWN];

    for (size_t i = 0; i < d->n_header; i++)
        if (strcmp(d->header[i], name) == 0 && n++ < CDR_PLACES_MAX)
            places[n - 1] = i + 1;
    if (n == 0)
        return no_column(r, name, line);
    *at = places[0] - 1;
    return n == 1
               ? 0
               : cdr_fails(r->why, CDR_EXIT_INPUT,
                           "%s:%" PRIu64 ": %s are %s called %s; rename all but one",
                           r->file, line, cdr_list_places(list, sizeof list, places, n),
                           n == 2 ? "both" : "all", cdr_quote(shown, name));
}

static int taken_twice(struct cdr_reading *r, size_t at, uint64_t line)
{
    char shown[CDR_SHOWN];

    return cdr_fails(r->why, CDR_EXIT_USAGE,
                     "%s:%" PRIu64 ": column %s is asked for twice; copy it under "
                     "another name if it is to be both",
                     r->file, line, cdr_quote(shown, r->data->header[at]));
}

static int want_extras(struct cdr_reading *r, uint64_t line)
{
    for (size_t e = 0; e < CDR_EXTRAS; e++) {
        size_t at;
        int rc;

        if (!r->wanted->extra[e])
            continue;
        rc = locate(r, &at, r->wanted->extra[e], line);
        if (rc)
            return rc;
        if (r->slots[at].use != CDR_NOTHING)
            return taken_twice(r, at, line);
        r->slots[at] = (struct cdr_slot){ CDR_EXTRA, e };
    }
    return 0;
}

/* Whether the name is that of a class's scores. */
static bool stands_for(const char *pattern, const char *name)
{
    const char *braces = strstr(pattern, "{}");
    const size_t before = (size_t)(braces - pattern), after = strlen(braces + 2);
    const size_t size = strlen(name);

    return size > before + after && strncmp(name, pattern, before) == 0 &&
           strcmp(name + size - after, braces + 2) == 0;
}

static int want_classes(struct cdr_reading *r, const char *pattern, uint64_t line)
{
    bool found = false;

    for (size_t i = 0; i < r->data->n_header; i++) {
        size_t at;

        if (r->slots[i].use != CDR_NOTHING || !stands_for(pattern, r->data->header[i]))
            continue;
        if (locate(r, &at, r->data->header[i], line))
            return r->why->code;
        found = true;
        if (!cdr_reading_add_score(r, &r->slots[i], r->data->header[i]))
            return cdr_fails_memory(r->why);
    }
    return found ? 0 : no_column(r, pattern, line);
}

static int want_scores(struct cdr_reading *r, uint64_t line)
{
    for (size_t k = 0; r->wanted->per_class && k < r->wanted->n_scores; k++) {
        int rc = want_classes(r, r->wanted->scores[k], line);

        if (rc)
            return rc;
    }
    if (r->wanted->per_class)
        return 0;
    for (size_t k = 0; k < r->wanted->n_scores; k++) {
        size_t at;
        int rc = locate(r, &at, r->wanted->scores[k], line);

        if (rc)
            return rc;
        if (r->slots[at].use == CDR_EXTRA)
            return taken_twice(r, at, line);
        if (!cdr_reading_add_score(r, &r->slots[at], r->data->header[at]))
            return cdr_fails_memory(r->why);
    }
    return 0;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool cdr_is_blank(const char *text)
{
    return text[strspn(text, " \t")] == '\0';
}

/* No two of one name, except of none; files with a hundred thousand columns are not rare. */
static int check_names(struct cdr_reading *r, uint64_t line)
{
    size_t n = r->data->n_header, at, i = 1;
    const char **sorted = calloc(n, sizeof *sorted);
    int rc = 0;

    if (!sorted)
        return cdr_fails_memory(r->why);
    memcpy(sorted, r->data->header, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, compare_names);
    while (i < n && (cdr_is_blank(sorted[i]) || strcmp(sorted[i - 1], sorted[i]) != 0))
        i++;
    if (i < n)
        rc = locate(r, &at, sorted[i], line); /* says where they are */
    free(sorted);
    return rc;
}

static int leave_nameless(struct cdr_reading *r, size_t i)
{
    struct cdr_data *d = r->data;

    if (!cdr_reading_grow(&d->nameless, d->n_nameless + 1, sizeof *d->nameless))
        return cdr_fails_memory(r->why);
    d->nameless[d->n_nameless++] = i + 1;
    return 0;
}

static int want_every_score(struct cdr_reading *r, uint64_t line)
{
    int rc = check_names(r, line);

    for (size_t i = 0; i < r->data->n_header && rc == 0; i++)
        if (r->slots[i].use == CDR_NOTHING && cdr_is_blank(r->data->header[i]))
            rc = leave_nameless(r, i);
        else if (r->slots[i].use == CDR_NOTHING)
            r->slots[i].use = CDR_PERHAPS;
    return rc;
}

int cdr_header_take(struct cdr_reading *r, uint64_t line)
{
    size_t at;
    int rc;

    r->in_header = false;
    r->slots = calloc(r->data->n_header, sizeof *r->slots);
    if (!r->slots)
        return cdr_fails_memory(r->why);
    if (r->wanted->label) {
        rc = locate(r, &at, r->wanted->label, line);
        if (rc)
            return rc;
        r->slots[at].use = CDR_LABELS;
    }
    rc = want_extras(r, line);
    if (rc)
        return rc;
    return r->wanted->every_score ? want_every_score(r, line) : want_scores(r, line);
}
