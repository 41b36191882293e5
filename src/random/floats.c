/* floats.c - doubles in [0, 1).
 * SPDX-License-Identifier: MIT
 */
#include "random/bits.h"

static inline double unit(uint64_t draw)
{
    return (double)(int64_t)(draw >> 11) * 0x1p-53;
}

double cadre_rng_uniform(cadre_rng *rng)
{
    return unit(cdr_next64(rng));
}

static void pcg64_uniforms(cadre_rng *rng, double *out, size_t n)
{
    const cdr_u128 increment = cdr_pcg64_increment(rng);
    cdr_u128 state = cdr_pcg64_state(rng);
    for (size_t i = 0; i < n; i++)
        out[i] = unit(cdr_pcg64_next(&state, increment));
    cdr_pcg64_set(rng, state);
}

void cadre_rng_uniforms(cadre_rng *rng, double *out, size_t n)
{
    if (rng->kind != CADRE_PHILOX) {
        pcg64_uniforms(rng, out, n);
        return;
    }
    for (size_t i = 0; i < n; i++)
        out[i] = unit(cdr_philox_next(rng));
}
