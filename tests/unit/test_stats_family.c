/* test_stats_family.c - metrics, weights and classes, against their definitions.
 * SPDX-License-Identifier: MIT
 */
#include "stats_case.h"

#include <math.h>
#include <stdio.h>

enum { N = 60 };

static uint8_t labels[N];
static double scores[N], others[N];

static int make_rows(void **state)
{
    cadre_rng rng = stats_stream(21);

    for (size_t i = 0; i < N; i++) {
        labels[i] = cadre_rng_uniform(&rng) < 0.45;
        scores[i] = floor(30 * (0.7 * cadre_rng_uniform(&rng) + 0.3 * labels[i])) / 30;
        others[i] = 1 + scores[i] + cadre_rng_uniform(&rng);
    }
    return stats_open(state);
}

static double value_of(int kind, double level, const cadre_rows *rows)
{
    const cadre_metric metric = {
        .kind = kind, .threshold = 0.5, .bins = 5, .level = level
    };
    double out;
    cadre_error err;

    if (cadre_metric_of(&out, &metric, rows, &err))
        fail_msg("%s: %s", cadre_metric_name(kind), err.message);
    return out;
}

static double plain(int kind, double level)
{
    const cadre_rows rows = {
        .n = N, .labels = labels, .scores = scores, .other = others
    };

    return value_of(kind, level, &rows);
}

/* ---- against plain definitions ---- */

static void predictions(void **state)
{
    double tp = 0, fp = 0, fn = 0, tn = 0;

    (void)state;
    for (size_t i = 0; i < N; i++) {
        tp += scores[i] >= 0.5 && labels[i];
        fp += scores[i] >= 0.5 && !labels[i];
        fn += scores[i] < 0.5 && labels[i];
        tn += scores[i] < 0.5 && !labels[i];
    }
    const double by_chance = ((tp + fp) * (tp + fn) + (fn + tn) * (fp + tn)) / N / N;
    stats_near((tp / (tp + fn) + tn / (tn + fp)) / 2, plain(CADRE_BALANCED_ACCURACY, 0),
               1e-15);
    stats_near(tn / (tn + fp), plain(CADRE_SPECIFICITY, 0), 0);
    stats_near(tn / (tn + fn), plain(CADRE_NPV, 0), 0);
    stats_near(fp / (fp + tn), plain(CADRE_FPR, 0), 0);
    stats_near(fn / (fn + tp), plain(CADRE_FNR, 0), 0);
    stats_near((tp * tn - fp * fn) /
                   sqrt((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)),
               plain(CADRE_MCC, 0), 1e-15);
    stats_near(((tp + tn) / N - by_chance) / (1 - by_chance), plain(CADRE_KAPPA, 0),
               1e-15);
}

/* Every threshold there is, and the rates at it. */
static void points_of_curves(void **state)
{
    static const double levels[] = { 0.05, 0.3, 0.5, 0.77, 0.99 };

    (void)state;
    for (size_t l = 0; l < 5; l++) {
        double recall = 0, specificity = 0;
        for (size_t t = 0; t < N; t++) {
            const cadre_rows rows = { .n = N, .labels = labels, .scores = scores };
            const cadre_metric right = { .kind = CADRE_RECALL, .threshold = scores[t] };
            const cadre_metric wrong = { .kind = CADRE_SPECIFICITY,
                                         .threshold = scores[t] };
            double r, s;
            assert_int_equal(cadre_metric_of(&r, &right, &rows, NULL), 0);
            assert_int_equal(cadre_metric_of(&s, &wrong, &rows, NULL), 0);
            if (s >= levels[l])
                recall = fmax(recall, r);
            if (r >= levels[l])
                specificity = fmax(specificity, s);
        }
        stats_same(recall, plain(CADRE_RECALL_AT, levels[l]), "recall at");
        stats_same(specificity, plain(CADRE_SPECIFICITY_AT, levels[l]),
                   "specificity at");
    }
}

