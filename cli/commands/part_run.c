/* part_run.c - the interval of one result.
 * SPDX-License-Identifier: MIT
 */
#include "cli/commands/part.h"
#include "cli/output/records.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- replicates to a file ---- */

struct stream {
    FILE *out;
    const char *group, *score;
    int kind;
};

static int write_replicates(void *arg, uint64_t first, const double *values, size_t n)
{
    const struct stream *s = arg;
    char number[40];

    for (size_t i = 0; i < n; i++) {
        cdr_csv_text(s->out, s->score);
        fprintf(s->out, ",%s,", cadre_metric_name(s->kind));
        if (s->group)
            cdr_csv_text(s->out, s->group);
        snprintf(number, sizeof number, "%.17g", values[i]);
        fprintf(s->out, ",%" PRIu64 ",%s\n", first + i,
                isfinite(values[i]) ? number : "");
    }
    return ferror(s->out) != 0;
}

void cdr_part_write(const struct cdr_analysis *s, const char *group, const char *score,
                    int kind, const double *values, size_t n)
{
    struct stream stream = { s->replicates.stream, group, score, kind };

    write_replicates(&stream, 0, values, n);
}

/* ---- without resamples ---- */

/* Normal bounds around an estimate, and the test that they make. */
static cadre_interval normal(double point, double low, double high, double error,
                             double null)
{
    const double z = fabs(point - null) / error;

    return (cadre_interval){ .point = point,
                             .low = low,
                             .high = high,
                             .standard_error = error,
                             .p_value = 2 * (1 - cadre_normal_cdf(z)),
                             .method = CADRE_NORMAL };
}

/* Without --null the area of one column is tested against chance. */
static int delong(cadre_interval *out, const struct cdr_part *p,
                  const cadre_bootstrap *b, cadre_error *err)
{
    const bool chance = !p->scores[1] && !p->analysis->set->drawing.has_null;
    cadre_delong d;
    const int rc = cadre_delong_test(&d, p->labels, p->scores[0], p->scores[1], p->n,
                                     b->confidence, err);

    if (!p->scores[1]) { /* an area is in [0, 1] */
        d.low = fmax(0, d.low);
        d.high = fmin(1, d.high);
    }
    *out = normal(d.estimate, d.low, d.high, d.standard_error, chance ? 0.5 : b->null);
    return rc;
}

static int central_limit(cadre_interval *out, const double *values, size_t n,
                         const cadre_bootstrap *b, cadre_error *err)
{
    cadre_fold_mean m;
    const int rc = cadre_fold_interval(&m, values, n, b->confidence, err);

    *out = normal(m.mean, m.low, m.high, m.deviation / sqrt((double)n), b->null);
    return rc;
}

/* ---- blocks ---- */

static int measure_block(double *out, const struct cdr_part *block, int kind,
                         cadre_error *err)
{
    double from = 0;
    int rc = cdr_part_measure(out, block, kind, 0, err);

    if (rc || !block->scores[1])
        return rc;
    from = *out;
    rc = cdr_part_measure(out, block, kind, 1, err);
    *out -= from;
    return rc;
}

static int run_blocks(cadre_interval *out, const struct cdr_part *p,
                      const cadre_bootstrap *b, bool resample, cadre_error *err)
{
    double *values = calloc(p->n_blocks, sizeof *values);
    size_t n = 0;
    int rc = CADRE_OK;

    for (uint32_t k = 0; values && k < p->n_blocks && !rc; k++) {
        struct cdr_part block;
        if (!cdr_part_block(&block, p, k))
            rc = CADRE_ENOMEM;
        else if (block.n > 0) /* else it is of another group of --by */
            rc = measure_block(&values[n++], &block, b->metric.kind, err);
        if (rc && rc != CADRE_ENOMEM)
            rc = cdr_part_block_fails(p, k, err);
        cdr_part_close(&block);
    }
    if (!values || rc == CADRE_ENOMEM)
        rc = cdr_part_no_memory(err);
    if (!rc)
        rc = resample ? cadre_bootstrap_folds(out, p->analysis->pool, b, values, n, err)
                      : central_limit(out, values, n, b, err);
    free(values);
    return rc;
}

/* ---- running ---- */

