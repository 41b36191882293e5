/* random_integers.c - integers in a range: known answers, many at once.
 * SPDX-License-Identifier: MIT
 */
#include "golden.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define TWO_TO_32 (UINT64_C(1) << 32)

static cadre_rng stream(uint64_t entropy)
{
    cadre_seed seed;
    cadre_rng rng;
    cadre_seed_init(&seed, entropy);
    cadre_rng_init(&rng, &seed);
    return rng;
}

static cadre_rng philox(uint64_t entropy)
{
    cadre_seed seed;
    cadre_rng rng;
    cadre_seed_init(&seed, entropy);
    cadre_rng_init_philox(&rng, &seed);
    return rng;
}

static void assert_same_stream(const cadre_rng *a, const cadre_rng *b)
{
    assert_memory_equal(a, b, sizeof *a);
}

static void *array(size_t n, size_t size)
{
    void *const memory = calloc(n ? n : 1, size);
    assert_non_null(memory);
    return memory;
}

/* ---- known answers: integers in a range ---- */

static uint64_t *below(cadre_rng *rng, size_t n, uint64_t low, uint64_t range)
{
    uint64_t *const values = array(n, sizeof *values);
    for (size_t i = 0; i < n; i++)
        values[i] = low + cadre_rng_below(rng, range);
    return values;
}

/* The same by cadre_rng_integers, where it can name the bounds. */
static void check_integers(cadre_rng rng, const cadre_rng *after,
                           const uint64_t *expected, size_t n, uint64_t low,
                           uint64_t range)
{
    const int64_t high = (int64_t)(low + range);
    if ((int64_t)low >= high)
        return;
    int64_t *const values = array(n, sizeof *values);
    assert_true(cadre_rng_integers(&rng, values, n, (int64_t)low, high));
    assert_memory_equal(values, expected, n * sizeof *values);
    assert_same_stream(&rng, after);
    free(values);
}

/* And by cadre_rng_indices. */
static void check_indices(cadre_rng rng, const cadre_rng *after,
                          const uint64_t *expected, size_t n, uint64_t low,
                          uint64_t range)
{
    if (low != 0 || range == 0 || range > TWO_TO_32)
        return;
    uint32_t *const values = array(n, sizeof *values);
    cadre_rng_indices(&rng, values, n, (uint32_t)range);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(values[i], expected[i]);
    assert_same_stream(&rng, after);
    free(values);
}

/* Draws in all ways; the caller frees the values. */
static uint64_t *draw_all_ways(cadre_rng *rng, size_t n, uint64_t low, uint64_t range)
{
    const cadre_rng before = *rng;
    uint64_t *const values = below(rng, n, low, range);
    check_integers(before, rng, values, n, low, range);
    check_indices(before, rng, values, n, low, range);
    return values;
}

static void known_integers(void **state)
{
    (void)state;
    struct golden g;
    golden_open(&g, "integers.json");
    const json_t *c;
    for (size_t i = 0; (c = golden_case(&g, "cases", i)); i++) {
        const uint64_t low = golden_u64(&g, c, "in.low"),
                       seed = golden_u64(&g, c, "in.seed");
        const uint64_t range =
            golden_u64(&g, c, "in.high") - low + golden_u64(&g, c, "in.endpoint");
        const size_t n = golden_u64(&g, c, "in.size");
        cadre_rng rng = stream(seed), longer = stream(seed);
        uint64_t *values = draw_all_ways(&rng, n, low, range);
        golden_is_u64s(&g, c, "out.values", values, n);
        golden_is_pcg64(&g, c, "out.state_after", &rng);
        free(values);
        if (!golden_has(c, "out.values_5000_fnv"))
            continue;
        values = draw_all_ways(&longer, 5000, low, range);
        golden_is_u64(&g, c, "out.values_5000_fnv", golden_fnv(values, 5000));
        golden_is_pcg64(&g, c, "out.state_after_5000", &longer);
        free(values);
    }
    golden_close(&g);
}

static void known_long_runs(void **state)
{
    (void)state;
    struct golden g;
    golden_open(&g, "integers.json");
    const json_t *c;
    for (size_t i = 0; (c = golden_case(&g, "long", i)); i++) {
        cadre_rng rng = stream(golden_u64(&g, c, "in.seed"));
        const size_t n = golden_u64(&g, c, "in.size");
        uint64_t *const values =
            draw_all_ways(&rng, n, 0, golden_u64(&g, c, "in.high"));
        golden_is_u64(&g, c, "out.fnv", golden_fnv(values, n));
        golden_is_u64s(&g, c, "out.last4", values + n - 4, 4);
        free(values);
    }
    golden_close(&g);
}

/* ---- many at once are one by one ---- */

