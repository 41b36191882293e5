/* stats_resampling.c - other ways to draw, and to make intervals: known answers.
 * SPDX-License-Identifier: MIT
 *
 * Studentized intervals, samples of two groups, clusters, folds and operating points; on
 * the NULL pool, and on threads with the same bytes.
 */
#include "golden.h"
#include "stats_case.h"

#include <math.h>
#include <stdio.h>

#define NEAR 1e-12

static const struct {
    const char *name;
    int seeding;
} ways[] = { { "spawn", CADRE_SEEDING_SPAWN },
             { "draw63", CADRE_SEEDING_DRAW63 },
             { "single", CADRE_SEEDING_SINGLE } };

static uint8_t *read_bytes(struct golden *g, const json_t *c, const char *path,
                           size_t *n)
{
    uint64_t *const wide = golden_u64s(g, c, path, n);
    uint8_t *const bytes = stats_array(*n, 1);

    for (size_t i = 0; i < *n; i++)
        bytes[i] = (uint8_t)wide[i];
    free(wide);
    return bytes;
}

static size_t keep_usable(double *values, size_t n)
{
    size_t usable = 0;

    for (size_t i = 0; i < n; i++)
        if (!isnan(values[i]))
            values[usable++] = values[i];
    return usable;
}

/* ---- studentized ---- */

static void check_studentized(struct golden *g, const json_t *o, cadre_bootstrap *b,
                              const double *scores)
{
    cadre_interval out;
    cadre_error err;
    const int rc = stats_interval(&out, b, scores, CADRE_STUDENTIZED, &err);

    if (golden_has(o, "error")) {
        assert_int_equal(rc, CADRE_EDATA);
        return;
    }
    if (rc)
        fail_msg("%s: %s", g->id, err.message);
    golden_is_double(g, o, "point", out.point);
    golden_is_double(g, o, "ci_low", out.low);
    golden_is_double(g, o, "ci_high", out.high);
    golden_is_double(g, o, "se_overall", out.standard_error);
    golden_is_u64(g, o, "n_valid", out.resamples);
    size_t usable = 0;
    for (size_t i = 0; i < b->resamples; i++)
        if (!isnan(b->replicates[i]))
            b->errors[usable++] = b->errors[i];
    assert_int_equal(keep_usable(b->replicates, b->resamples), usable);
    golden_is_u64(g, o, "theta_fnv", golden_fnv_doubles(b->replicates, usable));
    golden_is_u64(g, o, "se_fnv", golden_fnv_doubles(b->errors, usable));
}

static void known_studentized(void **state)
{
    struct golden g;
    const json_t *c;
    size_t n;

    (void)state;
    golden_open(&g, "bootstrap_ci.json");
    for (size_t i = 0; (c = golden_case(&g, "cases", i)); i++) {
        if (strcmp(golden_text(&g, c, "in.method"), "studentized") != 0)
            continue;
        uint8_t *const labels = read_bytes(&g, c, "in.y", &n);
        double *const scores = golden_doubles(&g, c, "in.s", &n);
        cadre_bootstrap b = { .metric.kind =
                                  cadre_metric_find(golden_text(&g, c, "in.metric")),
                              .labels = labels,
                              .n = n,
                              .resamples = golden_u64(&g, c, "in.n_resamples"),
                              .confidence = golden_double(&g, c, "in.confidence"),
                              .seed = golden_u64(&g, c, "in.seed") };
        b.replicates = stats_array(b.resamples, sizeof(double));
        b.errors = stats_array(b.resamples, sizeof(double));
        for (size_t w = 0; w < 2; w++) {
            b.seeding = ways[w].seeding;
            check_studentized(
                &g, json_object_get(golden_at(&g, c, "out"), ways[w].name), &b, scores);
        }
        free(labels);
        free(scores);
        free(b.replicates);
        free(b.errors);
    }
    golden_close(&g);
}

/* ---- two samples ---- */

static int method_of(const char *name)
{
    return strcmp(name, "BCa") == 0 ? CADRE_BCA : cadre_interval_method_find(name);
}

