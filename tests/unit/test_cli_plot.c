/* test_cli_plot.c - round axes, honest histograms, digits that mean something.
 * SPDX-License-Identifier: MIT
 */
#include "cli/plot/axis.h"
#include "cli/plot/histogram.h"
#include "cli/output/layout.h"
#include "cli/plot/pen.h"

#include <cadre/random.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

static void test_decimals(void **state)
{
    static const struct {
        double error, value;
        int decimals;
    } cases[] = {
        { 0.0123, 0.9, 3 },    { 0.00123, 0.9, 4 }, { 0.15, 0.7, 3 },
        { 1.5, 654, 1 },       { 14, 654, 0 },      { 0, 0.5, 3 },
        { 0, 654, 2 },         { NAN, 0.5, 3 },     { 1e-17, 1, 3 },
        { 1e-300, 1e-299, 3 }, { 1e-9, 0.5, 10 },   { 1e-13, 0.01, 12 },
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(cdr_layout_decimals(cases[i].error, cases[i].value),
                         cases[i].decimals);
}

static void test_numbers(void **state)
{
    char text[64];

    (void)state;
    cdr_pen_number(text, sizeof text, -0.25, 2);
    assert_string_equal(text, "\u22120.25");
    cdr_pen_number(text, sizeof text, -0.0004, 2);
    assert_string_equal(text, "0.00");
    cdr_pen_number(text, sizeof text, 1.5e300, 3);
    assert_string_equal(text, "1.5e+300");
}

/* Two ticks at least, not too many, on any range. */
static void test_axes(void **state)
{
    cadre_seed seed;
    cadre_rng rng;

    (void)state;
    cadre_seed_init(&seed, 1);
    cadre_rng_init(&rng, &seed);
    for (int i = 0; i < 20000; i++) {
        double size = pow(10, 40 * cadre_rng_uniform(&rng) - 20);
        double low = size * (cadre_rng_uniform(&rng) - 0.5);
        double high = low + size * pow(10, -6 * cadre_rng_uniform(&rng));
        double right = 150 + 700 * cadre_rng_uniform(&rng), value;
        struct cdr_axis axis = cdr_axis_make(low, high, -INFINITY, INFINITY);
        int ticks;

        cdr_axis_place(&axis, 100, 100 + right);
        value = ceil(axis.first / axis.step) * axis.step;
        ticks = 1 + (int)floor((axis.last - value) / axis.step + 1e-6);
        assert_true(ticks >= 2 && ticks <= 12);
        assert_true(cdr_axis_at(&axis, low) > 100 &&
                    cdr_axis_at(&axis, high) < 100 + right);
    }
}

static void test_flat_axis(void **state)
{
    static const double values[] = { 0, 1, -3e-300, 1e300, 0.5 };

    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        struct cdr_axis axis = cdr_axis_make(values[i], values[i], 0, 1);

        cdr_axis_place(&axis, 0, 100);
        assert_true(axis.low < axis.high && axis.step > 0);
        assert_true(fabs(cdr_axis_at(&axis, values[i]) - 50) < 1);
    }
}

static size_t total(const struct cdr_histogram *h)
{
    size_t n = 0;

    for (size_t k = 0; k < h->bins; k++) {
        n += h->counts[k];
        assert_true(h->counts[k] <= h->most);
    }
    return n;
}

static void test_histograms(void **state)
{
    enum { N = 3000 };
    static double x[N];
    struct cdr_histogram h;
    cadre_seed seed;
    cadre_rng rng;

    (void)state;
    cadre_seed_init(&seed, 2);
    cadre_rng_init(&rng, &seed);
    for (int i = 0; i < N; i++)
        x[i] = cadre_rng_normal(&rng);
    x[7] = NAN;
    assert_int_equal(cdr_histogram_make(&h, x, N), 0);
    assert_int_equal(total(&h), N - 1);
    assert_true(h.bins >= 10 && h.bins <= CDR_BINS_MAX);

    assert_int_equal(cdr_histogram_make(&h, x, 1), 0);
    assert_int_equal(h.bins, 1);
    assert_int_equal(cdr_histogram_make(&h, x + 7, 1), 0);
    assert_int_equal(h.bins, 0);
    assert_int_equal(cdr_histogram_make(&h, x, 0), 0);
    assert_int_equal(h.bins, 0);
    x[0] = 1e308; /* an outlier must not make bins without end */
    x[1] = -1e308;
    assert_int_equal(cdr_histogram_make(&h, x, N), 0);
    assert_int_equal(total(&h), N - 1);
}

/* Multiples of 1 / 569 spread evenly: no bin may get twice what its neighbour gets. */
static void test_no_comb(void **state)
{
    enum { STEPS = 90, EACH = 20 };
    static double x[STEPS * EACH];
    struct cdr_histogram h;

    (void)state;
    for (int i = 0; i < STEPS * EACH; i++)
        x[i] = (i / EACH + 17) / 569.0 - 3 / 569.0;
    assert_int_equal(cdr_histogram_make(&h, x, STEPS * EACH), 0);
    assert_int_equal(total(&h), STEPS * EACH);
    for (size_t k = 0; k + 1 < h.bins; k++) /* the last may be cut */
        assert_int_equal(h.counts[k], h.counts[0]);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decimals),   cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_axes),       cmocka_unit_test(test_flat_axis),
        cmocka_unit_test(test_histograms), cmocka_unit_test(test_no_comb),
    };

    return cmocka_run_group_tests_name("cli_plot", tests, NULL, NULL);
}
