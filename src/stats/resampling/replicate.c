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

static int resample(cadre_task *task, const void *item, void *result)
{
    const struct cdr_shared_inputs *const in = cdr_task_inputs(task);
    const struct cdr_design *const a = in->design;
    double *const out = result;
    double sum = 0;
    size_t part = 0;

    (void)item;
    for (size_t k = 0; k < a->layers; k++) {
        const struct cdr_layer *const layer = &a->layer[k];
        struct cdr_workspace work;
        size_t n;
        if (!cdr_sample_take(&work, &n, task, in, layer, &part))
            return cdr_stats_no_scratch(task, layer->scheme.n * sizeof(uint32_t));
        if (n == SIZE_MAX) {
            sum = (double)NAN;
            break;
        }
        const double value = cdr_study_value(&layer->study, &work, n);
        sum = a->sums ? sum + layer->weight * value : value;
        if (in->errors && !isnan(value) &&
            !cdr_resample_error(&out[1], &layer->study, work.rows, n))
            return cdr_stats_no_scratch(task, n * sizeof(double));
    }
    out[0] = sum;
    if (in->errors && isnan(sum))
        out[1] = (double)NAN;
    return 0;
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

static void split(double *replicates, double *errors, const double *pairs, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        replicates[i] = pairs[2 * i];
        errors[i] = pairs[2 * i + 1];
    }
}

static int replicate_pairs(double *replicates, double *errors,
                           const struct cdr_source *source,
                           const struct cdr_shared_inputs *in, uint64_t n,
                           cadre_pool *pool, const cadre_bootstrap *b, cadre_error *err)
{
    double *const pairs = calloc(n, 2 * sizeof *pairs);
    int rc;

    if (!pairs)
        return cdr_stats_no_values(err, n);
    rc = run(pairs, 2 * sizeof *pairs, n, source, *in, pool, b, err);
    if (!rc)
        split(replicates, errors, pairs, n);
    free(pairs);
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

static int replicate(double *replicates, double *errors,
                     const struct cdr_source *source, cadre_pool *pool,
                     const cadre_bootstrap *b, uint64_t from, uint64_t to,
                     cadre_error *err)
{
    const struct cdr_bounds bounds = { source->design->bounds, source->design->bound,
                                       b->batch };
    struct cdr_seeding seeding;
    const struct cdr_shared_inputs in = { .design = source->design,
                                          .seeding = &seeding,
                                          .mode = CDR_DRAW,
                                          .errors = errors != NULL };
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
    else if (!errors)
        rc = run(replicates + from, sizeof *replicates, to - from, source, in, pool,
                 &part, err);
    else if (source->statistic)
        rc = replicate_kernel_pairs(replicates + from, errors + from, source, &in,
                                    to - from, pool, err);
    else
        rc = replicate_pairs(replicates + from, errors + from, source, &in, to - from,
                             pool, &part, err);
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

int cdr_replicate(double *replicates, double *errors, const struct cdr_source *source,
                  cadre_pool *pool, const cadre_bootstrap *b, uint64_t from,
                  uint64_t to, cadre_error *err)
{
    int rc = CADRE_OK;

    while (!rc && from < to) {
        const uint64_t end = from + at_once(source, b, errors != NULL, to - from);
        rc = replicate(replicates, errors, source, pool, b, from, end, err);
        if (!rc && b->each &&
            b->each(b->each_arg, from, replicates + from, (size_t)(end - from)))
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
    const struct cdr_source single = { &one, source->statistic, source->name, NULL,
                                       NULL };
    const struct cdr_shared_inputs in = { .design = &one, .mode = CDR_WITHOUT };

    one.layer = &a->layer[layer];
    one.layers = 1;
    one.sums = false;
    return run(out, sizeof *out, one.layer->scheme.units, &single, in, pool, NULL, err);
}
