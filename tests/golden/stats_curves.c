/* stats_curves.c - curves, thresholds, and calibration in parts: known answers.
 * SPDX-License-Identifier: MIT
 */
#include "golden.h"
#include "stats_case.h"

#include <math.h>
#include <stdio.h>

struct rows {
    size_t n;
    uint8_t *labels;
    double *scores;
};

static struct rows read_rows(struct golden *g, const json_t *c)
{
    struct rows rows;
    uint64_t *const labels = golden_u64s(g, c, "in.y", &rows.n);

    rows.scores = golden_doubles(g, c, "in.s", &rows.n);
    rows.labels = stats_array(rows.n, 1);
    for (size_t i = 0; i < rows.n; i++)
        rows.labels[i] = (uint8_t)labels[i];
    free(labels);
    return rows;
}

static void free_rows(struct rows *rows)
{
    free(rows->labels);
    free(rows->scores);
}

static void known_curves(void **state)
{
    struct golden g;
    const json_t *c;

    (void)state;
    golden_open(&g, "metrics.json");
    for (size_t i = 0; (c = golden_case(&g, "cases", i)); i++) {
        struct rows rows = read_rows(&g, c);
        cadre_curve curve;
        assert_int_equal(cadre_pr_curve(&curve, rows.labels, rows.scores, rows.n, NULL),
                         0);
        golden_is_doubles(&g, c, "out.pr_curve.recall", curve.x, curve.n);
        golden_is_doubles(&g, c, "out.pr_curve.precision", curve.y, curve.n);
        golden_is_doubles(&g, c, "out.pr_curve.thresholds", curve.threshold,
                          curve.n - 1);
        cadre_curve_free(&curve);
        assert_int_equal(
            cadre_roc_curve(&curve, rows.labels, rows.scores, rows.n, NULL), 0);
        golden_is_doubles(&g, c, "out.roc_curve_drop_intermediate.fpr", curve.x,
                          curve.n);
        golden_is_doubles(&g, c, "out.roc_curve_drop_intermediate.tpr", curve.y,
                          curve.n);
        golden_is_doubles(&g, c, "out.roc_curve_drop_intermediate.thresholds_from_1",
                          curve.threshold + 1, curve.n - 1);
        assert_true(isinf(curve.threshold[0]));
        cadre_curve_free(&curve);
        free_rows(&rows);
    }
    golden_close(&g);
}

/* "recall:0.9" */
static cadre_selector selector_of(const char *text)
{
    char name[20] = { 0 };
    cadre_selector s = { 0 };

    sscanf(text, "%19[^:]:%lf", name, &s.target);
    s.kind = cadre_selector_find(name);
    assert_true(s.kind >= 0);
    return s;
}

static void check_selector(struct golden *g, const char *name, const json_t *o,
                           const struct rows *rows)
{
    const cadre_selector s = selector_of(name);
    cadre_operating_point p;
    cadre_error err;
    const int rc =
        cadre_select_threshold(&p, &s, rows->labels, rows->scores, rows->n, &err);

    if (golden_has(o, "error")) {
        assert_int_equal(rc, CADRE_EDATA);
        assert_true(isnan(p.threshold));
        g->checked++;
        return;
    }
    if (rc)
        fail_msg("%s: %s: %s", g->id, name, err.message);
    golden_is_double(g, o, "threshold", p.threshold);
    golden_is_double(g, o, "precision", p.precision);
    golden_is_double(g, o, "recall", p.recall);
    golden_is_double(g, o, "f1_selector", p.f1);
}

static void known_thresholds(void **state)
{
    struct golden g;
    const json_t *c, *o;
    const char *name;

    (void)state;
    golden_open(&g, "metrics.json");
    for (size_t i = 0; (c = golden_case(&g, "cases", i)); i++) {
        struct rows rows = read_rows(&g, c);
        json_t *const all = (json_t *)(uintptr_t)golden_at(&g, c, "out.selectors");
        json_object_foreach(all, name, o) check_selector(&g, name, o, &rows);
        free_rows(&rows);
    }
    golden_close(&g);
}

/* ---- calibration ---- */

static void check_value(struct golden *g, const json_t *c, const char *path,
                        const struct rows *rows, cadre_metric metric)
{
    double out;
    cadre_error err;

    if (!golden_has(c, path))
        return;
    const int rc =
        cadre_metric_value(&out, &metric, rows->labels, rows->scores, rows->n, &err);
    if (golden_has(golden_at(g, c, path), "error")) {
        assert_true(rc == CADRE_EINVAL || rc == CADRE_EDATA);
        return;
    }
    if (rc)
        fail_msg("%s: %s: %s", g->id, path, err.message);
    golden_is_double(g, c, path, out);
}

