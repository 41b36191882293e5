/* stats_inference.c - tests and intervals without resampling: known answers.
 * SPDX-License-Identifier: MIT
 *
 * Ours is the second column less the first, theirs the first less the second.
 */
#include "golden.h"
#include "stats_case.h"

#include <math.h>

#define NEAR 1e-12 /* sums of products, in another order */

static uint8_t *read_labels(struct golden *g, const json_t *c, const char *path,
                            size_t *n)
{
    uint64_t *const wide = golden_u64s(g, c, path, n);
    uint8_t *const labels = stats_array(*n, 1);

    for (size_t i = 0; i < *n; i++)
        labels[i] = (uint8_t)wide[i];
    free(wide);
    return labels;
}

static void known_delong(void **state)
{
    struct golden g;
    const json_t *c;
    cadre_delong out;
    size_t n;

    (void)state;
    golden_open(&g, "misc.json");
    for (size_t i = 0; (c = golden_case(&g, "delong", i)); i++) {
        uint8_t *const labels = read_labels(&g, c, "in.y", &n);
        double *const a = golden_doubles(&g, c, "in.a", &n);
        double *const b = golden_doubles(&g, c, "in.b", &n);
        assert_int_equal(cadre_delong_test(&out, labels, a, b, n, 0, NULL), 0);
        golden_is_double(&g, c, "out.auc_a", out.area[0]);
        golden_is_double(&g, c, "out.auc_b", out.area[1]);
        golden_is_double(&g, c, "out.delta_auc", -out.estimate);
        golden_is_near(&g, c, "out.var", out.variance, NEAR);
        golden_is_near(&g, c, "out.z", -out.z, NEAR);
        golden_is_near(&g, c, "out.p_value", out.p_value, 10 * NEAR);
        golden_is_near(&g, c, "out.ci_low", -out.high, NEAR);
        golden_is_near(&g, c, "out.ci_high", -out.low, NEAR);
        free(labels);
        free(a);
        free(b);
    }
    golden_close(&g);
}

/* Of one column, against the sums over all pairs that define them. */
static void delong_of_one_column(void **state)
{
    static const double scores[] = { .0184, .0127, .6588, .3825, .0753, .0285, .0939,
                                     .0913, .1393, .8084, .5678, .7690, .6003, .4454 };
    uint8_t labels[14] = { 0 };
    double positive[6] = { 0 }, negative[8] = { 0 };
    cadre_delong out;

    (void)state;
    memset(labels + 8, 1, 6);
    for (size_t i = 0; i < 6; i++)
        for (size_t k = 0; k < 8; k++) {
            positive[i] += (scores[8 + i] > scores[k]) / 8.0;
            negative[k] += (scores[8 + i] > scores[k]) / 6.0;
        }
    const double variance =
        cadre_variance(positive, 6, 1) / 6 + cadre_variance(negative, 8, 1) / 8;
    assert_int_equal(cadre_delong_test(&out, labels, scores, NULL, 14, 0.9, NULL), 0);
    stats_same(43.0 / 48, out.area[0], "area");
    stats_same(out.area[0], out.estimate, "estimate");
    assert_true(isnan(out.area[1]));
    stats_near(sqrt(variance), out.standard_error, 1e-15);
    stats_near(0.0914, out.standard_error, 5e-5);
    stats_near(out.z, (43.0 / 48 - 0.5) / sqrt(variance), 1e-13);
    stats_near(out.low, 43.0 / 48 - 1.6448536269514722 * sqrt(variance), 1e-15);
    stats_near(out.low + out.high, 43.0 / 24, 1e-15);
}

static void delong_without_variance(void **state)
{
    const uint8_t labels[] = { 0, 0, 1, 1 };
    const double scores[] = { 1, 2, 3, 4 };
    cadre_delong out;

    (void)state;
    assert_int_equal(cadre_delong_test(&out, labels, scores, NULL, 4, 0, NULL), 0);
    stats_same(1, out.area[0], "area");
    stats_same(0, out.variance, "variance");
    assert_true(isnan(out.z) && isnan(out.p_value));
    assert_true(out.low == 1 && out.high == 1);
}

