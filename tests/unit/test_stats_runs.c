/* test_stats_runs.c - kernels of users, ways to stop and go on, and what runs say.
 * SPDX-License-Identifier: MIT
 */
#include "stats_case.h"

#include <math.h>
#include <stdio.h>

enum { N = 60 };

static uint8_t labels[N];
static double scores[N];

static int make_rows(void **state)
{
    cadre_rng rng = stats_stream(21);

    for (size_t i = 0; i < N; i++) {
        labels[i] = cadre_rng_uniform(&rng) < 0.45;
        scores[i] = floor(30 * (0.7 * cadre_rng_uniform(&rng) + 0.3 * labels[i])) / 30;
    }
    return stats_open(state);
}

/* ---- a kernel ---- */

static int mean_kernel(cadre_task *task, const void *item, void *result)
{
    const cadre_sample *const s = cadre_task_sample(task);
    double sum = 0;

    (void)item;
    if (!s)
        return 1;
    double *const x = s->room;
    for (size_t i = 0; i < s->n; i++)
        x[i] = ((const double *)s->data)[s->rows[i]];
    for (size_t i = 0; i < s->n_data; i++)
        sum += s->counts[i];
    if (sum != (double)s->n)
        return 2;
    *(double *)result = cadre_mean(x, s->n);
    return 0;
}

static void same_interval(const cadre_interval *expected, const cadre_interval *actual)
{
    stats_same(expected->point, actual->point, "point");
    stats_same(expected->standard_error, actual->standard_error, "standard error");
    stats_same(expected->low, actual->low, "low");
    stats_same(expected->high, actual->high, "high");
}

static void kernels(void **state)
{
    const cadre_statistic s = { .fn = mean_kernel,
                                .data = scores,
                                .data_size = sizeof scores,
                                .room = sizeof scores };
    const cadre_bootstrap b = {
        .metric.kind = CADRE_MEAN, .n = N, .resamples = 60, .seed = 4
    };

    (void)state;
    for (int method = 0; method < CADRE_INTERVAL_METHOD_COUNT; method++)
        for (int threads = 0; threads < 2; threads++) {
            cadre_interval metric, out;
            cadre_error err;
            assert_int_equal(stats_interval(&metric, &b, scores, method, &err), 0);
            if (cadre_bootstrap_statistic(&out, threads ? stats_pool() : NULL, &b, &s,
                                          method, &err))
                fail_msg("%s", err.message);
            same_interval(&metric, &out);
        }
}

static int failing_kernel(cadre_task *task, const void *item, void *result)
{
    (void)item;
    *(double *)result = 1;
    return cadre_task_sample(task) ? cadre_task_fail(task, 7, "no luck") : 1;
}

static void failing_kernels(void **state)
{
    const cadre_statistic s = { .fn = failing_kernel };
    const cadre_bootstrap b = { .n = N };
    cadre_interval out;
    cadre_error err;

    (void)state;
    assert_int_equal(cadre_bootstrap_statistic(&out, NULL, &b, &s, 0, &err),
                     CADRE_EKERNEL);
    assert_int_equal(err.user, 7);
    assert_true(isnan(out.low));
}

/* ---- how far, and how sure ---- */

static cadre_bootstrap job(double *replicates)
{
    return (cadre_bootstrap){ .metric.kind = CADRE_ROC_AUC,
                              .labels = labels,
                              .n = N,
                              .resamples = 100,
                              .seed = 9,
                              .replicates = replicates };
}

/* A run of 250 that goes on to 700 is one of 700. */
static void extended(void **state)
{
    static const int seedings[] = { 1, 2, 3 };
    double long_run[700], extended_run[700];

    (void)state;
    for (size_t k = 0; k < 3; k++) {
        cadre_bootstrap b = job(long_run);
        cadre_interval out, again;
        cadre_error err;
        b.seeding = seedings[k];
        b.resamples = 700;
        assert_int_equal(stats_interval(&out, &b, scores, CADRE_BCA, &err), 0);
        b.replicates = extended_run;
        b.resamples = 250;
        assert_int_equal(
            cadre_bootstrap_interval(&again, NULL, &b, scores, CADRE_BCA, &err), 0);
        b.resamples = 700;
        b.done = 250;
        assert_int_equal(
            cadre_bootstrap_interval(&again, stats_pool(), &b, scores, CADRE_BCA, &err),
            0);
        assert_memory_equal(extended_run, long_run, sizeof long_run);
        assert_memory_equal(&again, &out, sizeof out);
    }
}

