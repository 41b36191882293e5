/* jackknife.c - the metric without each row in turn.
 * SPDX-License-Identifier: MIT
 *
 * All metrics but those of decisions have a way to leave out a row that does not look at
 * all others (splice.h); a few rows may be beyond it. Where one only counts, rows of the same class and group are alike, and one
 * of them represents all: a threshold has no more than four. Columns are done one by one,
 * and then put together as the study does. Tasks are spread over the pool, unless its
 * workers do not see the caller's memory: what each way of leaving out looks at would have
 * to be copied, and it is quick.
 */
#include "stats/metrics/jackknife.h"
#include "stats/fail.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Which rows are left out, which of those represents each row, and how it is done. */
struct representatives {
    const struct cdr_study *study; /* of one column */
    uint32_t *row;
    uint32_t *of_row;
    size_t n;
    const struct cdr_omission *way; /* NULL: by cdr_study_without */
    void *omission;
    cdr_classes classes; /* of all rows */
    double weight[2];    /* of either class, if rows have weights */
};

/* ---- choosing ---- */

static size_t kinds(const struct cdr_study *s)
{
    return s->counts ? 2 * s->column[0].groups : s->n;
}

static size_t kind_of(const struct cdr_study *s, size_t row)
{
    return s->counts ? 2 * (size_t)s->column[0].group[row] + s->labels[row] : row;
}

/* `seen` says of each kind who represents it, counted from 1. */
static void choose(struct representatives *r, uint32_t *seen)
{
    for (size_t row = 0; row < r->study->n; row++) {
        uint32_t *const representative = &seen[kind_of(r->study, row)];
        if (*representative == 0) {
            r->row[r->n++] = (uint32_t)row;
            *representative = (uint32_t)r->n;
        }
        r->of_row[row] = *representative - 1;
    }
}

static void count_classes(struct representatives *r)
{
    for (size_t row = 0; r->study->two_classes && row < r->study->n; row++)
        r->classes += cdr_one(r->study->labels[row]);
}

static void weigh_classes(struct representatives *r)
{
    const struct cdr_study *const s = r->study;

    for (size_t row = 0; s->weights && row < s->n; row++)
        r->weight[s->labels ? s->labels[row] : 0] += s->weights[row];
}

static bool fill(struct representatives *r)
{
    const struct cdr_measure *const m = &r->study->column[0];
    uint32_t *const seen = calloc(kinds(r->study), sizeof *seen);

    r->row = calloc(m->n, sizeof *r->row);
    r->of_row = calloc(m->n, sizeof *r->of_row);
    const bool good = seen && r->row && r->of_row;
    if (good)
        choose(r, seen);
    free(seen);
    count_classes(r);
    weigh_classes(r);
    r->way = cdr_omission_of(m);
    if (!good || !r->way)
        return good;
    r->omission = r->way->open(m);
    return r->omission != NULL;
}

static void representatives_close(struct representatives *r)
{
    if (r->omission)
        r->way->close(r->omission);
    free(r->row);
    free(r->of_row);
}

/* ---- leaving out ---- */

/* Next to most of the weight of its class, what is left is lost in the last bits of sums. */
static bool is_giant(const struct representatives *r, size_t row)
{
    const struct cdr_study *const s = r->study;

    return s->weights &&
           s->weights[row] > r->weight[s->labels ? s->labels[row] : 0] / 2;
}

/* False: not by what is known of all rows. */
static bool omit(double *out, const struct representatives *r, size_t row)
{
    const struct cdr_study *const s = r->study;
    const cdr_classes one = s->two_classes ? cdr_one(s->labels[row]) : 0;

    *out = (double)NAN;
    if (!cdr_study_defined(s, s->n - 1, r->classes - one))
        return true;
    if (!r->omission || is_giant(r, row))
        return false;
    *out = r->way->without(r->omission, row);
    return !isinf(*out);
}

