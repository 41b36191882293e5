/* inputs.c - where the arguments of jobs come from: sources, combined.
 * SPDX-License-Identifier: MIT
 *
 * Linked sources form a group, whose rows are tuples. The groups are the digits of a
 * number that counts up: the first group's rows come one by one, those of the others lie
 * in memory and are gone through again for each of them.
 */
#include "cli/map/inputs.h"
#include "cli/map/columns.h"
#include "cli/map/shuffle.h"
#include "cli/map/sources.h"
#include "cli/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rows of a group that are in memory: values of its sources, side by side. */
struct group {
    size_t first, n_sources;
    struct cdr_args rows;
    size_t n_rows, at; /* rows are n_sources values each; which is next */
};

struct cdr_inputs {
    struct cdr_sources sources;
    struct group *group;
    size_t n_groups;
    struct cdr_columns columns;
    struct cdr_args names;   /* of columns */
    struct cdr_args current; /* the first group's row */
    bool in_memory;          /* the first group lies in memory, too */
    bool wraps;              /* --link */
    bool have_current;
    bool saw_return;
    uint64_t given; /* tuples */
    bool shuffled;  /* all of them lie there */
    struct cdr_shuffle shuffle;
    uint64_t place;
};

/* ---- names ---- */

/* The first value of each source is the names of its columns. */
static int read_names(struct cdr_inputs *in, struct cdr_failure *why)
{
    for (size_t i = 0; i < in->sources.n; i++) {
        const char *value;
        size_t size;
        int rc = cdr_values_next(&in->sources.at[i], &value, &size, why);

        if (rc == CDR_NO_MORE)
            return cdr_fails(why, CDR_EXIT_INPUT,
                             "--header: source %zu is empty, and has no names", i + 1);
        if (rc)
            return rc;
        if (!cdr_columns_add(&in->columns, &in->names, value, size))
            return cdr_fails_memory(why);
    }
    return 0;
}

static bool is_called(const struct cdr_inputs *in, size_t i, const char *name,
                      size_t size)
{
    return cdr_args_size(&in->names, i) == size &&
           memcmp(cdr_args_get(&in->names, i), name, size) == 0;
}

int cdr_inputs_column(const struct cdr_inputs *in, const char *name, size_t size)
{
    for (size_t i = 0; i < in->names.n; i++)
        if (is_called(in, i, name, size))
            return (int)i + 1;
    return 0;
}

int cdr_inputs_check_name(const struct cdr_inputs *in, const char *name, size_t size,
                          struct cdr_failure *why)
{
    size_t places[CDR_PLACES_MAX], n = 0;
    char list[200], shown[CDR_SHOWN], number[24], use[64] = "";

    for (size_t i = 0; i < in->names.n; i++)
        if (is_called(in, i, name, size) && n++ < CDR_PLACES_MAX)
            places[n - 1] = i + 1;
    if (n < 2)
        return 0;
    snprintf(number, sizeof number, "%zu", places[0]);
    if (!cdr_inputs_column(in, number, strlen(number))) /* that is no name, too */
        snprintf(use, sizeof use, "use numbers, as in {%s}, or ", number);
    return cdr_fails(
        why, CDR_EXIT_INPUT, "--header: %s are %s called %s; %srename all but one",
        cdr_list_places(list, sizeof list, places, n), n == 2 ? "both" : "all",
        cdr_quote(shown, cdr_args_get(&in->names, places[0] - 1)), use);
}

const char *cdr_inputs_name(const struct cdr_inputs *in, size_t column, size_t *size)
{
    if (in->names.n == 0)
        return NULL;
    *size = cdr_args_size(&in->names, column % in->names.n);
    return cdr_args_get(&in->names, column % in->names.n);
}

/* ---- groups ---- */

static int make_groups(struct cdr_inputs *in, bool link, struct cdr_failure *why)
{
    in->group = calloc(in->sources.n, sizeof *in->group);
    if (!in->group)
        return cdr_fails_memory(why);
    for (size_t i = 0; i < in->sources.n; i++) {
        if (i > 0 && (link || in->sources.at[i].linked)) {
            in->group[in->n_groups - 1].n_sources++;
            continue;
        }
        in->group[in->n_groups++] = (struct group){ .first = i, .n_sources = 1 };
    }
    return 0;
}