/* Up to 1 it would be the whole area; the trapezoids up to a rate by hand. */
static void partial_areas(void **state)
{
    static const double limits[] = { 0.05, 0.2, 0.5, 0.9 };
    cadre_curve c;

    (void)state;
    assert_int_equal(cadre_roc_curve(&c, labels, scores, N, NULL), 0);
    for (size_t l = 0; l < 4; l++) {
        const double limit = limits[l], least = limit * limit / 2;
        double area = 0;
        for (size_t k = 1; k < c.n; k++) {
            const double x0 = fmin(c.x[k - 1], limit), x1 = fmin(c.x[k], limit);
            const double slope =
                c.x[k] > c.x[k - 1] ? (c.y[k] - c.y[k - 1]) / (c.x[k] - c.x[k - 1]) : 0;
            area += (x1 - x0) * (c.y[k - 1] + slope * (x1 - x0) / 2);
        }
        stats_near((1 + (area - least) / (limit - least)) / 2,
                   plain(CADRE_PARTIAL_AUC, limit), 1e-14);
    }
    cadre_curve_free(&c);
}

static double rank_of(const double *x, size_t i)
{
    double rank = 0.5;

    for (size_t k = 0; k < N; k++)
        rank += x[k] < x[i] ? 1 : x[k] == x[i] ? 0.5 : 0;
    return rank;
}

static double correlate(const double *x, const double *y, bool slope)
{
    const double mx = cadre_mean(x, N), my = cadre_mean(y, N);
    double xx = 0, xy = 0, yy = 0;

    for (size_t i = 0; i < N; i++) {
        xx += (x[i] - mx) * (x[i] - mx);
        xy += (x[i] - mx) * (y[i] - my);
        yy += (y[i] - my) * (y[i] - my);
    }
    return slope ? xy / xx : xy / sqrt(xx * yy);
}

static void columns(void **state)
{
    double sorted[N], rx[N], ry[N], groups[2] = { 0 }, members[2] = { 0 };

    (void)state;
    memcpy(sorted, scores, sizeof sorted);
    cadre_sort(sorted, N);
    for (size_t i = 0; i < N; i++) {
        rx[i] = rank_of(scores, i);
        ry[i] = rank_of(others, i);
        groups[labels[i]] += scores[i];
        members[labels[i]]++;
    }
    const double ones = groups[1] / members[1], zeros = groups[0] / members[0];
    stats_same(cadre_quantile(sorted, N, 0.3, 0), plain(CADRE_QUANTILE, 0.3),
               "quantile");
    stats_same((sorted[N / 2 - 1] + sorted[N / 2]) / 2, plain(CADRE_MEDIAN, 0),
               "median");
    stats_near(cadre_mean(sorted + 9, N - 18), plain(CADRE_TRIMMED_MEAN, 0.16), 1e-14);
    stats_same(cadre_deviation(scores, N, 1), plain(CADRE_DEVIATION, 0), "deviation");
    stats_same(cadre_variance(scores, N, 1), plain(CADRE_VARIANCE, 0), "variance");
    stats_same(cadre_mean(scores, N) - cadre_mean(others, N),
               plain(CADRE_MEAN_DIFFERENCE, 0), "difference");
    stats_same(cadre_mean(scores, N) / cadre_mean(others, N),
               plain(CADRE_MEAN_RATIO, 0), "ratio");
    stats_near(ones - zeros, plain(CADRE_GROUP_DIFFERENCE, 0), 1e-14);
    stats_near(ones / zeros, plain(CADRE_GROUP_RATIO, 0), 1e-13);
    stats_near(correlate(scores, others, false), plain(CADRE_PEARSON, 0), 1e-14);
    stats_near(correlate(scores, others, true), plain(CADRE_SLOPE, 0), 1e-14);
    stats_near(correlate(rx, ry, false), plain(CADRE_SPEARMAN, 0), 1e-14);
}

/* ---- equal scores and bins ---- */