static int leave_out(cadre_task *task, const void *item, void *result)
{
    const struct representatives *const r = cadre_task_shared(task);
    const size_t row = r->row[cadre_task_index(task)];
    void *memory;

    (void)item;
    if (omit(result, r, row))
        return 0;
    const size_t bytes = cdr_study_workspace_size(r->study, r->study->n);
    memory = cadre_task_scratch(task, bytes);
    if (!memory)
        return cdr_stats_no_scratch(task, bytes);
    struct cdr_workspace work = cdr_study_workspace(r->study, memory, r->study->n);
    *(double *)result = cdr_study_without(r->study, &work, row);
    return 0;
}

static int run_on_pool(double *values, const struct representatives *r,
                       cadre_pool *pool, cadre_error *err)
{
    const cadre_job job = { .fn = leave_out,
                            .name = "jackknife",
                            .n = r->n,
                            .results = values,
                            .result_size = sizeof *values,
                            .shared = r,
                            .local = true };

    return cdr_stats_map(pool, &job, err);
}

/* The same on this thread, which may be in a task. */
static bool run_here(double *values, const struct representatives *r)
{
    const struct cdr_study *const s = r->study;
    void *memory = NULL;
    bool good = true;

    for (size_t i = 0; good && i < r->n; i++) {
        if (omit(&values[i], r, r->row[i]))
            continue;
        if (!memory)
            memory = malloc(cdr_study_workspace_size(s, s->n));
        good = memory != NULL;
        if (!good)
            break;
        struct cdr_workspace work = cdr_study_workspace(s, memory, s->n);
        values[i] = cdr_study_without(s, &work, r->row[i]);
    }
    free(memory);
    return good;
}

/* ---- one column, and all of them ---- */

/* The study as if it had but that column. */
static struct cdr_study view_of(const struct cdr_study *s, unsigned column)
{
    const size_t k = column % s->classes;
    struct cdr_study one = *s;

    one.classes = 1;
    one.difference = false;
    one.column = &s->column[column];
    one.labels = s->labels ? s->labels + k * s->n : NULL;
    return one;
}

/* `here`: without the pool, and without beginning a map. */
static int jackknife_column(double *out, const struct cdr_study *one, bool here,
                            cadre_pool *pool, cadre_error *err)
{
    struct representatives r = { .study = one };
    double *const values = calloc(one->n, sizeof *values);
    int rc = CADRE_OK;

    if (!values || !fill(&r))
        rc = cdr_stats_no_memory(err, one->n);
    if (!rc && here)
        rc = run_here(values, &r) ? CADRE_OK : cdr_stats_no_memory(err, one->n);
    else if (!rc)
        rc = run_on_pool(values, &r, pool, err);
    for (size_t row = 0; !rc && row < one->n; row++)
        out[row] = values[r.of_row[row]];
    representatives_close(&r);
    free(values);
    return rc;
}

/* Each column's share in the value. */
static void add_column(double *out, const double *column, const struct cdr_study *s,
                       unsigned c)
{
    const double sign = s->difference && c < s->classes ? -1 : 1;

    for (size_t row = 0; row < s->n; row++)
        out[row] += sign * column[row] / s->classes;
}

static int jackknife(double *out, const struct cdr_study *s, bool here,
                     cadre_pool *pool, cadre_error *err)
{
    const unsigned columns = s->classes * (s->difference ? 2 : 1);
    double *column;
    int rc = CADRE_OK;

    if (columns == 1)
        return jackknife_column(out, s, here, pool, err);
    column = calloc(s->n, sizeof *column);
    if (!column)
        return cdr_stats_no_memory(err, s->n);
    memset(out, 0, s->n * sizeof *out);
    for (unsigned c = 0; !rc && c < columns; c++) {
        const struct cdr_study one = view_of(s, c);
        rc = jackknife_column(column, &one, here, pool, err);
        if (!rc)
            add_column(out, column, s, c);
    }
    free(column);
    return rc;
}

int cdr_jackknife(double *out, const struct cdr_study *s, cadre_pool *pool,
                  cadre_error *err)
{
    return jackknife(out, s, false, pool, err);
}