struct stream {
    double values[700];
    uint64_t next, stop;
};

static int keep(void *arg, uint64_t first, const double *values, size_t n)
{
    struct stream *const s = arg;

    assert_int_equal(first, s->next);
    memcpy(s->values + first, values, n * sizeof *values);
    s->next += n;
    return s->next > s->stop;
}

static void streamed(void **state)
{
    double replicates[700];
    struct stream s = { .stop = 1000 };
    cadre_bootstrap b = job(replicates);
    cadre_interval out;
    cadre_error err;

    (void)state;
    b.resamples = 700;
    b.each = keep;
    b.each_arg = &s;
    assert_int_equal(cadre_bootstrap_interval(&out, stats_pool(), &b, scores, 0, &err),
                     0);
    assert_int_equal(s.next, 700);
    assert_memory_equal(s.values, replicates, sizeof replicates);
    s = (struct stream){ .stop = 10 };
    assert_int_equal(cadre_bootstrap_interval(&out, stats_pool(), &b, scores, 0, &err),
                     CADRE_ECANCELLED);
}

/* Errors say how bounds vary over seeds: within a factor of what they do. */
static void monte_carlo_errors(void **state)
{
    (void)state;
    for (int method = 0; method < CADRE_STUDENTIZED; method++) {
        enum { SEEDS = 60 };
        double low[SEEDS], high[SEEDS], errors[2] = { 0, 0 };
        for (size_t k = 0; k < SEEDS; k++) {
            cadre_bootstrap b = job(NULL);
            cadre_interval out;
            cadre_error err;
            b.seed = k;
            b.resamples = 1000;
            assert_int_equal(
                cadre_bootstrap_interval(&out, stats_pool(), &b, scores, method, &err),
                0);
            low[k] = out.low;
            high[k] = out.high;
            errors[0] += out.low_error / SEEDS;
            errors[1] += out.high_error / SEEDS;
        }
        const double spread[] = { cadre_deviation(low, SEEDS, 1),
                                  cadre_deviation(high, SEEDS, 1) };
        for (size_t k = 0; k < 2; k++)
            if (!(errors[k] > spread[k] / 1.6 && errors[k] < spread[k] * 1.6))
                fail_msg("%s: error %g, but bounds vary by %g",
                         cadre_interval_method_name(method), errors[k], spread[k]);
    }
}

static void until_an_error(void **state)
{
    cadre_bootstrap b = job(NULL);
    cadre_interval out, fixed;
    cadre_error err;

    (void)state;
    b.until_error = 0.004;
    b.replicates = stats_array(100 * 1024, sizeof(double));
    assert_int_equal(
        cadre_bootstrap_interval(&out, stats_pool(), &b, scores, CADRE_BCA, &err), 0);
    assert_true(out.low_error <= 0.004 && out.high_error <= 0.004);
    assert_true(out.resamples > 100 && out.resamples % 100 == 0);
    free(b.replicates);
    b.replicates = NULL;
    b.until_error = 0;
    b.resamples = out.resamples;
    assert_int_equal(stats_interval(&fixed, &b, scores, CADRE_BCA, &err), 0);
    assert_memory_equal(&fixed, &out, sizeof out);
    b.resamples = 100;
    b.until_error = 1e-9;
    b.most_resamples = 350;
    assert_int_equal(cadre_bootstrap_interval(&out, NULL, &b, scores, CADRE_BCA, &err),
                     0);
    assert_int_equal(out.resamples, 350);
}

