/* test_stats_draws.c - one stream of draws, begun anywhere, against a plain loop.
 * SPDX-License-Identifier: MIT
 */
#include "stats/resampling/draws.h"
#include "stats_case.h"

#include <math.h>

/* Draw after draw as they are defined, without an eye on speed. */
static uint32_t plain_draw(cadre_rng *rng, uint32_t bound)
{
    const uint64_t two32 = UINT64_C(1) << 32;
    uint64_t product;

    do
        product = (uint64_t)cadre_rng_u32(rng) * bound;
    while (product % two32 < two32 % bound);
    return (uint32_t)(product / two32);
}

static uint32_t *plain_draws(uint64_t seed, uint32_t bound, size_t n)
{
    uint32_t *const draws = stats_array(n, sizeof *draws);
    cadre_rng rng = stats_stream(seed);

    for (size_t i = 0; i < n; i++)
        draws[i] = plain_draw(&rng, bound);
    return draws;
}

static void check_start(const struct cdr_draws *d, uint64_t draw,
                        const uint32_t *expected, size_t n)
{
    uint32_t *const actual = stats_array(n, sizeof *actual);
    cadre_rng rng = cdr_draws_after(d, draw);

    cadre_rng_indices(&rng, actual, n, d->bound);
    if (memcmp(actual, expected, n * sizeof *actual) != 0)
        fail_msg("bound %u: draws from %llu on differ", d->bound,
                 (unsigned long long)draw);
    free(actual);
}

/* `few` is how many draws to compare at each start; stride when it is 0. */
static void check_stream(cadre_pool *pool, uint32_t bound, size_t stride, size_t starts,
                         size_t few)
{
    const uint64_t seed = bound ^ stride;
    uint32_t *const expected = plain_draws(seed, bound, stride * starts);
    struct cdr_draws d;
    cadre_error err;

    if (cdr_draws_open(&d, pool, seed, bound, stride, starts, &err))
        fail_msg("bound %u: %s", bound, err.message);
    assert_true(!pool || !d.limit || d.taken[d.blocks] > stride * (starts - 1));
    for (size_t b = starts; b-- > 0;)
        check_start(&d, b * stride, expected + b * stride, few ? few : stride);
    cdr_draws_close(&d);
    free(expected);
}

/* Where 2^32 mod bound is nothing, little, much and as much as can be. */
static const uint32_t bounds[] = {
    2,          10,         11,         1000,       1024,       65535,      65536,
    65537,      100003,     0x10000000, 0x2aaaaaab, 0x7fffffff, 0x80000000, 0x80000001,
    0x88888889, 0xaaaaaaab, 0xc0000000, 0xc0000001, 0xfffffffe, 0xffffffff,
};

enum { N_BOUNDS = sizeof bounds / sizeof bounds[0] };

static void on_the_threads(void **state)
{
    static const size_t shapes[][2] = {
        { 1, 20000 }, { 7, 3000 }, { 1000, 21 }, { 4097, 9 }, { 70001, 3 }, { 10, 1 },
    };

    (void)state;
    for (size_t i = 0; i < N_BOUNDS; i++)
        for (size_t k = 0; k < 6; k++)
            check_stream(stats_pool(), bounds[i], shapes[k][0], shapes[k][1], 0);
}

/* Where blocks are longer than the least. */
static void on_the_threads_with_long_strides(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_BOUNDS; i += 3)
        check_stream(stats_pool(), bounds[i], 300001, 4, 100);
}

static void without_an_index(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_BOUNDS; i++) {
        check_stream(NULL, bounds[i], 7, 300, 0);
        check_stream(NULL, bounds[i], 4097, 5, 0);
    }
}

/* ---- through the interface: replicates of the mean ---- */

static void check_resamples(size_t n, size_t resamples)
{
    double *const scores = stats_array(n, sizeof *scores);
    double *const drawn = stats_array(n, sizeof *drawn);
    double *const replicates = stats_array(resamples, sizeof *replicates);
    uint32_t *const rows = plain_draws(n, (uint32_t)n, n * resamples);
    const cadre_bootstrap b = { .metric.kind = CADRE_MEAN,
                                .n = n,
                                .resamples = resamples,
                                .seed = n,
                                .replicates = replicates };
    cadre_interval out;
    cadre_error err;

    for (size_t i = 0; i < n; i++)
        scores[i] = sin((double)i);
    if (stats_interval(&out, &b, scores, CADRE_PERCENTILE, &err))
        fail_msg("n %zu: %s", n, err.message);
    for (size_t k = 0; k < resamples; k++) {
        for (size_t i = 0; i < n; i++)
            drawn[i] = scores[rows[k * n + i]];
        stats_same(cadre_mean(drawn, n), replicates[k], "replicate");
    }
    free(scores);
    free(drawn);
    free(replicates);
    free(rows);
}

static void in_resamples(void **state)
{
    (void)state;
    for (size_t n = 10; n < 42; n++)
        check_resamples(n, 500);
    check_resamples(1023, 300);
    check_resamples(1024, 300);
    check_resamples(99999, 60); /* some ten refusals */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_the_threads),
        cmocka_unit_test(on_the_threads_with_long_strides),
        cmocka_unit_test(without_an_index),
        cmocka_unit_test(in_resamples),
    };
    return cmocka_run_group_tests_name("stats_draws", tests, stats_open, stats_close);
}
