/* stats.c - one bootstrap, every backend, worker count and chunk: same bytes.
 * SPDX-License-Identifier: MIT
 *
 * The digest covers the interval, every replicate and the error; that of the NULL pool is
 * the reference. CADRE_TEST_BACKEND may be a backend of a file, such as the ranks of an MPI
 * program; then it is tested alone.
 */
#include "contract.h"
#include <cadre/stats.h>

#include <stdlib.h>

#define N         157
#define RESAMPLES 403

static const char *const backends[] = { "serial", "threads", "processes", "persistent",
                                        "auto" };
static const int workers[] = { 1, 2, 3, 8 };
static const uint64_t chunks[] = { 1, 7, 0 };

static double a[N], b[N], weights[N], columns[3 * N];
static uint32_t strata[N], clusters[N], class_of[N];
static uint8_t labels[N];

static bool is_custom(void)
{
    const char *const backend = getenv("CADRE_TEST_BACKEND");

    return backend && strchr(backend, '/');
}

static int make_data(void **state)
{
    cadre_seed seed;
    cadre_rng rng;

    if (is_custom() && (contract_open(state) || contract_close(state)))
        return 1;
    cadre_seed_init(&seed, 11);
    cadre_rng_init(&rng, &seed);
    for (int i = 0; i < N; i++) {
        labels[i] = cadre_rng_uniform(&rng) < 0.4;
        a[i] = cadre_rng_uniform(&rng) * 0.7 + 0.3 * labels[i];
        b[i] = (double)cadre_rng_below(&rng, 20) / 25 + 0.2 * labels[i];
        weights[i] = cadre_rng_uniform(&rng);
        strata[i] = cadre_rng_below(&rng, 2) ? 7 : 2;
        clusters[i] = (uint32_t)cadre_rng_below(&rng, 40);
        class_of[i] = (uint32_t)cadre_rng_below(&rng, 3);
        for (int k = 0; k < 3; k++)
            columns[k * N + i] = cadre_rng_uniform(&rng);
    }
    return 0;
}

struct subject {
    const char *name;
    int metric, method, seeding;
    bool difference;
    size_t positives_to_drop; /* so that resamples are degenerate */
    int way;                  /* an enum way */
};

enum way {
    ROWS,
    WEIGHTED,
    CLUSTERS,
    SUMS,
    CLASSES,
    KERNEL,
    POINT,
    PERMUTED,
    UNTIL,
    BANDS,
    WEIGHTED_BANDS,
    SEVERAL,
    FOLDS,
    STRATA,
    BY_LABEL,
    EXTENDED
};

