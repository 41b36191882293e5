/* peak.c - where a peak is: what the voltage and the bowl stage do with each item's ions.
 * SPDX-License-Identifier: MIT
 */
#include "peak.h"
#include "numbers.h"

#include <string.h>

bool ap_work_get(struct ap_work *work, cadre_task *task, size_t n, size_t counts)
{
    size_t size = 4 * n * sizeof(double) + counts * sizeof(uint32_t);
    double *all =
        cadre_task_scratch(task, size ? size : 1); /* of nothing there is none */

    if (!all)
        return false;
    for (size_t k = 0; k < 4; k++)
        work->array[k] = all + k * n;
    work->counts = (uint32_t *)(void *)(all + 4 * n);
    return true;
}

static int by_histogram(struct ap_peak *peak, struct ap_work *work, cadre_task *task,
                        const double *values, int in_work, size_t n, double bin,
                        int rule)
{
    struct ap_bins bins = ap_bins_make(values, n, bin);

    if (bins.n > AP_BINS_MAX)
        return cadre_task_fail(task, 1,
                               "values from %g to %g are too far apart for bins of %g",
                               bins.low, bins.high, bin);
    if (bins.n > 0) {
        if (!ap_work_get(work, task, n, bins.n))
            return 1;
        values = in_work >= 0 ? work->array[in_work] : values; /* it may have moved */
        peak->counted = ap_bins_peak(&bins, values, n, rule, work->counts, &peak->at);
    }
    if (!peak->counted)
        peak->at = ap_mean(values, n);
    return 0;
}

int ap_peak_find(struct ap_peak *peak, struct ap_work *work, cadre_task *task,
                 const double *values, int in_work, size_t n, double bin, int method,
                 int rule)
{
    *peak = (struct ap_peak){ 0 };
    if (method == AP_HISTOGRAM)
        return by_histogram(peak, work, task, values, in_work, n, bin, rule);
    if (method == AP_MEAN) {
        peak->at = ap_mean(values, n);
        return 0;
    }
    memcpy(work->array[3], values, n * sizeof *values);
    peak->at = ap_median(work->array[3], n);
    return 0;
}
