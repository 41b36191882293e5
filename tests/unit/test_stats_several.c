/* test_stats_several.c - intervals of several metrics at once, against one by one.
 * SPDX-License-Identifier: MIT
 *
 * All bytes must be the same: intervals, replicates, and what is said of a failure.
 */
#include "stats_case.h"

#include <math.h>

enum { N = 64, CLASSES = 3, RESAMPLES = 60, MOST = 240, QUANTITIES = 80 };

static uint8_t labels[N], one_label[N];
static double scores[2][CLASSES * N], other[N], weights[N];
static uint32_t strata[N], clusters[N], class_of[N];

static int make_rows(void **state)
{
    cadre_rng rng = stats_stream(77);

    for (size_t i = 0; i < N; i++) {
        labels[i] = cadre_rng_uniform(&rng) < 0.4;
        other[i] = floor(9 * cadre_rng_uniform(&rng));
        weights[i] = 2 * cadre_rng_uniform(&rng);
        strata[i] = (uint32_t)cadre_rng_below(&rng, 2);
        clusters[i] = (uint32_t)cadre_rng_below(&rng, 25);
        class_of[i] = (uint32_t)cadre_rng_below(&rng, CLASSES);
    }
    for (int column = 0; column < 2; column++)
        for (size_t i = 0; i < CLASSES * N; i++)
            scores[column][i] = floor(20 * cadre_rng_uniform(&rng)) / 20;
    return stats_open(state);
}

struct outcome {
    cadre_interval interval;
    double replicates[MOST];
    int rc;
};

static struct outcome alone[QUANTITIES], together[QUANTITIES];

static void run_alone(struct outcome *out, const cadre_bootstrap *b,
                      const cadre_quantity *q, int method, cadre_error *err)
{
    cadre_bootstrap one = *b;

    one.metric = q->metric;
    one.replicates = out->replicates;
    one.method = method;
    out->rc = q->scores_b ? cadre_bootstrap_difference(&out->interval, NULL, &one,
                                                       q->scores, q->scores_b, err)
                          : cadre_bootstrap_interval(&out->interval, NULL, &one,
                                                     q->scores, method, err);
}

static void run_together(const cadre_bootstrap *b, cadre_quantity *q, size_t n,
                         int method, cadre_pool *pool, int rc, const cadre_error *first)
{
    cadre_interval intervals[QUANTITIES];
    cadre_error err;

    for (size_t k = 0; k < n; k++)
        q[k].replicates = together[k].replicates;
    assert_int_equal(cadre_bootstrap_intervals(intervals, pool, b, q, n, method, &err),
                     rc);
    assert_string_equal(err.message, first->message);
    assert_true(err.item == first->item);
    for (size_t k = 0; k < n; k++) {
        const char *const name = cadre_metric_name(q[k].metric.kind);
        if (memcmp(&intervals[k], &alone[k].interval, sizeof *intervals) != 0)
            fail_msg("%s: another interval than alone: %g to %g, not %g to %g", name,
                     intervals[k].low, intervals[k].high, alone[k].interval.low,
                     alone[k].interval.high);
        if (memcmp(together[k].replicates, alone[k].replicates,
                   sizeof alone[k].replicates) != 0)
            fail_msg("%s: other replicates than alone", name);
    }
}

static void compare(const cadre_bootstrap *b, cadre_quantity *q, size_t n, int method)
{
    cadre_error first = { .item = CADRE_NO_ITEM }, err;
    int rc = CADRE_OK;

    memset(alone, 0, sizeof alone);
    for (size_t k = 0; k < n; k++) {
        run_alone(&alone[k], b, &q[k], method, &err);
        if (!alone[k].rc || rc)
            continue;
        rc = alone[k].rc;
        first = err;
        first.item = k;
    }
    assert_true(rc == CADRE_OK || rc == CADRE_EDATA);
    for (int pool = 0; pool < 2; pool++) {
        memset(together, 0, sizeof together);
        run_together(b, q, n, method, pool ? stats_pool() : NULL, rc, &first);
    }
}

static cadre_bootstrap job(void)
{
    return (cadre_bootstrap){ .labels = labels,
                              .other = other,
                              .n = N,
                              .resamples = RESAMPLES,
                              .seed = 6,
                              .degenerate_most = 1 };
}

static bool fits(const cadre_bootstrap *b, int kind, bool difference)
{
    const unsigned needs = cadre_metric_needs(kind);

    if (b->class_of)
        return !(needs & (CADRE_NEEDS_NO_LABELS | CADRE_NEEDS_OTHER));
    if (b->weights && (kind == CADRE_SPEARMAN || kind == CADRE_ECE_L2_DEBIASED))
        return false;
    return !difference || !(needs & CADRE_NEEDS_OTHER);
}

/* Every metric that there is, of either column or of both. */
static size_t list(cadre_quantity *q, const cadre_bootstrap *b, bool difference)
{
    size_t n = 0;

    for (int column = 0; column < (difference ? 1 : 2); column++)
        for (int kind = 0; kind < CADRE_METRIC_COUNT; kind++)
            if (fits(b, kind, difference))
                q[n++] = (cadre_quantity){
                    .metric = { .kind = kind, .threshold = 0.5, .bins = 4 },
                    .scores = scores[column],
                    .scores_b = difference ? scores[1] : NULL
                };
    return n;
}

static void compare_all(const cadre_bootstrap *b, int method)
{
    cadre_quantity q[QUANTITIES];

    for (int difference = 0; difference < 2; difference++)
        compare(b, q, list(q, b, difference), method);
}

