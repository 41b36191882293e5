/* test_random_ways.c - indices are the same, by every way that a CPU may have.
 * SPDX-License-Identifier: MIT
 */
#include "random/indices.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
/* cmocka wants the ones above first */
#include <cmocka.h>

enum { MOST = 3000 };

/* By definition, and in the state that this leaves. */
static size_t draw_plainly(cadre_rng *rng, uint32_t *out, size_t n, uint32_t bound)
{
    const uint32_t limit = -bound % bound;
    size_t got = 0;

    while (n - got >= 2) {
        const uint64_t draw = cdr_next64(rng);
        const uint64_t first = (draw & UINT32_MAX) * bound;
        const uint64_t second = (draw >> 32) * bound;
        if ((uint32_t)first >= limit)
            out[got++] = (uint32_t)(first >> 32);
        if ((uint32_t)second >= limit)
            out[got++] = (uint32_t)(second >> 32);
        rng->half = (uint32_t)(draw >> 32);
    }
    return got;
}

static size_t draw_narrow(cadre_rng *rng, uint32_t *out, size_t n, uint32_t bound)
{
    return (size_t)(cdr_pcg64_indices(rng, out, out + n, bound) - out);
}

static size_t draw_wide(cadre_rng *rng, uint32_t *out, size_t n, uint32_t bound)
{
    uint32_t *at = out;

#ifdef CDR_INDICES_WIDE
    if (cdr_draws_are_wide() && n >= CDR_INDICES_WIDE) {
        at = cdr_pcg64_indices_wide(rng, out, out + n, bound);
        assert_in_range(out + n - at, 0, 15);
    }
#endif
    return (size_t)(cdr_pcg64_indices(rng, at, out + n, bound) - out);
}

static void same(uint64_t seed, size_t n, uint32_t bound)
{
    /* Of the exact size, so that what is written beyond is found out. */
    uint32_t *const plain = malloc(n * sizeof *plain), *const out =
                                                           malloc(n * sizeof *out);
    cadre_rng begin, expected, rng;
    cadre_seed root;

    assert_true(plain && out);
    cadre_seed_init(&root, seed);
    cadre_rng_init(&begin, &root);
    expected = begin;
    const size_t got = draw_plainly(&expected, plain, n, bound);
    rng = begin;
    assert_int_equal(draw_narrow(&rng, out, n, bound), got);
    assert_memory_equal(plain, out, got * sizeof *out);
    assert_memory_equal(&expected, &rng, sizeof rng);
    rng = begin;
    assert_int_equal(draw_wide(&rng, out, n, bound), got);
    assert_memory_equal(plain, out, got * sizeof *out);
    assert_memory_equal(&expected, &rng, sizeof rng);
    free(plain);
    free(out);
}

/* The last ones refuse up to half of the draws. */
static void ways_agree(void **state)
{
    static const uint32_t bounds[] = { 2,          3,          100,       10000,
                                       1000000,    1u << 20,   300000007, 0x80000000,
                                       0x80000001, 0xfffffffe, UINT32_MAX };

    (void)state;
    for (size_t b = 0; b < sizeof bounds / sizeof *bounds; b++) {
        for (size_t n = 2; n < 600; n += n < 300 ? 1 : 37)
            same(n * 7919 + b, n, bounds[b]);
        same(b, MOST, bounds[b]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(ways_agree) };

    return cmocka_run_group_tests_name("random_ways", tests, NULL, NULL);
}