cadre_bootstrap cdr_part_bootstrap(const struct cdr_part *p, int kind, int method)
{
    cadre_bootstrap b = cdr_analysis_bootstrap(p->analysis, kind);

    if (p->has_threshold)
        b.metric.threshold = p->threshold;
    b.labels = p->labels;
    b.n = p->n;
    /* Where BCa is not defined, another interval is better than none for all. */
    b.method = method == CADRE_BCA ? CADRE_BCA_IF_DEFINED : method;
    b.other = p->other;
    b.weights = p->weights;
    b.strata = p->strata;
    b.clusters = p->clusters;
    b.class_of = p->class_of;
    b.classes = p->classes;
    if (p->analysis->by_label && p->class_of)
        b.strata = p->class_of;
    else if (p->analysis->by_label)
        b.by_label = 3;
    return b;
}

static int run(cadre_interval *out, const struct cdr_part *p, const cadre_bootstrap *b,
               cadre_error *err)
{
    if (p->blocks)
        return run_blocks(out, p, b, true, err);
    if (p->validation) {
        const cadre_validation rows = { .n = p->validation->rows,
                                        .labels = p->validation->labels,
                                        .scores_a = p->chosen_on[0],
                                        .scores_b = p->chosen_on[1] };
        return cadre_bootstrap_operating_point(out, p->analysis->pool, b,
                                               &p->analysis->choice.selector, &rows,
                                               p->scores[0], p->scores[1], err);
    }
    if (p->scores[1])
        return cadre_bootstrap_difference(out, p->analysis->pool, b, p->scores[0],
                                          p->scores[1], err);
    return cadre_bootstrap_interval(out, p->analysis->pool, b, p->scores[0], b->method,
                                    err);
}

static int compute(cadre_interval *out, const struct cdr_part *p,
                   const cadre_bootstrap *b, int method, cadre_error *err)
{
    return method == CDR_METHOD_DELONG ? delong(out, p, b, err)
                                       : run_blocks(out, p, b, false, err);
}

static int permute(double *out, const struct cdr_part *p, const cadre_bootstrap *b,
                   cadre_error *err)
{
    cadre_bootstrap plain = { .metric = b->metric,
                              .labels = b->labels,
                              .n = b->n,
                              .resamples = b->resamples,
                              .seed = b->seed,
                              .chunk = b->chunk,
                              .other = b->other };
    cadre_permutation result;
    const int rc = cadre_permutation_test(&result, p->analysis->pool, &plain,
                                          p->scores[0], p->scores[1], err);

    *out = result.p_value;
    return rc;
}

/* ---- going on from replicates of an earlier run ---- */

static int wrong_file(const struct cdr_part *p, const char *what, cadre_error *err)
{
    err->code = CADRE_EDATA;
    snprintf(err->message, sizeof err->message, "--extend %s: %s",
             p->analysis->set->drawing.extend, what);
    return CADRE_EDATA;
}