/* The interval of confidence 1 - p just has the value. */
static void p_values(void **state)
{
    (void)state;
    for (int method = 0; method < CADRE_INTERVAL_METHOD_COUNT; method++)
        for (double null = 0.45; null < 0.8; null += 0.05) {
            cadre_bootstrap b = job(NULL);
            cadre_interval out, narrow, wide;
            cadre_error err;
            b.null = null;
            b.resamples = 4000;
            assert_int_equal(
                cadre_bootstrap_interval(&out, stats_pool(), &b, scores, method, &err),
                0);
            const double p = out.p_value;
            assert_true(p > 0 && p <= 1);
            if (p < 0.01 || p > 0.98)
                continue;
            b.confidence = 1 - p - 0.01;
            assert_int_equal(cadre_bootstrap_interval(&narrow, stats_pool(), &b, scores,
                                                      method, &err),
                             0);
            b.confidence = 1 - p + 0.005;
            assert_int_equal(
                cadre_bootstrap_interval(&wide, stats_pool(), &b, scores, method, &err),
                0);
            if ((narrow.low < null && narrow.high > null) || wide.low > null ||
                wide.high < null)
                fail_msg("%s: %g has p = %g, but is %s",
                         cadre_interval_method_name(method), null, p,
                         wide.low > null || wide.high < null ? "outside" : "inside");
        }
}

/* ---- where BCa is not defined ---- */

static void bca_or_percentile(void **state)
{
    double perfect[N], constant[N] = { 0 };
    cadre_bootstrap b = job(NULL);
    cadre_interval out, percentile;
    cadre_error err;

    (void)state;
    for (size_t i = 0; i < N; i++)
        perfect[i] = labels[i] + (double)i / 1000;
    assert_int_equal(stats_interval(&out, &b, perfect, CADRE_BCA_IF_DEFINED, &err), 0);
    assert_int_equal(out.method, CADRE_PERCENTILE);
    assert_int_equal(out.bca_undefined, CADRE_BCA_CONSTANT);
    assert_true(out.point == 1 && out.low == 1 && out.high == 1);
    assert_true(out.standard_error == 0 && out.low_error == 0);
    assert_int_equal(stats_interval(&out, &b, perfect, CADRE_BCA, &err), CADRE_EDATA);
    assert_true(out.point == 1 && isnan(out.low));
    assert_int_equal(stats_interval(&out, &b, constant, CADRE_BCA_IF_DEFINED, &err), 0);
    assert_int_equal(out.method, CADRE_PERCENTILE);
    assert_true(out.low == 0.5 && out.high == 0.5);
    assert_int_equal(stats_interval(&out, &b, scores, CADRE_BCA_IF_DEFINED, &err), 0);
    assert_int_equal(out.method, CADRE_BCA);
    assert_int_equal(out.bca_undefined, CADRE_BCA_DEFINED);
    assert_int_equal(stats_interval(&percentile, &b, scores, 0, &err), 0);
    assert_int_equal(percentile.method, CADRE_PERCENTILE);
}

/* y = 0 for 1..6, y = 1 for 7..12. */
static void perfect_dozen(void **state)
{
    const double x[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 };
    const uint8_t y[] = { 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1 };
    const cadre_bootstrap b = { .metric.kind = CADRE_ROC_AUC, .labels = y, .n = 12 };
    cadre_interval out;
    cadre_error err;

    (void)state;
    for (int method = 0; method < CADRE_BCA; method++) {
        assert_int_equal(stats_interval(&out, &b, x, method, &err), 0);
        assert_true(out.point == 1 && out.low == 1 && out.high == 1);
        assert_true(out.standard_error == 0);
    }
    assert_int_equal(stats_interval(&out, &b, x, CADRE_BCA, &err), CADRE_EDATA);
    assert_string_equal(err.message,
                        "BCa is not defined: roc_auc is the same whichever row is left "
                        "out; use percentile");
}

/* ---- permutations ---- */

static cadre_permutation permuted(const cadre_bootstrap *b, const double *a,
                                  const double *second)
{
    cadre_permutation out, again;
    cadre_error err;

    if (cadre_permutation_test(&out, NULL, b, a, second, &err))
        fail_msg("%s: %s", cadre_metric_name(b->metric.kind), err.message);
    assert_int_equal(cadre_permutation_test(&again, stats_pool(), b, a, second, &err),
                     0);
    assert_memory_equal(&again, &out, sizeof out);
    return out;
}

