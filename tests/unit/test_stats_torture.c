/* test_stats_torture.c - fail each allocation of the statistics in turn.
 * SPDX-License-Identifier: MIT
 *
 * Of libcadre-stats and of libcadre (torture.h). Each time it must end with CADRE_ENOMEM,
 * worded, or with the right bytes, and nothing may be left.
 */
#include "stats_case.h"
#include "torture.h"

/* ---- scenarios ---- */

enum { N = 50 };

struct question {
    int kind, seeding;
    int method; /* -1: a difference; -2: a value; -3: a statistic's; -4: an operating
                   point's; -5: of clusters in strata */
    bool threads;
    const cadre_interval *right;
};

static uint8_t labels[N];
static double scores[N], others[N];
static uint32_t strata[N], clusters[N];

static int make_rows(void **state)
{
    cadre_rng rng = stats_stream(1);

    (void)state;
    for (size_t i = 0; i < N; i++) {
        labels[i] = i % 2;
        scores[i] = cadre_rng_uniform(&rng);
        others[i] = cadre_rng_uniform(&rng);
        strata[i] = i % 5 == 0;
        clusters[i] = (uint32_t)i / 4;
    }
    return 0;
}

static int open_pool(cadre_pool **pool, bool threads, cadre_error *err)
{
    const cadre_options options = { .backend = "threads",
                                    .workers = 2,
                                    .oversubscribe = true,
                                    .ignore_environment = true,
                                    .min_items = 1 };

    *pool = NULL;
    return threads ? cadre_open(pool, &options, err) : CADRE_OK;
}

static int sum_of_rows(cadre_task *task, const void *item, void *result)
{
    const cadre_sample *const s = cadre_task_sample(task);
    double sum = 0;

    (void)item;
    if (!s)
        return 1;
    for (size_t i = 0; i < s->n; i++)
        sum += ((const double *)s->data)[s->rows[i]];
    *(double *)result = sum;
    return 0;
}

static int answer_otherwise(const struct question *q, cadre_interval *out,
                            cadre_pool *pool, const cadre_bootstrap *job,
                            cadre_error *err)
{
    static uint8_t copy[N];
    const cadre_statistic statistic = { .fn = sum_of_rows,
                                        .data = scores,
                                        .data_size = sizeof scores };
    const cadre_selector selector = { .kind = CADRE_MAX_F1 };
    const cadre_validation validation = { N, copy, others, scores };
    const double weights[] = { 0.5, 2 };
    cadre_bootstrap b = *job;

    memcpy(copy, labels, N);
    if (q->method == -3)
        return cadre_bootstrap_statistic(out, pool, &b, &statistic, CADRE_BCA, err);
    if (q->method == -4)
        return cadre_bootstrap_operating_point(out, pool, &b, &selector, &validation,
                                               scores, others, err);
    b.strata = strata;
    b.clusters = clusters;
    b.by_label = 3;
    b.stratum_weights = weights;
    b.n_weights = 2;
    return cadre_bootstrap_interval(out, pool, &b, scores, CADRE_BCA, err);
}

static int answer(const struct question *q, cadre_interval *out, cadre_error *err)
{
    const cadre_bootstrap b = {
        .metric = { .kind = q->kind, .threshold = 0.5, .bins = 5 },
        .labels = labels,
        .other = others,
        .n = N,
        .resamples = 40,
        .seeding = q->seeding
    };
    const cadre_rows rows = {
        .n = N, .labels = labels, .scores = scores, .other = others
    };
    cadre_pool *pool;
    int rc = open_pool(&pool, q->threads, err);

    if (!rc && q->method == -2)
        rc = cadre_metric_of(&out->point, &b.metric, &rows, err);
    else if (!rc && q->method == -1)
        rc = cadre_bootstrap_difference(out, pool, &b, scores, scores, err);
    else if (!rc && q->method < -2)
        rc = answer_otherwise(q, out, pool, &b, err);
    else if (!rc)
        rc = cadre_bootstrap_interval(out, pool, &b, scores, q->method, err);
    cadre_close(pool);
    return rc;
}

static int answer_rightly(const void *arg, cadre_error *err)
{
    const struct question *q = arg;
    cadre_interval out = { 0 };
    int rc = answer(q, &out, err);

    if (!rc)
        assert_memory_equal(&out, q->right, sizeof out);
    return rc;
}

static void ask(struct question q)
{
    cadre_interval right = { 0 };
    cadre_error err;

    assert_int_equal(answer(&q, &right, &err), CADRE_OK);
    q.right = &right;
    torture_memory(answer_rightly, &q);
}

static void values(void **state)
{
    (void)state;
    for (int kind = 0; kind < CADRE_METRIC_COUNT; kind++)
        ask((struct question){ kind, 0, -2, false, NULL });
}

static void intervals(void **state)
{
    (void)state;
    for (int kind = 0; kind < CADRE_METRIC_COUNT; kind++)
        for (int threads = 0; threads < 2; threads++) {
            ask((struct question){ kind, CADRE_SEEDING_SINGLE, 0, threads, NULL });
            ask((struct question){ kind, CADRE_SEEDING_DRAW63, 2, threads, NULL });
        }
}

static void differences(void **state)
{
    (void)state;
    for (int kind = 0; kind < CADRE_METRIC_COUNT; kind++)
        for (int threads = 0; threads < 2; threads++)
            ask((struct question){ kind, CADRE_SEEDING_SPAWN, -1, threads, NULL });
}

static void other_ways(void **state)
{
    (void)state;
    for (int threads = 0; threads < 2; threads++)
        for (int seeding = 1; seeding < 4; seeding++) {
            ask((struct question){ CADRE_MEAN, seeding, -3, threads, NULL });
            ask((struct question){ CADRE_F1, seeding, -4, threads, NULL });
            ask((struct question){ CADRE_PR_AUC, seeding, -5, threads, NULL });
            ask((struct question){ CADRE_ROC_AUC, seeding, 4, threads, NULL });
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(intervals),
        cmocka_unit_test(differences),
        cmocka_unit_test(other_ways),
    };
    return cmocka_run_group_tests_name("stats_torture", tests, make_rows, NULL);
}
