/* replicate.c - the value of every resample.
 * SPDX-License-Identifier: MIT
 */
#include "stats/resampling/replicate.h"
#include "stats/fail.h"
#include "stats/metrics/jackknife.h"
#include "stats/resampling/sample.h"

#include <math.h>
#include <stdlib.h>

/* Kernels' jackknives of so many tasks are in memory at a time. */
#define TASKS_AT_ONCE (UINT64_C(1) << 18)

/* ---- kernels ---- */

struct resample {
    cadre_task *task;
    const struct cdr_shared_inputs *in;
    struct cdr_workspace work;
    size_t layer, n; /* n: rows in the workspace, or SIZE_MAX where they are too many */
};

static double value_of(struct resample *r, size_t design)
{
    const struct cdr_study *const s = &r->in->design[design].layer[r->layer].study;

    if (r->n == SIZE_MAX)
        return (double)NAN;
    return design == 0 ? cdr_study_value(s, &r->work, r->n)
                       : cdr_study_value_too(s, &r->work, r->n);
}

/* One layer's share in the result of a design. */
static int add_layer(double *out, struct resample *r, size_t design)
{
    const struct cdr_design *const a = &r->in->design[design];
    const struct cdr_layer *const layer = &a->layer[r->layer];
    const double value = value_of(r, design);

    out[0] = a->sums ? (r->layer > 0 ? out[0] : 0) + layer->weight * value : value;
    if (!r->in->errors)
        return 0;
    out[1] = (double)NAN;
    if (!isnan(value) &&
        !cdr_resample_error(&out[1], &layer->study, r->work.rows, r->n))
        return cdr_stats_no_scratch(r->task, r->n * sizeof(double));
    return 0;
}

static int resample(cadre_task *task, const void *item, void *result)
{
    struct resample r = { .task = task, .in = cdr_task_inputs(task) };
    const struct cdr_design *const a = r.in->design;
    const size_t width = r.in->errors ? 2 : 1;
    size_t part = 0;
    int rc = 0;

    (void)item;
    for (; r.layer < a->layers; r.layer++) {
        if (!cdr_sample_take(&r.work, &r.n, task, r.in, r.layer, &part))
            return cdr_stats_no_scratch(task,
                                        a->layer[r.layer].scheme.n * sizeof(uint32_t));
        for (size_t d = 0; !rc && (d < r.in->designs || d == 0); d++)
            rc = add_layer((double *)result + d * width, &r, d);
    }
    return rc;
}

/* ---- running ---- */

static void name_statistic(const struct cdr_source *source,
                           struct cdr_shared_inputs *in)
{
    if (source->statistic) {
        in->data = source->statistic->data;
        in->data_size = source->statistic->data_size;
        in->room = source->statistic->room;
    }
}

static int run(void *results, size_t result_size, uint64_t n,
               const struct cdr_source *source, struct cdr_shared_inputs in,
               cadre_pool *pool, const cadre_bootstrap *b, cadre_error *err)
{
    void *memory = NULL;
    cadre_job job = { .fn = source->statistic ? source->statistic->fn : resample,
                      .name = source->statistic ? source->name : "bootstrap",
                      .n = n,
                      .results = results,
                      .result_size = result_size,
                      .shared = &in,
                      .shared_size = sizeof in };
    int rc;

    if (b) {
        job.chunk = b->chunk;
        job.progress = b->progress;
        job.progress_arg = b->progress_arg;
    }
    in.designs = source->designs;
    name_statistic(source, &in);
    rc = cdr_publish(&memory, &job, pool, err);
    if (!rc)
        rc = source->statistic ? cadre_map(pool, &job, err)
                               : cdr_stats_map(pool, &job, err);
    cadre_free_shared(memory);
    return rc;
}

/* ---- progress over more than one run ---- */

struct passed_on {
    const cadre_bootstrap *b;
    uint64_t before, total;
};

static void pass_on(void *arg, const cadre_counts *counts)
{
    const struct passed_on *const p = arg;
    cadre_counts all = *counts;

    all.done += p->before;
    all.total = p->total;
    p->b->progress(p->b->progress_arg, &all);
}

/* ---- values and errors ---- */

static size_t designs_of(const struct cdr_source *source)
{
    return source->designs ? source->designs : 1;
}

/* From one resample behind the other to one design behind the other. */
static void split(const struct cdr_values *values, size_t designs, uint64_t from,
                  const double *results, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        for (size_t d = 0; d < designs; d++) {
            values[d].replicates[from + i] = *results++;
            if (values[d].errors)
                values[d].errors[from + i] = *results++;
        }
}

/* More than a value of each resample. */
static int replicate_rows(const struct cdr_values *values, uint64_t from,
                          const struct cdr_source *source,
                          const struct cdr_shared_inputs *in, uint64_t n,
                          cadre_pool *pool, const cadre_bootstrap *b, cadre_error *err)
{
    const size_t designs = designs_of(source), width = designs * (in->errors ? 2 : 1);
    double *const results =
        width <= SIZE_MAX / sizeof *results ? calloc(n, width * sizeof *results) : NULL;
    int rc;

    if (!results)
        return cdr_stats_no_values(err, n);
    rc = run(results, width * sizeof *results, n, source, *in, pool, b, err);
    if (!rc)
        split(values, designs, from, results, n);
    free(results);
    return rc;
}

