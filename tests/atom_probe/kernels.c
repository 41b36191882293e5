/* kernels.c - the atom probe's kernels by themselves: single groups, cells, peaks, fits.
 * SPDX-License-Identifier: MIT
 */
#include <cadre/cadre.h>
#include "contract.h"
#include "fit.h"
#include "grid.h"
#include "numbers.h"
#include "peak.h"
#include "recover.h"

#include <math.h>

static void same(double is, double should)
{
    if (is != should)
        fail_msg("%.17g, but %.17g is known", is, should);
}

/* ---- single groups of stops ---- */

struct expected {
    uint8_t lines, axis;
    double tof, x, y;
};

static void group_is(const char *channels, const uint32_t *times, bool valid,
                     const struct expected *rows, size_t n_rows)
{
    struct ap_stop group[4];
    struct ap_row out[4];
    size_t n = strlen(channels), found;

    for (size_t i = 0; i < n; i++)
        group[i] = (struct ap_stop){ (uint32_t)(channels[i] - '0'), times[i], 0 };
    found = ap_recover_group(out, group, n, valid, 10);
    assert_int_equal(found, n_rows);
    for (size_t i = 0; i < found; i++) {
        assert_int_equal(out[i].lines, rows[i].lines);
        assert_int_equal(out[i].axis, rows[i].axis);
        if (rows[i].lines == 0) {
            assert_true(isnan(out[i].tof) && isnan(out[i].x) && isnan(out[i].radius));
            assert_false(out[i].accepted);
            continue;
        }
        assert_true(fabs(out[i].tof - rows[i].tof) < 1e-12);
        assert_true(fabs(out[i].x - rows[i].x) < 1e-15);
        assert_true(fabs(out[i].y - rows[i].y) < 1e-15);
        assert_true(out[i].accepted);
    }
}

#define GROUP(channels, times, valid, ...)                                     \
    group_is(channels, times, valid, (const struct expected[]){ __VA_ARGS__ }, \
             sizeof((const struct expected[]){ __VA_ARGS__ }) /                \
                 sizeof(struct expected))

static void worked_rows(void **state)
{
    static const uint32_t four[] = { 100, 110, 120, 130 }, one[] = { 120 };
    static const uint32_t twice[] = { 100, 102, 110, 112 };
    static const uint32_t mixed[] = { 100, 120, 130, 105 };
    const double at = -0.016326530612244898; /* ten bins apart, the second end later */

    (void)state;
    GROUP("0123", four, true, { 4, AP_XY, 3.15468, at, at });
    GROUP("0123", four, false, { 2, AP_X, 2.88036, at, 0 }, { 2, AP_Y, 3.429, 0, at });
    GROUP("01", four, false, { 2, AP_X, 2.88036, at, 0 });
    GROUP("0", one, false, { 0, AP_NO_AXIS, 0, 0, 0 });
    GROUP("0011", twice, false, { 2, AP_X, 2.88036, at, 0 },
          { 2, AP_X, 2.935224, at, 0 });
    GROUP("0230", mixed, false, { 2, AP_Y, 3.429, 0, at });
}

/* Whole pulses: stops in any order, more than one hit, channels that do not exist. */
static void whole_pulses(void **state)
{
    struct ap_stop mixed[] = { { 3, 130, 0 }, { 0, 100, 0 }, { 1, 210, 0 },
                               { 2, 120, 0 }, { 1, 110, 0 }, { 9, 5, 0 } };
    struct ap_row rows[6];

    (void)state;
    /* Of channel 1 the stop that came first is of rank 0: 0 1 2 3, and then 9 1. */
    assert_int_equal(ap_recover_pulse(rows, mixed, 6, 10), 2);
    assert_int_equal(rows[0].lines, 4);
    assert_int_equal(rows[0].status, AP_FOUR_INSIDE);
    same(rows[0].tof, (100 + 210 + 120 + 130) * (27.432 / 4000));
    assert_int_equal(rows[1].status, AP_UNRECOVERABLE);
    assert_int_equal(rows[1].group, 1);
    assert_int_equal(rows[1].stops, 6);
    /* A hit outside of the detector is none that is accepted. */
    assert_int_equal(ap_recover_pulse(rows, mixed, 6, 0.01), 2);
    assert_int_equal(rows[0].status, AP_FOUR_OUTSIDE);
    assert_false(rows[0].accepted);
}

static void no_stops(void **state)
{
    struct ap_row row;

    (void)state;
    assert_int_equal(ap_recover_pulse(&row, NULL, 0, 10), 0);
}