static void check_bounds(struct golden *g, const json_t *c, const cadre_bootstrap *b,
                         const cadre_interval *out, int method)
{
    const double tail = (1 - b->confidence) / 2, near = method == CADRE_BCA ? NEAR : 0;
    double low = tail, high = 1 - tail;

    cadre_sort(b->replicates, b->resamples);
    if (method == CADRE_BCA) {
        low = out->low_level;
        high = out->high_level;
    }
    low = cadre_quantile(b->replicates, b->resamples, low * 100 / 100,
                         CADRE_QUANTILE_NUMPY);
    high = cadre_quantile(b->replicates, b->resamples, high * 100 / 100,
                          CADRE_QUANTILE_NUMPY);
    if (method == CADRE_BASIC) {
        const double mirrored = 2 * out->point - high;
        high = 2 * out->point - low;
        low = mirrored;
    }
    golden_is_near(g, c, "out.ci_low", low, near);
    golden_is_near(g, c, "out.ci_high", high, near);
}

/* The first sample has label 1: the statistic is its mean less the other's. As a stratum it
 * comes first. */
static void known_two_samples(void **state)
{
    struct golden g;
    const json_t *c;

    (void)state;
    golden_open(&g, "bootstrap_ci.json");
    for (size_t i = 0; (c = golden_case(&g, "multi", i)); i++) {
        if (golden_count(&g, c, "in.samples") != 2)
            continue;
        size_t first, second;
        double *const x = golden_doubles(&g, c, "in.samples.0", &first);
        double *const y = golden_doubles(&g, c, "in.samples.1", &second);
        const size_t n = first + second;
        double *const scores = stats_array(n, sizeof *scores);
        uint8_t *const labels = stats_array(n, 1);
        uint32_t *const strata = stats_array(n, sizeof *strata);
        const int method = method_of(golden_text(&g, c, "in.method"));
        const bool all = json_is_null(golden_at(&g, c, "in.batch"));
        cadre_interval out;
        cadre_error err;

        memcpy(scores, x, first * sizeof *x);
        memcpy(scores + first, y, second * sizeof *y);
        memset(labels, 1, first);
        for (size_t row = first; row < n; row++)
            strata[row] = 1;
        cadre_bootstrap b = { .metric.kind = CADRE_GROUP_DIFFERENCE,
                              .labels = labels,
                              .n = n,
                              .resamples = golden_u64(&g, c, "in.n_resamples"),
                              .confidence = golden_double(&g, c, "in.confidence"),
                              .seed = golden_u64(&g, c, "in.seed"),
                              .seeding = CADRE_SEEDING_SINGLE,
                              .strata = strata,
                              .batch = all ? 0 : golden_u64(&g, c, "in.batch") };
        b.replicates = stats_array(b.resamples, sizeof(double));
        if (stats_interval(&out, &b, scores, method, &err))
            fail_msg("%s: %s", g.id, err.message);
        golden_is_doubles(&g, c, "out.theta_first8", b.replicates, 8);
        golden_is_u64(&g, c, "out.theta_fnv",
                      golden_fnv_doubles(b.replicates, b.resamples));
        golden_is_double(&g, c, "out.standard_error", out.standard_error);
        check_bounds(&g, c, &b, &out, method);
        free(x);
        free(y);
        free(scores);
        free(labels);
        free(strata);
        free(b.replicates);
    }
    golden_close(&g);
}

/* ---- clusters ---- */

struct clustered {
    cadre_bootstrap b;
    uint8_t *labels;
    double *scores, *weights;
    uint32_t *strata, *clusters;
};

static size_t rows_of(struct golden *g, const json_t *c)
{
    const size_t strata = golden_count(g, c, "in.strata");
    size_t sum = 0;

    for (size_t k = 0; k < strata; k++) {
        char path[40];
        snprintf(path, sizeof path, "in.strata.%zu.y", k);
        sum += golden_count(g, c, path);
    }
    return sum;
}

static void read_stratum(struct golden *g, const json_t *c, struct clustered *s,
                         size_t k, size_t *row)
{
    char path[40];
    size_t n;

    snprintf(path, sizeof path, "in.strata.%zu.y", k);
    uint8_t *const labels = read_bytes(g, c, path, &n);
    snprintf(path, sizeof path, "in.strata.%zu.s", k);
    double *const scores = golden_doubles(g, c, path, &n);
    snprintf(path, sizeof path, "in.strata.%zu.g", k);
    uint64_t *const groups = golden_u64s(g, c, path, &n);
    for (size_t i = 0; i < n; i++, ++*row) {
        s->labels[*row] = labels[i];
        s->scores[*row] = scores[i];
        s->clusters[*row] = (uint32_t)groups[i];
        s->strata[*row] = (uint32_t)k;
    }
    free(labels);
    free(scores);
    free(groups);
}

