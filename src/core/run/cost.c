/* cost.c - what a kernel's item cost when it last ran on this pool.
 * SPDX-License-Identifier: MIT
 */
#include "core/run/cost.h"

static unsigned place(uintptr_t kernel)
{
    return (unsigned)((kernel >> 4) * 0x9E3779B97F4A7C15u >> 60);
}

_Static_assert(CDR_COSTS == 1 << 4, "place() yields four bits");

double cdr_cost_of(const struct cdr_costs *costs, uintptr_t kernel)
{
    unsigned k = place(kernel);

    if (atomic_load_explicit(&costs->known[k].kernel, memory_order_relaxed) != kernel)
        return 0;
    return (double)atomic_load_explicit(&costs->known[k].picoseconds,
                                        memory_order_relaxed) /
           1000;
}

void cdr_cost_learn(struct cdr_costs *costs, uintptr_t kernel, double nanoseconds)
{
    unsigned k = place(kernel);
    uint64_t picoseconds = nanoseconds < 0.001  ? 1
                           : nanoseconds > 1e15 ? (uint64_t)1e18
                                                : (uint64_t)(nanoseconds * 1000);

    atomic_store_explicit(&costs->known[k].picoseconds, picoseconds,
                          memory_order_relaxed);
    atomic_store_explicit(&costs->known[k].kernel, kernel, memory_order_relaxed);
}

double cdr_claim_units(uint64_t left, unsigned workers, double cost)
{
    double units = (double)left / (2.0 * workers);

    if (cost > 0 && units > CDR_CLAIM_NS / cost)
        units = CDR_CLAIM_NS / cost;
    return units < 1 ? 1 : units;
}
