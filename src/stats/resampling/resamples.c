/* resamples.c - the metric of every resample, and what all intervals say of them.
 * SPDX-License-Identifier: MIT
 */
#include "stats/resampling/resamples.h"
#include "stats/resampling/publish.h"
#include "stats/check.h"
#include "stats/fail.h"
#include "stats/resampling/seeding.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#define DEGENERATE_MOST    0.05
#define DEFAULT_RESAMPLES  1000
#define DEFAULT_CONFIDENCE 0.95

/* ---- running them ---- */

static int resample(cadre_task *task, const void *item, void *result)
{
    const struct cdr_shared_inputs *const shared = cadre_task_shared(task);
    const struct cdr_study *const study = shared->study;
    const size_t bytes = sizeof(struct cdr_kept) + study->workspace_size;
    struct cdr_kept *const kept = cadre_task_scratch(task, bytes);

    (void)item;
    if (!kept)
        return cdr_stats_no_scratch(task, bytes);
    const struct cdr_workspace work = cdr_study_workspace(study, kept + 1);
    cdr_seeding_draw(shared->seeding, task, kept, work.rows);
    *(double *)result = cdr_study_value(study, &work, study->n);
    return 0;
}

static int run(double *replicates, const struct cdr_study *study, cadre_pool *pool,
               const cadre_bootstrap *b, cadre_error *err)
{
    struct cdr_seeding seeding;
    struct cdr_shared_inputs shared = { study, &seeding };
    void *memory = NULL;
    const cadre_job job = { .fn = resample,
                            .name = "bootstrap",
                            .n = b->resamples,
                            .results = replicates,
                            .result_size = sizeof *replicates,
                            .shared = &shared,
                            .shared_size = sizeof shared,
                            .seed = b->seed,
                            .chunk = b->chunk,
                            .progress = b->progress,
                            .progress_arg = b->progress_arg };
    int rc =
        cdr_seeding_open(&seeding, pool, b->seeding, b->seed, b->n, b->resamples, err);

    if (!rc)
        rc = cdr_publish(&shared, &memory, pool, b->resamples, err);
    if (!rc)
        rc = cdr_stats_map(pool, &job, err);
    cadre_free_shared(memory);
    cdr_seeding_close(&seeding);
    return rc;
}

/* ---- what they say ---- */

/* `from` and `to` may be the same. */
static size_t keep_usable(double *to, const double *from, size_t n)
{
    size_t usable = 0;

    for (size_t b = 0; b < n; b++)
        if (!isnan(from[b]))
            to[usable++] = from[b];
    return usable;
}

static int check_degenerate(const struct cdr_study *study, const cadre_interval *out,
                            uint64_t resamples, cadre_error *err)
{
    if (!((double)out->degenerate > DEGENERATE_MOST * (double)resamples))
        return CADRE_OK;
    return cdr_stats_fail(
        err, CADRE_EDATA,
        "%" PRIu64 " of %" PRIu64 " resamples are degenerate, more than "
        "5 %%: %s is not defined where %s; %s would help",
        out->degenerate, resamples, cdr_study_name(study), cdr_study_reason(study),
        study->two_classes ? "more rows of the rarer class" : "smaller scores");
}

static int replicate(struct cdr_resamples *r, cadre_interval *out, cadre_pool *pool,
                     const cadre_bootstrap *b, cadre_error *err)
{
    double *replicates = b->replicates;
    int rc;

    r->sorted = calloc(b->resamples, sizeof *r->sorted);
    if (!r->sorted)
        return cdr_stats_no_memory(err, b->n);
    if (!replicates)
        replicates = r->sorted;
    rc = run(replicates, &r->study, pool, b, err);
    if (rc)
        return rc;
    r->usable = keep_usable(r->sorted, replicates, b->resamples);
    out->resamples = r->usable;
    out->degenerate = b->resamples - r->usable;
    out->standard_error = cadre_deviation(r->sorted, r->usable, 1);
    cadre_sort(r->sorted, r->usable);
    return check_degenerate(&r->study, out, b->resamples, err);
}

/* ---- opening ---- */

static cadre_bootstrap with_defaults(const cadre_bootstrap *b, unsigned columns)
{
    cadre_bootstrap full = *b;

    if (full.resamples == 0)
        full.resamples = DEFAULT_RESAMPLES;
    if (full.confidence == 0)
        full.confidence = DEFAULT_CONFIDENCE;
    if (full.seeding == CADRE_SEEDING_DEFAULT)
        full.seeding = columns == 1 ? CADRE_SEEDING_SINGLE : CADRE_SEEDING_SPAWN;
    return full;
}

void cdr_interval_clear(cadre_interval *out)
{
    *out = (cadre_interval){ .point = (double)NAN,
                             .low = (double)NAN,
                             .high = (double)NAN,
                             .standard_error = (double)NAN };
}

static int check(cadre_interval *out, const cadre_bootstrap *b,
                 const double *const *scores, unsigned columns, cadre_error *err)
{
    static const char *const names[2][2] = { { "scores" }, { "scores_a", "scores_b" } };
    int rc;

    if (!out)
        return cdr_stats_fail(err, CADRE_EINVAL, "out is NULL");
    cdr_interval_clear(out);
    rc = cdr_check_bootstrap(b, err);
    for (unsigned c = 0; !rc && c < columns; c++)
        rc = cdr_check_scores(&b->metric, names[columns - 1][c], scores[c], b->n, err);
    return rc;
}

int cdr_resamples_open(struct cdr_resamples *r, cadre_interval *out, cadre_pool *pool,
                       const cadre_bootstrap *b, const double *const *scores,
                       unsigned columns, cadre_error *err)
{
    int rc;

    *r = (struct cdr_resamples){ .usable = 0 };
    cdr_stats_clear(err);
    rc = check(out, b, scores, columns, err);
    if (rc)
        return rc;
    const cadre_bootstrap full = with_defaults(b, columns);
    r->tail = (1 - full.confidence) / 2;
    rc = cdr_study_open(&r->study, &full.metric, full.labels, scores, columns, full.n,
                        err);
    if (!rc)
        rc = cdr_study_point(&out->point, &r->study, err);
    return rc ? rc : replicate(r, out, pool, &full, err);
}

void cdr_resamples_close(struct cdr_resamples *r)
{
    cdr_study_close(&r->study);
    free(r->sorted);
}