static const struct subject subjects[] = {
    { "ROC-AUC, studentized", CADRE_ROC_AUC, CADRE_STUDENTIZED, 0, false, 0, ROWS },
    { "Spearman, normal", CADRE_SPEARMAN, CADRE_NORMAL, 0, false, 0, ROWS },
    { "median, BCa", CADRE_MEDIAN, CADRE_BCA, 0, false, 0, ROWS },
    { "largest error, auto", CADRE_MCE_MASS, CADRE_BCA_IF_DEFINED, 2, false, 0, ROWS },
    { "partial area, weighted", CADRE_PARTIAL_AUC, CADRE_BCA, 3, false, 0, WEIGHTED },
    { "F1, clusters", CADRE_F1, CADRE_BCA, 0, false, 0, CLUSTERS },
    { "PR-AUC, sums over strata", CADRE_PR_AUC, CADRE_BCA, 2, false, 0, SUMS },
    { "recall at, classes", CADRE_RECALL_AT, CADRE_PERCENTILE, 0, false, 0, CLASSES },
    { "a kernel, BCa", CADRE_MEAN, CADRE_BCA, 0, false, 0, KERNEL },
    { "a kernel, studentized", CADRE_MEAN, CADRE_STUDENTIZED, 0, false, 0, KERNEL },
    { "F1, operating point", CADRE_F1, CADRE_BCA, 2, false, 0, POINT },
    { "Spearman, permuted", CADRE_SPEARMAN, 0, 0, false, 0, PERMUTED },
    { "MCC, permuted", CADRE_MCC, 0, 0, false, 0, PERMUTED },
    { "bands of a ROC curve", CADRE_ROC_AUC, CADRE_CURVE_ROC, 1, false, 0, BANDS },
    { "bands of precision", CADRE_PR_AUC, CADRE_CURVE_PR, 0, false, 0, BANDS },
    { "ROC-AUC, until an error", CADRE_ROC_AUC, CADRE_BCA, 1, false, 0, UNTIL },
    { "bands, weighted", CADRE_PR_AUC, CADRE_CURVE_PR, 2, false, 0, WEIGHTED_BANDS },
    { "PR-AUC, weighted", CADRE_PR_AUC, CADRE_BCA, 0, false, 0, WEIGHTED },
    { "trimmed, weighted", CADRE_TRIMMED_MEAN, CADRE_STUDENTIZED, 0, false, 0,
      WEIGHTED },
    { "strata", CADRE_PEARSON, CADRE_NORMAL, 2, false, 0, STRATA },
    { "drawn by label", CADRE_KAPPA, CADRE_BCA, 3, false, 0, BY_LABEL },
    { "extended", CADRE_LOG_LOSS, CADRE_BCA, 1, false, 0, EXTENDED },
    { "folds, basic", CADRE_MEAN, CADRE_BASIC, 0, false, 0, FOLDS },
    { "several at once", CADRE_F1, CADRE_BCA_IF_DEFINED, 0, false, 0, SEVERAL },
    { "several, studentized", CADRE_F1, CADRE_STUDENTIZED, 0, false, 0, SEVERAL },
    { "ROC-AUC, percentile", CADRE_ROC_AUC, CADRE_PERCENTILE, 0, false, 0, ROWS },
    { "ROC-AUC, BCa", CADRE_ROC_AUC, CADRE_BCA, CADRE_SEEDING_SPAWN, false, 0, ROWS },
    { "mean, BCa", CADRE_MEAN, CADRE_BCA, CADRE_SEEDING_DRAW63, false, 0, ROWS },
    { "PR-AUC, basic", CADRE_PR_AUC, CADRE_BASIC, 0, false, 0, ROWS },
    { "Brier, paired", CADRE_BRIER, 0, 0, true, 0, ROWS },
    { "ROC-AUC, paired", CADRE_ROC_AUC, 0, CADRE_SEEDING_SINGLE, true, 0, ROWS },
    { "too many degenerate", CADRE_ROC_AUC, 0, 0, false, 1, ROWS },
};

static int kernel(cadre_task *task, const void *item, void *result)
{
    const cadre_sample *const s = cadre_task_sample(task);
    double sum = 0;

    (void)item;
    if (!s)
        return 1;
    for (size_t i = 0; i < s->n; i++)
        sum += ((const double *)s->data)[s->rows[i]];
    *(double *)result = sum / (double)s->n;
    return 0;
}

static int permute(cadre_interval *out, cadre_pool *pool, const cadre_bootstrap *job,
                   cadre_error *err)
{
    cadre_permutation p;
    const bool related = job->metric.kind == CADRE_SPEARMAN;
    const int rc = cadre_permutation_test(&p, pool, job, a, related ? NULL : b, err);

    memset(out, 0, sizeof *out);
    out->point = p.point;
    out->p_value = p.p_value;
    return rc;
}

/* Bounds stand in for replicates. */
static int bands(cadre_interval *out, cadre_pool *pool, const cadre_bootstrap *job,
                 int curve, cadre_error *err)
{
    cadre_band band;
    const int rc = cadre_bootstrap_curve(&band, pool, job, b, curve, 101, err);

    memset(out, 0, sizeof *out);
    if (rc)
        return rc;
    memcpy(job->replicates, band.low, 101 * sizeof *band.low);
    memcpy(job->replicates + 101, band.high, 101 * sizeof *band.high);
    cadre_band_free(&band);
    return 0;
}

