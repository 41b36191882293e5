/* bowl.h - the bowl stage: a peak in each cell of the detector.
 * SPDX-License-Identifier: MIT
 *
 * Two ways to the same bytes. `scan` looks at every ion for every cell: two and a half
 * thousand items of ten milliseconds, which any parallel map is good at, and nearly all of
 * it for nothing. `binned` sorts the ions by cell first, in blocks and in parallel, and
 * then has items of fifty microseconds: on one CPU some hundred times as fast.
 */
#ifndef ATOM_PROBE_BOWL_H
#define ATOM_PROBE_BOWL_H

#include "grid.h"
#include "store.h"

enum ap_kernel { AP_BINNED = 0, AP_SCAN = 1 };

struct ap_bowl {
    struct ap_store x, y, t; /* of the peak's ions */
    uint64_t n;
    unsigned sample; /* mm */
    double diameter; /* of the detector, mm */
    double reference;
    double bin;
    int method;         /* an enum ap_method; not AP_MEDIAN */
    int kernel;         /* an enum ap_kernel; AP_SCAN wants the stores in memory */
    uint64_t block;     /* ions sorted together; 0: as many as fit the cache */
    const char *folder; /* of the sorted ions' file; NULL: they stay in memory */
};

struct ap_cell {
    double x, y, z; /* medians, and where the peak is */
    uint64_t members;
    uint64_t found;
};

/* Cells in shared memory: give them back with cadre_free_shared. */
int ap_bowl_run(struct ap_cell **out, struct ap_grid *grid, cadre_pool *pool,
                const struct ap_bowl *stage, cadre_error *err);

/* What one cell's ions come to; array[0..2] of the work are their x, y, t. Not 0: the task
 * has failed. */
struct ap_work;
int ap_bowl_cell(struct ap_cell *out, struct ap_work *work, cadre_task *task, size_t n,
                 double reference, double bin, int method);

/* The scan, for ap_bowl_run. */
int ap_bowl_scan(struct ap_cell *cells, const struct ap_grid *grid, cadre_pool *pool,
                 const struct ap_bowl *stage, cadre_error *err);

#endif
