/* part.c - the rows of one result: all, or those of a group.
 * SPDX-License-Identifier: MIT
 */
#include "cli/commands/part.h"
#include "cli/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- rows ---- */

static const struct cdr_groups *groups_of(const struct cdr_analysis *s,
                                          enum cdr_extra extra)
{
    return &s->data.groups[extra - CDR_NUMBER_COLUMNS];
}

static bool is_in(const struct cdr_analysis *s, size_t row, size_t group)
{
    return !s->set->drawing.by || groups_of(s, CDR_BY)->of_row[row] == group;
}

static void *copy(const struct cdr_analysis *s, size_t group, const void *from,
                  size_t size, bool *good)
{
    char *to, *end;

    if (!from || !*good)
        return NULL;
    to = end = malloc(s->data.rows * size);
    *good = to != NULL;
    for (size_t row = 0; to && row < s->data.rows; row++)
        if (is_in(s, row, group)) {
            memcpy(end, (const char *)from + row * size, size);
            end += size;
        }
    return to;
}

/* Scores of one column; of classes one behind the other. */
static double *copy_score(const struct cdr_part *p, size_t group, size_t score,
                          bool *good)
{
    const struct cdr_analysis *s = p->analysis;
    double *to;

    if (score == CDR_NO_SCORE)
        return NULL;
    if (!p->class_of)
        return copy(s, group, s->data.scores[score].values, sizeof(double), good);
    to = calloc(p->n * p->classes, sizeof *to);
    *good = *good && to;
    for (unsigned c = 0; c < p->classes && *good; c++) {
        const double *from = s->of_class[score * p->classes + c];
        size_t n = 0;
        for (size_t row = 0; row < s->data.rows; row++)
            if (is_in(s, row, group))
                to[c * p->n + n++] = from[row];
    }
    return to;
}

double *cdr_part_column(const struct cdr_part *p, size_t group, size_t score)
{
    bool good = true;
    double *column = copy_score(p, group, score, &good);

    if (good)
        return column;
    free(column);
    return NULL;
}

/* The column of the same name among the rows that thresholds are chosen in. */
static const double *validation_score(const struct cdr_analysis *s, size_t score)
{
    for (size_t i = 0; score != CDR_NO_SCORE && i < s->validation.n_scores; i++)
        if (strcmp(s->validation.scores[i].name, cdr_analysis_score(s, score)) == 0)
            return s->validation.scores[i].values;
    return NULL;
}

bool cdr_part_open(struct cdr_part *p, struct cdr_analysis *s, size_t group, size_t a,
                   size_t b)
{
    const struct cdr_data *d = &s->data;
    bool good = true;

    *p = (struct cdr_part){ .analysis = s };
    if (s->set->drawing.by)
        p->group = groups_of(s, CDR_BY)->names[group];
    s->group = p->group;
    for (size_t row = 0; row < d->rows; row++)
        p->n += is_in(s, row, group);
    p->labels = copy(s, group, s->wanted.label ? d->labels : NULL, 1, &good);
    p->class_of = copy(s, group, groups_of(s, CDR_CLASS)->of_row, 4, &good);
    p->classes = (unsigned)groups_of(s, CDR_CLASS)->n;
    p->scores[0] = copy_score(p, group, a, &good);
    p->scores[1] = copy_score(p, group, b, &good);
    if (s->set->drawing.validation) {
        p->validation = &s->validation;
        p->chosen_on[0] = validation_score(s, a);
        p->chosen_on[1] = validation_score(s, b);
    }
    p->other = copy(s, group, d->numbers[CDR_OTHER], sizeof(double), &good);
    p->weights = copy(s, group, d->numbers[CDR_WEIGHT], sizeof(double), &good);
    p->strata = copy(s, group, groups_of(s, CDR_STRATUM)->of_row, 4, &good);
    p->clusters = copy(s, group, groups_of(s, CDR_CLUSTER)->of_row, 4, &good);
    p->blocks = copy(s, group, groups_of(s, CDR_BLOCK)->of_row, 4, &good);
    p->n_blocks = groups_of(s, CDR_BLOCK)->n;
    for (size_t row = 0; p->labels && row < p->n; row++)
        p->positives += p->labels[row];
    return good;
}

void cdr_part_close(struct cdr_part *p)
{
    free(p->labels);
    free(p->class_of);
    free(p->scores[0]);
    free(p->scores[1]);
    free(p->other);
    free(p->weights);
    free(p->strata);
    free(p->clusters);
    free(p->blocks);
}