static void methods(void **state)
{
    const cadre_bootstrap b = job();

    (void)state;
    for (int method = 0; method < CADRE_INTERVAL_METHOD_COUNT; method++)
        compare_all(&b, method);
}

static void seedings(void **state)
{
    cadre_bootstrap b = job();

    (void)state;
    for (b.seeding = 1; b.seeding <= CADRE_SEEDING_DRAW63; b.seeding++)
        compare_all(&b, CADRE_PERCENTILE);
}

static void ways_to_draw(void **state)
{
    static const double shares[] = { 0.25, 0.75 };
    cadre_bootstrap b = job();

    (void)state;
    b.weights = weights;
    compare_all(&b, CADRE_BCA_IF_DEFINED);
    b.clusters = clusters;
    compare_all(&b, CADRE_BCA_IF_DEFINED);
    b.weights = NULL;
    b.strata = strata;
    compare_all(&b, CADRE_BCA_IF_DEFINED);
    b.stratum_weights = shares;
    b.n_weights = 2;
    compare_all(&b, CADRE_BCA_IF_DEFINED);
    b = job();
    b.by_label = 3;
    compare_all(&b, CADRE_BASIC);
    b = job();
    b.class_of = class_of;
    b.classes = CLASSES;
    compare_all(&b, CADRE_BCA_IF_DEFINED);
}

/* Each stops at its own number of resamples, and goes on from those that are there. */
static void stopping(void **state)
{
    cadre_bootstrap b = job();
    cadre_quantity q[QUANTITIES];
    cadre_error err;
    size_t n;

    (void)state;
    b.until_error = 0.01;
    b.most_resamples = MOST;
    compare_all(&b, CADRE_PERCENTILE);
    n = list(q, &b, false);
    for (size_t k = 0; k < n; k++) {
        run_alone(&alone[k], &b, &q[k], CADRE_BCA_IF_DEFINED, &err);
        memset(together[k].replicates, 0, sizeof together[k].replicates);
        memcpy(together[k].replicates, alone[k].replicates, 50 * sizeof(double));
    }
    b.done = 50;
    cadre_error none = { .item = CADRE_NO_ITEM };
    run_together(&b, q, n, CADRE_BCA_IF_DEFINED, NULL, CADRE_OK, &none);
}

/* What is not defined leaves the others be. */
static void failures(void **state)
{
    cadre_bootstrap b = job();
    cadre_quantity q[QUANTITIES];

    (void)state;
    one_label[0] = 1;
    b.labels = one_label;
    b.degenerate_most = 0;
    compare(&b, q, list(q, &b, false), CADRE_PERCENTILE);
    assert_int_equal(alone[CADRE_ROC_AUC].rc, CADRE_EDATA);
    assert_int_equal(alone[CADRE_ACCURACY].rc, CADRE_OK);
    b = job();
    q[0] = (cadre_quantity){ .metric.kind = CADRE_ACCURACY, .scores = scores[0] };
    q[1] = (cadre_quantity){ .metric.kind = CADRE_BRIER, .scores = other };
    cadre_interval out[2];
    cadre_error err;
    assert_int_equal(cadre_bootstrap_intervals(out, NULL, &b, q, 2, 0, &err),
                     CADRE_EINVAL);
    assert_true(err.item == 1 && isnan(out[0].low) && isnan(out[1].low));
}

static int drop(void *arg, uint64_t first, const double *values, size_t n)
{
    (void)arg;
    (void)first;
    (void)values;
    return n == 0;
}

static void refused(const cadre_bootstrap *b, const cadre_quantity *q, size_t n,
                    const char *text)
{
    cadre_interval out[2];
    cadre_error err;

    assert_int_equal(cadre_bootstrap_intervals(out, NULL, b, q, n, 0, &err),
                     CADRE_EINVAL);
    if (!strstr(err.message, text))
        fail_msg("expected \"%s\" in \"%s\"", text, err.message);
}

static void arguments(void **state)
{
    cadre_quantity q[2] = { { .scores = scores[0] },
                            { .scores = scores[0], .scores_b = scores[1] } };
    double replicates[RESAMPLES];
    cadre_bootstrap b = job();
    cadre_interval out[2];
    cadre_error err;

    (void)state;
    refused(NULL, q, 2, "the bootstrap is NULL");
    refused(&b, NULL, 2, "quantities is NULL");
    refused(&b, q, 0, "there are no quantities");
    refused(&b, q, 2, "say which one");
    b.seeding = CADRE_SEEDING_SPAWN;
    assert_int_equal(cadre_bootstrap_intervals(out, NULL, &b, q, 2, 0, &err), CADRE_OK);
    compare(&b, q, 2, CADRE_BCA_IF_DEFINED);
    q[1].reserved[2] = 1;
    refused(&b, q, 2, "quantity.reserved[2] is not zero");
    b.replicates = replicates;
    refused(&b, q, 1, "give each quantity its replicates");
    b.replicates = NULL;
    b.each = drop;
    refused(&b, q, 1, "give each quantity its replicates");
    assert_int_equal(cadre_bootstrap_intervals(NULL, NULL, &b, q, 1, 0, &err),
                     CADRE_EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(methods),  cmocka_unit_test(seedings),
        cmocka_unit_test(stopping), cmocka_unit_test(ways_to_draw),
        cmocka_unit_test(failures), cmocka_unit_test(arguments),
    };

    return cmocka_run_group_tests(tests, make_rows, stats_close);
}
