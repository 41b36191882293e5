/* test_plot_marks.c - lines, areas, points and heat maps, pixel by pixel.
 * SPDX-License-Identifier: MIT
 */
#include "plot_case.h"
#include "plot/chart.h"
#include "plot/heat.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* ---- charts ---- */

static struct cdr_chart make_chart(cairo_t *cr)
{
    struct cdr_chart chart = { .x = cdr_axis_exact(0, 100),
                               .y = cdr_axis_exact(0, 10),
                               .x_title = "x",
                               .y_title = "y" };

    cdr_chart_place(cr, &chart, 0, 0, 400, 300);
    return chart;
}

static unsigned at(cairo_t *cr, const struct cdr_chart *chart, double x, double y)
{
    return cdr_pixel(cr, cdr_axis_at(&chart->x, x), cdr_axis_at(&chart->y, y));
}

static void test_areas(void **state)
{
    static const double x[] = { 10, 40, 50, 60, 90 }, high[] = { 8, 8, NAN, 8, 1e300 };
    static const double low[] = { 4, 4, 4, 4, 4 };
    cairo_t *cr = cdr_open_sheet(400, 300);
    struct cdr_chart chart = make_chart(cr);

    (void)state;
    cdr_chart_area(cr, &chart, x, high, low, 5, 0x00ff00, 1);
    assert_int_equal(at(cr, &chart, 25, 6), 0x00ff00);
    assert_int_equal(at(cr, &chart, 25, 3), 0xffffff);
    assert_int_equal(at(cr, &chart, 25, 9), 0xffffff);
    assert_int_equal(at(cr, &chart, 50, 6), 0xffffff); /* the gap */
    assert_int_equal(at(cr, &chart, 80, 9), 0x00ff00);
    assert_int_equal(cdr_pixel(cr, 200, 1), 0xffffff); /* nothing beyond the axes */
    cdr_chart_area(cr, &chart, x, low, NULL, 2, 0x0000ff, 1);
    assert_int_equal(at(cr, &chart, 25, 1), 0x0000ff);
    cairo_destroy(cr);
}

/* A peak one sample wide, among more samples than pixels, is not lost. */
static void test_peaks_stay(void **state)
{
    enum { N = 200000, PEAK = 77777 };
    double *x = calloc(N, sizeof *x), *y = calloc(N, sizeof *y);
    cairo_t *cr = cdr_open_sheet(400, 300);
    struct cdr_chart chart = make_chart(cr);
    const struct cdr_line line = { 0xff0000, 2, false, false };

    (void)state;
    for (int i = 0; i < N; i++) {
        x[i] = 100.0 * i / N;
        y[i] = i == PEAK ? 9 : 1;
    }
    cdr_chart_line(cr, &chart, x, y, N, &line);
    assert_int_equal(at(cr, &chart, x[PEAK], 5) & 0xff0000, 0xff0000);
    assert_true((at(cr, &chart, x[PEAK], 5) & 0xff) < 0x80);
    assert_true((at(cr, &chart, 20, 1) & 0xff) < 0x80);
    assert_int_equal(at(cr, &chart, 20, 5), 0xffffff);
    free(x);
    free(y);
    cairo_destroy(cr);
}

static void test_lines(void **state)
{
    static const double x[] = { 0, 50, 100, 100 }, y[] = { 2, 8, 8, NAN };
    cairo_t *cr = cdr_open_sheet(400, 300);
    struct cdr_chart chart = make_chart(cr);

    (void)state;
    cdr_chart_line(cr, &chart, x, y, 4,
                   &(struct cdr_line){ .colour = 0, .steps = true });
    assert_true((at(cr, &chart, 25, 2) & 0xff) < 0x80); /* holds, then rises */
    assert_int_equal(at(cr, &chart, 25, 5), 0xffffff);
    assert_true((at(cr, &chart, 75, 8) & 0xff) < 0x80);
    cdr_chart_reference(cr, &chart, &chart.y, 5, 0xff0000);
    cdr_chart_reference(cr, &chart, &chart.x, NAN, 0xff0000);
    cdr_chart_points(cr, &chart, x, y, 4, 0x00ff00, 4);
    assert_int_equal(at(cr, &chart, 50, 8), 0x00ff00);
    assert_int_equal(cairo_status(cr), CAIRO_STATUS_SUCCESS);
    cairo_destroy(cr);
}

/* Labels and titles are inside the rectangle that the chart was given. */
static void test_chart_margins(void **state)
{
    cairo_t *cr = cdr_open_sheet(400, 300);
    struct cdr_chart chart = { .x = cdr_axis_make_log(1, 1e9),
                               .y = cdr_axis_exact(1e-9, 7e-9),
                               .x_title = "x",
                               .y_title = "y" };

    (void)state;
    cdr_chart_place(cr, &chart, 20, 20, 380, 280);
    cdr_chart_draw(cr, &chart);
    cdr_chart_legend(cr, &chart, (struct cdr_key[]){ { "a", 0xff, false, false } }, 1,
                     CDR_RIGHT, false);
    assert_true(chart.y.ticks.note[0] != '\0');
    for (int i = 0; i < 400; i++)
        for (int k = 0; k < 300; k++)
            if (i < 20 || i >= 380 || k < 20 || k >= 280)
                assert_int_equal(cdr_pixel(cr, i, k), 0xffffff);
    cairo_destroy(cr);
}

static double lightness(unsigned colour)
{
    return 0.299 * (colour >> 16) + 0.587 * ((colour >> 8) & 255) +
           0.114 * (colour & 255);
}

static void test_heat(void **state)
{
    static const double values[] = { 0, 1, NAN, 0.5 }; /* the lower row first */
    cairo_t *cr = cdr_open_sheet(400, 300);
    struct cdr_chart chart = make_chart(cr);
    struct cdr_heat heat = { .values = values,
                             .columns = 2,
                             .rows = 2,
                             .x1 = 100,
                             .y1 = 10,
                             .scale = cdr_axis_exact(0, 1) };

    (void)state;
    for (int i = 0; i < 100; i++)
        assert_true(lightness(cdr_heat_colour(i / 100.0)) <
                    lightness(cdr_heat_colour((i + 1) / 100.0)));
    assert_int_equal(cdr_heat_colour(-1), cdr_heat_colour(0));
    assert_true(cdr_heat_draw(cr, &chart, &heat));
    assert_int_equal(at(cr, &chart, 25, 2.5), cdr_heat_colour(0));
    assert_int_equal(at(cr, &chart, 75, 2.5), cdr_heat_colour(1));
    assert_int_equal(at(cr, &chart, 25, 7.5), 0xffffff);
    assert_int_equal(at(cr, &chart, 75, 7.5), cdr_heat_colour(0.5));
    cdr_heat_bar(cr, &chart, &heat, 300, "counts");
    assert_true(lightness(cdr_pixel(cr, 307, chart.bottom - 2)) <
                lightness(cdr_heat_colour(0.02)));
    assert_true(lightness(cdr_pixel(cr, 307, chart.top + 2)) >
                lightness(cdr_heat_colour(0.98)));
    heat.columns = 40000;
    assert_false(cdr_heat_draw(cr, &chart, &heat));
    cairo_destroy(cr);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_areas), cmocka_unit_test(test_peaks_stay),
        cmocka_unit_test(test_lines), cmocka_unit_test(test_chart_margins),
        cmocka_unit_test(test_heat),
    };

    return cmocka_run_group_tests_name("plot_marks", tests, NULL, NULL);
}
