/* permutation.c - p-values by exchanging what makes no difference if nothing does.
 * SPDX-License-Identifier: MIT
 *
 * Two columns of scores exchange a row's two scores, by a coin for each row (where order
 * is all that counts, their ranks, since the columns may have scales of their own: E.
 * Venkatraman, C. Begg, 1996); one column has its labels shuffled. Both are samples of 2 n rows: each row with either score, or
 * with either label, of which each row gives one. So all metrics measure them as they
 * measure resamples, without sorting again. A second column is shuffled against the first
 * where the metric relates the two, and exchanged with it where it compares them.
 */
#include "stats/check.h"
#include "stats/fail.h"
#include "stats/numbers/ranking.h"
#include "stats/resampling/publish.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_PERMUTATIONS 1000
#define SLACK                1e-12 /* of the largest value */

enum {
    EXCHANGE, /* of either score */
    RELABEL,  /* of either label */
    SHUFFLE,  /* the other column against the scores */
    SWAP      /* the other column with the scores */
};

/* ---- samples ---- */

static bool coin(cadre_rng *rng, uint64_t *bits, size_t i)
{
    if (i % 64 == 0)
        *bits = cadre_rng_u64(rng);
    return *bits >> i % 64 & 1;
}

/* The second half of `rows` gets what the first does not. */
static void exchange(cadre_rng *rng, uint32_t *rows, size_t n)
{
    uint64_t bits = 0;

    for (size_t i = 0; i < n; i++) {
        const size_t other = coin(rng, &bits, i) ? n : 0;
        rows[i] = (uint32_t)(i + other);
        rows[n + i] = (uint32_t)(i + n - other);
    }
}

static void relabel(cadre_rng *rng, uint32_t *rows, const uint8_t *labels, size_t n)
{
    for (size_t i = 0; i < n; i++)
        rows[i] = labels[i];
    cadre_rng_shuffle(rng, rows, n, sizeof *rows);
    for (size_t i = 0; i < n; i++)
        rows[i] = (uint32_t)(i + n * rows[i]);
}

/* ---- values ---- */

static double exchanged(const struct cdr_study *s, struct cdr_workspace *work,
                        uint32_t *rows, cadre_rng *rng, size_t n)
{
    exchange(rng, rows, n);
    memcpy(work->rows, rows, n * sizeof *rows);
    const double a = cdr_study_value(s, work, n);
    memcpy(work->rows, rows + n, n * sizeof *rows);
    return cdr_study_value(s, work, n) - a;
}

/* The study with columns of its own: x and y in `columns`, groups of y in `groups`. */
static double rearranged(const struct cdr_study *s, struct cdr_workspace *work,
                         double *columns, uint32_t *groups, cadre_rng *rng, int how)
{
    const struct cdr_measure *const from = s->column;
    const size_t n = s->n;
    struct cdr_measure m = *from;
    struct cdr_study other = *s;
    uint64_t bits = 0;

    for (size_t i = 0; i < n; i++)
        work->rows[i] = (uint32_t)i;
    if (how == SHUFFLE)
        cadre_rng_shuffle(rng, work->rows, n, sizeof *work->rows);
    for (size_t i = 0; i < n; i++) {
        const bool swap = how == SWAP && coin(rng, &bits, i);
        const uint32_t row = work->rows[i];
        columns[i] = swap ? from->other[i] : from->scores[i];
        columns[n + i] = swap ? from->scores[i] : from->other[row];
        groups[i] = from->other_group ? from->other_group[row] : 0;
    }
    for (size_t i = 0; i < n; i++)
        work->rows[i] = (uint32_t)i;
    m.scores = columns;
    m.other = columns + n;
    if (m.other_group)
        m.other_group = groups;
    other.column = &m;
    return cdr_study_value(&other, work, n);
}

static int permute(cadre_task *task, const void *item, void *result)
{
    const struct cdr_shared_inputs *const in = cdr_task_inputs(task);
    const struct cdr_layer *const layer = in->design->layer;
    const struct cdr_study *const s = &layer->study;
    const size_t n = layer->scheme.n, size = cdr_study_workspace_size(s, s->n);
    const size_t columns = 2 * n * sizeof(double), rows = 2 * n * sizeof(uint32_t);
    char *const memory = cadre_task_scratch(task, columns + size + rows);
    cadre_rng *const rng = cadre_task_rng(task);

    (void)item;
    if (!memory)
        return cdr_stats_no_scratch(task, columns + size + rows);
    struct cdr_workspace work = cdr_study_workspace(s, memory + columns, s->n);
    uint32_t *const spare = (uint32_t *)(memory + columns + size);
    if (in->mode == EXCHANGE) {
        *(double *)result = exchanged(s, &work, spare, rng, n);
    } else if (in->mode == RELABEL) {
        relabel(rng, work.rows, in->data, n);
        *(double *)result = cdr_study_value(s, &work, n);
    } else {
        *(double *)result =
            rearranged(s, &work, (double *)memory, spare, rng, in->mode);
    }
    return 0;
}