/* The interval of the subject's metric, and the replicates of another. */
static int several(cadre_interval *out, cadre_pool *pool, cadre_bootstrap *job,
                   int method, cadre_error *err)
{
    const cadre_quantity quantities[] = {
        { .metric.kind = CADRE_ROC_AUC, .scores = a, .replicates = job->replicates },
        { .metric.kind = CADRE_ECE_MASS, .scores = b },
        { .metric.kind = CADRE_MEDIAN, .scores = b },
        { .metric = job->metric, .scores = b }
    };
    cadre_interval all[4];

    job->replicates = NULL;
    const int rc =
        cadre_bootstrap_intervals(all, pool, job, quantities, 4, method, err);
    *out = all[3];
    return rc;
}

static int run(cadre_interval *out, const struct subject *s, cadre_pool *pool,
               cadre_bootstrap *job, cadre_error *err)
{
    static const double shares[] = { 0.25, 0.75 };
    const cadre_statistic statistic = { .fn = kernel,
                                        .data = a,
                                        .data_size = sizeof a };
    const cadre_selector selector = { .kind = CADRE_YOUDEN };
    const cadre_validation validation = { 60, labels + 97, a + 97, b + 97 };

    switch (s->way) {
    case WEIGHTED: job->weights = weights; break;
    case CLUSTERS: job->clusters = clusters; break;
    case SUMS:
        job->clusters = clusters;
        job->strata = strata;
        job->stratum_weights = shares;
        job->n_weights = 2;
        break;
    case CLASSES:
        job->class_of = class_of;
        job->classes = 3;
        return cadre_bootstrap_interval(out, pool, job, columns, s->method, err);
    case KERNEL:
        job->resamples = 31;
        return cadre_bootstrap_statistic(out, pool, job, &statistic, s->method, err);
    case POINT:
        job->n = 90;
        job->method = s->method;
        return cadre_bootstrap_operating_point(out, pool, job, &selector, &validation,
                                               a, b, err);
    case SEVERAL: return several(out, pool, job, s->method, err);
    case FOLDS:
        job->method = s->method;
        return cadre_bootstrap_folds(out, pool, job, b, 7, err);
    case WEIGHTED_BANDS: job->weights = weights; /* fallthrough */
    case BANDS: return bands(out, pool, job, s->method, err);
    case STRATA: job->strata = strata; break;
    case BY_LABEL: job->by_label = 3; break;
    case EXTENDED: job->done = 100; break; /* which are all 0 */
    case PERMUTED: return permute(out, pool, job, err);
    case UNTIL:
        job->until_error = 1e-9;
        job->resamples = 100;
        job->most_resamples = RESAMPLES;
        break;
    default: break;
    }
    return s->difference ? cadre_bootstrap_difference(out, pool, job, a, b, err)
                         : cadre_bootstrap_interval(out, pool, job, b, s->method, err);
}

static uint64_t digest(const struct subject *s, cadre_pool *pool, uint64_t chunk)
{
    static double replicates[RESAMPLES];
    uint8_t few[N] = { 0 };
    cadre_bootstrap job = { .metric = { .kind = s->metric, .threshold = 0.5 },
                            .labels = labels,
                            .other = a,
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
    rc = run(&out, s, pool, &job, &err);
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
        if (is_custom()) {
            check(&subjects[i], "custom", (int)contract_workers(), reference);
            continue;
        }
        for (size_t k = 0; k < sizeof backends / sizeof *backends; k++)
            for (size_t w = 0; w < sizeof workers / sizeof *workers; w++)
                if (!contract_without(backends[k]))
                    check(&subjects[i], backends[k], workers[w], reference);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_bootstraps) };

    return cmocka_run_group_tests(tests, make_data, NULL);
}