/* A kernel's values of resamples, and without each row of them. */
static int replicate_kernel_pairs(double *replicates, double *errors,
                                  const struct cdr_source *source,
                                  const struct cdr_shared_inputs *in, uint64_t n,
                                  cadre_pool *pool, cadre_error *err)
{
    const size_t rows = source->design->layer->scheme.n, tasks = rows + 1;
    double *const values = calloc(n, tasks * sizeof *values);
    struct cdr_shared_inputs without = *in;
    int rc;

    if (!values)
        return cdr_stats_no_values(err, n);
    without.mode = CDR_DRAW_WITHOUT;
    rc = run(values, sizeof *values, n * tasks, source, without, pool, NULL, err);
    for (uint64_t i = 0; !rc && i < n; i++) {
        replicates[i] = values[i * tasks];
        if (!cdr_jackknife_error(&errors[i], values + i * tasks + 1, rows))
            rc = cdr_stats_no_memory(err, rows);
    }
    free(values);
    return rc;
}

static int replicate(const struct cdr_values *values, const struct cdr_source *source,
                     cadre_pool *pool, const cadre_bootstrap *b, uint64_t from,
                     uint64_t to, cadre_error *err)
{
    const struct cdr_bounds bounds = { source->design->bounds, source->design->bound,
                                       b->batch };
    struct cdr_seeding seeding;
    const struct cdr_shared_inputs in = { .design = source->design,
                                          .seeding = &seeding,
                                          .mode = CDR_DRAW,
                                          .errors = values->errors != NULL };
    struct passed_on passed = { b, from, b->resamples };
    cadre_bootstrap part = *b;
    int rc = cdr_seeding_open(&seeding, pool, b->seeding, b->seed, &bounds, from,
                              to - from, err);

    if (b->progress) {
        part.progress = pass_on;
        part.progress_arg = &passed;
    }
    if (rc)
        ;
    else if (in.errors && source->statistic)
        rc = replicate_kernel_pairs(values->replicates + from, values->errors + from,
                                    source, &in, to - from, pool, err);
    else if (in.errors || designs_of(source) > 1)
        rc = replicate_rows(values, from, source, &in, to - from, pool, &part, err);
    else
        rc = run(values->replicates + from, sizeof *values->replicates, to - from,
                 source, in, pool, &part, err);
    cdr_seeding_close(&seeding);
    return rc;
}

/* How many resamples make a run: all, unless a jackknife of a kernel, or handing on what
 * comes, says fewer. */
static uint64_t at_once(const struct cdr_source *source, const cadre_bootstrap *b,
                        bool errors, uint64_t left)
{
    const uint64_t rows = source->design->layer->scheme.n;
    uint64_t most = left;

    if (errors && source->statistic)
        most = TASKS_AT_ONCE / (rows + 1) + 1;
    if (b->each && most > TASKS_AT_ONCE)
        most = TASKS_AT_ONCE;
    return most < left ? most : left;
}

int cdr_replicate(const struct cdr_values *values, const struct cdr_source *source,
                  cadre_pool *pool, const cadre_bootstrap *b, uint64_t from,
                  uint64_t to, cadre_error *err)
{
    int rc = CADRE_OK;

    while (!rc && from < to) {
        const uint64_t end =
            from + at_once(source, b, values->errors != NULL, to - from);
        rc = replicate(values, source, pool, b, from, end, err);
        if (!rc && b->each &&
            b->each(b->each_arg, from, values->replicates + from, (size_t)(end - from)))
            rc = cdr_stats_fail(err, CADRE_ECANCELLED,
                                "stopped by the function that takes the replicates");
        from = end;
    }
    return rc;
}

/* ---- of the data ---- */

int cdr_evaluate(double *out, const struct cdr_source *source, cadre_error *err)
{
    const struct cdr_shared_inputs in = { .design = source->design, .mode = CDR_ALL };

    if (!source->statistic)
        return cdr_design_point(out, source->design, err);
    const int rc = run(out, sizeof *out, 1, source, in, NULL, NULL, err);
    if (rc || isfinite(*out))
        return rc;
    *out = (double)NAN;
    return cdr_stats_fail(err, CADRE_EDATA, "%s is not defined for these rows",
                          source->name);
}

int cdr_leave_out(double *out, const struct cdr_source *source, size_t layer,
                  cadre_pool *pool, cadre_error *err)
{
    const struct cdr_design *const a = source->design;
    struct cdr_design one = *a;
    const struct cdr_source single = { .design = &one,
                                       .statistic = source->statistic,
                                       .name = source->name };
    const struct cdr_shared_inputs in = { .design = &one, .mode = CDR_WITHOUT };

    one.layer = &a->layer[layer];
    one.layers = 1;
    one.sums = false;
    return run(out, sizeof *out, one.layer->scheme.units, &single, in, pool, NULL, err);
}
