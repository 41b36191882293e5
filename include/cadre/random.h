/* random.h - random streams named by (seed, item): NumPy's bits, in any order.
 * SPDX-License-Identifier: MIT
 *
 * A cadre_seed is NumPy's SeedSequence, a cadre_rng its Generator over PCG64 or
 * Philox4x64-10. Streams agree bit for bit with NumPy >= 1.17 (padding of keyed
 * sequences as in 1.19 and later) on every platform, standard normals excepted:
 * those are cadre's own, see cadre_rng_normal.
 *
 * All types are plain values: copy them, put them on the stack, send them. No
 * function here blocks, allocates (but for what its comment says) or keeps state
 * anywhere else. Two threads may not use one cadre_rng or spawn from one
 * cadre_seed at the same time; everything const may be shared.
 *
 * Sources: M. E. O'Neill, PCG: A Family of Simple Fast Space-Efficient
 * Statistically Good Algorithms for Random Number Generation (2014), and her
 * design of seed sequences; J. Salmon et al., Parallel Random Numbers: As Easy as
 * 1, 2, 3 (SC11); D. Lemire, Fast Random Integer Generation in an Interval (2019).
 */
#ifndef CADRE_RANDOM_H
#define CADRE_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <cadre/version.h>

CADRE_BEGIN_DECLS

/* ---- seeds ---- */

#define CADRE_SEED_POOL     4 /* words of entropy kept, as NumPy's pool_size */
#define CADRE_SEED_POOL_MAX 16

/* All zero, it is the seed of entropy 0. */
typedef struct cadre_seed {
    uint32_t pool[CADRE_SEED_POOL_MAX];
    uint32_t pool_size;
    uint32_t hash;    /* the running constant after all words so far: what makes
                         a child O(1) */
    uint64_t spawned; /* how many children cadre_seed_spawn has handed out */
} cadre_seed;

/* SeedSequence(entropy). */
CADRE_API void cadre_seed_init(cadre_seed *seed, uint64_t entropy);

/* SeedSequence(entropy, pool_size=...), entropy given as 32-bit words: an integer
 * is its digits to base 2^32, least significant first, 0 the single word 0; a
 * list is its elements' words one after another. pool_size 0 means 4. False, and
 * *seed is as it was, when pool_size is 1..3 or above CADRE_SEED_POOL_MAX. */
CADRE_API bool cadre_seed_init_words(cadre_seed *seed, const uint32_t *words,
                                     size_t n_words, unsigned pool_size);

/* The words of a non-negative integer in text, decimal or 0x..., of at most 10 000
 * digits, without sign or spaces. Writes the lowest `room` words and returns how
 * many there are; 0 means that the text is no such integer. */
CADRE_API size_t cadre_seed_parse(uint32_t *words, size_t room, const char *text);

/* The same entropy with `key` appended to the spawn key: for the i-th item of a
 * job, cadre_seed_child(seed, i). Does not count as spawned. */
CADRE_API cadre_seed cadre_seed_child(const cadre_seed *seed, uint64_t key);

/* SeedSequence.spawn(n): children numbered on from the last call. */
CADRE_API void cadre_seed_spawn(cadre_seed *seed, cadre_seed *children, uint64_t n);

/* SeedSequence.generate_state(n, uint32) and (n, uint64). */
CADRE_API void cadre_seed_state32(const cadre_seed *seed, uint32_t *out, size_t n);
CADRE_API void cadre_seed_state64(const cadre_seed *seed, uint64_t *out, size_t n);

/* ---- generators ---- */

enum cadre_rng_kind { CADRE_PCG64 = 0, CADRE_PHILOX = 1 };

/* To be filled by one of the functions below: all zero is no stream. */
typedef struct cadre_rng {
    uint32_t kind;      /* an enum cadre_rng_kind */
    uint32_t has_half;  /* a 32-bit draw left the upper half of its 64 bits */
    uint32_t half;      /* that half; stays in place when used, as in NumPy */
    uint32_t position;  /* Philox: next word of the buffer; 4 when it is empty */
    uint64_t state[4];  /* PCG64: state low, high, increment low, high;
                            Philox: the counter, word 0 lowest */
    uint64_t key[2];    /* Philox */
    uint64_t buffer[4]; /* Philox */
} cadre_rng;

/* Generator(PCG64(seed)), what NumPy's default_rng gives. */
CADRE_API void cadre_rng_init(cadre_rng *rng, const cadre_seed *seed);

