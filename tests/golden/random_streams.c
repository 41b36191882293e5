/* random_streams.c - PCG64 and Philox: known answers, skipping, doubles, normals.
 * SPDX-License-Identifier: MIT
 */
#include "golden.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

enum { MANY = 10000 };

static void draw_u64s(cadre_rng rng, uint64_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = cadre_rng_u64(&rng);
}

static void assert_same_stream(const cadre_rng *a, const cadre_rng *b)
{
    assert_memory_equal(a, b, sizeof *a);
}

/* ---- known answers ---- */

static void check_u64s(struct golden *g, const json_t *c, cadre_rng rng, size_t n)
{
    uint64_t draws[MANY];
    draw_u64s(rng, draws, MANY);
    golden_is_u64s(g, c, "out.raw", draws, n);
    golden_is_u64(g, c, "out.raw_10000_fnv", golden_fnv(draws, MANY));
}

static cadre_rng check_u32s(struct golden *g, const json_t *c, const char *path,
                            cadre_rng rng)
{
    uint32_t draws[16];
    const size_t n = golden_count(g, c, path);
    assert_in_range(n, 1, 16);
    for (size_t i = 0; i < n; i++)
        draws[i] = cadre_rng_u32(&rng);
    golden_is_u32s(g, c, path, draws, n);
    return rng;
}

static void check_doubles(struct golden *g, const json_t *c, const char *path,
                          cadre_rng rng)
{
    double one_by_one[16], at_once[16];
    const size_t n = golden_count(g, c, path);
    assert_in_range(n, 1, 16);
    cadre_rng copy = rng;
    for (size_t i = 0; i < n; i++)
        one_by_one[i] = cadre_rng_uniform(&rng);
    cadre_rng_uniforms(&copy, at_once, n);
    golden_is_doubles(g, c, path, one_by_one, n);
    golden_is_doubles(g, c, path, at_once, n);
    assert_same_stream(&rng, &copy);
}

static cadre_rng check_advance(struct golden *g, const json_t *c, cadre_rng rng)
{
    uint64_t by[2], draws[8];
    const size_t n = golden_count(g, c, "out.raw_after_advance");
    assert_in_range(n, 1, 8);
    golden_wide(g, c, "in.advance", by, 2);
    cadre_rng_u32(&rng); /* for advance to drop the other half, and Philox's block */
    cadre_rng_advance(&rng, by[0] - 1, by[1]);
    draw_u64s(rng, draws, n);
    golden_is_u64s(g, c, "out.raw_after_advance", draws, n);
    return rng;
}

static void known_pcg64(void **state)
{
    (void)state;
    struct golden g;
    golden_open(&g, "bitgen.json");
    const json_t *c;
    for (size_t i = 0; (c = golden_case(&g, "pcg64", i)); i++) {
        const cadre_seed seed = golden_seed(&g, c, "in");
        cadre_rng rng;
        cadre_rng_init(&rng, &seed);
        golden_is_pcg64(&g, c, "out.init", &rng);
        check_u64s(&g, c, rng, 16);
        const cadre_rng later = check_u32s(&g, c, "out.u32_9", rng);
        golden_is_pcg64(&g, c, "out.state_after_u32_9", &later);
        check_doubles(&g, c, "out.random_8", rng);
        const cadre_rng advanced = check_advance(&g, c, rng);
        golden_is_pcg64(&g, c, "out.state_after_advance", &advanced);
    }
    golden_close(&g);
}

static void check_philox(struct golden *g, const json_t *c, const char *path,
                         const cadre_rng *rng)
{
    const json_t *const expected = golden_at(g, c, path);
    golden_is_u64s(g, expected, "counter", rng->state, 4);
    golden_is_u64s(g, expected, "key", rng->key, 2);
    golden_is_u64s(g, expected, "buffer", rng->buffer, 4);
    golden_is_u64(g, expected, "buffer_pos", rng->position);
    golden_is_u64(g, expected, "has_uint32", rng->has_half);
    golden_is_u64(g, expected, "uinteger", rng->half);
}

static void check_integers(struct golden *g, const json_t *c, cadre_rng rng)
{
    int64_t values[12];
    const int64_t n = (int64_t)golden_u64(g, c, "in.integers_n");
    assert_true(cadre_rng_integers(&rng, values, 12, 0, n));
    golden_is_u64s(g, c, "out.integers_12", (const uint64_t *)values, 12);
}