/* A counter that got stuck: thousands of stops in one pulse. */
static void long_pulse(void **state)
{
    enum { HITS = 500 };
    static struct ap_stop many[4 * HITS];
    static struct ap_row rows[4 * HITS];
    size_t n;

    (void)state;
    for (uint32_t i = 0; i < 4 * HITS; i++)
        many[i] = (struct ap_stop){ 3 - i / HITS, 1000 + i % HITS, 0 };
    n = ap_recover_pulse(rows, many, 4 * HITS, 10);
    assert_int_equal(n, HITS);
    for (uint32_t i = 0; i < HITS; i++) {
        assert_int_equal(rows[i].lines, 4);
        assert_int_equal(rows[i].group, i);
        same(rows[i].tof, (4 * (1000.0 + i)) * (27.432 / 4000));
    }
}

/* ---- cells ---- */

/* Points on borders, next to them, in the middle, outside, and none. */
static void cells_of_points(void **state)
{
    struct ap_grid grid;
    cadre_error err;

    (void)state;
    assert_int_equal(ap_grid_make(&grid, 1, 70, 0, &err), CADRE_OK);
    assert_int_equal(grid.cells, 2638);
    assert_int_equal(ap_grid_cell(&grid, 0, 0), 0);
    assert_int_equal(ap_grid_cell(&grid, 1, -0.0), 8);
    assert_int_equal(ap_grid_cell(&grid, 1, 0), 8);
    assert_int_equal(ap_grid_cell(&grid, nextafter(1, 0), 0), 0);
    assert_int_equal(ap_grid_cell(&grid, 35, 0), AP_NO_CELL);
    assert_int_equal(ap_grid_cell(&grid, nextafter(35, 0), 0), 2638 - 96);
    assert_int_equal(ap_grid_cell(&grid, 1.5, -1e-16), AP_NO_CELL);
    assert_int_equal(ap_grid_cell(&grid, NAN, 0), AP_NO_CELL);
    assert_int_equal(ap_grid_cell(&grid, 0, INFINITY), AP_NO_CELL);
    assert_int_equal(ap_grid_make(&grid, 0, 70, 0, &err), CADRE_EDATA);
    assert_int_equal(ap_grid_make(&grid, 1, 70, 1e9, &err), CADRE_EDATA);
}

/* ---- fits ---- */

static void points_that_determine_nothing(void **state)
{
    double x[] = { 1, 1, 1, 1, 1, 1 }, z[] = { 1, 2, 3, 4, 5, 6 }, c[5];
    cadre_error err;

    (void)state;
    assert_int_equal(ap_fit_voltage(x, z, 6, c, &err), CADRE_EDATA);
    assert_int_equal(ap_fit_voltage(x, z, 2, c, &err), CADRE_EDATA);
    assert_int_equal(ap_fit_bowl(x, x, z, 6, true, c, &err), CADRE_EDATA);
    assert_int_equal(ap_fit_bowl(x, x, z, 0, true, c, &err), CADRE_EDATA);
}

/* ---- numbers ---- */

static void peaks(void **state)
{
    static const double few[] = { 0, 0.01, 0.02, 0.025, 0.05, 0.055, 0.09, 0.1 };
    double equal[] = { 4, 4, 4 }, v[] = { 3, 1, 2, 5 };
    uint32_t counts[16];
    struct ap_bins bins = ap_bins_make(equal, 3, 0.01);
    double centre;

    (void)state;
    assert_int_equal(bins.n, 0);
    bins = ap_bins_make(few, 8, 0.01);
    assert_int_equal(bins.n, 10);
    assert_true(ap_bins_peak(&bins, few, 8, AP_FAST, counts, &centre));
    assert_true(fabs(centre - 0.025) < 1e-15);
    bins = ap_bins_make(v, 2, 0.01);
    assert_false(ap_bins_peak(&bins, v, 2, AP_FAST, (uint32_t[256]){ 0 }, &centre));
    same(ap_median(v, 4), 2.5);
    same(ap_median(v, 3), v[0] + v[1] + v[2] - fmax(fmax(v[0], v[1]), v[2]) -
                              fmin(fmin(v[0], v[1]), v[2]));
    assert_true(isnan(ap_mean(v, 0)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(points_that_determine_nothing),
        cmocka_unit_test(worked_rows),
        cmocka_unit_test(whole_pulses),
        cmocka_unit_test(no_stops),
        cmocka_unit_test(long_pulse),
        cmocka_unit_test(cells_of_points),
        cmocka_unit_test(peaks),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