/* ---- blocks ---- */

/* Nothing is copied that blocks do not need. */
bool cdr_part_block(struct cdr_part *block, const struct cdr_part *p, uint32_t k)
{
    size_t n = 0;

    *block = (struct cdr_part){ .analysis = p->analysis,
                                .has_threshold = p->has_threshold,
                                .threshold = p->threshold };
    block->labels = p->labels ? malloc(p->n) : NULL;
    block->scores[0] = malloc(p->n * sizeof(double));
    block->scores[1] = p->scores[1] ? malloc(p->n * sizeof(double)) : NULL;
    block->other = p->other ? malloc(p->n * sizeof(double)) : NULL;
    block->weights = p->weights ? malloc(p->n * sizeof(double)) : NULL;
    if ((p->labels && !block->labels) || !block->scores[0] ||
        (p->scores[1] && !block->scores[1]) || (p->other && !block->other) ||
        (p->weights && !block->weights))
        return false;
    for (size_t row = 0; row < p->n; row++) {
        if (p->blocks[row] != k)
            continue;
        if (p->labels)
            block->labels[n] = p->labels[row];
        for (unsigned c = 0; c < 2; c++)
            if (p->scores[c])
                block->scores[c][n] = p->scores[c][row];
        if (p->other)
            block->other[n] = p->other[row];
        if (p->weights)
            block->weights[n] = p->weights[row];
        n++;
    }
    block->n = n;
    return true;
}

int cdr_part_block_fails(const struct cdr_part *p, uint32_t k, cadre_error *err)
{
    char what[sizeof err->message], shown[CDR_SHOWN];

    if (err->code != CADRE_EDATA)
        return err->code;
    memcpy(what, err->message, sizeof what);
    snprintf(err->message, sizeof err->message, "block %.99s: %.360s",
             cdr_quote(shown, groups_of(p->analysis, CDR_BLOCK)->names[k]), what);
    return err->code;
}

/* ---- values ---- */

static cadre_rows rows_of(const struct cdr_part *p, unsigned column)
{
    return (cadre_rows){ .n = p->n,
                         .labels = p->labels,
                         .scores = p->scores[column],
                         .other = p->other,
                         .weights = p->weights };
}

int cdr_part_no_memory(cadre_error *err)
{
    *err = (cadre_error){ .code = CADRE_ENOMEM, .message = "out of memory" };
    return CADRE_ENOMEM;
}

/* The mean over classes, each against the rest. */
static int measure_classes(double *out, const struct cdr_part *p,
                           const cadre_metric *metric, unsigned column,
                           cadre_error *err)
{
    double *value = calloc(p->classes, sizeof *value);
    uint8_t *labels = calloc(p->n, sizeof *labels);
    int rc = value && labels ? CADRE_OK : cdr_part_no_memory(err);

    for (unsigned c = 0; c < p->classes && !rc; c++) {
        const cadre_rows rows = { .n = p->n,
                                  .labels = labels,
                                  .scores = p->scores[column] + c * p->n,
                                  .weights = p->weights };
        for (size_t row = 0; row < p->n; row++)
            labels[row] = p->class_of[row] == c;
        rc = cadre_metric_of(&value[c], metric, &rows, err);
    }
    if (!rc)
        *out = cadre_mean(value, p->classes);
    free(value);
    free(labels);
    return rc;
}

int cdr_part_choose(double *out, const struct cdr_part *p, unsigned column,
                    cadre_error *err)
{
    cadre_operating_point point;
    const int rc = cadre_select_threshold(&point, &p->analysis->choice.selector,
                                          p->validation->labels, p->chosen_on[column],
                                          p->validation->rows, err);

    *out = point.threshold;
    return rc;
}

int cdr_part_measure(double *out, const struct cdr_part *p, int kind, unsigned column,
                     cadre_error *err)
{
    cadre_bootstrap b = cdr_analysis_bootstrap(p->analysis, kind);
    const cadre_rows rows = rows_of(p, column);

    if (p->has_threshold)
        b.metric.threshold = p->threshold;
    if (p->class_of)
        return measure_classes(out, p, &b.metric, column, err);
    if (p->validation) {
        int rc = cdr_part_choose(&b.metric.threshold, p, column, err);
        if (rc)
            return rc;
    }
    return cadre_metric_of(out, &b.metric, &rows, err);
}
