/* test_stats_checks.c - what the statistics refuse, cannot answer, and pass on.
 * SPDX-License-Identifier: MIT
 */
#include "stats_case.h"

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>

enum { N = 30 };

static uint8_t labels[N];
static double scores[N], others[N];

static int make_rows(void **state)
{
    for (size_t i = 0; i < N; i++) {
        labels[i] = i % 3 == 0;
        scores[i] = (double)(i * 7 % N) / N;
        others[i] = (double)(i * 11 % N) / N;
    }
    return stats_open(state);
}

static cadre_bootstrap bootstrap(int kind)
{
    return (cadre_bootstrap){
        .metric.kind = kind, .labels = labels, .n = N, .resamples = 100
    };
}

/* ---- cadre_metric_value ---- */

static void refuse_value(int code, const cadre_metric *metric, const uint8_t *y,
                         const double *s, size_t n, const char *message)
{
    double out = 7;
    cadre_error err;

    assert_int_equal(cadre_metric_value(&out, metric, y, s, n, &err), code);
    assert_string_equal(err.message, message);
    assert_int_equal(err.code, code);
    assert_true(err.item == CADRE_NO_ITEM);
    assert_true(isnan(out));
    assert_int_equal(cadre_metric_value(&out, metric, y, s, n, NULL), code);
}

#define REFUSE(kind_, y, s, n, message) \
    refuse_value(CADRE_EINVAL, &(cadre_metric){ .kind = (kind_) }, y, s, n, message)

static void wrong_rows(void **state)
{
    uint8_t bad_labels[N];
    double bad[N];

    (void)state;
    memcpy(bad_labels, labels, sizeof labels);
    memcpy(bad, scores, sizeof scores);
    bad_labels[17] = 3;
    REFUSE(CADRE_F1, bad_labels, scores, N, "labels: row 17 is 3, expected 0 or 1");
    REFUSE(CADRE_MEAN, bad_labels, scores, N, "labels: row 17 is 3, expected 0 or 1");
    REFUSE(CADRE_F1, NULL, scores, N, "labels is NULL, but f1 needs them");
    REFUSE(CADRE_F1, labels, NULL, N, "scores is NULL");
    REFUSE(CADRE_F1, labels, scores, 0, "there are no rows");
    bad[3] = (double)NAN;
    REFUSE(CADRE_ROC_AUC, labels, bad, N,
           "scores: row 3 is nan, expected a finite number");
    REFUSE(CADRE_BRIER, labels, bad, N,
           "scores: row 3 is nan, expected a probability in [0, 1]");
    bad[3] = -(double)INFINITY;
    REFUSE(CADRE_MEAN, NULL, bad, N, "scores: row 3 is -inf, expected a finite number");
    bad[3] = 1.0000000000000002;
    REFUSE(CADRE_LOG_LOSS, labels, bad, N,
           "scores: row 3 is 1.0000000000000002, expected a probability in [0, 1]");
    bad[3] = -0.25;
    REFUSE(CADRE_ECE_WIDTH, labels, bad, N,
           "scores: row 3 is -0.25, expected a probability in [0, 1]");
    REFUSE(CADRE_ECE_MASS, labels, bad, N,
           "scores: row 3 is -0.25, expected a probability in [0, 1]");
}

static void wrong_metrics(void **state)
{
    const cadre_metric from_later = { .reserved = { 0, 0, 1 } };
    const cadre_metric no_number = { .kind = CADRE_RECALL, .threshold = (double)NAN };
    const cadre_metric one_bin = { .kind = CADRE_ECE_MASS, .bins = 1 };

    (void)state;
    refuse_value(CADRE_EINVAL, NULL, labels, scores, N, "the metric is NULL");
    REFUSE(-1, labels, scores, N, "no metric has the kind -1");
    REFUSE(CADRE_METRIC_COUNT, labels, scores, N, "no metric has the kind 38");
    refuse_value(CADRE_EINVAL, &from_later, labels, scores, N,
                 "metric.reserved[2] is not zero: this program was built for another "
                 "version of cadre");
    refuse_value(CADRE_EINVAL, &no_number, labels, scores, N,
                 "the threshold is not a number");
    refuse_value(CADRE_EINVAL, &one_bin, labels, scores, N,
                 "bins is 1, expected at least 2");
    assert_int_equal(cadre_metric_value(NULL, &one_bin, labels, scores, N, NULL),
                     CADRE_EINVAL);
}

