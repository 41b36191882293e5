/* measured.h - a stage to be measured, and its results as bytes.
 * SPDX-License-Identifier: MIT
 */
#ifndef ATOM_PROBE_MEASURED_H
#define ATOM_PROBE_MEASURED_H

#include "bowl.h"
#include "recover.h"
#include "voltage.h"

/* Results as bytes in up to n pieces. */
struct ap_result {
    void *bytes;
    size_t size;
    cadre_bytes *pieces;
    uint64_t n;
};

/* A figure that other programs' results can be compared with. */
typedef double ap_summed(const struct ap_result *r);

typedef int ap_measuring(struct ap_result *out, cadre_pool *pool, const void *stage,
                         cadre_error *err);

struct ap_measured {
    const char *key, *name, *shape;
    ap_measuring *run;
    ap_summed *sum;
    const void *settings;
    uint64_t items;
    cadre_job job; /* for a control: what to ask the plan about */
    uint64_t
        least; /* items that `auto` wants before it brings workers in; 0: measured */
};

void ap_result_free(struct ap_result *r);
bool ap_result_same(const struct ap_result *a, const struct ap_result *b);

/* The settings are a struct ap_voltage, ap_bowl or ap_recover. */
ap_measuring ap_measure_voltage, ap_measure_bowl, ap_measure_recover;
ap_summed ap_sum_voltage, ap_sum_bowl, ap_sum_recover;

#endif