static void bins_with_equal_scores(void **state)
{
    static const uint8_t sorted[] = { 1, 1, 1, 1, 1, 0, 0, 0, 0, 0 };
    static const uint8_t mixed[] = { 1, 0, 1, 0, 1, 0, 1, 0, 1, 0 };
    const double half[] = { .5, .5, .5, .5, .5, .5, .5, .5, .5, .5 };
    const cadre_metric by_order = { .kind = CADRE_ECE_MASS, .bins = 2 };
    const cadre_metric together = { .kind = CADRE_ECE_TIES, .bins = 2 };
    double out;

    (void)state;
    assert_int_equal(cadre_metric_value(&out, &by_order, sorted, half, 10, NULL), 0);
    stats_same(0.5, out, "by order");
    assert_int_equal(cadre_metric_value(&out, &by_order, mixed, half, 10, NULL), 0);
    stats_near(0.1, out, 1e-15);
    assert_int_equal(cadre_metric_value(&out, &together, sorted, half, 10, NULL), 0);
    stats_same(0, out, "together");
    assert_int_equal(cadre_metric_value(&out, &together, mixed, half, 10, NULL), 0);
    stats_same(0, out, "together");
}

/* A sum's last bit may be off, not more. */
static void brier_of_ten(void **state)
{
    const uint8_t y[] = { 1, 1, 0, 0, 0, 1, 1, 0, 1, 0 };
    const double p[] = { .9, .8, .6, .2, .6, 0, .7, .7, .6, .6 };
    const cadre_metric brier = { .kind = CADRE_BRIER };
    double out;

    (void)state;
    assert_int_equal(cadre_metric_value(&out, &brier, y, p, 10, NULL), 0);
    stats_near(0.291, out, 1e-16);
}

static void edges_of_bins(void **state)
{
    const double p[] = { .95, 1, .95, 1, .95, 1, .95, 1, .95, 1 }, zeros[10] = { 0 };
    const uint8_t y[] = { 1, 0, 1, 0, 1, 0, 1, 0, 1, 0 };
    const cadre_metric width = { .kind = CADRE_ECE_WIDTH };
    double out;

    (void)state;
    assert_int_equal(cadre_metric_value(&out, &width, y, p, 10, NULL), 0);
    stats_near(0.475, out, 1e-15);
    assert_int_equal(cadre_metric_value(&out, &width, y, zeros, 10, NULL), 0);
    stats_same(0.5, out, "all zeros");
}

/* Without equal scores both rules are one. */
static void bins_without_equal_scores(void **state)
{
    double distinct[N];

    (void)state;
    for (size_t i = 0; i < N; i++)
        distinct[i] = ((double)(i * 7 % N) + 0.5) / N;
    for (unsigned bins = 2; bins < 30; bins++) {
        const cadre_metric a = { .kind = CADRE_ECE_MASS, .bins = bins };
        const cadre_metric b = { .kind = CADRE_ECE_TIES, .bins = bins };
        double by_order, together;
        assert_int_equal(cadre_metric_value(&by_order, &a, labels, distinct, N, NULL),
                         0);
        assert_int_equal(cadre_metric_value(&together, &b, labels, distinct, N, NULL),
                         0);
        stats_same(by_order, together, "bins");
    }
}

/* ---- weights ---- */

static bool has_weights(int kind)
{
    return kind != CADRE_SPEARMAN && kind != CADRE_ECE_L2_DEBIASED;
}

/* Where bins have equal sizes, weights make other ones; trimming and quantiles, too. */
static bool is_as_copies(int kind)
{
    return kind != CADRE_ECE_MASS && kind != CADRE_ECE_L2 && kind != CADRE_MCE_MASS &&
           kind != CADRE_ECE_TIES && kind != CADRE_QUANTILE &&
           kind != CADRE_TRIMMED_MEAN;
}

