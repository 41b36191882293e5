/* stats_sums.c - sums, quantiles and the normal distribution: known answers.
 * SPDX-License-Identifier: MIT
 *
 * Left out: naive_left_to_right_sum and sum_axis0, which are other sums.
 */
#include "golden.h"
#include "stats/numbers/sort.h"
#include "stats_case.h"

#include <math.h>

/* ---- data ---- */

/* Doubles of default_rng(seed), shifted, scaled, every second negated, some enlarged;
 * the caller frees them. */
static double *generate(struct golden *g, const json_t *in, size_t *n)
{
    const double add = json_number_value(json_object_get(in, "add"));
    const double mul = json_number_value(json_object_get(in, "mul"));
    const bool alternate = golden_has(in, "alt") && golden_u64(g, in, "alt");
    const uint64_t big = golden_has(in, "big") ? golden_u64(g, in, "big") : 0;
    cadre_rng rng = stats_stream(golden_u64(g, in, "seed"));

    *n = golden_u64(g, in, "n");
    double *const x = stats_array(*n, sizeof *x);
    for (size_t i = 0; i < *n; i++) {
        x[i] = (cadre_rng_uniform(&rng) + add) * mul;
        if (alternate && i % 2 == 1)
            x[i] = -x[i];
        if (big && (i + 1) % big == 0)
            x[i] *= 0x1p40;
    }
    return x;
}

/* ---- sums ---- */

static void check_mean_and_spread(struct golden *g, const json_t *c, const double *x,
                                  size_t n)
{
    /* The file's means are of NumPy < 2.3, which sums 8192 at a time. */
    if (n <= 8192) {
        golden_is_double(g, c, "out.mean", cadre_mean(x, n));
        if (golden_has(c, "out.std_ddof0"))
            golden_is_double(g, c, "out.std_ddof0", cadre_deviation(x, n, 0));
        if (golden_has(c, "out.std_ddof1"))
            golden_is_double(g, c, "out.std_ddof1", cadre_deviation(x, n, 1));
        if (golden_has(c, "out.var_ddof1"))
            golden_is_double(g, c, "out.var_ddof1", cadre_variance(x, n, 1));
    } else {
        const double mean = golden_double(g, c, "out.sum_whole") / (double)n;
        stats_same(mean, cadre_mean(x, n), "mean");
    }
}

static void known_sums(void **state)
{
    struct golden g;
    const json_t *c;
    size_t n;

    (void)state;
    golden_open(&g, "sums.json");
    for (size_t i = 0; (c = golden_case(&g, "generated", i)); i++) {
        double *const x = generate(&g, golden_at(&g, c, "in"), &n);
        golden_is_u64(&g, c, "out.data_fnv", golden_fnv_doubles(x, n));
        golden_is_double(&g, c, "out.sum_whole", cadre_sum(x, n));
        check_mean_and_spread(&g, c, x, n);
        free(x);
    }
    for (size_t i = 0; (c = golden_case(&g, "inline", i)); i++) {
        double *const x = golden_doubles(&g, c, "in.x", &n);
        golden_is_double(&g, c, "out.sum", cadre_sum(x, n));
        check_mean_and_spread(&g, c, x, n);
        free(x);
    }
    golden_close(&g);
}

static void known_sums_of_rows(void **state)
{
    struct golden g;
    const json_t *c;
    size_t n;

    (void)state;
    golden_open(&g, "sums.json");
    for (size_t i = 0; (c = golden_case(&g, "two_d", i)); i++) {
        const size_t rows = golden_u64(&g, c, "in.rows");
        const size_t columns = golden_u64(&g, c, "in.cols");
        double *const x = generate(&g, golden_at(&g, c, "in"), &n);
        double *const means = stats_array(rows, sizeof *means);
        for (size_t row = 0; row < rows; row++)
            means[row] = cadre_mean(x + row * columns, columns);
        if (columns <= 8192)
            golden_is_doubles(&g, c, "out.mean_axis1", means, rows);
        if (n <= 8192)
            golden_is_double(&g, c, "out.sum_all", cadre_sum(x, n));
        free(x);
        free(means);
    }
    golden_close(&g);
}

static void sums_of_nothing(void **state)
{
    const double zeros[] = { -0.0, -0.0 }, one[] = { 3 };

    (void)state;
    stats_same(0.0, cadre_sum(NULL, 0), "sum of nothing");
    stats_same(0.0, cadre_sum(zeros, 2), "sum of negative zeros");
    assert_true(isnan(cadre_mean(NULL, 0)));
    assert_true(isnan(cadre_variance(NULL, 0, 0)));
    assert_true(isnan(cadre_variance(one, 1, 1)));
    assert_true(isnan(cadre_deviation(one, 1, 2)));
    stats_same(0.0, cadre_variance(one, 1, 0), "variance of one");
}