static void undefined_metrics(void **state)
{
    const uint8_t zeros[N] = { 0 };
    const double huge[] = { 1e308, 1e308 };

    (void)state;
    refuse_value(CADRE_EDATA, &(cadre_metric){ .kind = CADRE_ROC_AUC }, zeros, scores,
                 N, "roc_auc is not defined for these rows: all labels are the same");
    refuse_value(CADRE_EDATA, &(cadre_metric){ .kind = CADRE_LOG_LOSS }, zeros, scores,
                 N, "log_loss is not defined for these rows: all labels are the same");
    refuse_value(CADRE_EDATA, &(cadre_metric){ .kind = CADRE_ECE_MASS, .bins = 31 },
                 labels, scores, N,
                 "ece_equal_mass is not defined for these rows: there are fewer rows "
                 "than bins");
    refuse_value(CADRE_EDATA, &(cadre_metric){ .kind = CADRE_MEAN }, NULL, huge, 2,
                 "mean is not defined for these rows: the sum of the scores is "
                 "infinite");
}

static void unusual_metrics(void **state)
{
    const uint8_t zeros[] = { 0, 0, 0 }, ones[] = { 1, 1, 1 };
    const double s[] = { 0.1, 1, 0.5 };
    const cadre_metric never = { .kind = CADRE_PRECISION,
                                 .threshold = (double)INFINITY };
    const cadre_metric many_bins = { .kind = CADRE_ECE_WIDTH, .bins = 100000 };
    double out;

    (void)state;
    assert_int_equal(cadre_metric_value(&out, &(cadre_metric){ .kind = CADRE_PR_AUC },
                                        zeros, s, 3, NULL),
                     0);
    stats_same(0.0, out, "average precision without positives");
    assert_int_equal(cadre_metric_value(&out, &(cadre_metric){ .kind = CADRE_PR_AUC },
                                        ones, s, 3, NULL),
                     0);
    stats_same(1.0, out, "average precision without negatives");
    assert_int_equal(cadre_metric_value(&out, &never, ones, s, 3, NULL), 0);
    stats_same(0.0, out, "precision without predictions");
    assert_int_equal(cadre_metric_value(&out, &many_bins, ones, s, 1, NULL), 0);
    stats_same(0.9, out, "calibration error of one row");
    assert_int_equal(cadre_metric_value(&out, &(cadre_metric){ .kind = CADRE_MEAN },
                                        NULL, s, 1, NULL),
                     0);
    stats_same(0.1, out, "mean of one row");
}

/* ---- the bootstrap ---- */

static void refuse(const cadre_bootstrap *b, const double *s, int method, int code,
                   const char *message)
{
    cadre_interval out = { .low = 1, .high = 2 };
    cadre_error err;

    assert_int_equal(cadre_bootstrap_interval(&out, NULL, b, s, method, &err), code);
    assert_string_equal(err.message, message);
    assert_int_equal(err.code, code);
    assert_true(isnan(out.low) && isnan(out.high));
    assert_int_equal(cadre_bootstrap_interval(&out, NULL, b, s, method, NULL), code);
}

#define REFUSE_WITH(member, value, message)                      \
    do {                                                         \
        cadre_bootstrap b_ = bootstrap(CADRE_ROC_AUC);           \
        b_.member = (value);                                     \
        refuse(&b_, scores, CADRE_BASIC, CADRE_EINVAL, message); \
    } while (0)

