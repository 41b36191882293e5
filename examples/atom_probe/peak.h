/* peak.h - where a peak is: what the voltage and the bowl stage do with each item's ions.
 * SPDX-License-Identifier: MIT
 */
#ifndef ATOM_PROBE_PEAK_H
#define ATOM_PROBE_PEAK_H

#include <cadre/cadre.h>

enum ap_method {
    AP_HISTOGRAM = 0, /* the centre of the highest bin; the mean where there is none */
    AP_MEAN,
    AP_MEDIAN
};

/* Working memory of a task: arrays of n doubles each, and counts. */
struct ap_work {
    double *array[4];
    uint32_t *counts;
};

/* False: there is none, and the task fails. What earlier calls of the task left in the
 * arrays is kept when n is the same. */
bool ap_work_get(struct ap_work *work, cadre_task *task, size_t n, size_t counts);

struct ap_peak {
    double at;
    bool counted; /* from a histogram, not its mean */
};

/* The peak of the n > 0 values. work->array[3] is used; `in_work` is the number of the array
 * that the values lie in, or -1 if they lie elsewhere. Not 0: the task has failed. */
int ap_peak_find(struct ap_peak *peak, struct ap_work *work, cadre_task *task,
                 const double *values, int in_work, size_t n, double bin, int method,
                 int rule);

#endif