static void assert_indices_are_below(cadre_rng rng, size_t n, uint32_t bound)
{
    uint32_t values[600];
    assert_in_range(n, 0, 600);
    cadre_rng by_one = rng;
    cadre_rng_indices(&rng, values, n, bound);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(values[i],
                         cadre_rng_below(&by_one, bound ? bound : TWO_TO_32));
    assert_same_stream(&rng, &by_one);
}

static void indices_are_below(void **state)
{
    (void)state;
    static const uint32_t bounds[] = {
        0,          1,          2,          3,          4,
        7,          100,        1000,       65535,      65536,
        0x10001,    0x7fffffff, 0x80000000, 0x80000001, 0x90000001,
        0xaaaaaaab, 0xc0000001, 0xfffffffe, 0xffffffff,
    };
    static const size_t counts[] = { 0, 1, 2, 3, 4, 5, 31, 32, 599, 600 };
    for (size_t b = 0; b < sizeof bounds / sizeof bounds[0]; b++)
        for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++)
            for (uint64_t seed = 0; seed < 8; seed++) {
                cadre_rng rng = stream(seed);
                assert_indices_are_below(rng, counts[c], bounds[b]);
                cadre_rng_u32(&rng);
                assert_indices_are_below(rng, counts[c], bounds[b]);
                assert_indices_are_below(philox(seed), counts[c], bounds[b]);
            }
}

static void integers_are_below(void **state)
{
    (void)state;
    static const struct {
        int64_t low, high;
    } ranges[] = {
        { 0, 1 },
        { -1, 1 },
        { -5, 995 },
        { 0, UINT32_MAX },
        { 7, INT64_C(4294967303) },
        { -7, INT64_C(4294967290) },
        { 0, INT64_MAX },
        { INT64_MIN, INT64_MAX },
        { INT64_MIN, INT64_MIN + 3 },
        { INT64_MIN, 0 },
        { -1, INT64_MAX },
    };
    enum { N = 700 };
    for (size_t r = 0; r < sizeof ranges / sizeof ranges[0]; r++) {
        const int64_t low = ranges[r].low, high = ranges[r].high;
        cadre_rng rng = stream(r), by_one = rng;
        int64_t values[N];
        assert_true(cadre_rng_integers(&rng, values, N, low, high));
        for (size_t i = 0; i < N; i++) {
            const uint64_t offset =
                cadre_rng_below(&by_one, (uint64_t)high - (uint64_t)low);
            assert_int_equal(values[i], (int64_t)((uint64_t)low + offset));
            assert_true(values[i] >= low && values[i] < high);
        }
        assert_same_stream(&rng, &by_one);
    }
}

static void empty_ranges(void **state)
{
    (void)state;
    cadre_rng rng = stream(1);
    const cadre_rng before = rng;
    int64_t value = 77;
    assert_false(cadre_rng_integers(&rng, &value, 1, 3, 3));
    assert_false(cadre_rng_integers(&rng, &value, 1, 3, -3));
    assert_false(cadre_rng_integers(&rng, &value, 1, INT64_MAX, INT64_MIN));
    assert_int_equal(value, 77);
    assert_true(cadre_rng_integers(&rng, NULL, 0, 0, 10));
    cadre_rng_indices(&rng, NULL, 0, 10);
    cadre_rng_uniforms(&rng, NULL, 0);
    assert_int_equal(cadre_rng_below(&rng, 1), 0);
    assert_same_stream(&rng, &before);
}

static void whole_ranges(void **state)
{
    (void)state;
    cadre_rng rng = stream(2), raw = rng;
    assert_int_equal(cadre_rng_below(&rng, TWO_TO_32), cadre_rng_u32(&raw));
    assert_int_equal(cadre_rng_below(&rng, TWO_TO_32), cadre_rng_u32(&raw));
    assert_int_equal(cadre_rng_below(&rng, 0), cadre_rng_u64(&raw));
    assert_int_equal(cadre_rng_below(&rng, 2), cadre_rng_u32(&raw) >> 31);
    assert_int_equal(cadre_rng_below(&rng, UINT64_C(1) << 63),
                     cadre_rng_u64(&raw) >> 1);
    assert_same_stream(&rng, &raw);
}

/* Each of six values a sixth of the time: five standard deviations at most away. */
static void no_bias(void **state)
{
    (void)state;
    enum { N = 600000 };
    cadre_rng rng = stream(3);
    int seen[6] = { 0 };
    for (int i = 0; i < N; i++)
        seen[cadre_rng_below(&rng, 6)]++;
    for (int i = 0; i < 6; i++)
        assert_true(fabs(seen[i] - N / 6.0) < 5 * sqrt(N * 5.0 / 36));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_integers),    cmocka_unit_test(known_long_runs),
        cmocka_unit_test(indices_are_below), cmocka_unit_test(integers_are_below),
        cmocka_unit_test(empty_ranges),      cmocka_unit_test(whole_ranges),
        cmocka_unit_test(no_bias),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
