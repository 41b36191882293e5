/* stats_metrics.c - metrics: known answers.
 * SPDX-License-Identifier: MIT
 *
 * Curves and what is read from them are in stats_curves.c, intervals of proportions in
 * stats_inference.c; f1_sklearn_lt_1_4 is another arithmetic.
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

static double value(struct golden *g, const char *path, const struct rows *rows,
                    cadre_metric metric)
{
    double out = 0;
    cadre_error err;

    if (cadre_metric_value(&out, &metric, rows->labels, rows->scores, rows->n, &err))
        fail_msg("%s: %s: %s: %s", g->file, g->id, path, err.message);
    assert_int_equal(err.code, CADRE_OK);
    return out;
}

/* The known answer may be that there is none. */
static void check(struct golden *g, const json_t *c, const char *path,
                  const struct rows *rows, cadre_metric metric)
{
    double out = 0;

    if (!golden_has(golden_at(g, c, path), "error")) {
        golden_is_double(g, c, path, value(g, path, rows, metric));
        return;
    }
    const int rc =
        cadre_metric_value(&out, &metric, rows->labels, rows->scores, rows->n, NULL);
    assert_int_equal(rc, metric.kind == CADRE_ROC_AUC ? CADRE_EDATA : CADRE_EINVAL);
    assert_true(isnan(out));
    g->checked++;
}

static void check_calibration(struct golden *g, const json_t *c,
                              const struct rows *rows)
{
    static const int kinds[] = { CADRE_ECE_WIDTH, CADRE_ECE_MASS };
    static const unsigned bins[] = { 2, 7, 10 };

    for (size_t i = 0; i < 6; i++) {
        const cadre_metric metric = { .kind = kinds[i % 2], .bins = bins[i / 2] };
        char path[60];
        snprintf(path, sizeof path, "out.%s_k%u", cadre_metric_name(metric.kind),
                 metric.bins);
        check(g, c, path, rows, metric);
    }
    check(g, c, "out.ece_equal_width_k10", rows,
          (cadre_metric){ .kind = CADRE_ECE_WIDTH });
}

static void check_decisions(struct golden *g, const json_t *c, const struct rows *rows)
{
    const json_t *at;
    size_t i;

    json_array_foreach(golden_at(g, c, "out.at_threshold"), i, at)
    {
        const double threshold = golden_double(g, at, "threshold");
        for (int kind = CADRE_ACCURACY; kind <= CADRE_F1; kind++)
            check(g, at, cadre_metric_name(kind), rows,
                  (cadre_metric){ .kind = kind, .threshold = threshold });
    }
}

static void known_metrics(void **state)
{
    struct golden g;
    const json_t *c;

    (void)state;
    golden_open(&g, "metrics.json");
    for (size_t i = 0; (c = golden_case(&g, "cases", i)); i++) {
        struct rows rows = read_rows(&g, c);
        check(&g, c, "out.roc_auc", &rows, (cadre_metric){ .kind = CADRE_ROC_AUC });
        check(&g, c, "out.pr_auc", &rows, (cadre_metric){ .kind = CADRE_PR_AUC });
        check(&g, c, "out.brier", &rows, (cadre_metric){ .kind = CADRE_BRIER });
        check_calibration(&g, c, &rows);
        check_decisions(&g, c, &rows);
        if (golden_has(c, "out.log_loss_rel1e-13"))
            golden_is_near(
                &g, c, "out.log_loss_rel1e-13",
                value(&g, "log_loss", &rows, (cadre_metric){ .kind = CADRE_LOG_LOSS }),
                1e-13);
        stats_same(cadre_mean(rows.scores, rows.n),
                   value(&g, "mean", &rows, (cadre_metric){ .kind = CADRE_MEAN }),
                   "mean");
        free_rows(&rows);
    }
    golden_close(&g);
}

/* ---- many rows ---- */

static struct rows generate(struct golden *g, const json_t *in)
{
    const double prevalence = json_number_value(json_object_get(in, "prev"));
    const double grid = json_number_value(json_object_get(in, "grid"));
    cadre_rng rng = stats_stream(golden_u64(g, in, "seed"));
    struct rows rows = { .n = golden_u64(g, in, "n") };

