/* cost.h - what a kernel's item cost when it last ran on this pool.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_CORE_RUN_COST_H
#define CDR_CORE_RUN_COST_H

#include <stdatomic.h>
#include <stdint.h>

#define CDR_COSTS 16

/* How long a slice should run (serve.c), and a hand-out of several. */
#define CDR_SLICE_NS   20000.0
#define CDR_SLICE_TEXT "20 us"
#define CDR_CLAIM_NS   (8 * CDR_SLICE_NS)

/* A small table that forgets. Two kernels that share a place, or a reader between
 * two writers, can at worst see a figure that is not theirs: a run then brings
 * workers in a little too early or too late, and measures anew. Relaxed. */
struct cdr_costs {
    struct {
        _Atomic uintptr_t kernel;
        _Atomic uint64_t picoseconds; /* an item */
    } known[CDR_COSTS];
};

/* The most tasks that are handed out together when so many are left: half of an equal share
 * for each worker, that there is something left to even out at the end; and what takes
 * CDR_CLAIM_NS at so many nanoseconds each (0: unknown). */
double cdr_claim_units(uint64_t left, unsigned workers, double cost);

/* Nanoseconds an item, or 0 when not known. */
double cdr_cost_of(const struct cdr_costs *costs, uintptr_t kernel);
void cdr_cost_learn(struct cdr_costs *costs, uintptr_t kernel, double nanoseconds);

#endif
