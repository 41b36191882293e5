/* test_plot_axes.c - numbers, ticks and labels of axes.
 * SPDX-License-Identifier: MIT
 */
#include "plot_case.h"
#include "plot/axis.h"
#include "plot/number.h"
#include "plot/pen.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* ---- numbers ---- */

static void test_numbers(void **state)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        { 0, "0" },
        { 0.5, "0.5" },
        { -0.25, "\u22120.25" },
        { 1234.5, "1234.5" },
        { 1e-12, "10\u207b\u00b9\u00b2" },
        { -2.5e-12, "\u22122.5\u00d710\u207b\u00b9\u00b2" },
        { 3e9, "3\u00d710\u2079" },
        { 1e308, "10\u00b3\u2070\u2078" },
        { 5e-324, "5\u00d710\u207b\u00b3\u00b2\u2074" },
    };
    char text[100];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(cdr_number_short(text, sizeof text, cases[i].value),
                            cases[i].text);
    assert_string_equal(cdr_number_fixed(text, sizeof text, -0.004, 2), "0.00");
    assert_string_equal(cdr_number_fixed(text, sizeof text, -INFINITY, 2), "\u2212inf");
    assert_int_equal(cdr_number_exponent(999.9999), 2);
    assert_int_equal(cdr_number_exponent(1000), 3);
    assert_int_equal(cdr_number_exponent(-1e-300), -300);
}

/* ---- ticks ---- */

static void check_ticks(double low, double high, const char *first, const char *last,
                        const char *note)
{
    struct cdr_ticks t;

    cdr_ticks_linear(&t, low, high, low, high, 6);
    assert_true(t.n >= 2);
    assert_string_equal(t.label[0], first);
    assert_string_equal(t.label[t.n - 1], last);
    assert_string_equal(t.note, note);
}

static void test_linear_ticks(void **state)
{
    (void)state;
    check_ticks(0, 1, "0.0", "1.0", "");
    check_ticks(0.91231, 0.91239, "0.91232", "0.91238", "");
    check_ticks(-1.2e-12, 3.1e-12, "\u22121", "3", "\u00d710\u207b\u00b9\u00b2");
    check_ticks(0.5 + 1e-10, 0.5 + 9.1e-10, "2", "8",
                "\u00d710\u207b\u00b9\u2070 + 0.5");
    check_ticks(-0.5 - 9.1e-10, -0.5 - 1e-10, "\u22128", "\u22122",
                "\u00d710\u207b\u00b9\u2070 \u2212 0.5");
    check_ticks(12345678, 12345683, "8", "13", "+ 1.234567\u00d710\u2077");
    check_ticks(0, 5e9, "0", "5", "\u00d710\u2079");
    check_ticks(2020, 2026, "2020", "2026", "");
}

/* A label, times the power, plus the offset is the tick: no digit is lost. */
static void test_labels_tell_ticks_apart(void **state)
{
    (void)state;
    for (int size = -300; size <= 300; size += 7)
        for (int share = 0; share >= -9; share--) {
            double low = pow(10, size), high = low * (1 + pow(10, share));
            struct cdr_ticks t;

            cdr_ticks_linear(&t, low, high, low, high, 8);
            assert_true(t.n >= 2);
            for (size_t i = 0; i < t.n; i++) {
                assert_true(strlen(t.label[i]) <= 9);
                assert_true(i == 0 || strcmp(t.label[i], t.label[i - 1]) != 0);
            }
        }
}

static void test_log_ticks(void **state)
{
    struct cdr_ticks t;

    (void)state;
    cdr_ticks_log(&t, 1, 1e6, 8);
    assert_int_equal(t.n, 7);
    assert_string_equal(t.label[0], "10\u2070");
    assert_string_equal(t.label[6], "10\u2076");
    assert_int_equal(t.n_minor, 6 * 8);
    cdr_ticks_log(&t, 0.01, 100, 8);
    assert_int_equal(t.n, 5);
    assert_string_equal(t.label[0], "0.01");
    assert_string_equal(t.label[4], "100");
    cdr_ticks_log(&t, 1e-30, 1e30, 6); /* every tenth */
    assert_true(t.n >= 5 && t.n <= 7);
    cdr_ticks_log(&t, 3, 30, 6);
    assert_int_equal(t.n, 3);
    assert_string_equal(t.label[0], "5");
    cdr_ticks_log(&t, 3.1, 3.9, 6); /* no power of ten near */
    assert_true(t.n >= 2);
    for (size_t i = 0; i < t.n; i++)
        assert_true(t.at[i] >= 3.1 && t.at[i] <= 3.9);
}

/* ---- axes ---- */

/* Labels have space between them, wherever the values lie and however short the axis. */
static void test_labels_do_not_touch(void **state)
{
    static const double lows[] = { 0, 1e-12, 0.5, -1e9, 123456.7, 1e300 };
    static const struct cdr_style style = { 11, CDR_QUIET, false };
    cairo_t *cr = cdr_open_sheet(10, 10);

    (void)state;
    for (size_t i = 0; i < sizeof lows / sizeof lows[0]; i++)
        for (int share = 1; share >= -11; share--)
            for (double length = 30; length < 900; length *= 2) {
                double size = lows[i] != 0 ? fabs(lows[i]) : 1, end = -INFINITY;
                struct cdr_axis axis = cdr_axis_make(
                    lows[i], lows[i] + size * pow(10, share), -INFINITY, INFINITY);

                cdr_axis_place(cr, &axis, 0, length);
                for (size_t k = 0; k < axis.ticks.n; k++) {
                    double at = cdr_axis_at(&axis, axis.ticks.at[k]);
                    double half = cdr_pen_width(cr, &style, axis.ticks.label[k]) / 2;

                    if (!axis.ticks.label[k][0])
                        continue;
                    assert_true(at - half > end);
                    end = at + half;
                }
                assert_true(end > -INFINITY); /* some are left */
            }
    assert_int_equal(cairo_status(cr), CAIRO_STATUS_SUCCESS);
    cairo_destroy(cr);
}

static void test_axis_places(void **state)
{
    struct cdr_axis axis = cdr_axis_make_log(1, 100);

    (void)state;
    axis.from = 0;
    axis.to = 200;
    assert_true(fabs(cdr_axis_at(&axis, 10) - 100) < 1e-9);
    assert_true(isnan(cdr_axis_at(&axis, 0)));
    assert_true(isnan(cdr_axis_at(&axis, -1)));
    axis = cdr_axis_exact(2, 2);
    assert_true(axis.low < 2 && axis.high > 2);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_linear_ticks),
        cmocka_unit_test(test_labels_tell_ticks_apart),
        cmocka_unit_test(test_log_ticks),
        cmocka_unit_test(test_labels_do_not_touch),
        cmocka_unit_test(test_axis_places),
    };

    return cmocka_run_group_tests_name("plot_axes", tests, NULL, NULL);
}
