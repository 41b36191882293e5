/* philox.c - Philox4x64-10: four words by ten rounds over a 256-bit counter.
 * SPDX-License-Identifier: MIT
 */
#include "random/bits.h"

#include <string.h>

enum { WORDS = 4, ROUNDS = 10 };

static void empty(cadre_rng *rng)
{
    memset(rng->buffer, 0, sizeof rng->buffer);
    rng->position = WORDS;
}

void cadre_rng_init_philox_key(cadre_rng *rng, const uint64_t key[2],
                               const uint64_t counter[4])
{
    cadre_rng made = { .kind = CADRE_PHILOX };
    memcpy(made.key, key, sizeof made.key);
    memcpy(made.state, counter, sizeof made.state);
    empty(&made);
    *rng = made;
}

void cadre_rng_init_philox(cadre_rng *rng, const cadre_seed *seed)
{
    uint64_t key[2];
    cadre_seed_state64(seed, key, 2);
    cadre_rng_init_philox_key(rng, key, (const uint64_t[WORDS]){ 0 });
}

/* Adds `blocks` to the counter from its word `word` upwards. */
static void count(uint64_t counter[WORDS], unsigned word, cdr_u128 blocks)
{
    for (; word < WORDS; word++) {
        const cdr_u128 sum = (cdr_u128)counter[word] + (uint64_t)blocks;
        counter[word] = (uint64_t)sum;
        blocks = (blocks >> 64) + (sum >> 64);
    }
}

void cdr_philox_skip(cadre_rng *rng, unsigned word, cdr_u128 blocks)
{
    count(rng->state, word, blocks);
    empty(rng);
}

static void scramble(uint64_t out[WORDS], const uint64_t in[WORDS], uint64_t k0,
                     uint64_t k1)
{
    uint64_t c[WORDS] = { in[0], in[1], in[2], in[3] };
    for (int round = 0; round < ROUNDS; round++) {
        const cdr_u128 a = (cdr_u128)0xd2e7470ee14c6c93u * c[0];
        const cdr_u128 b = (cdr_u128)0xca5a826395121157u * c[2];
        c[0] = (uint64_t)(b >> 64) ^ c[1] ^ k0;
        c[1] = (uint64_t)b;
        c[2] = (uint64_t)(a >> 64) ^ c[3] ^ k1;
        c[3] = (uint64_t)a;
        k0 += 0x9e3779b97f4a7c15u; /* golden ratio */
        k1 += 0xbb67ae8584caa73bu; /* sqrt(3) - 1 */
    }
    memcpy(out, c, sizeof c);
}

/* The counter is moved before it is used: the first block is that of 1. */
uint64_t cdr_philox_next(cadre_rng *rng)
{
    if (rng->position >= WORDS) {
        count(rng->state, 0, 1);
        scramble(rng->buffer, rng->state, rng->key[0], rng->key[1]);
        rng->position = 0;
    }
    return rng->buffer[rng->position++];
}