/* ---- quantiles ---- */

static double *quantiles(const double *sorted, size_t n, const double *q, size_t n_q,
                         int rule)
{
    double *const out = stats_array(n_q, sizeof *out);

    for (size_t i = 0; i < n_q; i++)
        out[i] = cadre_quantile(sorted, n, q[i], rule);
    return out;
}

/* numpy.percentile(x, 100 q) */
static double *through_percent(const double *q, size_t n)
{
    double *const out = stats_array(n, sizeof *out);

    for (size_t i = 0; i < n; i++)
        out[i] = q[i] * 100 / 100;
    return out;
}

static void check_quantiles(struct golden *g, const json_t *c, const char *path,
                            const double *sorted, size_t n, const double *q, size_t n_q,
                            int rule)
{
    double *const actual = quantiles(sorted, n, q, n_q, rule);

    golden_is_doubles(g, c, path, actual, n_q);
    free(actual);
}

static void known_quantiles(void **state)
{
    struct golden g;
    const json_t *c;
    size_t n, n_q;

    (void)state;
    golden_open(&g, "quantile.json");
    for (size_t i = 0; (c = golden_case(&g, "cases", i)); i++) {
        double *const x = golden_has(c, "in.x")
                              ? golden_doubles(&g, c, "in.x", &n)
                              : generate(&g, golden_at(&g, c, "in.gen"), &n);
        double *const q = golden_doubles(&g, c, "in.q", &n_q);
        double *const percent = through_percent(q, n_q);
        cadre_sort(x, n);
        check_quantiles(&g, c, "out.np_quantile", x, n, q, n_q, CADRE_QUANTILE_NUMPY);
        check_quantiles(&g, c, "out.np_percentile_q100", x, n, percent, n_q,
                        CADRE_QUANTILE_NUMPY);
        check_quantiles(&g, c, "out.scipy117_quantile", x, n, q, n_q,
                        CADRE_QUANTILE_SCIPY);
        free(x);
        free(q);
        free(percent);
    }
    golden_close(&g);
}

static void quantiles_that_are_not(void **state)
{
    const double x[] = { 1, 2, 3 }, with_nan[] = { 1, 2, (double)NAN };
    const double outside[] = { -0x1p-1074, 1.0000000000000002, (double)NAN };

    (void)state;
    for (int rule = CADRE_QUANTILE_NUMPY; rule <= CADRE_QUANTILE_SCIPY; rule++) {
        assert_true(isnan(cadre_quantile(x, 0, 0.5, rule)));
        assert_true(isnan(cadre_quantile(with_nan, 3, 0.5, rule)));
        for (size_t i = 0; i < 3; i++)
            assert_true(isnan(cadre_quantile(x, 3, outside[i], rule)));
        stats_same(1, cadre_quantile(x, 3, 0, rule), "q = 0");
        stats_same(3, cadre_quantile(x, 3, 1, rule), "q = 1");
        stats_same(1, cadre_quantile(x, 1, 0.3, rule), "n = 1");
    }
}

/* At one half NumPy comes from above, which can be another double than from below. */
static void medians_of_two(void **state)
{
    const double x[] = { -0x1.bf635aef470b0p-4, 0x1.1191c5004502cp+1 };
    const double y[] = { -0x1.9999876834394p+1, 0x1.f85d4cdca033ep-1 };

    (void)state;
    stats_same(0x1.0396aa28caca6p+0, cadre_quantile(x, 2, 0.5, 0), "x");
    stats_same(-0x1.1b8234310c2c5p+0, cadre_quantile(y, 2, 0.5, 0), "y");
}

static void sorting(void **state)
{
    double x[] = { 3, (double)NAN, -(double)INFINITY, 0, -1, (double)NAN, 2 };
    const double sorted[] = { -(double)INFINITY, -1, 0, 2, 3 };

    (void)state;
    cadre_sort(x, 7);
    assert_memory_equal(x, sorted, sizeof sorted);
    assert_true(isnan(x[5]) && isnan(x[6]));
    cadre_sort(NULL, 0);
}

/* Numbers of every kind, many of them equal: 0 of both signs, the ends, what is not a number. */
static double any_number(cadre_rng *rng)
{
    static const double kinds[] = {
        0, -0.0, 5e-324, -5e-324, 1, -1, 0x1p1023, -0x1p1023
    };
    const uint64_t kind = cadre_rng_below(rng, 20);

    if (kind < 8)
        return kinds[kind];
    if (kind == 8)
        return cadre_rng_below(rng, 2) ? INFINITY : -INFINITY;
    if (kind == 9)
        return (double)NAN;
    return kind < 15 ? cadre_rng_uniform(rng) - 0.5
                     : (double)cadre_rng_below(rng, 9) / 16 - 0.25;
}

static bool is_behind(double a, double b)
{
    return isnan(a) ? !isnan(b) : a > b;
}