/* A row of weight k is k rows. */
static void weights_are_copies(void **state)
{
    double weights[N], s[3 * N], o[3 * N];
    uint8_t y[3 * N];
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < N; i++) {
        weights[i] = (double)(i * 5 % 4);
        for (size_t k = 0; k < i * 5 % 4; k++) {
            s[n] = scores[i];
            o[n] = others[i];
            y[n++] = labels[i];
        }
    }
    const cadre_rows weighted = {
        .n = N, .labels = labels, .scores = scores, .other = others, .weights = weights
    };
    const cadre_rows copies = { .n = n, .labels = y, .scores = s, .other = o };
    for (int kind = 0; kind < CADRE_METRIC_COUNT; kind++)
        if (has_weights(kind) && is_as_copies(kind))
            stats_near(value_of(kind, 0, &copies), value_of(kind, 0, &weighted), 2e-14);
}

static void weights_of_one(void **state)
{
    double ones[N];

    (void)state;
    for (size_t i = 0; i < N; i++)
        ones[i] = 1;
    for (int kind = 0; kind < CADRE_METRIC_COUNT; kind++) {
        const cadre_bootstrap b = { .metric = { .kind = kind, .threshold = 0.5 },
                                    .labels = labels,
                                    .other = others,
                                    .n = N,
                                    .resamples = 40 };
        cadre_bootstrap weighted = b;
        cadre_interval plain_one, out;
        cadre_error err;
        weighted.weights = ones;
        if (!has_weights(kind)) {
            assert_int_equal(stats_interval(&out, &weighted, scores, 0, &err),
                             CADRE_EINVAL);
            assert_non_null(strstr(err.message, "no form for rows with weights"));
            continue;
        }
        assert_int_equal(stats_interval(&plain_one, &b, scores, 0, &err), 0);
        assert_int_equal(stats_interval(&out, &weighted, scores, 0, &err), 0);
        if (is_as_copies(kind)) {
            stats_near(plain_one.point, out.point, 2e-14);
            stats_near(plain_one.low, out.low, 2e-14);
            stats_near(plain_one.high, out.high, 2e-14);
        }
        assert_int_equal(
            stats_interval(&out, &weighted, scores, CADRE_BCA_IF_DEFINED, &err), 0);
    }
}

/* ---- more than two classes ---- */

static void classes(void **state)
{
    uint32_t class_of[N];
    uint8_t one[N];
    double columns[3 * N], replicates[50], of_class[3][50];
    cadre_interval out;
    cadre_error err;

    (void)state;
    for (size_t i = 0; i < N; i++) {
        class_of[i] = (uint32_t)(i * 7 % 3);
        for (size_t k = 0; k < 3; k++)
            columns[k * N + i] = scores[(i + k * 11) % N] + (class_of[i] == k) * 0.2;
    }
    cadre_bootstrap b = { .metric.kind = CADRE_ROC_AUC,
                          .n = N,
                          .resamples = 50,
                          .class_of = class_of,
                          .classes = 3,
                          .replicates = replicates };
    assert_int_equal(stats_interval(&out, &b, columns, CADRE_BCA, &err), 0);
    b.class_of = NULL;
    b.labels = one;
    for (uint32_t k = 0; k < 3; k++) {
        for (size_t i = 0; i < N; i++)
            one[i] = class_of[i] == k;
        b.replicates = of_class[k];
        cadre_interval alone;
        assert_int_equal(stats_interval(&alone, &b, columns + k * N, 0, &err), 0);
    }
    for (size_t i = 0; i < 50; i++) {
        const double all[] = { of_class[0][i], of_class[1][i], of_class[2][i] };
        stats_same(cadre_mean(all, 3), replicates[i], "mean over classes");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(predictions),
        cmocka_unit_test(points_of_curves),
        cmocka_unit_test(partial_areas),
        cmocka_unit_test(columns),
        cmocka_unit_test(bins_with_equal_scores),
        cmocka_unit_test(edges_of_bins),
        cmocka_unit_test(brier_of_ten),
        cmocka_unit_test(bins_without_equal_scores),
        cmocka_unit_test(weights_are_copies),
        cmocka_unit_test(weights_of_one),
        cmocka_unit_test(classes),
    };
    return cmocka_run_group_tests_name("stats_family", tests, make_rows, stats_close);
}
