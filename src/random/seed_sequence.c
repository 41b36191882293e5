/* seed_sequence.c - entropy and a spawn key, mixed into a small pool.
 * SPDX-License-Identifier: MIT
 *
 * Words go in one after another; each is hashed with a constant that changes at
 * every use and mixed into every word of the pool. Entropy shorter than the pool is
 * as good as padded with zeros, which is what a spawn key asks for: so a child is
 * its parent's pool and running constant, and the key's words put in on top. That
 * is why a cadre_seed keeps the constant and not the entropy.
 */
#include <cadre/random.h>

#define HASH_IN_START   0x43b0d7e5u
#define HASH_IN_FACTOR  0x931e8875u
#define HASH_OUT_START  0x8b51f9ddu
#define HASH_OUT_FACTOR 0x58f38dedu
#define MIX_OLD         0xca01f9ddu
#define MIX_NEW         0x4973f715u

static inline uint32_t hash(uint32_t *running, uint32_t factor, uint32_t word)
{
    word ^= *running;
    *running *= factor;
    word *= *running;
    return word ^ word >> 16;
}

static inline uint32_t mix(uint32_t old, uint32_t new)
{
    const uint32_t mixed = MIX_OLD * old - MIX_NEW * new;
    return mixed ^ mixed >> 16;
}

static void put(cadre_seed *seed, uint32_t word)
{
    uint32_t running = seed->hash;
    for (uint32_t i = 0; i < seed->pool_size; i++)
        seed->pool[i] = mix(seed->pool[i], hash(&running, HASH_IN_FACTOR, word));
    seed->hash = running;
}

/* Every word of the pool into every other one. */
static void stir(cadre_seed *seed)
{
    for (uint32_t from = 0; from < seed->pool_size; from++)
        for (uint32_t to = 0; to < seed->pool_size; to++)
            if (to != from) {
                const uint32_t word = seed->pool[from];
                seed->pool[to] =
                    mix(seed->pool[to], hash(&seed->hash, HASH_IN_FACTOR, word));
            }
}

bool cadre_seed_init_words(cadre_seed *seed, const uint32_t *words, size_t n_words,
                           unsigned pool_size)
{
    const uint32_t size = pool_size ? pool_size : CADRE_SEED_POOL;
    if (size < CADRE_SEED_POOL || size > CADRE_SEED_POOL_MAX)
        return false;
    *seed = (cadre_seed){ .pool_size = size, .hash = HASH_IN_START };
    for (size_t i = 0; i < size; i++)
        seed->pool[i] = hash(&seed->hash, HASH_IN_FACTOR, i < n_words ? words[i] : 0);
    stir(seed);
    for (size_t i = size; i < n_words; i++)
        put(seed, words[i]);
    return true;
}

void cadre_seed_init(cadre_seed *seed, uint64_t entropy)
{
    const uint32_t words[] = { (uint32_t)entropy, (uint32_t)(entropy >> 32) };
    cadre_seed_init_words(seed, words, 2, CADRE_SEED_POOL);
}

static cadre_seed any_child(const cadre_seed *seed, uint64_t key)
{
    cadre_seed child = *seed;
    if (child.pool_size == 0)
        cadre_seed_init(&child, 0);
    child.spawned = 0;
    put(&child, (uint32_t)key);
    if (key >> 32)
        put(&child, (uint32_t)(key >> 32));
    return child;
}

static inline uint32_t put_word(const cadre_seed *seed, uint32_t i, uint32_t *running,
                                uint32_t word)
{
    return mix(seed->pool[i], hash(running, HASH_IN_FACTOR, word));
}

/* Mostly the pool is of the usual size, and the key a word. The child is then written once: to
 * copy what was just written in parts, a CPU has to wait for it. */
cadre_seed cadre_seed_child(const cadre_seed *seed, uint64_t key)
{
    uint32_t running = seed->hash;
    const uint32_t word = (uint32_t)key;
    if (seed->pool_size != CADRE_SEED_POOL || key > UINT32_MAX)
        return any_child(seed, key);
    const uint32_t a = put_word(seed, 0, &running, word);
    const uint32_t b = put_word(seed, 1, &running, word);
    const uint32_t c = put_word(seed, 2, &running, word);
    const uint32_t d = put_word(seed, 3, &running, word);
    return (cadre_seed){ .pool = { a, b, c, d },
                         .pool_size = CADRE_SEED_POOL,
                         .hash = running };
}

void cadre_seed_spawn(cadre_seed *seed, cadre_seed *children, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        children[i] = cadre_seed_child(seed, seed->spawned + i);
    seed->spawned += n;
}

/* ---- state for a generator ---- */

/* Reads the pool round and round, each word hashed anew. */
struct reader {
    const cadre_seed *seed;
    uint32_t at, running;
};

static struct reader read_from(const cadre_seed *seed, cadre_seed *zero)
{
    if (seed->pool_size == 0) {
        cadre_seed_init(zero, 0);
        seed = zero;
    }
    return (struct reader){ seed, 0, HASH_OUT_START };
}

static inline uint32_t next_word(struct reader *r)
{
    const uint32_t word = r->seed->pool[r->at];
    r->at = r->at + 1 < r->seed->pool_size ? r->at + 1 : 0;
    return hash(&r->running, HASH_OUT_FACTOR, word);
}

void cadre_seed_state32(const cadre_seed *seed, uint32_t *out, size_t n)
{
    cadre_seed zero;
    struct reader r = read_from(seed, &zero);
    for (size_t i = 0; i < n; i++)
        out[i] = next_word(&r);
}

/* The same of a pool of the usual size, which takes no look at where it ends. */
static void usual_state64(const uint32_t pool[CADRE_SEED_POOL], uint64_t *out, size_t n)
{
    uint32_t running = HASH_OUT_START;
    for (size_t i = 0; i < n; i++) {
        const size_t at = 2 * i % CADRE_SEED_POOL;
        const uint32_t low = hash(&running, HASH_OUT_FACTOR, pool[at]);
        out[i] = (uint64_t)hash(&running, HASH_OUT_FACTOR, pool[at + 1]) << 32 | low;
    }
}

void cadre_seed_state64(const cadre_seed *seed, uint64_t *out, size_t n)
{
    if (seed->pool_size == CADRE_SEED_POOL) {
        usual_state64(seed->pool, out, n);
        return;
    }
    cadre_seed zero;
    struct reader r = read_from(seed, &zero);
    for (size_t i = 0; i < n; i++) {
        const uint32_t low = next_word(&r);
        out[i] = (uint64_t)next_word(&r) << 32 | low;
    }
}
