/* voltage.c - the voltage stage: a peak in each segment of consecutive ions.
 * SPDX-License-Identifier: MIT
 */
#include "voltage.h"
#include "numbers.h"
#include "peak.h"

#include <math.h>

uint64_t ap_voltage_segments(const struct ap_voltage *stage)
{
    return (stage->n + stage->segment - 1) / stage->segment;
}

/* The mean voltage of the ions within `reach` of the peak. */
static double voltage_at(struct ap_work *work, const double *v, const double *t,
                         size_t n, double at, double reach)
{
    size_t near = 0;

    for (size_t i = 0; i < n; i++)
        if (t[i] >= at - reach && t[i] <= at + reach)
            work->array[3][near++] = v[i];
    return ap_mean(work->array[3], near);
}

static int fill_in(struct ap_segment *out, cadre_task *task, struct ap_work *work,
                   const struct ap_voltage *stage, const double *v, const double *t,
                   size_t n)
{
    struct ap_peak peak;

    if (ap_peak_find(&peak, work, task, t, stage->t.memory ? -1 : 1, n, stage->bin,
                     stage->method, stage->rule))
        return 1;
    if (!stage->t.memory) { /* the working memory may have moved */
        v = work->array[0];
        t = work->array[1];
    }
    out->t = peak.at / stage->reference;
    if (stage->method == AP_MEDIAN) {
        for (size_t i = 0; i < n; i++)
            work->array[3][i] = v[i];
        out->v = ap_median(work->array[3], n);
    } else if (peak.counted) {
        out->v = voltage_at(work, v, t, n, peak.at, stage->bin);
    } else {
        out->v = ap_mean(v, n);
    }
    out->found = 1;
    return 0;
}

static int segment(cadre_task *task, const void *item, void *result)
{
    const struct ap_voltage *stage = cadre_task_shared(task);
    uint64_t first = cadre_task_index(task) * stage->segment;
    uint64_t n = stage->n - first < stage->segment ? stage->n - first : stage->segment;
    struct ap_segment *out = result;
    struct ap_work work;
    const double *v, *t;
    cadre_error err;

    (void)item;
    *out = (struct ap_segment){ 0 };
    if (!ap_work_get(&work, task, n, 0))
        return 1;
    v = ap_store_read(&stage->v, first, n, work.array[0], &err);
    t = v ? ap_store_read(&stage->t, first, n, work.array[1], &err) : NULL;
    if (!t)
        return cadre_task_fail(task, 1, "%s", err.message);
    return fill_in(out, task, &work, stage, v, t, n);
}

cadre_job ap_voltage_job(struct ap_segment *out, const struct ap_voltage *stage)
{
    return (cadre_job){ .fn = segment,
                        .name = "voltage segments",
                        .n = ap_voltage_segments(stage),
                        .results = out,
                        .result_size = sizeof *out,
                        .shared = stage,
                        .shared_size = sizeof *stage };
}

int ap_voltage_run(struct ap_segment *out, cadre_pool *pool,
                   const struct ap_voltage *stage, cadre_error *err)
{
    cadre_job job = ap_voltage_job(out, stage);

    return cadre_map(pool, &job, err);
}