/* ---- standard errors ---- */

/* The mean of those that are defined; the others add 0 to their sum, in their places,
 * which decides its last bit. */
static double mean_of(double *without, const bool *defined, size_t n, size_t of)
{
    for (size_t i = 0; i < n; i++)
        if (!defined[i])
            without[i] = 0;
    return cadre_sum(without, n) / (double)of;
}

static double error_of(double *without, const bool *defined, size_t n, size_t of)
{
    const double mean = mean_of(without, defined, n, of);
    size_t k = 0;

    for (size_t i = 0; i < n; i++)
        if (defined[i])
            without[k++] = (without[i] - mean) * (without[i] - mean);
    const double variance = (double)(n - 1) / (double)n * cadre_sum(without, k);
    return variance > 0 ? sqrt(variance) : (double)NAN;
}

bool cdr_jackknife_error(double *error, double *without, size_t n)
{
    bool *const defined = calloc(n, sizeof *defined);
    size_t of = 0;

    if (!defined)
        return false;
    for (size_t i = 0; i < n; i++)
        of += defined[i] = isfinite(without[i]);
    *error = of < 2 ? (double)NAN : error_of(without, defined, n, of);
    free(defined);
    return true;
}

/* ---- of a sample ---- */

/* The sample's rows, as if they were data. */
struct copy {
    uint8_t *labels;
    double *columns[4]; /* scores, second, other, weights; each NULL if there is none */
};

static void copy_close(struct copy *c)
{
    free(c->labels);
    for (unsigned k = 0; k < 4; k++)
        free(c->columns[k]);
}

static bool copy_column(double **to, const double *from, const uint32_t *rows, size_t n)
{
    if (!from)
        return true;
    *to = calloc(n, sizeof **to);
    for (size_t i = 0; *to && i < n; i++)
        (*to)[i] = from[rows[i]];
    return *to != NULL;
}

static bool copy_labels(struct copy *c, const struct cdr_study *s, const uint32_t *rows,
                        size_t n)
{
    if (!s->labels)
        return true;
    c->labels = calloc(n, 1);
    for (size_t i = 0; c->labels && i < n; i++)
        c->labels[i] = s->labels[rows[i]];
    return c->labels != NULL;
}

/* Of one class. */
static bool copy_rows(struct copy *c, struct cdr_subject *subject,
                      const struct cdr_study *s, const uint32_t *rows, size_t n)
{
    const struct cdr_measure *const m = s->column;
    const double *const second = s->difference ? m[1].scores : NULL;

    if (!copy_labels(c, s, rows, n) ||
        !copy_column(&c->columns[0], m->scores, rows, n) ||
        !copy_column(&c->columns[1], second, rows, n) ||
        !copy_column(&c->columns[2], m->other, rows, n) ||
        !copy_column(&c->columns[3], s->weights, rows, n))
        return false;
    *subject = (struct cdr_subject){ .metric = m->metric,
                                     .rows = { .n = n,
                                               .labels = c->labels,
                                               .scores = c->columns[0],
                                               .other = c->columns[2],
                                               .weights = c->columns[3] },
                                     .second = c->columns[1] };
    return true;
}

static bool error_of_copy(double *error, const struct cdr_subject *subject)
{
    struct cdr_study study;
    double *const without = calloc(subject->rows.n, sizeof *without);
    bool good = without && cdr_study_open(&study, subject, NULL) == CADRE_OK;

    if (good)
        good = jackknife(without, &study, true, NULL, NULL) == CADRE_OK &&
               cdr_jackknife_error(error, without, subject->rows.n);
    if (without)
        cdr_study_close(&study);
    free(without);
    return good;
}

bool cdr_resample_error(double *error, const struct cdr_study *s, const uint32_t *rows,
                        size_t n)
{
    struct copy copy = { 0 };
    struct cdr_subject subject;
    const bool good =
        copy_rows(&copy, &subject, s, rows, n) && error_of_copy(error, &subject);

    copy_close(&copy);
    return good;
}
