/* voltage.h - the voltage stage: a peak in each segment of consecutive ions.
 * SPDX-License-Identifier: MIT
 *
 * Some hundred items of some tens of microseconds: what it takes to begin a run must not
 * show. Each item is a piece of two arrays, and its result has a fixed size.
 */
#ifndef ATOM_PROBE_VOLTAGE_H
#define ATOM_PROBE_VOLTAGE_H

#include "store.h"

struct ap_voltage {
    struct ap_store v, t; /* of the peak's ions, in the order of evaporation */
    uint64_t n;
    uint64_t segment; /* ions in each but the last */
    double reference; /* the peak's place, which t is given in multiples of */
    double bin;
    int method; /* an enum ap_method */
    int rule;   /* an enum ap_rule */
};

struct ap_segment {
    double t, v; /* where the peak is, and at which voltage */
    uint64_t found;
};

uint64_t ap_voltage_segments(const struct ap_voltage *stage);

/* Fill out[0..ap_voltage_segments). It may lie in shared memory, or anywhere. */
int ap_voltage_run(struct ap_segment *out, cadre_pool *pool,
                   const struct ap_voltage *stage, cadre_error *err);

/* The job of that, to be asked what it would use. */
cadre_job ap_voltage_job(struct ap_segment *out, const struct ap_voltage *stage);

#endif