static void check_by_key(struct golden *g, const json_t *c)
{
    uint64_t key[2], counter[4], draws[9];
    cadre_rng rng;
    golden_wide(g, c, "in.key", key, 2);
    golden_wide(g, c, "in.counter", counter, 4);
    cadre_rng_init_philox_key(&rng, key, counter);
    check_philox(g, c, "out.init", &rng);
    draw_u64s(rng, draws, 9);
    golden_is_u64s(g, c, "out.raw", draws, 9);
}

static void check_by_seed(struct golden *g, const json_t *c)
{
    const cadre_seed seed = golden_seed(g, c, "in");
    cadre_rng rng;
    cadre_rng_init_philox(&rng, &seed);
    check_philox(g, c, "out.init", &rng);
    check_u64s(g, c, rng, 13);
    check_u32s(g, c, "out.u32_5", rng);
    check_doubles(g, c, "out.random_5", rng);
    check_integers(g, c, rng);
    check_advance(g, c, rng);
    for (int i = 0; i < 13; i++)
        cadre_rng_u64(&rng);
    check_philox(g, c, "out.state_after_raw", &rng);
}

static void known_philox(void **state)
{
    (void)state;
    struct golden g;
    golden_open(&g, "bitgen.json");
    const json_t *c;
    for (size_t i = 0; (c = golden_case(&g, "philox", i)); i++)
        if (golden_has(c, "in.key"))
            check_by_key(&g, c);
        else
            check_by_seed(&g, c);
    golden_close(&g);
}

/* ---- skipping ---- */

static cadre_rng stream(uint64_t entropy, enum cadre_rng_kind kind)
{
    cadre_seed seed;
    cadre_rng rng;
    cadre_seed_init(&seed, entropy);
    if (kind == CADRE_PHILOX)
        cadre_rng_init_philox(&rng, &seed);
    else
        cadre_rng_init(&rng, &seed);
    return rng;
}

static void advance_is_drawing(void **state)
{
    (void)state;
    cadre_rng pcg = stream(5, CADRE_PCG64), philox = stream(5, CADRE_PHILOX);
    for (uint64_t n = 0; n < 70; n++) {
        cadre_rng skipped = stream(5, CADRE_PCG64);
        cadre_rng_advance(&skipped, n, 0);
        assert_same_stream(&skipped, &pcg);
        cadre_rng_u64(&pcg);
        cadre_rng blocks = stream(5, CADRE_PHILOX), drawn = philox;
        cadre_rng_advance(&blocks, n, 0);
        for (int i = 0; i < 4; i++)
            assert_int_equal(cadre_rng_u64(&blocks), cadre_rng_u64(&drawn));
        philox = drawn;
    }
}

/* 2^128 draws are a full turn of PCG64. */
static void advance_adds_up(void **state)
{
    (void)state;
    const cadre_rng start = stream(6, CADRE_PCG64);
    cadre_rng a = start, b = start;
    cadre_rng_advance(&a, 0x123456789, 0x777);
    cadre_rng_advance(&a, UINT64_MAX, 0x111);
    cadre_rng_advance(&b, 0x123456788, 0x889);
    assert_same_stream(&a, &b);
    cadre_rng_advance(&b, -UINT64_C(0x123456788), ~UINT64_C(0x889));
    assert_same_stream(&b, &start);
}

static void jump_is_advance(void **state)
{
    (void)state;
    cadre_rng jumped = stream(7, CADRE_PCG64), advanced = jumped;
    cadre_rng_u32(&jumped);
    cadre_rng_u64(&advanced);
    cadre_rng_jump(&jumped);
    cadre_rng_advance(&advanced, 0xf39cc0605cedc835, 0x9e3779b97f4a7c15);
    assert_same_stream(&jumped, &advanced);
}

/* 2^128 blocks: 2^64 times 2^64 - 1 of them, and 2^64 more. */
static void jump_of_philox(void **state)
{
    (void)state;
    cadre_rng jumped = stream(7, CADRE_PHILOX), advanced = jumped;
    cadre_rng_u32(&jumped);
    cadre_rng_u64(&advanced);
    cadre_rng_jump(&jumped);
    cadre_rng_advance(&advanced, 0, UINT64_MAX);
    cadre_rng_advance(&advanced, 0, 1);
    assert_same_stream(&jumped, &advanced);
    assert_int_equal(jumped.state[2], 1);
}

