/* jackknife.c - the metric without each row in turn.
 * SPDX-License-Identifier: MIT
 *
 * Most metrics have a way to leave out a row that does not look at all others
 * (splice.h). Where one only counts, rows of the same class and group are alike, and one
 * of them stands for all: a threshold has no more than four. Tasks are spread over the
 * pool, unless its workers do not see the caller's memory: what each way of leaving out
 * looks at would have to be copied, and it is quick.
 */
#include "stats/intervals/jackknife.h"
#include "stats/fail.h"

#include <math.h>
#include <stdlib.h>

/* Which rows are left out, which of those stands for each row, and how it is done. */
struct representatives {
    const struct cdr_study *study;
    uint32_t *row;
    uint32_t *of_row;
    size_t n;
    void *omission;      /* NULL: by cdr_study_without */
    cdr_classes classes; /* of all rows */
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

/* `seen` says of each kind who stands for it, counted from 1. */
static void choose(struct representatives *d, uint32_t *seen)
{
    for (size_t row = 0; row < d->study->n; row++) {
        uint32_t *const representative = &seen[kind_of(d->study, row)];
        if (*representative == 0) {
            d->row[d->n++] = (uint32_t)row;
            *representative = (uint32_t)d->n;
        }
        d->of_row[row] = *representative - 1;
    }
}

static void count_classes(struct representatives *d)
{
    for (size_t row = 0; d->study->two_classes && row < d->study->n; row++)
        d->classes += cdr_one(d->study->labels[row]);
}

static bool fill(struct representatives *d)
{
    const struct cdr_measure *const m = &d->study->column[0];
    uint32_t *const seen = calloc(kinds(d->study), sizeof *seen);

    d->row = calloc(m->n, sizeof *d->row);
    d->of_row = calloc(m->n, sizeof *d->of_row);
    const bool good = seen && d->row && d->of_row;
    if (good)
        choose(d, seen);
    free(seen);
    count_classes(d);
    if (!good || !m->family->omission)
        return good;
    d->omission = m->family->omission->open(m);
    return d->omission != NULL;
}

static void representatives_close(struct representatives *d)
{
    if (d->omission)
        d->study->column[0].family->omission->close(d->omission);
    free(d->row);
    free(d->of_row);
}

/* ---- leaving out ---- */

static double omit(const struct representatives *d, size_t row)
{
    const struct cdr_study *const s = d->study;
    const cdr_classes one = s->two_classes ? cdr_one(s->labels[row]) : 0;

    if (!cdr_study_defined(s, s->n - 1, d->classes - one))
        return (double)NAN;
    const double value = s->column[0].family->omission->without(d->omission, row);
    return isfinite(value) ? value : (double)NAN;
}

static int leave_out(cadre_task *task, const void *item, void *result)
{
    const struct representatives *const d = cadre_task_shared(task);
    const size_t row = d->row[cadre_task_index(task)];
    void *memory;

    (void)item;
    if (d->omission) {
        *(double *)result = omit(d, row);
        return 0;
    }
    memory = cadre_task_scratch(task, d->study->workspace_size);
    if (!memory)
        return cdr_stats_no_scratch(task, d->study->workspace_size);
    const struct cdr_workspace work = cdr_study_workspace(d->study, memory);
    *(double *)result = cdr_study_without(d->study, &work, row);
    return 0;
}

static int run(double *values, const struct representatives *d, cadre_pool *pool,
               cadre_error *err)
{
    const cadre_job job = { .fn = leave_out,
                            .name = "jackknife",
                            .n = d->n,
                            .results = values,
                            .result_size = sizeof *values,
                            .shared = d,
                            .shared_size = sizeof *d };

    return cdr_stats_map(cadre_shares_memory(pool) ? pool : NULL, &job, err);
}

static int hand_out(double *out, const double *values, const struct representatives *d,
                    cadre_error *err)
{
    const struct cdr_study *const s = d->study;

    for (size_t row = 0; row < s->n; row++) {
        out[row] = values[d->of_row[row]];
        if (isnan(out[row]))
            return cdr_stats_fail(err, CADRE_EDATA,
                                  "BCa is not defined: without row %zu, %s is not, "
                                  "because %s; use percentile",
                                  row, cdr_study_name(s), cdr_study_reason(s));
    }
    return CADRE_OK;
}

int cdr_jackknife(double *out, const struct cdr_study *s, cadre_pool *pool,
                  cadre_error *err)
{
    struct representatives d = { .study = s };
    double *const values = calloc(s->n, sizeof *values);
    int rc = CADRE_OK;

    if (!values || !fill(&d))
        rc = cdr_stats_no_memory(err, s->n);
    if (!rc)
        rc = run(values, &d, pool, err);
    if (!rc)
        rc = hand_out(out, values, &d, err);
    representatives_close(&d);
    free(values);
    return rc;
}