static void wrong_bootstraps(void **state)
{
    (void)state;
    REFUSE_WITH(n, 9, "9 rows are too few for a bootstrap, expected at least 10");
    REFUSE_WITH(n, 0, "0 rows are too few for a bootstrap, expected at least 10");
    REFUSE_WITH(confidence, 1, "confidence is 1, expected inside (0, 1)");
    REFUSE_WITH(confidence, -0.5, "confidence is -0.5, expected inside (0, 1)");
    REFUSE_WITH(confidence, 95, "confidence is 95, expected inside (0, 1)");
    REFUSE_WITH(confidence, (double)NAN, "confidence is nan, expected inside (0, 1)");
    REFUSE_WITH(seeding, 4, "no seeding has the number 4");
    REFUSE_WITH(seeding, -1, "no seeding has the number -1");
    REFUSE_WITH(
        resamples, UINT64_MAX,
        "resamples is 18446744073709551615: as many values do not fit in memory");
    REFUSE_WITH(
        resamples, UINT64_C(1) << 60,
        "resamples is 1152921504606846976: as many values do not fit in memory");
    REFUSE_WITH(n, (size_t)1 << 32, "4294967296 rows are more than 4294967295");
    REFUSE_WITH(labels, NULL, "labels is NULL, but roc_auc needs them");
    REFUSE_WITH(metric.kind, 77, "no metric has the kind 77");
    REFUSE_WITH(
        reserved[6], 1,
        "reserved[6] is not zero: this program was built for another version of "
        "cadre");
    refuse(NULL, scores, CADRE_BCA, CADRE_EINVAL, "the bootstrap is NULL");
}

static void wrong_arguments(void **state)
{
    const cadre_bootstrap b = bootstrap(CADRE_BRIER);
    double bad[N];
    cadre_interval out;
    cadre_error err;

    (void)state;
    memcpy(bad, scores, sizeof bad);
    bad[29] = 2;
    refuse(&b, NULL, CADRE_BCA, CADRE_EINVAL, "scores is NULL");
    refuse(&b, bad, CADRE_BCA, CADRE_EINVAL,
           "scores: row 29 is 2, expected a probability in [0, 1]");
    refuse(&b, scores, 6, CADRE_EINVAL, "no interval method has the number 6");
    refuse(&b, scores, -1, CADRE_EINVAL, "no interval method has the number -1");
    assert_int_equal(cadre_bootstrap_interval(NULL, NULL, &b, scores, 0, &err),
                     CADRE_EINVAL);
    assert_string_equal(err.message, "out is NULL");
    assert_int_equal(cadre_bootstrap_difference(NULL, NULL, &b, scores, others, &err),
                     CADRE_EINVAL);
    assert_int_equal(cadre_bootstrap_difference(&out, NULL, &b, NULL, others, &err),
                     CADRE_EINVAL);
    assert_string_equal(err.message, "scores_a is NULL");
    assert_int_equal(cadre_bootstrap_difference(&out, NULL, &b, scores, bad, &err),
                     CADRE_EINVAL);
    assert_string_equal(err.message,
                        "scores_b: row 29 is 2, expected a probability in [0, 1]");
}

/* A success leaves no trace of a failure before. */
static void defaults(void **state)
{
    cadre_bootstrap b = bootstrap(CADRE_ROC_AUC), full = b;
    cadre_interval by_default, out;
    cadre_error err = { .code = CADRE_EINVAL, .message = "old" };

    (void)state;
    b.resamples = 0;
    full.resamples = 1000;
    full.confidence = 0.95;
    full.seeding = CADRE_SEEDING_SINGLE;
    assert_int_equal(stats_interval(&by_default, &b, scores, CADRE_BCA, &err), 0);
    assert_int_equal(err.code, CADRE_OK);
    assert_string_equal(err.message, "");
    assert_int_equal(stats_interval(&out, &full, scores, CADRE_BCA, &err), 0);
    assert_memory_equal(&out, &by_default, sizeof out);
    full.seeding = CADRE_SEEDING_SPAWN;
    assert_int_equal(stats_difference(&by_default, &b, scores, others, &err), 0);
    assert_int_equal(stats_difference(&out, &full, scores, others, &err), 0);
    assert_memory_equal(&out, &by_default, sizeof out);
    assert_true(out.low < out.high && out.low_level == 0 && out.acceleration == 0);
}

/* ---- data that cannot answer ---- */

