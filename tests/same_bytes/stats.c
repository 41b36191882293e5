/* stats.c - one bootstrap, every backend, worker count and chunk: same bytes.
 * SPDX-License-Identifier: MIT
 *
 * The digest covers the interval, every replicate and the error; that of the NULL pool is
 * the reference.
 */
#include "contract.h"
#include <cadre/stats.h>

#define N         157
#define RESAMPLES 403

static const char *const backends[] = { "serial", "threads", "processes", "persistent",
                                        "auto" };
static const int workers[] = { 1, 2, 3, 8 };
static const uint64_t chunks[] = { 1, 7, 0 };

static double a[N], b[N];
static uint8_t labels[N];

static int make_data(void **state)
{
    cadre_seed seed;
    cadre_rng rng;

    (void)state;
    cadre_seed_init(&seed, 11);
    cadre_rng_init(&rng, &seed);
    for (int i = 0; i < N; i++) {
        labels[i] = cadre_rng_uniform(&rng) < 0.4;
        a[i] = cadre_rng_uniform(&rng) * 0.7 + 0.3 * labels[i];
        b[i] = (double)cadre_rng_below(&rng, 20) / 25 + 0.2 * labels[i];
    }
    return 0;
}

struct subject {
    const char *name;
    int metric, method, seeding;
    bool difference;
    size_t positives_to_drop; /* so that resamples are degenerate */
};

static const struct subject subjects[] = {
    { "ROC-AUC, percentile", CADRE_ROC_AUC, CADRE_PERCENTILE, 0, false, 0 },
    { "ROC-AUC, BCa", CADRE_ROC_AUC, CADRE_BCA, CADRE_SEEDING_SPAWN, false, 0 },
    { "mean, BCa", CADRE_MEAN, CADRE_BCA, CADRE_SEEDING_DRAW63, false, 0 },
    { "PR-AUC, basic", CADRE_PR_AUC, CADRE_BASIC, 0, false, 0 },
    { "Brier, paired", CADRE_BRIER, 0, 0, true, 0 },
    { "ROC-AUC, paired", CADRE_ROC_AUC, 0, CADRE_SEEDING_SINGLE, true, 0 },
    { "too many degenerate", CADRE_ROC_AUC, 0, 0, false, 1 },
};

static uint64_t digest(const struct subject *s, cadre_pool *pool, uint64_t chunk)
{
    static double replicates[RESAMPLES];
    uint8_t few[N] = { 0 };
    cadre_bootstrap job = { .metric = { .kind = s->metric },
                            .labels = labels,
                            .n = N,
                            .resamples = RESAMPLES,
                            .seed = 5,
                            .seeding = s->seeding,
                            .chunk = chunk,
                            .replicates = replicates };
    cadre_interval out;
    cadre_error err;
    uint64_t hash;
    int rc;

    few[3] = 1;
    if (s->positives_to_drop)
        job.labels = few;
    memset(replicates, 0, sizeof replicates);
    rc = s->difference ? cadre_bootstrap_difference(&out, pool, &job, a, b, &err)
                       : cadre_bootstrap_interval(&out, pool, &job, b, s->method, &err);
    if (s->positives_to_drop)
        assert_int_equal(rc, CADRE_EDATA);
    else if (rc)
        fail_msg("%s: %s", s->name, err.message);
    hash = fnv1a(&out, sizeof out, FNV_BEGIN);
    hash = fnv1a(replicates, sizeof replicates, hash);
    hash = fnv1a(&rc, sizeof rc, hash);
    return fnv1a(err.message, strlen(err.message), hash);
}

static void check(const struct subject *s, const char *backend, int n,
                  uint64_t reference)
{
    struct contract c = { .backend = backend, .workers = n };

    assert_int_equal(contract_pool(&c.pool, &c, (cadre_options){ 0 }), 0);
    for (size_t k = 0; k < sizeof chunks / sizeof *chunks; k++)
        if (digest(s, c.pool, chunks[k]) != reference)
            fail_msg("%s: backend %s, %d workers, chunk %d: other bytes than the NULL "
                     "pool",
                     s->name, backend, n, (int)chunks[k]);
    cadre_close(c.pool);
}

static void test_bootstraps(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++) {
        uint64_t reference = digest(&subjects[i], NULL, 0);
        for (size_t k = 0; k < sizeof backends / sizeof *backends; k++)
            for (size_t w = 0; w < sizeof workers / sizeof *workers; w++)
                check(&subjects[i], backends[k], workers[w], reference);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_bootstraps) };

    return cmocka_run_group_tests(tests, make_data, NULL);
}
