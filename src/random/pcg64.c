/* pcg64.c - PCG XSL-RR 128/64: starting a stream, skipping ahead.
 * SPDX-License-Identifier: MIT
 */
#include "random/bits.h"

void cadre_rng_init(cadre_rng *rng, const cadre_seed *seed)
{
    uint64_t word[4];
    cadre_seed_state64(seed, word, 4);
    const cdr_u128 increment = cdr_join(word[2], word[3]) << 1 | 1;
    *rng = (cadre_rng){ .kind = CADRE_PCG64,
                        .state[2] = (uint64_t)increment,
                        .state[3] = (uint64_t)(increment >> 64) };
    /* State 0, a step, the seed added, a step. */
    const cdr_u128 seeded = cdr_pcg64_step(0, increment) + cdr_join(word[0], word[1]);
    cdr_pcg64_set(rng, cdr_pcg64_step(seeded, increment));
}

/* A step is an affine map, and so are two, four, eight, ... steps: the skip is put
 * together from those that the binary digits of `draws` name. */
void cdr_pcg64_skip(cadre_rng *rng, cdr_u128 draws)
{
    cdr_u128 state = cdr_pcg64_state(rng);
    cdr_u128 factor = CDR_PCG64_FACTOR, term = cdr_pcg64_increment(rng);
    for (; draws > 0; draws >>= 1) {
        if (draws & 1)
            state = state * factor + term;
        term += term * factor;
        factor *= factor;
    }
    cdr_pcg64_set(rng, state);
}