/* Generator(Philox(seed)). */
CADRE_API void cadre_rng_init_philox(cadre_rng *rng, const cadre_seed *seed);

/* Philox(key=..., counter=...): two and four words, word 0 lowest. */
CADRE_API void cadre_rng_init_philox_key(cadre_rng *rng, const uint64_t key[2],
                                         const uint64_t counter[4]);

/* Skip ahead: PCG64 by `low` + 2^64 `high` draws of 64 bits; Philox by as many
 * blocks of four. Drops a buffered half and, for Philox, the buffered block. */
CADRE_API void cadre_rng_advance(cadre_rng *rng, uint64_t low, uint64_t high);

/* BitGenerator.jumped(): PCG64 by NumPy's golden-ratio step, Philox by 2^128. */
CADRE_API void cadre_rng_jump(cadre_rng *rng);

CADRE_API uint64_t cadre_rng_u64(cadre_rng *rng);
CADRE_API uint32_t cadre_rng_u32(cadre_rng *rng); /* low half first, high half kept */

/* A double in [0, 1): 53 bits, one 64-bit draw. */
CADRE_API double cadre_rng_uniform(cadre_rng *rng);
CADRE_API void cadre_rng_uniforms(cadre_rng *rng, double *out, size_t n);

/* An integer in [0, n), unbiased (Lemire): Generator.integers(0, n). Up to 2^32
 * it draws 32 bits, above 64. n = 0 stands for 2^64; n = 1 draws nothing. */
CADRE_API uint64_t cadre_rng_below(cadre_rng *rng, uint64_t n);

/* Generator.integers(low, high, size=n), high exclusive. Draws nothing and
 * returns false when low >= high. */
CADRE_API bool cadre_rng_integers(cadre_rng *rng, int64_t *out, size_t n, int64_t low,
                                  int64_t high);

/* n indices in [0, bound), the draws of integers(0, bound, size=n): what a
 * bootstrap resample of `bound` rows wants. bound 0 stands for 2^32. */
CADRE_API void cadre_rng_indices(cadre_rng *rng, uint32_t *out, size_t n,
                                 uint32_t bound);

/* The same, and counts[i] grows by 1 for each i of them, which takes less time than to
 * count them afterwards; after 255 comes 0. */
CADRE_API void cadre_rng_indices_counted(cadre_rng *rng, uint32_t *out, uint8_t *counts,
                                         size_t n, uint32_t bound);

/* A standard normal deviate by inversion: cadre_normal_quantile of one uniform in
 * (0, 1), ((u64 >> 12) + 0.5) / 2^52. One 64-bit draw each; it grows with the draw,
 * as far as the quantile's last bits let it, to +-8.21 at the ends. cadre's own:
 * NumPy's standard_normal draws otherwise. */
CADRE_API double cadre_rng_normal(cadre_rng *rng);

/* The quantile function of the standard normal distribution, in the arithmetic of
 * the Cephes library (S. L. Moshier) that SciPy's norm.ppf uses: the same bits, and
 * within 1e-15 of the true value, relatively. 0 and 1 give -inf and inf; outside,
 * NaN. Beyond |z| = 1.1 the last bits are those of the C library's log. */
CADRE_API double cadre_normal_quantile(double p);

/* Generator.shuffle of n elements of `size` bytes. */
CADRE_API void cadre_rng_shuffle(cadre_rng *rng, void *base, size_t n, size_t size);

/* Generator.permutation(n). */
CADRE_API void cadre_rng_permutation(cadre_rng *rng, uint64_t *out, uint64_t n);

/* Generator.choice(n, k, replace=False, shuffle=shuffle): k of 0..n-1 without
 * repeats. Allocates working memory while it runs. False when k > n, or when
 * there is no memory; then *rng is as it was. */
CADRE_API bool cadre_rng_choice(cadre_rng *rng, uint64_t *out, uint64_t n, uint64_t k,
                                bool shuffle);

/* Generator.choice(n, k, p=p): with repeats, n weights that sum to 1. Allocates
 * n doubles while it runs. False when a weight is negative or not finite, when
 * they do not sum to 1 within sqrt(2^-52), when n is 0, or without memory. */
CADRE_API bool cadre_rng_choice_weighted(cadre_rng *rng, uint64_t *out, uint64_t n,
                                         uint64_t k, const double *p);

CADRE_END_DECLS
#endif