static void counter_wraps(void **state)
{
    (void)state;
    const uint64_t key[2] = { 1, 2 },
                   full[4] = { ~0u, UINT64_MAX, UINT64_MAX, UINT64_MAX };
    cadre_rng rng, zero;
    cadre_rng_init_philox_key(&rng, key, full);
    cadre_rng_advance(&rng, UINT64_MAX - UINT32_MAX + 1, 0);
    cadre_rng_init_philox_key(&zero, key, (const uint64_t[4]){ 0 });
    assert_same_stream(&rng, &zero);
    cadre_rng_init_philox_key(&rng, key, (const uint64_t[4]){ 5, 6, UINT64_MAX, 7 });
    cadre_rng_jump(&rng);
    assert_memory_equal(rng.state, ((const uint64_t[4]){ 5, 6, 0, 8 }), 32);
}

/* ---- doubles ---- */

/* A buffered half is neither used nor lost by what draws 64 bits. */
static void halves_wait(void **state)
{
    (void)state;
    for (int kind = CADRE_PCG64; kind <= CADRE_PHILOX; kind++) {
        cadre_rng rng = stream(8, (enum cadre_rng_kind)kind), plain = rng;
        uint64_t draws[4];
        draw_u64s(plain, draws, 4);
        double values[2];
        assert_int_equal(cadre_rng_u32(&rng), (uint32_t)draws[0]);
        assert_int_equal(cadre_rng_u64(&rng), draws[1]);
        cadre_rng_uniforms(&rng, values, 2);
        assert_true(values[0] == (double)(draws[2] >> 11) / 0x1p53);
        assert_true(values[1] == (double)(draws[3] >> 11) / 0x1p53);
        assert_int_equal(cadre_rng_u32(&rng), draws[0] >> 32);
        assert_int_equal(rng.has_half, 0);
    }
}

static void uniforms_of_any_number(void **state)
{
    (void)state;
    for (int kind = CADRE_PCG64; kind <= CADRE_PHILOX; kind++)
        for (size_t n = 0; n < 12; n++) {
            cadre_rng a = stream(9, (enum cadre_rng_kind)kind), b = a;
            double values[12];
            cadre_rng_uniforms(&a, values, n);
            for (size_t i = 0; i < n; i++)
                assert_true(values[i] == cadre_rng_uniform(&b));
            assert_same_stream(&a, &b);
        }
}

/* ---- normals ---- */

/* The file's "ndtr", the distribution function, belongs to the statistics. */
static void known_quantiles(void **state)
{
    (void)state;
    struct golden g;
    golden_open(&g, "norm.json");
    const json_t *c;
    for (size_t i = 0; (c = golden_case(&g, "ndtri", i)); i++)
        golden_is_double(&g, c, "ppf",
                         cadre_normal_quantile(golden_double(&g, c, "p")));
    golden_close(&g);
}

/* The true values, to 20 digits. */
static void true_quantiles(void **state)
{
    (void)state;
    static const double cases[][2] = {
        { 1e-300, -37.047096299361199237 },  { 1e-100, -21.273453560965324294 },
        { 1e-20, -9.2623400897984075796 },   { 1e-14, -7.6506280929352688166 },
        { 1.3e-14, -7.6168207474785825314 }, { 1e-12, -7.0344838253011319326 },
        { 1e-9, -5.9978070150076868614 },    { 1e-6, -4.7534243088228989573 },
        { 0.001, -3.0902323061678135354 },   { 0.01, -2.3263478740408410931 },
        { 0.1, -1.2815515655446004353 },     { 0.13, -1.1263911290388005682 },
        { 0.14, -1.0803193408149560587 },    { 0.2, -0.84162123357291416552 },
        { 0.3, -0.52440051270804081597 },    { 0.4, -0.25334710313579974132 },
        { 0.49, -0.025068908258711058033 },  { 0.7, 0.52440051270804065631 },
        { 0.86, 1.0803193408149560587 },     { 0.87, 1.1263911290388005682 },
        { 0.99, 2.3263478740408407676 },     { 0.999999, 4.7534243088170877657 },
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const double z = cadre_normal_quantile(cases[i][0]);
        assert_true(fabs(z - cases[i][1]) <= 1e-15 * fabs(z));
    }
}

