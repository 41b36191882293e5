/* classes.c - scores of many classes, each in a column of its own.
 * SPDX-License-Identifier: MIT
 *
 * With --macro the name of a score has {} in it: "p_{}" is p_setosa for the class setosa.
 */
#include "cli/commands/classes.h"
#include "cli/base/text.h"

#include <stdlib.h>
#include <string.h>

/* The name of a class's column; yours to free. */
static char *name_of(const char *pattern, const char *class_name)
{
    const char *braces = strstr(pattern, "{}");
    char *out;

    if (asprintf(&out, "%.*s%s%s", (int)(braces - pattern), pattern, class_name,
                 braces + 2) < 0)
        return NULL;
    return out;
}

static const double *find(const struct cdr_data *d, const char *name)
{
    for (size_t i = 0; i < d->n_scores; i++)
        if (strcmp(d->scores[i].name, name) == 0)
            return d->scores[i].values;
    return NULL;
}

static int take_class(const struct cdr_analysis *s, const double **column,
                      const char *pattern, const char *class_name,
                      struct cdr_failure *why)
{
    char *name = name_of(pattern, class_name), shown[CDR_SHOWN], label[CDR_SHOWN],
         of[CDR_SHOWN];
    int rc = 0;

    if (!name)
        return cdr_fails_memory(why);
    *column = find(&s->data, name);
    if (!*column)
        rc = cdr_fails(why, CDR_EXIT_INPUT,
                       "%s: %s is a class of %s, but no column of scores is called %s",
                       cdr_analysis_file(s), cdr_quote(shown, class_name),
                       cdr_quote(label, s->set->label), cdr_quote(of, name));
    free(name);
    return rc;
}

int cdr_classes_check(const struct cdr_analysis *s, struct cdr_failure *why)
{
    char shown[CDR_SHOWN];

    for (size_t i = 0; i < s->wanted.n_scores; i++)
        if (!strstr(s->wanted.scores[i], "{}"))
            return cdr_fails(why, CDR_EXIT_USAGE,
                             "--macro: %s has no {} that stands for a class, as in "
                             "\"p_{}\" for p_a, p_b and so on",
                             cdr_quote(shown, s->wanted.scores[i]));
    return 0;
}

int cdr_classes_open(struct cdr_analysis *s, struct cdr_failure *why)
{
    const struct cdr_groups *classes = &s->data.groups[CDR_CLASS - CDR_NUMBER_COLUMNS];
    int rc = 0;

    if (classes->n < 2)
        return cdr_fails(why, CDR_EXIT_INPUT, "%s: --macro: all labels are the same",
                         cdr_analysis_file(s));
    s->of_class = calloc(s->wanted.n_scores * classes->n, sizeof *s->of_class);
    if (!s->of_class)
        return cdr_fails_memory(why);
    for (size_t i = 0; i < s->wanted.n_scores; i++)
        for (size_t c = 0; c < classes->n && !rc; c++)
            rc = take_class(s, &s->of_class[i * classes->n + c], s->wanted.scores[i],
                            classes->names[c], why);
    return rc;
}