/* ---- rows with either score, or either label ---- */

struct doubled {
    double *scores;
    uint8_t *labels;
};

/* Mid-ranks, the lowest first, in the place of scores. */
static bool rank_scores(double *scores, size_t n)
{
    struct cdr_ranking r;
    double *below;
    bool good;

    if (!cdr_rank(&r, scores, n))
        return false;
    below = calloc(r.groups + 1, sizeof *below);
    good = below != NULL;
    for (size_t i = 0; good && i < n; i++)
        below[r.group[i]] += 1;
    for (size_t g = r.groups; good && g-- > 0;)
        below[g] += below[g + 1]; /* rows in this group and in lower ones */
    for (size_t i = 0; good && i < n; i++)
        scores[i] = (below[r.group[i]] + below[r.group[i] + 1]) / 2;
    free(below);
    free(r.group);
    free(r.order);
    return good;
}

static bool double_rows(struct doubled *d, const cadre_bootstrap *b, const double *a,
                        const double *second)
{
    const size_t n = b->n;

    d->scores = calloc(2 * n, sizeof *d->scores);
    d->labels = calloc(2 * n, 1);
    if (!d->scores || !d->labels)
        return false;
    memcpy(d->scores, a, n * sizeof *a);
    memcpy(d->scores + n, second ? second : a, n * sizeof *a);
    for (size_t i = 0; i < n; i++) {
        const uint8_t label = b->labels ? b->labels[i] : 0;
        d->labels[i] = second ? label : 0;
        d->labels[n + i] = second ? label : 1;
    }
    if (!second || cdr_family_of(b->metric.kind) != &cdr_curves)
        return true;
    return rank_scores(d->scores, n) && rank_scores(d->scores + n, n);
}

static int how_of(const cadre_bootstrap *b, const double *second)
{
    const int kind = b->metric.kind;

    if (!(cadre_metric_needs(kind) & CADRE_NEEDS_OTHER))
        return second ? EXCHANGE : RELABEL;
    return kind == CADRE_MEAN_DIFFERENCE || kind == CADRE_MEAN_RATIO ? SWAP : SHUFFLE;
}

/* ---- running ---- */

static int point_of(double *out, const cadre_bootstrap *b, const double *a,
                    const double *second, cadre_error *err)
{
    cadre_rows rows = {
        .n = b->n, .labels = b->labels, .scores = a, .other = b->other
    };
    double from = 0;
    int rc = cadre_metric_of(out, &b->metric, &rows, err);

    if (rc || !second)
        return rc;
    from = *out;
    rows.scores = second;
    rc = cadre_metric_of(out, &b->metric, &rows, err);
    *out -= from;
    return rc;
}

/* Permutations that are as far out as the point may differ from it in their last bits. */
static double slack_of(double point, const double *values, uint64_t n)
{
    double most = fabs(point);

    for (uint64_t i = 0; i < n; i++)
        if (isfinite(values[i]) && fabs(values[i]) > most)
            most = fabs(values[i]);
    return SLACK * most;
}

static void conclude(cadre_permutation *out, const double *values, uint64_t n)
{
    const double slack = slack_of(out->point, values, n);
    uint64_t above = 0, below = 0;

    for (uint64_t i = 0; i < n; i++) {
        out->degenerate += !isfinite(values[i]);
        above += values[i] >= out->point - slack;
        below += values[i] <= out->point + slack;
    }
    out->permutations = n - out->degenerate;
    const double least = (double)(above < below ? above : below);
    out->p_value = fmin(1, 2 * (1 + least) / ((double)out->permutations + 1));
}