static void known_calibration_errors(void **state)
{
    static const struct {
        const char *name;
        int kind;
        unsigned bins;
    } known[] = { { "out.ece_l2_k10", CADRE_ECE_L2, 10 },
                  { "out.ece_l2_k7", CADRE_ECE_L2, 7 },
                  { "out.ece_l2_k2", CADRE_ECE_L2, 2 },
                  { "out.ece_l2_debiased_k10", CADRE_ECE_L2_DEBIASED, 10 },
                  { "out.ece_l2_debiased_k7", CADRE_ECE_L2_DEBIASED, 7 },
                  { "out.ece_l2_debiased_k2", CADRE_ECE_L2_DEBIASED, 2 },
                  { "out.mce_uniform_nb10", CADRE_MCE, 10 },
                  { "out.mce_uniform_nb5", CADRE_MCE, 5 },
                  { "out.mce_quantile_nb10", CADRE_MCE_MASS, 10 },
                  { "out.mce_quantile_nb5", CADRE_MCE_MASS, 5 } };
    struct golden g;
    const json_t *c;

    (void)state;
    golden_open(&g, "metrics.json");
    for (size_t i = 0; (c = golden_case(&g, "cases", i)); i++) {
        struct rows rows = read_rows(&g, c);
        for (size_t k = 0; k < sizeof known / sizeof *known; k++)
            check_value(&g, c, known[k].name, &rows,
                        (cadre_metric){ .kind = known[k].kind, .bins = known[k].bins });
        free_rows(&rows);
    }
    golden_close(&g);
}

static void known_parts(void **state)
{
    struct golden g;
    const json_t *c;
    cadre_calibration parts;

    (void)state;
    golden_open(&g, "metrics.json");
    for (size_t i = 0; (c = golden_case(&g, "cases", i)); i++) {
        struct rows rows = read_rows(&g, c);
        if (golden_has(c, "out.brier_parts_k10.brier")) {
            assert_int_equal(cadre_calibration_of(&parts, rows.labels, rows.scores,
                                                  rows.n, 10, 0, 0, NULL),
                             0);
            golden_is_double(&g, c, "out.brier_parts_k10.brier", parts.brier);
            golden_is_double(&g, c, "out.brier_parts_k10.reliability",
                             parts.reliability);
            golden_is_double(&g, c, "out.brier_parts_k10.resolution", parts.resolution);
            golden_is_double(&g, c, "out.brier_parts_k10.uncertainty",
                             parts.uncertainty);
            assert_true(isnan(parts.debiased));
        }
        if (golden_has(c, "out.ece_l1_debiased.value")) {
            assert_int_equal(
                cadre_calibration_of(
                    &parts, rows.labels, rows.scores, rows.n,
                    (unsigned)golden_u64(&g, c, "out.ece_l1_debiased.in.k"),
                    (unsigned)golden_u64(&g, c, "out.ece_l1_debiased.in.n_sweep"),
                    golden_u64(&g, c, "out.ece_l1_debiased.in.seed"), NULL),
                0);
            golden_is_double(&g, c, "out.ece_l1_debiased.value", parts.debiased);
        }
        free_rows(&rows);
    }
    golden_close(&g);
}

static void known_rates(void **state)
{
    struct golden g;
    const json_t *c, *at;
    size_t k;

    (void)state;
    golden_open(&g, "metrics.json");
    for (size_t i = 0; (c = golden_case(&g, "cases", i)); i++) {
        struct rows rows = read_rows(&g, c);
        json_array_foreach(golden_at(&g, c, "out.at_threshold"), k, at)
        {
            const double threshold = golden_double(&g, at, "threshold");
            check_value(&g, at, "fpr", &rows,
                        (cadre_metric){ .kind = CADRE_FPR, .threshold = threshold });
            check_value(&g, at, "fnr", &rows,
                        (cadre_metric){ .kind = CADRE_FNR, .threshold = threshold });
        }
        free_rows(&rows);
    }
    golden_close(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_curves),
        cmocka_unit_test(known_thresholds),
        cmocka_unit_test(known_calibration_errors),
        cmocka_unit_test(known_parts),
        cmocka_unit_test(known_rates),
    };
    return cmocka_run_group_tests_name("stats_curves", tests, NULL, NULL);
}