static void too_many_degenerate_resamples(void **state)
{
    cadre_bootstrap b = bootstrap(CADRE_ROC_AUC);
    uint8_t rare[N] = { 1 };
    double replicates[100];
    cadre_interval out;
    cadre_error err;
    size_t degenerate = 0;
    char expected[300];

    (void)state;
    b.labels = rare;
    b.replicates = replicates;
    assert_int_equal(stats_interval(&out, &b, scores, CADRE_BCA, &err), CADRE_EDATA);
    for (size_t i = 0; i < 100; i++)
        degenerate += isnan(replicates[i]);
    assert_int_equal(out.degenerate, degenerate);
    assert_int_equal(out.resamples, 100 - degenerate);
    assert_true(isfinite(out.point) && isfinite(out.standard_error));
    assert_true(isnan(out.low) && isnan(out.high));
    snprintf(
        expected, sizeof expected,
        "%zu of 100 resamples are degenerate, more than 5 %%: roc_auc is not defined "
        "where all labels are the same; more rows of the rarer class would help",
        degenerate);
    assert_string_equal(err.message, expected);
    b.metric.kind = CADRE_PR_AUC; /* which is defined for one class */
    assert_int_equal(stats_interval(&out, &b, scores, CADRE_PERCENTILE, &err),
                     CADRE_OK);
    assert_int_equal(out.degenerate, 0);
}

/* What is defined of either column is of both. A row of another class is needed in resamples
 * only where there is one. */
static void one_class_differences(void **state)
{
    cadre_bootstrap b = bootstrap(CADRE_ECE_WIDTH);
    uint8_t ones[N];
    cadre_interval out;
    cadre_error err;

    (void)state;
    memset(ones, 1, sizeof ones);
    b.labels = ones;
    assert_int_equal(stats_interval(&out, &b, scores, CADRE_PERCENTILE, &err),
                     CADRE_OK);
    assert_int_equal(stats_difference(&out, &b, scores, others, &err), CADRE_OK);
    assert_int_equal(out.degenerate, 0);
    ones[0] = 0;
    b.degenerate_most = 0.9;
    assert_int_equal(stats_difference(&out, &b, scores, others, &err), CADRE_OK);
    assert_true(out.degenerate > 0);
    b.metric.kind = CADRE_BRIER;
    assert_int_equal(stats_difference(&out, &b, scores, others, &err), CADRE_OK);
}

static void no_bca(int kind, const uint8_t *y, const double *s, const char *message)
{
    cadre_bootstrap b = bootstrap(kind);
    cadre_interval out;
    cadre_error err;

    b.labels = y;
    b.resamples = 200;
    assert_int_equal(stats_interval(&out, &b, s, CADRE_BCA, &err), CADRE_EDATA);
    assert_string_equal(err.message, message);
    assert_true(isnan(out.low) && isnan(out.high) && isfinite(out.point));
    assert_int_equal(stats_interval(&out, &b, s, CADRE_PERCENTILE, &err), CADRE_OK);
}

static void bca_of_constant_scores(void **state)
{
    double constant[N];

    (void)state;
    for (size_t i = 0; i < N; i++)
        constant[i] = 0.25;
    no_bca(CADRE_ROC_AUC, labels, constant,
           "BCa is not defined: roc_auc is the same whichever row is left out; use "
           "percentile");
    no_bca(CADRE_MEAN, NULL, constant,
           "BCa is not defined: mean is the same whichever row is left out; use "
           "percentile");
}

/* All is right: the error is 0, and more than that in nearly every resample. */
static void bca_on_one_side(void **state)
{
    cadre_bootstrap b = bootstrap(CADRE_ECE_WIDTH);
    uint8_t y[N];
    double s[N];
    cadre_interval out;
    cadre_error err;

    (void)state;
    for (size_t i = 0; i < N; i++) {
        y[i] = i % 2;
        s[i] = 0.5;
    }
    b.labels = y;
    b.resamples = 3;
    b.seed = 2;
    assert_int_equal(stats_interval(&out, &b, s, CADRE_BCA, &err), CADRE_EDATA);
    assert_true(isinf(out.bias) && isnan(out.acceleration) && isnan(out.low));
    assert_string_equal(err.message,
                        "BCa is not defined: all replicates of ece_equal_width are on "
                        "one side of its value, 0; use percentile");
}

