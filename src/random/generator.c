/* generator.c - what PCG64 and Philox have in common: draws, skips, jumps.
 * SPDX-License-Identifier: MIT
 */
#include "random/bits.h"

uint64_t cadre_rng_u64(cadre_rng *rng)
{
    return cdr_next64(rng);
}

uint32_t cadre_rng_u32(cadre_rng *rng)
{
    return cdr_next32(rng);
}

static void drop_half(cadre_rng *rng)
{
    rng->has_half = 0;
    rng->half = 0;
}

void cadre_rng_advance(cadre_rng *rng, uint64_t low, uint64_t high)
{
    drop_half(rng);
    if (rng->kind == CADRE_PHILOX)
        cdr_philox_skip(rng, 0, cdr_join(high, low));
    else
        cdr_pcg64_skip(rng, cdr_join(high, low));
}

void cadre_rng_jump(cadre_rng *rng)
{
    drop_half(rng);
    if (rng->kind == CADRE_PHILOX)
        cdr_philox_skip(rng, 2, 1);
    else /* 2^128 times the golden ratio's fraction, made odd */
        cdr_pcg64_skip(rng, cdr_join(0x9e3779b97f4a7c15u, 0xf39cc0605cedc835u));
}