static bool is_same(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

/* The last one that is there is drawn anew: if it comes out otherwise, the data or the
 * options are others than they were. */
static int run_on(cadre_interval *out, const struct cdr_part *p, cadre_bootstrap *b,
                  const struct stream *stream, cadre_error *err)
{
    const struct cdr_replicate_list *list =
        cdr_replicates_find(&p->analysis->earlier, stream->score,
                            cadre_metric_name(stream->kind), p->group);
    double *own = NULL;
    int rc;

    if (!list)
        return wrong_file(p, "it has no replicates of this score, metric and group",
                          err);
    if (list->n > b->resamples)
        return wrong_file(p, "it has more replicates than --resamples", err);
    if (!b->replicates)
        b->replicates = own = calloc(b->most_resamples, sizeof *own);
    if (!b->replicates)
        return cdr_part_no_memory(err);
    memcpy(b->replicates, list->values, list->n * sizeof *list->values);
    b->done = list->n - 1;
    if (b->each && write_replicates(b->each_arg, 0, list->values, list->n - 1))
        rc = CADRE_ECANCELLED; /* the output knows why */
    else
        rc = run(out, p, b, err);
    if (!rc && !is_same(b->replicates[list->n - 1], list->values[list->n - 1]))
        rc = wrong_file(p, "its replicates are of other data, options or another seed",
                        err);
    free(own);
    return rc;
}

int cdr_part_run(struct cdr_finding *out, const struct cdr_part *p, int kind,
                 int method, const char *score, double *replicates, cadre_error *err)
{
    struct cdr_analysis *s = p->analysis;
    struct stream stream = { s->replicates.stream, p->group, score, kind };
    cadre_bootstrap b = cdr_part_bootstrap(p, kind, method);
    int rc;

    b.replicates = replicates;
    if (s->set->drawing.replicates) {
        b.each = write_replicates;
        b.each_arg = &stream;
    }
    *out = (struct cdr_finding){ .p_value = NAN };
    for (unsigned c = 0; p->validation && c < 2 && p->scores[c]; c++) {
        rc = cdr_part_choose(&out->threshold[c], p, c, err);
        if (rc)
            return rc;
    }
    if (method >= CDR_METHOD_DELONG)
        rc = compute(&out->interval, p, &b, method, err);
    else if (s->set->drawing.extend)
        rc = run_on(&out->interval, p, &b, &stream, err);
    else
        rc = run(&out->interval, p, &b, err);
    out->p_value = out->interval.p_value;
    if (!rc && s->set->drawing.test == 1)
        rc = permute(&out->p_value, p, &b, err);
    return rc;
}

/* ---- several at once ---- */

bool cdr_part_can_run_all(const struct cdr_analysis *s)
{
    const struct cdr_resampling *d = &s->set->drawing;

    return s->set->method < CDR_METHOD_DELONG && !d->block && !d->validation &&
           !d->extend;
}

static cadre_quantity quantity_of(const struct cdr_part *p, const struct cdr_item *item)
{
    const cadre_bootstrap b = cdr_analysis_bootstrap(p->analysis, item->kind);

    return (cadre_quantity){ .metric = b.metric,
                             .scores = item->column,
                             .scores_b = p->scores[1],
                             .replicates = item->replicates };
}

static int intervals_of(cadre_interval *intervals, const struct cdr_part *p,
                        const struct cdr_item *items, size_t n, int method,
                        cadre_error *err)
{
    const cadre_bootstrap b = cdr_part_bootstrap(p, items->kind, method);
    cadre_quantity *quantities = calloc(n, sizeof *quantities);
    int rc;

    if (!quantities)
        return cdr_part_no_memory(err);
    for (size_t i = 0; i < n; i++)
        quantities[i] = quantity_of(p, &items[i]);
    rc = cadre_bootstrap_intervals(intervals, p->analysis->pool, &b, quantities, n,
                                   b.method, err);
    free(quantities);
    return rc;
}

/* Of an item whose interval is there. */
static int finish(struct cdr_finding *out, const cadre_interval *interval,
                  const struct cdr_part *p, const struct cdr_item *item, int method,
                  cadre_error *err)
{
    const cadre_bootstrap b = cdr_part_bootstrap(p, item->kind, method);
    struct cdr_part one = *p;

    *out = (struct cdr_finding){ .interval = *interval, .p_value = interval->p_value };
    if (p->analysis->set->drawing.test != 1)
        return CADRE_OK;
    one.scores[0] = item->column;
    return permute(&out->p_value, &one, &b, err);
}

int cdr_part_run_all(struct cdr_finding *out, size_t *failed, const struct cdr_part *p,
                     const struct cdr_item *items, size_t n, int method,
                     cadre_error *err)
{
    cadre_interval *intervals = calloc(n, sizeof *intervals);
    int rc = intervals ? intervals_of(intervals, p, items, n, method, err)
                       : cdr_part_no_memory(err);
    size_t last = n;

    *failed = n;
    if (rc == CADRE_EDATA || rc == CADRE_EINVAL)
        *failed = last = err->item < n ? (size_t)err->item : n;
    if (rc == CADRE_OK || rc == CADRE_EDATA)
        for (size_t i = 0; i < last; i++) {
            cadre_error why;
            if (finish(&out[i], &intervals[i], p, &items[i], method, &why)) {
                *failed = i;
                *err = why;
                rc = why.code;
                break;
            }
        }
    free(intervals);
    return rc;
}
