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
    int method; /* -1: a difference; -2: a value */
    bool threads;
    const cadre_interval *right;
};

static uint8_t labels[N];
static double scores[N];

static int make_rows(void **state)
{
    cadre_rng rng = stats_stream(1);

    (void)state;
    for (size_t i = 0; i < N; i++) {
        labels[i] = i % 2;
        scores[i] = cadre_rng_uniform(&rng);
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

static int answer(const struct question *q, cadre_interval *out, cadre_error *err)
{
    const cadre_bootstrap b = { .metric = { q->kind, 0.5, 5, { 0 } },
                                .labels = labels,
                                .n = N,
                                .resamples = 40,
                                .seeding = q->seeding };
    cadre_pool *pool;
    int rc = open_pool(&pool, q->threads, err);

    if (!rc && q->method == -2)
        rc = cadre_metric_value(&out->point, &b.metric, labels, scores, N, err);
    else if (!rc && q->method == -1)
        rc = cadre_bootstrap_difference(out, pool, &b, scores, scores, err);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(intervals),
        cmocka_unit_test(differences),
    };
    return cmocka_run_group_tests_name("stats_torture", tests, make_rows, NULL);
}
