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

/* However many are drawn at a time, and in the state that this leaves. */
static void indices_are_single_draws(void **state)
{
    static const uint32_t bounds[] = { 2, 100, 10000, 0x80000001, 0xfffffffe };
    uint32_t out[MOST];

    (void)state;
    for (size_t b = 0; b < sizeof bounds / sizeof *bounds; b++)
        for (size_t n = 0; n < MOST; n += n < 400 ? 1 : 173) {
            cadre_seed root;
            cadre_rng one, all;

            cadre_seed_init(&root, n * 104729 + b);
            cadre_rng_init(&one, &root);
            if (n % 3 == 0)
                cadre_rng_u32(&one);
            all = one;
            cadre_rng_indices(&all, out, n, bounds[b]);
            for (size_t i = 0; i < n; i++)
                assert_int_equal(out[i], cadre_rng_below(&one, bounds[b]));
            assert_memory_equal(&one, &all, sizeof one);
        }
}

/* ---- counted ---- */

/* As after a draw of 32 bits, if there is a half. */
static cadre_rng stream(uint64_t seed, bool philox, bool half)
{
    cadre_seed root;
    cadre_rng rng;

    cadre_seed_init(&root, seed);
    if (philox)
        cadre_rng_init_philox(&rng, &root);
    else
        cadre_rng_init(&rng, &root);
    if (half)
        cadre_rng_u32(&rng);
    return rng;
}

/* From counts that are there already, some of which begin anew. */
static void counted_like(const cadre_rng *begin, size_t n, uint32_t bound)
{
    uint32_t *const plain = malloc((n + 1) * sizeof *plain);
    uint32_t *const out = malloc((n + 1) * sizeof *out);
    uint8_t *const expected = malloc(bound), *const counts = malloc(bound);
    cadre_rng first = *begin, second = *begin;

    assert_true(plain && out && expected && counts);
    for (uint32_t i = 0; i < bound; i++)
        expected[i] = counts[i] = (uint8_t)(i * 77);
    cadre_rng_indices(&first, plain, n, bound);
    for (size_t i = 0; i < n; i++)
        expected[plain[i]]++;
    cadre_rng_indices_counted(&second, out, counts, n, bound);
    assert_memory_equal(plain, out, n * sizeof *out);
    assert_memory_equal(expected, counts, bound);
    assert_memory_equal(&first, &second, sizeof first);
    free(plain);
    free(out);
    free(expected);
    free(counts);
}

/* The last bounds refuse some draws. */
static void counts_are_of_indices(void **state)
{
    static const uint32_t bounds[] = { 1, 2, 3, 100, 10000, 3000000 };

    (void)state;
    for (size_t b = 0; b < sizeof bounds / sizeof *bounds; b++)
        for (size_t n = 0; n < MOST && (n < 20 || bounds[b] <= 10000);
             n += n < 300 ? 1 : 211)
            for (unsigned kind = 0; kind < 4; kind++) {
                const cadre_rng rng =
                    stream(n * 7919 + b, kind / 2 == 1, kind % 2 == 1);
                counted_like(&rng, n, bounds[b]);
            }
    for (uint64_t seed = 0; seed < 30; seed++) {
        const cadre_rng rng = stream(seed, false, false);
        counted_like(&rng, 20 * MOST, 3000000);
        counted_like(&rng, MOST, 10000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ways_agree),
        cmocka_unit_test(indices_are_single_draws),
        cmocka_unit_test(counts_are_of_indices),
    };

    return cmocka_run_group_tests_name("random_ways", tests, NULL, NULL);
}
