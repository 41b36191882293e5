/* test_stats_bands.c - curves with bands, against curves and resamples made one by one.
 * SPDX-License-Identifier: MIT
 */
#include "stats_case.h"

#include <math.h>
#include <stdio.h>

enum { N = 80, PLACES = 23, RESAMPLES = 300 };

static uint8_t labels[N];
static double scores[N];
static uint32_t clusters[N];

static int make_rows(void **state)
{
    cadre_rng rng = stats_stream(31);

    for (size_t i = 0; i < N; i++) {
        labels[i] = cadre_rng_uniform(&rng) < 0.4;
        scores[i] = floor(15 * (cadre_rng_uniform(&rng) + 0.5 * labels[i]));
        clusters[i] = (uint32_t)(i / 4);
    }
    return stats_open(state);
}

/* The curve of some rows at x, looked up among all points of the library's curves. */
static double plain(int curve, const uint8_t *l, const double *s, size_t n, double x)
{
    cadre_curve c;
    double y = NAN;

    assert_int_equal((curve ? cadre_pr_curve : cadre_roc_curve)(&c, l, s, n, NULL), 0);
    if (curve) { /* recall falls along the points: the last one that has it */
        for (size_t k = 0; k + 1 < c.n; k++)
            if (c.x[k] >= x)
                y = c.y[k];
    } else {
        for (size_t k = 0; k < c.n; k++)
            if (c.x[k] <= x)
                y = k + 1 == c.n || c.x[k + 1] <= x
                        ? c.y[k]
                        : c.y[k] + (x - c.x[k]) / (c.x[k + 1] - c.x[k]) *
                                       (c.y[k + 1] - c.y[k]);
    }
    cadre_curve_free(&c);
    return y;
}

static cadre_bootstrap bootstrap(void)
{
    return (cadre_bootstrap){
        .labels = labels, .n = N, .resamples = RESAMPLES, .confidence = 0.9, .seed = 5
    };
}

/* ---- the bands ---- */

static double values[RESAMPLES][PLACES];

/* Resample k draws from SeedSequence(5).spawn(...)[k]. Returns how many have both classes. */
static size_t draw(int curve)
{
    uint8_t l[N];
    double s[N];
    int64_t rows[N];
    size_t usable = 0;

    for (size_t r = 0; r < RESAMPLES; r++) {
        cadre_seed root;
        cadre_rng rng;
        size_t positives = 0;
        cadre_seed_init(&root, 5);
        const cadre_seed child = cadre_seed_child(&root, r);
        cadre_rng_init(&rng, &child);
        cadre_rng_integers(&rng, rows, N, 0, N);
        for (size_t i = 0; i < N; i++) {
            l[i] = labels[rows[i]];
            s[i] = scores[rows[i]];
            positives += l[i];
        }
        assert_true(positives > 0 && positives < N);
        for (size_t k = 0; k < PLACES; k++)
            values[usable][k] = plain(curve, l, s, N, (double)k / (PLACES - 1));
        usable++;
    }
    return usable;
}

static void check_bands(int curve)
{
    const cadre_bootstrap b = bootstrap();
    const size_t usable = draw(curve);
    double column[RESAMPLES];
    cadre_band band;
    cadre_error err;

    assert_int_equal(
        cadre_bootstrap_curve(&band, stats_pool(), &b, scores, curve, PLACES, &err), 0);
    assert_int_equal(band.n, PLACES);
    assert_int_equal(band.resamples, usable);
    assert_int_equal(band.degenerate, 0);
    for (size_t k = 0; k < PLACES; k++) {
        for (size_t r = 0; r < usable; r++)
            column[r] = values[r][k];
        cadre_sort(column, usable);
        stats_near(plain(curve, labels, scores, N, band.x[k]), band.y[k], 1e-15);
        stats_near(cadre_quantile(column, usable, 0.05, 0), band.low[k], 1e-14);
        stats_near(cadre_quantile(column, usable, 0.95, 0), band.high[k], 1e-14);
    }
    cadre_band_free(&band);
    assert_null(band.x);
}

static void roc(void **state)
{
    (void)state;
    check_bands(CADRE_CURVE_ROC);
}

static void precision_recall(void **state)
{
    (void)state;
    check_bands(CADRE_CURVE_PR);
}

/* ---- the same on any pool, and with clusters ---- */

static void same_bytes(void **state)
{
    cadre_bootstrap b = bootstrap();
    cadre_band here, there;

    (void)state;
    b.clusters = clusters;
    for (int seeding = 1; seeding <= 3; seeding++) {
        b.seeding = seeding;
        assert_int_equal(cadre_bootstrap_curve(&here, NULL, &b, scores, 0, 0, NULL), 0);
        assert_int_equal(
            cadre_bootstrap_curve(&there, stats_pool(), &b, scores, 0, 0, NULL), 0);
        assert_int_equal(here.n, 101);
        assert_memory_equal(here.low, there.low, here.n * sizeof *here.low);
        assert_memory_equal(here.high, there.high, here.n * sizeof *here.high);
        cadre_band_free(&here);
        cadre_band_free(&there);
    }
}

/* ---- refused ---- */

static void refuse(const cadre_bootstrap *b, int curve, size_t points, int code,
                   const char *message)
{
    cadre_band band;
    cadre_error err;

    assert_int_equal(cadre_bootstrap_curve(&band, NULL, b, scores, curve, points, &err),
                     code);
    assert_string_equal(err.message, message);
    assert_null(band.x);
}

static void refused(void **state)
{
    cadre_bootstrap b = bootstrap();
    uint8_t rare[N] = { 1 };

    (void)state;
    refuse(&b, 2, 9, CADRE_EINVAL, "no curve has the number 2");
    refuse(&b, 0, 1, CADRE_EINVAL, "points is 1: a curve has at least two ends");
    b.labels = rare;
    refuse(&b, 0, 9, CADRE_EDATA,
           "119 of 300 resamples are degenerate, more than 5 %: a curve is not defined "
           "where all labels are the same; more rows of the rarer class would help");
    rare[0] = 0;
    refuse(&b, 1, 9, CADRE_EDATA,
           "a curve is not defined for these rows: all labels are the same");
    b = bootstrap();
    b.until_error = 0.1;
    refuse(&b, 0, 9, CADRE_EINVAL,
           "bands are for rows of two classes without weights, and for a number of "
           "resamples that is known");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roc),
        cmocka_unit_test(precision_recall),
        cmocka_unit_test(same_bytes),
        cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests_name("stats_bands", tests, make_rows, stats_close);
}