/* Ten bins of ten rows; the jackknife has nine. */
static void bca_of_as_many_bins_as_rows(void **state)
{
    cadre_bootstrap b = bootstrap(CADRE_ECE_MASS);
    double s[10];
    cadre_interval out;
    cadre_error err;

    (void)state;
    for (size_t i = 0; i < 10; i++)
        s[i] = 0.2 + 0.05 * (double)i + 0.3 * (labels[i] == 0);
    b.n = b.metric.bins = 10;
    assert_int_equal(stats_interval(&out, &b, s, CADRE_BCA, &err), CADRE_EDATA);
    assert_true(isfinite(out.bias) && isnan(out.acceleration));
    assert_string_equal(err.message,
                        "BCa is not defined: without row 0, ece_equal_mass is not, "
                        "because there are fewer rows than bins; use percentile");
}

/* ---- what cadre_map says is passed on ---- */

struct canceller {
    cadre_pool *pool;
    _Atomic bool over;
};

static void *cancel_again_and_again(void *arg)
{
    struct canceller *const c = arg;

    while (!atomic_load(&c->over)) {
        cadre_cancel(c->pool);
        sched_yield();
    }
    return NULL;
}

/* Cancelled in whatever it is doing: it would take minutes. */
static void cancel(int kind, int seeding, uint64_t resamples, int method)
{
    struct canceller c = { .pool = stats_pool() };
    enum { MANY = 100000 };
    double *const s = stats_array(MANY, sizeof *s);
    cadre_bootstrap b = {
        .metric.kind = kind, .n = MANY, .resamples = resamples, .seeding = seeding
    };
    cadre_interval out;
    cadre_error err;
    pthread_t thread;

    for (size_t i = 0; i < MANY; i++)
        s[i] = (double)(i % 1000) / 1000;
    assert_int_equal(pthread_create(&thread, NULL, cancel_again_and_again, &c), 0);
    assert_int_equal(cadre_bootstrap_interval(&out, c.pool, &b, s, method, &err),
                     CADRE_ECANCELLED);
    atomic_store(&c.over, true);
    pthread_join(thread, NULL);
    assert_int_equal(err.code, CADRE_ECANCELLED);
    assert_non_null(strstr(err.message, "cancelled "));
    assert_true(isnan(out.low) && isnan(out.high));
    free(s);
}

static void cancelling(void **state)
{
    (void)state;
    cancel(CADRE_MEAN, CADRE_SEEDING_SINGLE, 1000000, CADRE_PERCENTILE);
    cancel(CADRE_MEAN, CADRE_SEEDING_SPAWN, 1000000, CADRE_PERCENTILE);
}

struct seen {
    uint64_t calls, done, total;
};

static void see(void *arg, const cadre_counts *counts)
{
    struct seen *const seen = arg;

    seen->calls++;
    seen->done = counts->done;
    seen->total = counts->total;
}

static void progress(void **state)
{
    cadre_pool *const pools[] = { NULL, stats_pool() };

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct seen seen = { 0 };
        cadre_bootstrap b = bootstrap(CADRE_F1);
        cadre_interval out;
        b.progress = see;
        b.progress_arg = &seen;
        assert_int_equal(
            cadre_bootstrap_interval(&out, pools[i], &b, scores, CADRE_BCA, NULL),
            CADRE_OK);
        assert_true(seen.calls > 0);
        assert_int_equal(seen.done, 100);
        assert_int_equal(seen.total, 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(wrong_rows),
        cmocka_unit_test(wrong_metrics),
        cmocka_unit_test(undefined_metrics),
        cmocka_unit_test(unusual_metrics),
        cmocka_unit_test(wrong_bootstraps),
        cmocka_unit_test(wrong_arguments),
        cmocka_unit_test(defaults),
        cmocka_unit_test(too_many_degenerate_resamples),
        cmocka_unit_test(one_class_differences),
        cmocka_unit_test(bca_of_constant_scores),
        cmocka_unit_test(bca_on_one_side),
        cmocka_unit_test(bca_of_as_many_bins_as_rows),
        cmocka_unit_test(cancelling),
        cmocka_unit_test(progress),
    };
    return cmocka_run_group_tests_name("stats_checks", tests, make_rows, stats_close);
}