/* One value of each of the group's sources; to the end of the shortest. */
static int next_row(struct cdr_inputs *in, const struct group *g, struct cdr_args *row,
                    struct cdr_failure *why)
{
    for (size_t i = 0; i < g->n_sources; i++) {
        struct cdr_values *v = &in->sources.at[g->first + i];
        const char *value;
        size_t size;
        int rc = cdr_values_next(v, &value, &size, why);

        in->saw_return = in->saw_return || v->reader.saw_return;
        if (rc)
            return rc;
        if (!cdr_args_add(row, value, size))
            return cdr_fails_memory(why);
    }
    return 0;
}

static int load_rows(struct cdr_inputs *in, struct group *g, struct cdr_failure *why)
{
    int rc;
    size_t whole = 0, used = 0;

    while ((rc = next_row(in, g, &g->rows, why)) == 0) {
        whole = g->rows.n;
        used = g->rows.used;
    }
    g->rows.n = whole; /* without the part of a row that the longer ones had left */
    g->rows.used = used;
    g->n_rows = whole / g->n_sources;
    return rc == CDR_NO_MORE ? 0 : rc;
}

/* --link: as many rows as the longest source has values, the others begin anew. */
static int load_wrapped(struct cdr_inputs *in, struct group *g, struct cdr_failure *why)
{
    struct cdr_args *all = calloc(g->n_sources, sizeof *all);
    size_t longest = 0, shortest = SIZE_MAX;
    int rc = all ? 0 : cdr_fails_memory(why);

    for (size_t i = 0; i < g->n_sources && rc == 0; i++) {
        rc = cdr_values_all(&in->sources.at[g->first + i], &all[i], why);
        longest = all[i].n > longest ? all[i].n : longest;
        shortest = all[i].n < shortest ? all[i].n : shortest;
    }
    g->n_rows = shortest ? longest : 0;
    for (size_t r = 0; r < g->n_rows && rc == 0; r++)
        for (size_t i = 0; i < g->n_sources && rc == 0; i++)
            if (!cdr_args_add(&g->rows, cdr_args_get(&all[i], r % all[i].n),
                              cdr_args_size(&all[i], r % all[i].n)))
                rc = cdr_fails_memory(why);
    for (size_t i = 0; all && i < g->n_sources; i++)
        cdr_args_free(&all[i]);
    free(all);
    return rc;
}

static int load_groups(struct cdr_inputs *in, struct cdr_failure *why)
{
    int rc = 0;

    if (in->wraps)
        rc = load_wrapped(in, &in->group[0], why);
    else if (in->in_memory)
        rc = load_rows(in, &in->group[0], why);
    for (size_t i = 1; i < in->n_groups && rc == 0; i++)
        rc = load_rows(in, &in->group[i], why);
    return rc;
}

/* ---- the tuples ---- */

static bool add_row(const struct cdr_inputs *in, struct cdr_args *tuple,
                    const struct cdr_args *rows, size_t first, size_t n)
{
    for (size_t i = first; i < first + n; i++)
        if (!cdr_columns_add(&in->columns, tuple, cdr_args_get(rows, i),
                             cdr_args_size(rows, i)))
            return false;
    return true;
}

static int next_of_first(struct cdr_inputs *in, struct cdr_failure *why)
{
    struct group *g = &in->group[0];
    int rc;

    cdr_args_clear(&in->current);
    if (!in->in_memory) {
        rc = next_row(in, g, &in->current, why);
    } else if (g->at == g->n_rows) {
        rc = CDR_NO_MORE;
    } else {
        rc = 0;
        for (size_t i = 0; i < g->n_sources && rc == 0; i++)
            if (!cdr_args_add(&in->current,
                              cdr_args_get(&g->rows, g->at * g->n_sources + i),
                              cdr_args_size(&g->rows, g->at * g->n_sources + i)))
                rc = cdr_fails_memory(why);
        g->at++;
    }
    in->have_current = rc == 0;
    return rc;
}

/* Count up; false: all have been gone through. */
static bool step(struct cdr_inputs *in)
{
    for (size_t i = in->n_groups; i-- > 1;) {
        if (++in->group[i].at < in->group[i].n_rows)
            return true;
        in->group[i].at = 0;
    }
    return false;
}

static bool some_group_is_empty(const struct cdr_inputs *in)
{
    for (size_t i = 1; i < in->n_groups; i++)
        if (in->group[i].n_rows == 0)
            return true;
    return false;
}

static int next_tuple(struct cdr_inputs *in, struct cdr_args *tuple,
                      struct cdr_failure *why)
{
    int rc = 0;