static void quantiles_at_the_edges(void **state)
{
    (void)state;
    assert_true(cadre_normal_quantile(0) == -HUGE_VAL);
    assert_true(cadre_normal_quantile(-0.0) == -HUGE_VAL);
    assert_true(cadre_normal_quantile(1) == HUGE_VAL);
    assert_true(cadre_normal_quantile(0.5) == 0);
    const double outside[] = { -0x1p-1074, -1, 0x1.0000000000001p0, 2, HUGE_VAL,
                               -HUGE_VAL,  NAN };
    for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++)
        assert_true(isnan(cadre_normal_quantile(outside[i])));
    assert_true(isfinite(cadre_normal_quantile(0x1p-1074)));
    assert_true(isfinite(cadre_normal_quantile(1 - 0x1p-53)));
}

/* A generator whose next draw is `draw`, by way of Philox's buffer. */
static cadre_rng about_to_draw(uint64_t draw)
{
    return (
        cadre_rng){ .kind = CADRE_PHILOX, .position = 3, .buffer = { 0, 0, 0, draw } };
}

static double normal_of(uint64_t draw)
{
    cadre_rng rng = about_to_draw(draw);
    return cadre_rng_normal(&rng);
}

static void normals_at_the_extremes(void **state)
{
    (void)state;
    assert_true(normal_of(0) == cadre_normal_quantile(0x1p-53));
    assert_true(normal_of(0) > -8.3 && normal_of(0) < -8.2);
    assert_true(normal_of(UINT64_MAX) == -normal_of(0));
    assert_true(normal_of(UINT64_C(1) << 63) > 0);
    assert_true(normal_of((UINT64_C(1) << 63) - 1) < 0);
    assert_true(normal_of(4095) == normal_of(0));
}

/* From one end to the other in steps that grow from the middle and both ends. */
static void normals_are_monotonic(void **state)
{
    (void)state;
    double last = -HUGE_VAL;
    for (uint64_t i = 0; i < 1000000; i++) {
        const double value = normal_of(i * (UINT64_MAX / 999999));
        assert_true(value > last);
        assert_true(normal_of(~(i * (UINT64_MAX / 999999))) == -value);
        last = value;
    }
    for (uint64_t i = 0; i < 100000; i++)
        assert_true(normal_of((i + 1) << 12) > normal_of(i << 12));
}

/* Where the middle meets the tail, neighbours may change places by a few units of
 * the last place. */
static void normals_join_well(void **state)
{
    (void)state;
    const uint64_t join = (uint64_t)(0.13533528323661269189 * 0x1p52);
    double highest = -HUGE_VAL;
    for (uint64_t i = join - 100000; i < join + 100000; i++) {
        const double value = normal_of(i << 12);
        assert_true(value > highest - 1e-15);
        highest = fmax(highest, value);
    }
}

static void moments_of_normals(void **state)
{
    (void)state;
    enum { N = 1000000 };
    cadre_rng rng = stream(11, CADRE_PCG64), counted = rng;
    double sum[5] = { 0 };
    for (int i = 0; i < N; i++) {
        const double z = cadre_rng_normal(&rng);
        double power = 1;
        for (int k = 0; k < 5; k++, power *= z)
            sum[k] += power;
    }
    /* Five standard errors: 1, 2, 15 and 96 are the powers' variances. */
    assert_true(fabs(sum[1] / N - 0) < 5 * sqrt(1.0 / N));
    assert_true(fabs(sum[2] / N - 1) < 5 * sqrt(2.0 / N));
    assert_true(fabs(sum[3] / N - 0) < 5 * sqrt(15.0 / N));
    assert_true(fabs(sum[4] / N - 3) < 5 * sqrt(96.0 / N));
    cadre_rng_advance(&counted, N, 0);
    assert_same_stream(&rng, &counted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_pcg64),
        cmocka_unit_test(known_philox),
        cmocka_unit_test(advance_is_drawing),
        cmocka_unit_test(advance_adds_up),
        cmocka_unit_test(jump_is_advance),
        cmocka_unit_test(jump_of_philox),
        cmocka_unit_test(counter_wraps),
        cmocka_unit_test(halves_wait),
        cmocka_unit_test(uniforms_of_any_number),
        cmocka_unit_test(known_quantiles),
        cmocka_unit_test(true_quantiles),
        cmocka_unit_test(quantiles_at_the_edges),
        cmocka_unit_test(normals_at_the_extremes),
        cmocka_unit_test(normals_are_monotonic),
        cmocka_unit_test(normals_join_well),
        cmocka_unit_test(moments_of_normals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