/* Against all 2^n exchanges, or all choices of labels, of few rows. */
static void exact_permutations(void **state)
{
    enum { FEW = 10 };
    cadre_bootstrap b = { .metric.kind = CADRE_ROC_AUC,
                          .labels = labels,
                          .n = FEW,
                          .resamples = 40000,
                          .seed = 3 };
    double a[FEW], second[FEW], point[2], above = 0, below = 0;
    double low = 0, high = FEW - 1; /* both columns are ranks */

    (void)state;
    for (size_t i = 0; i < FEW; i++) {
        a[i] = (double)(i * 7 % FEW);
        second[i] = (labels[i] != 0) != (i == 4) ? high-- : low++;
    }
    const cadre_permutation out = permuted(&b, a, second);
    for (unsigned way = 0; way < 1u << FEW; way++) {
        double x[FEW], y[FEW];
        for (size_t i = 0; i < FEW; i++) {
            x[i] = way >> i & 1 ? second[i] : a[i];
            y[i] = way >> i & 1 ? a[i] : second[i];
        }
        cadre_metric_value(&point[0], &b.metric, labels, x, FEW, NULL);
        cadre_metric_value(&point[1], &b.metric, labels, y, FEW, NULL);
        above += point[1] - point[0] >= out.point - 1e-12;
        below += point[1] - point[0] <= out.point + 1e-12;
    }
    stats_near(fmin(1, 2 * fmin(above, below) / (1u << FEW)), out.p_value, 0.015);
}

static void permutations(void **state)
{
    cadre_bootstrap b = job(NULL);
    double shifted[N], noise[N], other[N];
    cadre_rng rng = stats_stream(5);
    cadre_error err;
    cadre_permutation out;

    (void)state;
    for (size_t i = 0; i < N; i++) {
        shifted[i] = scores[i] + labels[i];
        noise[i] = cadre_rng_uniform(&rng);
        other[i] = scores[i] + noise[i] / 10;
    }
    b.resamples = 999;
    b.other = other;
    stats_same(1, permuted(&b, scores, scores).p_value, "a column and itself");
    assert_true(permuted(&b, shifted, NULL).p_value == 0.002);
    assert_true(permuted(&b, noise, shifted).p_value == 0.002);
    assert_true(permuted(&b, noise, NULL).p_value > 0.02);
    b.metric.kind = CADRE_GROUP_DIFFERENCE;
    assert_true(permuted(&b, shifted, NULL).p_value == 0.002);
    static const int related[] = { CADRE_PEARSON, CADRE_SPEARMAN, CADRE_SLOPE };
    for (size_t k = 0; k < 3; k++) {
        b.metric.kind = related[k];
        b.other = other;
        assert_true(permuted(&b, scores, NULL).p_value == 0.002);
        b.other = noise;
        assert_true(permuted(&b, scores, NULL).p_value > 0.02);
    }
    b.metric.kind = CADRE_MEAN_DIFFERENCE;
    b.other = other;
    assert_true(permuted(&b, scores, NULL).p_value == 0.002);
    b.metric.kind = CADRE_MEAN;
    assert_int_equal(cadre_permutation_test(&out, NULL, &b, scores, NULL, &err),
                     CADRE_EINVAL);
    assert_string_equal(err.message,
                        "mean does not depend on labels: there is nothing to permute");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kernels),
        cmocka_unit_test(failing_kernels),
        cmocka_unit_test(extended),
        cmocka_unit_test(streamed),
        cmocka_unit_test(monte_carlo_errors),
        cmocka_unit_test(until_an_error),
        cmocka_unit_test(p_values),
        cmocka_unit_test(bca_or_percentile),
        cmocka_unit_test(perfect_dozen),
        cmocka_unit_test(exact_permutations),
        cmocka_unit_test(permutations),
    };
    return cmocka_run_group_tests_name("stats_runs", tests, make_rows, stats_close);
}