/* Against sorting by insertion: equal numbers, such as 0 and -0, stay in their order. */
static void sorting_many(void **state)
{
    static const size_t sizes[] = { 2, 40, 255, 256, 257, 3000 };
    cadre_rng rng = stats_stream(12);

    (void)state;
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        double *const x = stats_array(sizes[k], sizeof *x);
        double *const sorted = stats_array(sizes[k], sizeof *sorted);
        for (size_t n = 0; n < sizes[k]; n++) {
            size_t place = n;
            x[n] = any_number(&rng);
            for (; place > 0 && is_behind(sorted[place - 1], x[n]); place--)
                sorted[place] = sorted[place - 1];
            sorted[place] = x[n];
        }
        cadre_sort(x, sizes[k]);
        assert_memory_equal(x, sorted, sizes[k] * sizeof *x);
        free(x);
        free(sorted);
    }
}

/* With less memory than numbers, or none, the bits are the same. */
static void sorting_with_less_memory(void **state)
{
    static const size_t sizes[] = { 1, 2, 255, 256, 257, 513, 3000, 20000 };
    static const size_t memories[] = { 0, 1, 2, 7, 100, 1000 };
    struct cdr_keyed *const memory = stats_array(2000, sizeof *memory);
    cadre_rng rng = stats_stream(13);

    (void)state;
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
        for (size_t m = 0; m < sizeof memories / sizeof *memories; m++) {
            const size_t n = sizes[k];
            double *const x = stats_array(n, sizeof *x);
            double *const sorted = stats_array(n, sizeof *sorted);
            for (size_t i = 0; i < n; i++)
                sorted[i] = x[i] = i % 3 ? any_number(&rng) : (i % 2 ? 0.0 : -0.0);
            cadre_sort(sorted, n);
            cdr_sort_with(x, n, memories[m] ? memory : NULL, memories[m]);
            assert_memory_equal(x, sorted, n * sizeof *x);
            free(x);
            free(sorted);
        }
    free(memory);
}

/* More than are sorted at once; those that are equal are told apart by their signs. */
static void sorting_millions(void **state)
{
    const size_t n = ((size_t)1 << 21) + 12345;
    double *const x = stats_array(n, sizeof *x);
    cadre_rng rng = stats_stream(14);
    size_t zeros = 0, nans = 0, at = 0;
    bool *const sign = stats_array(n, sizeof *sign);

    (void)state;
    for (size_t i = 0; i < n; i++) {
        x[i] = i % 2 ? any_number(&rng) : copysign(0.0, cadre_rng_uniform(&rng) - 0.5);
        nans += isnan(x[i]);
        if (x[i] == 0)
            sign[zeros++] = signbit(x[i]);
    }
    cadre_sort(x, n);
    for (size_t i = 0; i < n; i++) {
        assert_true(i == 0 || !is_behind(x[i - 1], x[i]));
        nans -= isnan(x[i]);
        if (x[i] == 0)
            assert_int_equal(sign[at++], signbit(x[i]) != 0);
    }
    assert_int_equal(at, zeros);
    assert_int_equal(nans, 0);
    free(sign);
    free(x);
}

/* ---- the normal distribution ---- */

static void known_normals(void **state)
{
    struct golden g;
    const json_t *c;

    (void)state;
    golden_open(&g, "norm.json");
    for (size_t i = 0; (c = golden_case(&g, "ndtri", i)); i++)
        golden_is_double(&g, c, "ppf",
                         cadre_normal_quantile(golden_double(&g, c, "p")));
    for (size_t i = 0; (c = golden_case(&g, "ndtr", i)); i++)
        golden_is_double(&g, c, "cdf", cadre_normal_cdf(golden_double(&g, c, "x")));
    golden_close(&g);
}

static void normals_at_the_ends(void **state)
{
    (void)state;
    stats_same(0.0, cadre_normal_cdf(-(double)INFINITY), "-inf");
    stats_same(1.0, cadre_normal_cdf((double)INFINITY), "inf");
    stats_same(0.5, cadre_normal_cdf(0.0), "0");
    assert_true(isnan(cadre_normal_cdf((double)NAN)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_sums),
        cmocka_unit_test(known_sums_of_rows),
        cmocka_unit_test(sums_of_nothing),
        cmocka_unit_test(known_quantiles),
        cmocka_unit_test(quantiles_that_are_not),
        cmocka_unit_test(medians_of_two),
        cmocka_unit_test(sorting),
        cmocka_unit_test(sorting_many),
        cmocka_unit_test(sorting_with_less_memory),
        cmocka_unit_test(sorting_millions),
        cmocka_unit_test(known_normals),
        cmocka_unit_test(normals_at_the_ends),
    };
    return cmocka_run_group_tests_name("stats_sums", tests, NULL, NULL);
}