static void known_folds(void **state)
{
    struct golden g;
    const json_t *c;
    cadre_fold_mean out;
    size_t k;

    (void)state;
    golden_open(&g, "misc.json");
    for (size_t i = 0; (c = golden_case(&g, "folds", i)); i++) {
        double *const values = golden_doubles(&g, c, "in.fold_metrics", &k);
        const double confidence = golden_double(&g, c, "in.confidence");
        assert_int_equal(cadre_fold_interval(&out, values, k, confidence, NULL), 0);
        golden_is_double(&g, c, "out.cv_clt.point", out.mean);
        golden_is_double(&g, c, "out.cv_clt.sigma", out.deviation);
        golden_is_double(&g, c, "out.cv_clt.ci_low", out.low);
        golden_is_double(&g, c, "out.cv_clt.ci_high", out.high);
        free(values);
    }
    golden_close(&g);
}

static void known_adjustments(void **state)
{
    struct golden g;
    const json_t *c;
    size_t n;

    (void)state;
    golden_open(&g, "misc.json");
    for (size_t i = 0; (c = golden_case(&g, "p_values", i)); i++) {
        double *const p = golden_doubles(&g, c, "in.p", &n);
        double *const out = stats_array(n, sizeof *out);
        assert_int_equal(
            cadre_adjust_p_values(out, p, n, CADRE_BENJAMINI_HOCHBERG, NULL), 0);
        golden_is_doubles(&g, c, "out.bh", out, n);
        assert_int_equal(cadre_adjust_p_values(p, p, n, CADRE_BONFERRONI, NULL), 0);
        golden_is_doubles(&g, c, "out.bonferroni", p, n);
        free(p);
        free(out);
    }
    golden_close(&g);
}

/* R: p.adjust(c(0.01, 0.04, 0.03, 0.005, 0.5), "holm") */
static void holm(void **state)
{
    const double p[] = { 0.01, 0.04, 0.03, 0.005, 0.5 };
    const double expected[] = { 0.04, 0.09, 0.09, 0.025, 0.5 };
    double out[5];

    (void)state;
    assert_int_equal(cadre_adjust_p_values(out, p, 5, CADRE_HOLM, NULL), 0);
    for (size_t i = 0; i < 5; i++)
        stats_near(out[i], expected[i], 1e-15);
    assert_int_equal(cadre_adjustment_find("holm"), CADRE_HOLM);
    assert_int_equal(cadre_adjustment_find("bh"), CADRE_BENJAMINI_HOCHBERG);
    assert_int_equal(cadre_adjustment_find("BH"), -1);
    assert_int_equal(cadre_adjustment_find(NULL), -1);
}

static void known_effects(void **state)
{
    struct golden g;
    const json_t *c;
    cadre_effect out;

    (void)state;
    golden_open(&g, "misc.json");
    for (size_t i = 0; (c = golden_case(&g, "mde_from_ci", i)); i++) {
        const int rc = cadre_detectable_effect(
            &out, golden_double(&g, c, "in.ci_low"), golden_double(&g, c, "in.ci_high"),
            golden_double(&g, c, "in.confidence"), golden_double(&g, c, "in.alpha"),
            golden_double(&g, c, "in.power"), NULL);
        if (golden_has(c, "out.error")) {
            assert_int_equal(rc, CADRE_EDATA);
            assert_true(isnan(out.least) && isnan(out.sigma));
            continue;
        }
        assert_int_equal(rc, 0);
        golden_is_double(&g, c, "out.mde", out.least);
        golden_is_double(&g, c, "out.sigma_delta", out.sigma);
    }
    golden_close(&g);
}

