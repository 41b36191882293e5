/* bits.h - the next 64 and the next 32 bits of a stream, inlined everywhere.
 * SPDX-License-Identifier: MIT
 */
#ifndef CDR_RANDOM_BITS_H
#define CDR_RANDOM_BITS_H

#include <cadre/random.h>

__extension__ typedef unsigned __int128 cdr_u128;

static inline cdr_u128 cdr_join(uint64_t high, uint64_t low)
{
    return (cdr_u128)high << 64 | low;
}

/* PCG64 is a 128-bit linear congruential generator, state * CDR_PCG64_FACTOR +
 * increment, whose state is scrambled on the way out. */
#define CDR_PCG64_FACTOR ((cdr_u128)2549297995355413924u << 64 | 4865540595714422341u)

static inline cdr_u128 cdr_pcg64_step(cdr_u128 state, cdr_u128 increment)
{
    return state * CDR_PCG64_FACTOR + increment;
}

static inline uint64_t cdr_pcg64_output(cdr_u128 state)
{
    const uint64_t high = (uint64_t)(state >> 64), folded = high ^ (uint64_t)state;
    const unsigned turn = (unsigned)(high >> 58);
    return folded >> turn | folded << (-turn & 63);
}

static inline cdr_u128 cdr_pcg64_state(const cadre_rng *rng)
{
    return cdr_join(rng->state[1], rng->state[0]);
}

static inline cdr_u128 cdr_pcg64_increment(const cadre_rng *rng)
{
    return cdr_join(rng->state[3], rng->state[2]);
}

static inline void cdr_pcg64_set(cadre_rng *rng, cdr_u128 state)
{
    rng->state[0] = (uint64_t)state;
    rng->state[1] = (uint64_t)(state >> 64);
}

static inline uint64_t cdr_pcg64_next(cdr_u128 *state, cdr_u128 increment)
{
    *state = cdr_pcg64_step(*state, increment);
    return cdr_pcg64_output(*state);
}

uint64_t cdr_philox_next(cadre_rng *rng);
void cdr_philox_skip(cadre_rng *rng, unsigned word, cdr_u128 blocks);
void cdr_pcg64_skip(cadre_rng *rng, cdr_u128 draws);

static inline uint64_t cdr_next64(cadre_rng *rng)
{
    if (rng->kind == CADRE_PHILOX)
        return cdr_philox_next(rng);
    cdr_u128 state = cdr_pcg64_state(rng);
    const uint64_t draw = cdr_pcg64_next(&state, cdr_pcg64_increment(rng));
    cdr_pcg64_set(rng, state);
    return draw;
}

/* A 64-bit draw makes two of 32 bits: the lower half now, the upper half the next
 * time, whatever is drawn in between. */
static inline uint32_t cdr_next32(cadre_rng *rng)
{
    if (rng->has_half) {
        rng->has_half = 0;
        return rng->half;
    }
    const uint64_t both = cdr_next64(rng);
    rng->has_half = 1;
    rng->half = (uint32_t)(both >> 32);
    return (uint32_t)both;
}

#endif