    if (in->n_groups == 1 && !in->in_memory && cdr_columns_are_values(&in->columns)) {
        cdr_args_clear(tuple);
        return next_row(in, &in->group[0], tuple,
                        why); /* there is nothing to combine */
    }
    if (some_group_is_empty(in))
        return CDR_NO_MORE;
    if (!in->have_current || !step(in))
        rc = next_of_first(in, why);
    if (rc)
        return rc;
    cdr_args_clear(tuple);
    if (!add_row(in, tuple, &in->current, 0, in->current.n))
        return cdr_fails_memory(why);
    for (size_t i = 1; i < in->n_groups; i++) {
        const struct group *g = &in->group[i];

        if (!add_row(in, tuple, &g->rows, g->at * g->n_sources, g->n_sources))
            return cdr_fails_memory(why);
    }
    return 0;
}

static int next_shuffled(struct cdr_inputs *in, struct cdr_args *tuple,
                         struct cdr_failure *why)
{
    if (in->shuffle.at == in->shuffle.n)
        return CDR_NO_MORE;
    return cdr_shuffle_next(&in->shuffle, tuple, &in->place) ? 0
                                                             : cdr_fails_memory(why);
}

int cdr_inputs_next(struct cdr_inputs *in, struct cdr_args *tuple,
                    struct cdr_failure *why)
{
    if (in->shuffled)
        return next_shuffled(in, tuple, why);
    in->place = in->given++;
    return next_tuple(in, tuple, why);
}

void cdr_inputs_before_reading(struct cdr_inputs *in, void (*call)(void *arg),
                               void *arg)
{
    for (size_t i = 0; i < in->sources.n; i++) {
        in->sources.at[i].reader.before = call;
        in->sources.at[i].reader.arg = arg;
    }
}

uint64_t cdr_inputs_place(const struct cdr_inputs *in)
{
    return in->place;
}

static int shuffle(struct cdr_inputs *in, uint64_t seed, struct cdr_failure *why)
{
    struct cdr_args tuple = { 0 };
    int rc;

    while ((rc = next_tuple(in, &tuple, why)) == 0)
        if (!cdr_shuffle_add(&in->shuffle, &tuple)) {
            rc = cdr_fails_memory(why);
            break;
        }
    if (rc == CDR_NO_MORE)
        rc = cdr_shuffle_mix(&in->shuffle, seed) ? 0 : cdr_fails_memory(why);
    cdr_args_free(&tuple);
    in->shuffled = true;
    return rc;
}

uint64_t cdr_inputs_total(const struct cdr_inputs *in)
{
    const struct cdr_values *first = &in->sources.at[0];
    uint64_t total = in->in_memory ? in->group[0].n_rows : first->n_words - first->next;

    if (in->shuffled)
        return in->shuffle.n;
    if (!in->in_memory && (!first->words || in->group[0].n_sources > 1 || first->eof ||
                           first->skip_blank))
        return 0;
    for (size_t i = 1; i < in->n_groups; i++)
        if (__builtin_mul_overflow(total, in->group[i].n_rows, &total))
            return 0;
    return total;
}

bool cdr_inputs_saw_return(const struct cdr_inputs *in)
{
    return in->saw_return;
}

int cdr_inputs_open(struct cdr_inputs **out, const struct cdr_input_options *set,
                    const char *const *words, size_t n_words, uint64_t seed,
                    struct cdr_failure *why)
{
    struct cdr_inputs *in = calloc(1, sizeof *in);
    int trim = set->trim ? set->trim - 1 : set->colsep ? CDR_TRIM_BOTH : CDR_TRIM_NONE;
    int rc;

    *out = in;
    if (!in)
        return cdr_fails_memory(why);
    rc = cdr_columns_open(&in->columns, set->colsep,
                          trim > CDR_TRIM_BOTH ? CDR_TRIM_BOTH : trim, why);
    if (!rc)
        rc = cdr_sources_open(&in->sources, set, words, n_words, why);
    in->wraps = set->link && in->sources.n > 1;
    in->in_memory = in->wraps;
    if (!rc && set->header)
        rc = read_names(in, why);
    if (!rc)
        rc = make_groups(in, set->link, why);
    if (!rc)
        rc = load_groups(in, why);
    if (!rc && set->shuffle)
        rc = shuffle(in, seed, why);
    if (rc) {
        cdr_inputs_close(in);
        *out = NULL;
    }
    return rc;
}

void cdr_inputs_close(struct cdr_inputs *in)
{
    if (!in)
        return;
    cdr_sources_close(&in->sources);
    for (size_t i = 0; i < in->n_groups; i++)
        cdr_args_free(&in->group[i].rows);
    cdr_columns_close(&in->columns);
    cdr_args_free(&in->names);
    cdr_args_free(&in->current);
    cdr_shuffle_free(&in->shuffle);
    free(in->group);
    free(in);
}
