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
static double weights[N]; /* some of them 0 */

static int make_rows(void **state)
{
    cadre_rng rng = stats_stream(31);

    for (size_t i = 0; i < N; i++) {
        labels[i] = cadre_rng_uniform(&rng) < 0.4;
        scores[i] = floor(15 * (cadre_rng_uniform(&rng) + 0.5 * labels[i]));
        clusters[i] = (uint32_t)(i / 4);
        weights[i] = (double)cadre_rng_below(&rng, 4);
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

/* ---- weights ---- */

/* Whole weights: the curve of rows that are there so often, and the same threshold. */
static void weights_repeat_rows(void **state)
{
    uint8_t l[4 * N];
    double s[4 * N];
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < N; i++)
        for (double k = 0; k < weights[i]; k++) {
            l[n] = labels[i];
            s[n++] = scores[i];
        }
    const cadre_rows weighted = {
        .n = N, .labels = labels, .scores = scores, .weights = weights
    };
    const cadre_rows repeated = { .n = n, .labels = l, .scores = s };
    for (int curve = 0; curve < CADRE_CURVE_COUNT; curve++) {
        double here[PLACES], there[PLACES];
        cadre_curve a, b;
        assert_int_equal(cadre_curve_of(&a, curve, &weighted, NULL), 0);
        assert_int_equal(cadre_curve_of(&b, curve, &repeated, NULL), 0);
        assert_int_equal(a.n, b.n);
        assert_memory_equal(a.x, b.x, a.n * sizeof *a.x);
        assert_memory_equal(a.y, b.y, a.n * sizeof *a.y);
        assert_memory_equal(a.threshold, b.threshold, a.n * sizeof *a.threshold);
        cadre_curve_free(&a);
        cadre_curve_free(&b);
        assert_int_equal(cadre_curve_at(here, PLACES, curve, &weighted, NULL), 0);
        assert_int_equal(cadre_curve_at(there, PLACES, curve, &repeated, NULL), 0);
        assert_memory_equal(here, there, sizeof here);
    }
    for (int kind = 0; kind < CADRE_SELECTOR_COUNT; kind++) {
        const cadre_selector selector = { .kind = kind, .target = 0.5 };
        cadre_operating_point here, there;
        assert_int_equal(cadre_select_threshold_of(&here, &selector, &weighted, NULL),
                         0);
        assert_int_equal(cadre_select_threshold_of(&there, &selector, &repeated, NULL),
                         0);
        assert_memory_equal(&here, &there, sizeof here);
    }
}

/* Of each resample the weighted curve, of drawn rows with their weights. */
static void check_weighted(int curve)
{
    cadre_bootstrap b = bootstrap();
    double column[RESAMPLES], y[PLACES];
    cadre_band band;

    b.weights = weights;
    assert_int_equal(
        cadre_bootstrap_curve(&band, stats_pool(), &b, scores, curve, PLACES, NULL), 0);
    for (size_t r = 0; r < RESAMPLES; r++) {
        uint8_t l[N];
        double s[N], w[N];
        int64_t rows[N];
        cadre_seed root;
        cadre_rng rng;
        cadre_seed_init(&root, 5);
        const cadre_seed child = cadre_seed_child(&root, r);
        cadre_rng_init(&rng, &child);
        cadre_rng_integers(&rng, rows, N, 0, N);
        for (size_t i = 0; i < N; i++) {
            l[i] = labels[rows[i]];
            s[i] = scores[rows[i]];
            w[i] = weights[rows[i]];
        }
        const cadre_rows drawn = { .n = N, .labels = l, .scores = s, .weights = w };
        assert_int_equal(cadre_curve_at(values[r], PLACES, curve, &drawn, NULL), 0);
    }
    const cadre_rows all = {
        .n = N, .labels = labels, .scores = scores, .weights = weights
    };
    assert_int_equal(cadre_curve_at(y, PLACES, curve, &all, NULL), 0);
    assert_memory_equal(y, band.y, sizeof y);
    for (size_t k = 0; k < PLACES; k++) {
        for (size_t r = 0; r < RESAMPLES; r++)
            column[r] = values[r][k];
        cadre_sort(column, RESAMPLES);
        stats_near(cadre_quantile(column, RESAMPLES, 0.05, 0), band.low[k], 1e-14);
        stats_near(cadre_quantile(column, RESAMPLES, 0.95, 0), band.high[k], 1e-14);
    }
    cadre_band_free(&band);
}

static void weighted_bands(void **state)
{
    (void)state;
    check_weighted(CADRE_CURVE_ROC);
    check_weighted(CADRE_CURVE_PR);
}

/* Scores of one class that weigh nothing: said, and not divided by. */
static void weightless(void **state)
{
    const uint8_t l[] = { 0, 0, 1, 1 };
    const double s[] = { 1, 2, 3, 4 }, w[] = { 1, 2, 0, 0 }, none[4] = { 0 };
    cadre_rows rows = { .n = 4, .labels = l, .scores = s, .weights = w };
    cadre_curve curve;
    cadre_error err;
    double y[3];

    (void)state;
    assert_int_equal(cadre_curve_at(y, 3, CADRE_CURVE_ROC, &rows, &err), CADRE_EDATA);
    assert_string_equal(err.message,
                        "a curve is not defined for these rows: a class is "
                        "missing or weighs nothing");
    assert_int_equal(cadre_curve_of(&curve, CADRE_CURVE_ROC, &rows, &err), 0);
    assert_true(isnan(curve.y[1]) && curve.x[curve.n - 1] == 1);
    cadre_curve_free(&curve);
    rows.weights = none;
    assert_int_equal(cadre_curve_of(&curve, CADRE_CURVE_PR, &rows, &err), CADRE_EDATA);
    assert_string_equal(err.message,
                        "the weights sum to 0: a curve needs a finite sum above 0");
    rows.weights = NULL;
    assert_int_equal(cadre_curve_at(y, 1, CADRE_CURVE_ROC, &rows, &err), CADRE_EINVAL);
    assert_string_equal(err.message, "places is 1: a curve has at least two ends");
    assert_int_equal(cadre_curve_at(y, 3, 7, &rows, &err), CADRE_EINVAL);
    assert_string_equal(err.message, "no curve has the number 7");
    assert_int_equal(cadre_curve_at(NULL, 3, 0, &rows, &err), CADRE_EINVAL);
    assert_int_equal(cadre_curve_of(&curve, 0, NULL, &err), CADRE_EINVAL);
    assert_string_equal(err.message, "the rows are NULL");
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
           "bands are for rows of two classes, not for sums over strata, and for a "
           "number of resamples that is known");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roc),
        cmocka_unit_test(precision_recall),
        cmocka_unit_test(same_bytes),
        cmocka_unit_test(weights_repeat_rows),
        cmocka_unit_test(weighted_bands),
        cmocka_unit_test(weightless),
        cmocka_unit_test(refused),
    };
    return cmocka_run_group_tests_name("stats_bands", tests, make_rows, stats_close);
}