static int run(cadre_permutation *out, cadre_pool *pool, const cadre_bootstrap *b,
               struct cdr_design *design, int how, uint64_t n, cadre_error *err)
{
    double *const values = b->replicates ? b->replicates : calloc(n, sizeof *values);
    struct cdr_shared_inputs in = { .design = design,
                                    .mode = how,
                                    .data = how == RELABEL ? b->labels : NULL,
                                    .data_size = how == RELABEL ? b->n : 0 };
    cadre_job job = { .fn = permute,
                      .name = "permutation test",
                      .n = n,
                      .results = values,
                      .result_size = sizeof *values,
                      .shared = &in,
                      .shared_size = sizeof in,
                      .seed = b->seed,
                      .chunk = b->chunk,
                      .progress = b->progress,
                      .progress_arg = b->progress_arg };
    void *memory = NULL;
    int rc =
        values ? cdr_publish(&memory, &job, pool, err) : cdr_stats_no_values(err, n);

    if (!rc)
        rc = cdr_stats_map(pool, &job, err);
    if (!rc)
        conclude(out, values, n);
    cadre_free_shared(memory);
    if (values != b->replicates)
        free(values);
    return rc;
}

static int test(cadre_permutation *out, cadre_pool *pool, const cadre_bootstrap *b,
                const double *a, const double *second, cadre_error *err)
{
    const int how = how_of(b, second);
    const bool doubles = how == EXCHANGE || how == RELABEL;
    struct doubled d = { NULL, NULL };
    struct cdr_layer layer = { .weight = 1 };
    struct cdr_design design = { .studies = true, .layers = 1, .layer = &layer };
    struct cdr_subject subject = {
        .metric = b->metric,
        .rows = { .n = b->n, .labels = b->labels, .scores = a, .other = b->other }
    };
    const struct cdr_grouping grouping = { .n = b->n };
    int rc = CADRE_OK;

    if (!cdr_scheme_open(&layer.scheme, &grouping) ||
        (doubles && !double_rows(&d, b, a, second)))
        rc = cdr_stats_no_memory(err, b->n);
    if (doubles)
        subject.rows =
            (cadre_rows){ .n = 2 * b->n, .labels = d.labels, .scores = d.scores };
    if (!rc)
        rc = cdr_study_open(&layer.study, &subject, err);
    if (!rc)
        rc = run(out, pool, b, &design, how,
                 b->resamples ? b->resamples : DEFAULT_PERMUTATIONS, err);
    cdr_study_close(&layer.study);
    cdr_scheme_close(&layer.scheme);
    free(d.scores);
    free(d.labels);
    return rc;
}

static int check(const cadre_bootstrap *b, const double *second, cadre_error *err)
{
    int rc = cdr_check_bootstrap(b, err);

    if (rc)
        return rc;
    if (b->weights || b->class_of || b->strata || b->clusters || b->by_label)
        return cdr_stats_fail(err, CADRE_EINVAL,
                              "permutation tests are for rows of two classes, without "
                              "weights, strata and clusters");
    if (second && cadre_metric_needs(b->metric.kind) & CADRE_NEEDS_OTHER)
        return cdr_stats_fail(err, CADRE_EINVAL,
                              "%s is of two columns already: leave the second one out",
                              cadre_metric_name(b->metric.kind));
    if (!second &&
        (cadre_metric_needs(b->metric.kind) &
         (CADRE_NEEDS_NO_LABELS | CADRE_NEEDS_OTHER)) == CADRE_NEEDS_NO_LABELS)
        return cdr_stats_fail(
            err, CADRE_EINVAL,
            "%s does not depend on labels: there is nothing to permute",
            cadre_metric_name(b->metric.kind));
    if (b->n > UINT32_MAX / 2)
        return cdr_stats_fail(err, CADRE_EINVAL, "%zu rows are more than 2^31 - 1",
                              b->n);
    return second ? cdr_check_scores(&b->metric, "scores_b", second, b->n, err)
                  : CADRE_OK;
}

int cadre_permutation_test(cadre_permutation *out, cadre_pool *pool,
                           const cadre_bootstrap *b, const double *scores_a,
                           const double *scores_b, cadre_error *err)
{
    int rc;

    cdr_stats_clear(err);
    if (!out)
        return cdr_stats_fail(err, CADRE_EINVAL, "out is NULL");
    *out = (cadre_permutation){ .point = (double)NAN, .p_value = (double)NAN };
    rc = check(b, scores_b, err);
    if (!rc)
        rc = point_of(&out->point, b, scores_a, scores_b, err);
    return rc ? rc : test(out, pool, b, scores_a, scores_b, err);
}