static void known_proportions(void **state)
{
    struct golden g;
    const json_t *c;
    double low, high;

    (void)state;
    golden_open(&g, "metrics.json");
    for (size_t i = 0; (c = golden_case(&g, "wilson", i)); i++) {
        assert_int_equal(
            cadre_proportion_interval(&low, &high, golden_u64(&g, c, "in.successes"),
                                      golden_u64(&g, c, "in.n"),
                                      golden_double(&g, c, "in.confidence"), NULL),
            0);
        golden_is_double(&g, c, "out.low_clipped", low);
        golden_is_double(&g, c, "out.high_clipped", high);
    }
    for (size_t i = 0; (c = golden_case(&g, "bayes_threshold", i)); i++) {
        assert_int_equal(cadre_cost_threshold(&low, golden_double(&g, c, "in.prior"),
                                              golden_double(&g, c, "in.c_fp"),
                                              golden_double(&g, c, "in.c_fn"), NULL),
                         0);
        golden_is_double(&g, c, "out", low);
    }
    golden_close(&g);
}

/* ---- refusals ---- */

#define REFUSED(code, call, text)               \
    do {                                        \
        assert_int_equal(call, code);           \
        assert_string_equal(err.message, text); \
    } while (0)

static void refusals(void **state)
{
    const uint8_t labels[] = { 0, 1, 0 }, same[] = { 1, 1, 1 };
    const double x[] = { 0.5, 2, -1 }, bad[] = { 0.1, (double)NAN, 0.2 };
    cadre_fold_mean folds;
    cadre_effect effect;
    cadre_delong delong;
    cadre_error err;
    double out[3], high;

    (void)state;
    REFUSED(CADRE_EDATA, cadre_delong_test(&delong, same, x, NULL, 3, 0, &err),
            "roc_auc is not defined for these rows: all labels are the same");
    assert_true(isnan(delong.estimate) && isnan(delong.low));
    REFUSED(CADRE_EINVAL, cadre_delong_test(&delong, labels, x, bad, 3, 0, &err),
            "scores_b: row 1 is nan, expected a finite number");
    REFUSED(CADRE_EINVAL, cadre_delong_test(&delong, labels, x, NULL, 3, 95, &err),
            "confidence is 95, expected inside (0, 1)");
    REFUSED(CADRE_EINVAL, cadre_fold_interval(&folds, x, 1, 0, &err),
            "1 folds are too few, expected at least 2");
    REFUSED(CADRE_EINVAL, cadre_fold_interval(&folds, bad, 3, 0, &err),
            "values: row 1 is nan, expected a finite number");
    REFUSED(CADRE_EDATA, cadre_detectable_effect(&effect, 1, 1, 0, 0, 0, &err),
            "the interval from 1 to 1 has no positive finite width: no effect can be "
            "told from it");
    REFUSED(CADRE_EINVAL, cadre_detectable_effect(&effect, 0, 1, 0, 1, 0, &err),
            "alpha is 1, expected inside (0, 1)");
    REFUSED(CADRE_EINVAL, cadre_adjust_p_values(out, x, 3, CADRE_HOLM, &err),
            "p-value 1 is 2, expected in [0, 1]");
    REFUSED(CADRE_EINVAL, cadre_adjust_p_values(out, x, 0, CADRE_HOLM, &err),
            "there are no p-values");
    REFUSED(CADRE_EINVAL, cadre_adjust_p_values(out, x, 1, 7, &err),
            "no adjustment has the number 7");
    REFUSED(CADRE_EINVAL, cadre_proportion_interval(out, &high, 3, 2, 0, &err),
            "3 successes of 2 are no proportion");
    REFUSED(CADRE_EINVAL, cadre_cost_threshold(out, 1.5, 1, 1, &err),
            "prior is 1.5, expected in [0, 1]");
    REFUSED(CADRE_EINVAL, cadre_cost_threshold(out, 0.5, 0, 1, &err),
            "the costs are 0 and 1, expected positive and finite");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_delong),
        cmocka_unit_test(delong_of_one_column),
        cmocka_unit_test(delong_without_variance),
        cmocka_unit_test(known_folds),
        cmocka_unit_test(known_adjustments),
        cmocka_unit_test(holm),
        cmocka_unit_test(known_effects),
        cmocka_unit_test(known_proportions),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests_name("stats_inference", tests, NULL, NULL);
}