static struct clustered read_clustered(struct golden *g, const json_t *c)
{
    const size_t n = rows_of(g, c), strata = golden_count(g, c, "in.strata");
    struct clustered s = { .labels = stats_array(n, 1),
                           .scores = stats_array(n, sizeof(double)),
                           .strata = stats_array(n, sizeof(uint32_t)),
                           .clusters = stats_array(n, sizeof(uint32_t)) };
    size_t row = 0, listed, weights;
    uint64_t *const labels = golden_u64s(g, c, "in.resample_labels", &listed);

    for (size_t k = 0; k < strata; k++)
        read_stratum(g, c, &s, k, &row);
    s.weights = golden_doubles(g, c, "in.combine_weights", &weights);
    s.b = (cadre_bootstrap){
        .metric.kind = cadre_metric_find(golden_text(g, c, "in.metric")),
        .labels = s.labels,
        .n = n,
        .resamples = golden_u64(g, c, "in.n_resamples"),
        .confidence = golden_double(g, c, "in.confidence"),
        .seed = golden_u64(g, c, "in.seed"),
        .clusters = s.clusters,
        .replicates = stats_array(golden_u64(g, c, "in.n_resamples"), sizeof(double))
    };
    if (strata > 1) {
        s.b.strata = s.strata;
        s.b.stratum_weights = s.weights;
        s.b.n_weights = strata;
    }
    for (size_t i = 0; i < listed; i++)
        s.b.by_label |= 1u << labels[i];
    free(labels);
    return s;
}

static void known_clusters(void **state)
{
    struct golden g;
    const json_t *c;

    (void)state;
    golden_open(&g, "misc.json");
    for (size_t i = 0; (c = golden_case(&g, "cluster", i)); i++) {
        struct clustered s = read_clustered(&g, c);
        for (size_t w = 0; w < 2; w++) {
            const json_t *const o =
                json_object_get(golden_at(&g, c, "out"), ways[w].name);
            cadre_interval out;
            cadre_error err;
            s.b.seeding = ways[w].seeding;
            if (stats_interval(&out, &s.b, s.scores, CADRE_PERCENTILE, &err))
                fail_msg("%s: %s", g.id, err.message);
            golden_is_double(&g, o, "point", out.point);
            golden_is_double(&g, o, "ci_low", out.low);
            golden_is_double(&g, o, "ci_high", out.high);
            golden_is_u64(&g, o, "n_resamples_used", out.resamples);
            golden_is_doubles(&g, o, "theta_first8", s.b.replicates, 8);
            golden_is_u64(&g, o, "theta_fnv",
                          golden_fnv_doubles(s.b.replicates, s.b.resamples));
        }
        free(s.labels);
        free(s.scores);
        free(s.weights);
        free(s.strata);
        free(s.clusters);
        free(s.b.replicates);
    }
    golden_close(&g);
}

/* ---- folds ---- */

static void known_folds(void **state)
{
    struct golden g;
    const json_t *c;
    cadre_interval out, again;
    cadre_error err;
    size_t k;

    (void)state;
    golden_open(&g, "misc.json");
    for (size_t i = 0; (c = golden_case(&g, "folds", i)); i++) {
        double *const values = golden_doubles(&g, c, "in.fold_metrics", &k);
        double means[1000];
        const cadre_bootstrap b = { .resamples = golden_u64(&g, c, "in.n_resamples"),
                                    .confidence = golden_double(&g, c, "in.confidence"),
                                    .seed = golden_u64(&g, c, "in.seed"),
                                    .replicates = means };
        assert_true(b.resamples <= 1000);
        if (cadre_bootstrap_folds(&out, NULL, &b, values, k, &err))
            fail_msg("%s: %s", g.id, err.message);
        golden_is_double(&g, c, "out.block.point", out.point);
        golden_is_double(&g, c, "out.block.ci_low", out.low);
        golden_is_double(&g, c, "out.block.ci_high", out.high);
        golden_is_doubles(&g, c, "out.block.means_first8", means, 8);
        golden_is_u64(&g, c, "out.block.means_fnv",
                      golden_fnv_doubles(means, b.resamples));
        assert_int_equal(
            cadre_bootstrap_folds(&again, stats_pool(), &b, values, k, &err), 0);
        assert_memory_equal(&again, &out, sizeof out);
        free(values);
    }
    golden_close(&g);
}

