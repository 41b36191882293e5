/* test_cli_plot.c - round axes, honest histograms, digits that mean something.
 * SPDX-License-Identifier: MIT
 */
#include "cli/plot/estimate.h"
#include "cli/plot/histogram.h"
#include "cli/plot/page.h"
#include "plot/axis.h"

#include <cadre/random.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static void check_estimate(int kind, double point, double error, const char *text,
                           const char *interval)
{
    const cadre_interval x = { .point = point,
                               .low = point - 2 * error,
                               .high = point + 2 * error,
                               .standard_error = error };
    struct cdr_estimate e;

    cdr_estimate_write(&e, &x, cdr_digits_of(&x, kind));
    assert_string_equal(e.point, text);
    assert_string_equal(e.interval, interval);
}

static void test_estimates(void **state)
{
    (void)state;
    check_estimate(CADRE_ROC_AUC, 0.9, 0.0123, "0.900", "[0.875, 0.925]");
    check_estimate(CADRE_ROC_AUC, -0.25, 0.15, "\u22120.250", "[\u22120.550, 0.050]");
    check_estimate(CADRE_ROC_AUC, 1, 1e-17, "1.000", "[1.000, 1.000]");
    check_estimate(CADRE_MEAN, 2.5e-12, 2e-13, "2.50\u00d710\u207b\u00b9\u00b2",
                   "[2.10, 2.90]\u00d710\u207b\u00b9\u00b2");
    check_estimate(CADRE_MEAN, 1e-300, 0, "1.000\u00d710\u207b\u00b3\u2070\u2070",
                   "[1.000, 1.000]\u00d710\u207b\u00b3\u2070\u2070");
    check_estimate(CADRE_MEAN, 0.5, 1e-9, "0.5000000000",
                   "[0.4999999980, 0.5000000020]");
    check_estimate(CADRE_MEAN, 654, 1.5, "654.0", "[651.0, 657.0]");
    check_estimate(CADRE_MEAN, 1234567, 1, "1234567.0", "[1234565.0, 1234569.0]");
    check_estimate(CADRE_MEAN, 3e9, 2e7, "3.000\u00d710\u2079",
                   "[2.960, 3.040]\u00d710\u2079");
    check_estimate(CADRE_MEAN, 0, 0, "0.000", "[0.000, 0.000]");
}

static void test_metric_words(void **state)
{
    static const struct {
        int kind;
        const char *title, *detail;
    } cases[] = {
        { CADRE_ROC_AUC, "ROC AUC", "area under the ROC curve" },
        { CADRE_F1, "F1 score",
          "harmonic mean of precision and recall; threshold 0.25" },
        { CADRE_BRIER, "Brier score", "mean squared error of the probability" },
        { CADRE_LOG_LOSS, "Log loss", "mean negative log likelihood" },
        { CADRE_ACCURACY, "Accuracy", "share of correct predictions; threshold 0.25" },
        { CADRE_ECE_WIDTH, "ECE",
          "expected calibration error, 15 bins of equal width" },
        { CADRE_ECE_MASS, "ECE", "expected calibration error, 15 bins of equal size" },
    };
    const struct cdr_plot_text text = { .threshold = 0.25, .bins = 15 };
    char title[160], detail[160];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cdr_page_metric_words(title, detail, sizeof title, cases[i].kind, &text);
        assert_string_equal(title, cases[i].title);
        assert_string_equal(detail, cases[i].detail);
    }
    for (int kind = 0; kind < CADRE_METRIC_COUNT; kind++) {
        cdr_page_metric_words(title, detail, sizeof title, kind, &text);
        assert_true(title[0] >= 'A' && title[0] <= 'Z');
        assert_null(strchr(title, '_'));
    }
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
        double right = 150 + 700 * cadre_rng_uniform(&rng);
        struct cdr_axis axis = cdr_axis_make(low, high, -INFINITY, INFINITY);

        cdr_ticks_linear(&axis.ticks, axis.low, axis.high, axis.first, axis.last, 8);
        axis.from = 100;
        axis.to = 100 + right;
        assert_true(axis.ticks.n >= 2 && axis.ticks.n <= 12);
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

        axis.to = 100;
        assert_true(axis.low < axis.high);
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
        cmocka_unit_test(test_estimates),  cmocka_unit_test(test_metric_words),
        cmocka_unit_test(test_axes),       cmocka_unit_test(test_flat_axis),
        cmocka_unit_test(test_histograms), cmocka_unit_test(test_no_comb),
    };

    return cmocka_run_group_tests_name("cli_plot", tests, NULL, NULL);
}
