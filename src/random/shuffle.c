/* shuffle.c - putting things in a random order.
 * SPDX-License-Identifier: MIT
 */
#include "random/bits.h"

#include <string.h>

/* In [0, max], max > 0: as many bits as max has, until they are not above it. NumPy
 * draws so here, and by multiplication (integers.c) elsewhere. */
static inline uint64_t masked(cadre_rng *rng, uint64_t max)
{
    const uint64_t mask = UINT64_MAX >> __builtin_clzll(max);
    for (;;) {
        const uint64_t draw = max <= UINT32_MAX ? cdr_next32(rng) : cdr_next64(rng);
        if ((draw & mask) <= max)
            return draw & mask;
    }
}

static inline void swap(unsigned char *a, unsigned char *b, size_t size)
{
    unsigned char kept[64];
    while (size > 0) {
        const size_t part = size < sizeof kept ? size : sizeof kept;
        memcpy(kept, a, part);
        memcpy(a, b, part);
        memcpy(b, kept, part);
        a += part;
        b += part;
        size -= part;
    }
}

/* Inlined for each of the common sizes: a swap is then two loads and two stores. */
__attribute__((always_inline)) static inline void
shuffle(cadre_rng *rng, unsigned char *base, size_t n, size_t size)
{
    for (size_t i = n; i-- > 1;) {
        const size_t j = (size_t)masked(rng, i);
        if (j != i)
            swap(base + i * size, base + j * size, size);
    }
}

void cadre_rng_shuffle(cadre_rng *rng, void *base, size_t n, size_t size)
{
    switch (size) {
    case 4: shuffle(rng, base, n, 4); return;
    case 8: shuffle(rng, base, n, 8); return;
    default: shuffle(rng, base, n, size);
    }
}

void cadre_rng_permutation(cadre_rng *rng, uint64_t *out, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++)
        out[i] = i;
    cadre_rng_shuffle(rng, out, (size_t)n, sizeof *out);
}