/* ---- operating points ---- */

struct fitted {
    cadre_bootstrap b;
    cadre_selector selector;
    cadre_validation v;
    uint8_t *labels[2];
    double *scores[4];
};

static struct fitted read_fitted(struct golden *g, const json_t *c)
{
    struct fitted f;

    char name[20] = { 0 };
    size_t n;

    memset(&f, 0, sizeof f);
    f.labels[0] = read_bytes(g, c, "in.vy", &f.v.n);
    f.labels[1] = read_bytes(g, c, "in.ty", &f.b.n);
    f.scores[0] = golden_doubles(g, c, "in.va", &n);
    f.scores[1] = golden_doubles(g, c, "in.vb", &n);
    f.scores[2] = golden_doubles(g, c, "in.ta", &n);
    f.scores[3] = golden_doubles(g, c, "in.tb", &n);
    f.v.labels = f.labels[0];
    f.v.scores_a = f.scores[0];
    f.v.scores_b = f.scores[1];
    f.b.labels = f.labels[1];
    f.b.metric.kind = cadre_metric_find(golden_text(g, c, "in.metric"));
    f.b.resamples = golden_u64(g, c, "in.n_resamples");
    f.b.confidence = golden_double(g, c, "in.confidence");
    f.b.seed = golden_u64(g, c, "in.seed");
    f.b.replicates = stats_array(f.b.resamples, sizeof(double));
    sscanf(golden_text(g, c, "in.selector"), "%19[^:]:%lf", name, &f.selector.target);
    f.selector.kind = cadre_selector_find(name);
    return f;
}

static void free_fitted(struct fitted *f)
{
    for (size_t k = 0; k < 4; k++)
        free(f->scores[k]);
    free(f->labels[0]);
    free(f->labels[1]);
    free(f->b.replicates);
}

static int run_fitted(cadre_interval *out, const struct fitted *f, cadre_pool *pool,
                      cadre_error *err)
{
    return cadre_bootstrap_operating_point(out, pool, &f->b, &f->selector, &f->v,
                                           f->scores[2], f->scores[3], err);
}

static void check_fitted(struct golden *g, const json_t *o, const struct fitted *f)
{
    cadre_interval out, again;
    cadre_error err;
    const int rc = run_fitted(&again, f, stats_pool(), NULL);

    assert_int_equal(run_fitted(&out, f, NULL, &err), rc);
    assert_memory_equal(&again, &out, sizeof out);
    if (rc != (golden_has(o, "error") ? CADRE_EDATA : CADRE_OK))
        fail_msg("%s: %s", g->id, err.message);
    if (rc)
        return;
    golden_is_double(g, o, "delta", out.point);
    golden_is_double(g, o, "ci_low", out.low);
    golden_is_double(g, o, "ci_high", out.high);
    golden_is_u64(g, o, "n_resamples_used", out.resamples);
    golden_is_u64(g, o, "failures", out.degenerate);
    golden_is_u64(g, o, "overlaps_zero", out.low <= 0 && out.high >= 0);
    const size_t usable = keep_usable(f->b.replicates, f->b.resamples);
    golden_is_doubles(g, o, "deltas_first8", f->b.replicates, 8);
    golden_is_u64(g, o, "deltas_fnv", golden_fnv_doubles(f->b.replicates, usable));
}

static void known_operating_points(void **state)
{
    struct golden g;
    const json_t *c;

    (void)state;
    golden_open(&g, "paired.json");
    for (size_t i = 0; (c = golden_case(&g, "op_point", i)); i++) {
        struct fitted f = read_fitted(&g, c);
        for (size_t w = 0; w < 3; w++) {
            f.b.seeding = ways[w].seeding;
            check_fitted(&g, json_object_get(golden_at(&g, c, "out"), ways[w].name),
                         &f);
        }
        free_fitted(&f);
    }
    golden_close(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_studentized),      cmocka_unit_test(known_two_samples),
        cmocka_unit_test(known_clusters),         cmocka_unit_test(known_folds),
        cmocka_unit_test(known_operating_points),
    };
    return cmocka_run_group_tests_name("stats_resampling", tests, stats_open,
                                       stats_close);
}
