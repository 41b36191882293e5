/* operating_point.c - metrics at thresholds that are chosen on other rows.
 * SPDX-License-Identifier: MIT
 *
 * Validation and test rows are the data of a statistic, in two strata. Scores are sorted
 * once: a validation row knows its group of equal scores, the highest first, and a test
 * row the first of those groups that is not above it. A resample then counts validation
 * rows by group, chooses a group, and the test rows that it predicts are those whose
 * group it has reached. The data are one piece of bytes without pointers.
 */
#include "stats/check.h"
#include "stats/fail.h"
#include "stats/intervals/statistic.h"
#include "stats/metrics/decisions.h"
#include "stats/metrics/selectors.h"
#include "stats/numbers/ranking.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The data, followed by group[] for each model and row, and the labels. */
struct fixture {
    cadre_selector selector;
    int kind; /* of the metric */
    uint32_t models, validation, rows;
    uint32_t groups[2];
};

static const uint32_t *group_of(const struct fixture *f, unsigned model)
{
    return (const uint32_t *)(f + 1) + (size_t)model * f->rows;
}

static const uint8_t *labels_of(const struct fixture *f)
{
    return (const uint8_t *)group_of(f, f->models);
}

/* ---- the kernel ---- */

/* How many of the sample's rows are validation rows: they come first. */
static size_t split(const struct fixture *f, const cadre_sample *s)
{
    size_t low = 0, high = s->n;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (s->rows[middle] < f->validation)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The group that is chosen by n rows, UINT32_MAX where none is. `room` has place for a
 * point and a number of each group. */
static uint32_t choose(const struct fixture *f, unsigned model, const uint32_t *rows,
                       size_t n, void *room)
{
    const uint32_t *const group = group_of(f, model);
    const uint8_t *const labels = labels_of(f);
    cdr_classes *const points = room, sum = 0;
    uint32_t *const present = (uint32_t *)(points + f->groups[model]);
    size_t steps = 0;

    memset(points, 0, f->groups[model] * sizeof *points);
    for (size_t i = 0; i < n; i++)
        points[group[rows[i]]] += cdr_one(labels[rows[i]]);
    for (uint32_t g = 0; g < f->groups[model]; g++)
        if (points[g]) {
            sum += points[g];
            points[steps] = sum;
            present[steps++] = g;
        }
    const struct cdr_points all = { .counts = points };
    const size_t chosen = cdr_select(&f->selector, &all, steps);
    return chosen == SIZE_MAX ? UINT32_MAX : present[chosen];
}

static double measure(const struct fixture *f, unsigned model, uint32_t threshold,
                      const uint32_t *rows, size_t n)
{
    const uint32_t *const group = group_of(f, model);
    const uint8_t *const labels = labels_of(f);
    double count[2][2] = { { 0 } };

    for (size_t i = 0; i < n; i++)
        count[group[rows[i]] <= threshold][labels[rows[i]]]++;
    const struct cdr_confusion c = {
        .tp = count[1][1], .fp = count[1][0], .fn = count[0][1], .tn = count[0][0]
    };
    return cdr_decide(f->kind, &c);
}

static double measure_model(const struct fixture *f, unsigned model,
                            const cadre_sample *s, size_t validation)
{
    const uint32_t threshold = choose(f, model, s->rows, validation, s->room);

    if (threshold == UINT32_MAX)
        return (double)NAN;
    return measure(f, model, threshold, s->rows + validation, s->n - validation);
}

static int operating_point(cadre_task *task, const void *item, void *result)
{
    const cadre_sample *const s = cadre_task_sample(task);

    (void)item;
    if (!s)
        return CADRE_ENOMEM;
    const struct fixture *const f = s->data;
    const size_t validation = split(f, s);
    const double a = measure_model(f, 0, s, validation);
    *(double *)result = f->models == 2 ? measure_model(f, 1, s, validation) - a : a;
    return 0;
}

/* ---- the data ---- */

/* The first group, from the highest score down, that is not above the score; `groups`
 * where all are. */
static uint32_t reach(const double *score, uint32_t groups, double x)
{
    uint32_t low = 0, high = groups;

    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (score[middle] <= x)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

static bool fill_model(struct fixture *f, unsigned model, uint32_t *group,
                       const double *validation, const double *test)
{
    struct cdr_ranking r;
    double *score;

    if (!cdr_rank(&r, validation, f->validation))
        return false;
    score = calloc(r.groups, sizeof *score);
    f->groups[model] = (uint32_t)r.groups;
    for (size_t row = 0; score && row < f->validation; row++) {
        score[r.group[row]] = validation[row];
        group[row] = r.group[row];
    }
    for (size_t row = f->validation; score && row < f->rows; row++)
        group[row] = reach(score, f->groups[model], test[row - f->validation]);
    free(r.group);
    free(r.order);
    free(score);
    return score != NULL;
}

struct columns {
    const double *validation[2], *test[2];
};

static struct fixture *make(size_t *size, const cadre_bootstrap *b,
                            const cadre_selector *selector, const cadre_validation *v,
                            const struct columns *c)
{
    const size_t rows = v->n + b->n, models = c->test[1] ? 2 : 1;
    struct fixture *f;

    *size = sizeof *f + models * rows * sizeof(uint32_t) + rows;
    f = calloc(1, *size);
    if (!f)
        return NULL;
    *f = (struct fixture){ .selector = *selector,
                           .kind = b->metric.kind,
                           .models = (uint32_t)models,
                           .validation = (uint32_t)v->n,
                           .rows = (uint32_t)rows };
    uint32_t *const groups = (uint32_t *)(f + 1);
    uint8_t *const labels = (uint8_t *)(groups + models * rows);
    memcpy(labels, v->labels, v->n);
    memcpy(labels + v->n, b->labels, b->n);
    for (unsigned m = 0; m < models; m++)
        if (!fill_model(f, m, groups + m * rows, c->validation[m], c->test[m])) {
            free(f);
            return NULL;
        }
    return f;
}

/* ---- checks ---- */

static int check_set(const cadre_metric *metric, const uint8_t *labels, const double *a,
                     const double *b, size_t n, const char *const names[2],
                     cadre_error *err)
{
    int rc = cdr_check_labels(metric, labels, n, err);

    if (!rc)
        rc = cdr_check_scores(metric, names[0], a, n, err);
    return rc || !b ? rc : cdr_check_scores(metric, names[1], b, n, err);
}

static int check(const cadre_bootstrap *b, const cadre_selector *selector,
                 const cadre_validation *v, const struct columns *c, cadre_error *err)
{
    static const char *const of_validation[2] = { "validation a", "validation b" };
    static const char *const of_test[2] = { "test a", "test b" };
    int rc = cdr_check_bootstrap(b, err);

    if (!rc && !v)
        rc = cdr_stats_fail(err, CADRE_EINVAL, "the validation rows are NULL");
    if (!rc)
        rc = cdr_check_selector(selector, err);
    if (rc)
        return rc;
    if (!(cadre_metric_needs(b->metric.kind) & CADRE_NEEDS_THRESHOLD))
        return cdr_stats_fail(err, CADRE_EINVAL,
                              "%s has no threshold, and so no operating point",
                              cadre_metric_name(b->metric.kind));
    if (b->strata || b->clusters || b->by_label || b->weights || b->class_of ||
        b->method == CADRE_STUDENTIZED)
        return cdr_stats_fail(err, CADRE_EINVAL,
                              "operating points are for rows of two classes, without "
                              "weights, that are drawn one by one");
    if (v->labels == b->labels)
        return cdr_stats_fail(err, CADRE_EINVAL,
                              "validation and test labels are the same array: choose "
                              "thresholds on rows that are not measured");
    if (v->n < CDR_LEAST_ROWS)
        return cdr_stats_fail(err, CADRE_EINVAL,
                              "%zu validation rows are too few, expected at least %d",
                              v->n, CDR_LEAST_ROWS);
    if (v->n > UINT32_MAX - b->n)
        return cdr_stats_fail(err, CADRE_EINVAL, "%zu and %zu rows are too many", v->n,
                              b->n);
    if (!c->validation[1] != !c->test[1])
        return cdr_stats_fail(err, CADRE_EINVAL,
                              "there is a second column of scores in one of validation "
                              "and test only");
    rc = check_set(&b->metric, v->labels, c->validation[0], c->validation[1], v->n,
                   of_validation, err);
    return rc ? rc
              : check_set(&b->metric, b->labels, c->test[0], c->test[1], b->n, of_test,
                          err);
}

/* ---- running ---- */

static int run(cadre_interval *out, cadre_pool *pool, const cadre_bootstrap *b,
               const struct fixture *f, size_t size, cadre_error *err)
{
    const uint32_t most = f->groups[0] > f->groups[1] ? f->groups[0] : f->groups[1];
    const cadre_statistic statistic = { .fn = operating_point,
                                        .name = cadre_metric_name(f->kind),
                                        .data = f,
                                        .data_size = size,
                                        .room = most * (sizeof(cdr_classes) +
                                                        sizeof(uint32_t)) };
    const struct cdr_source texts = { .name = statistic.name,
                                      .reason = "no threshold reaches the target",
                                      .remedy = "another target" };
    uint32_t *const strata = calloc(f->rows, sizeof *strata);
    cadre_bootstrap both = *b;
    int rc;

    if (!strata)
        return cdr_stats_no_memory(err, f->rows);
    for (size_t row = f->validation; row < f->rows; row++)
        strata[row] = 1;
    both.n = f->rows;
    both.strata = strata;
    both.batch = 1;
    if (both.degenerate_most == 0)
        both.degenerate_most = 0.5;
    rc = cdr_bootstrap_kernel(out, pool, &both, &statistic, b->method,
                              CADRE_QUANTILE_NUMPY, CADRE_SEEDING_SPAWN, &texts, err);
    free(strata);
    return rc;
}

int cadre_bootstrap_operating_point(cadre_interval *out, cadre_pool *pool,
                                    const cadre_bootstrap *b,
                                    const cadre_selector *selector,
                                    const cadre_validation *validation,
                                    const double *test_a, const double *test_b,
                                    cadre_error *err)
{
    struct columns c = { .test = { test_a, test_b } };
    struct fixture *f;
    size_t size;
    int rc = cdr_check_method(out, b ? b->method : 0, err);

    if (!rc && validation) {
        c.validation[0] = validation->scores_a;
        c.validation[1] = validation->scores_b;
    }
    if (!rc)
        rc = check(b, selector, validation, &c, err);
    if (rc)
        return rc;
    f = make(&size, b, selector, validation, &c);
    if (!f)
        return cdr_stats_no_memory(err, b->n);
    rc = run(out, pool, b, f, size, err);
    free(f);
    return rc;
}