    rows.labels = stats_array(rows.n, 1);
    rows.scores = stats_array(rows.n, sizeof *rows.scores);
    for (size_t i = 0; i < rows.n; i++)
        rows.labels[i] = cadre_rng_uniform(&rng) < prevalence;
    for (size_t i = 0; i < rows.n; i++) {
        rows.scores[i] = 0.5 * cadre_rng_uniform(&rng) + 0.4 * rows.labels[i];
        if (grid > 0)
            rows.scores[i] = floor(rows.scores[i] * grid) / grid;
    }
    return rows;
}

static void check_data(struct golden *g, const json_t *c, const struct rows *rows)
{
    uint64_t *const labels = stats_array(rows->n, sizeof *labels);

    for (size_t i = 0; i < rows->n; i++)
        labels[i] = rows->labels[i];
    golden_is_u64(g, c, "out.y_fnv", golden_fnv(labels, rows->n));
    golden_is_u64(g, c, "out.s_fnv", golden_fnv_doubles(rows->scores, rows->n));
    free(labels);
}

static void known_metrics_of_many_rows(void **state)
{
    static const int kinds[] = { CADRE_ROC_AUC, CADRE_PR_AUC, CADRE_BRIER,
                                 CADRE_ECE_WIDTH, CADRE_ECE_MASS };
    struct golden g;
    const json_t *c;

    (void)state;
    golden_open(&g, "metrics_large.json");
    for (size_t i = 0; (c = golden_case(&g, "cases", i)); i++) {
        struct rows rows = generate(&g, golden_at(&g, c, "in"));
        check_data(&g, c, &rows);
        for (size_t k = 0; k < 5; k++) {
            char path[60];
            snprintf(path, sizeof path, "out.%s.whole", cadre_metric_name(kinds[k]));
            check(&g, c, path, &rows, (cadre_metric){ .kind = kinds[k] });
        }
        free_rows(&rows);
    }
    golden_close(&g);
}

/* Theirs are the 12 and 6 replicates, and NumPy's quantiles of them. */
static void known_resamples_of_many_rows(void **state)
{
    struct golden g;
    const json_t *c;

    (void)state;
    golden_open(&g, "metrics_large.json");
    for (size_t i = 0; (c = golden_case(&g, "boot", i)); i++) {
        struct rows rows = generate(&g, golden_at(&g, c, "in.data"));
        double replicates[16];
        const cadre_bootstrap b = { .metric.kind = cadre_metric_find(
                                        golden_text(&g, c, "in.metric")),
                                    .labels = rows.labels,
                                    .n = rows.n,
                                    .resamples = golden_u64(&g, c, "in.n_resamples"),
                                    .confidence = golden_double(&g, c, "in.confidence"),
                                    .seed = golden_u64(&g, c, "in.seed"),
                                    .replicates = replicates };
        const double tail = (1 - b.confidence) / 2;
        cadre_interval out;
        cadre_error err;
        assert_true(b.resamples <= 16);
        if (stats_interval(&out, &b, rows.scores, CADRE_PERCENTILE, &err))
            fail_msg("%s: %s", g.id, err.message);
        golden_is_doubles(&g, c, "out.whole.theta", replicates, b.resamples);
        cadre_sort(replicates, b.resamples);
        golden_is_double(&g, c, "out.whole.ci_low",
                         cadre_quantile(replicates, b.resamples, tail * 100 / 100, 0));
        golden_is_double(
            &g, c, "out.whole.ci_high",
            cadre_quantile(replicates, b.resamples, (1 - tail) * 100 / 100, 0));
        free_rows(&rows);
    }
    golden_close(&g);
}

/* ---- names ---- */

static void names(void **state)
{
    (void)state;
    for (int kind = 0; kind < CADRE_METRIC_COUNT; kind++) {
        assert_int_equal(cadre_metric_find(cadre_metric_name(kind)), kind);
        assert_non_null(cadre_metric_text(kind));
    }
    assert_string_equal(cadre_metric_name(CADRE_ECE_MASS), "ece_equal_mass");
    assert_string_equal(cadre_metric_text(CADRE_PR_AUC), "average precision");
    assert_int_equal(cadre_metric_find("auc"), -1);
    assert_int_equal(cadre_metric_find(""), -1);
    assert_int_equal(cadre_metric_find(NULL), -1);
    assert_null(cadre_metric_name(-1));
    assert_null(cadre_metric_name(CADRE_METRIC_COUNT));
    assert_null(cadre_metric_text(CADRE_METRIC_COUNT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_metrics),
        cmocka_unit_test(known_metrics_of_many_rows),
        cmocka_unit_test(known_resamples_of_many_rows),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests_name("stats_metrics", tests, stats_open, stats_close);
}
