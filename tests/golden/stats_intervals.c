/* stats_intervals.c - bootstrap intervals: known answers.
 * SPDX-License-Identifier: MIT
 *
 * Studentized ones, and two samples, are in stats_resampling.c. ci_low and ci_high are
 * quantiles as SciPy < 1.17 took them: they are compared with those of the replicates, and
 * ours with *_scipy117.
 */
#include "golden.h"
#include "stats/fail.h"
#include "stats/metrics/jackknife.h"
#include "stats_case.h"

#include <math.h>

#define NEAR 1e-12 /* what follows from BCa's pow */

struct subject {
    cadre_bootstrap b;
    uint8_t *labels;
    double *scores;
    int method;
};

static int method_of(const char *name)
{
    static const char *const names[] = { "percentile", "basic", "BCa" };

    for (int method = CADRE_PERCENTILE; method <= CADRE_BCA; method++)
        if (strcmp(name, names[method]) == 0)
            return method;
    return -1;
}

/* `data` has y, if there are labels; `scores` is where in it the scores are. */
static struct subject read_subject(struct golden *g, const json_t *c,
                                   const json_t *data, const char *scores, int kind)
{
    struct subject s = { .method = method_of(golden_text(g, c, "in.method")) };
    size_t n;

    s.scores = golden_doubles(g, data, scores, &n);
    s.labels = stats_array(n, 1);
    for (size_t i = 0; golden_has(data, "y") && i < n; i++)
        s.labels[i] =
            (uint8_t)json_integer_value(json_array_get(golden_at(g, data, "y"), i));
    s.b = (cadre_bootstrap){ .metric.kind = kind,
                             .labels = s.labels,
                             .n = n,
                             .resamples = golden_u64(g, c, "in.n_resamples"),
                             .confidence = golden_double(g, c, "in.confidence"),
                             .seed = golden_u64(g, c, "in.seed") };
    s.b.replicates = stats_array(s.b.resamples, sizeof(double));
    return s;
}

static void free_subject(struct subject *s)
{
    free(s->labels);
    free(s->scores);
    free(s->b.replicates);
}

/* Every positive is ahead of every negative, and so it is in each resample: theirs has
 * sums that are off by a last bit, ours says what there is. */
static bool is_perfect(const struct golden *g)
{
    return strstr(g->id, "perfect24_roc_auc") != NULL;
}

static void check_perfect(const struct subject *s, const cadre_interval *out)
{
    stats_same(1, out->point, "point");
    stats_same(0, out->standard_error, "standard error");
    if (s->method == CADRE_PERCENTILE || s->method == CADRE_BASIC) {
        stats_same(1, out->low, "low");
        stats_same(1, out->high, "high");
    }
}

/* ---- parts of a known answer ---- */

static void check_replicates(struct golden *g, const json_t *c, const char *first8,
                             const char *fnv, const struct subject *s)
{
    if (golden_has(c, first8))
        golden_is_doubles(g, c, first8, s->b.replicates, 8);
    golden_is_u64(g, c, fnv, golden_fnv_doubles(s->b.replicates, s->b.resamples));
}

/* The rows that all resamples draw, one after another. */
static void check_rows(struct golden *g, const json_t *c, const struct subject *s)
{
    const size_t n = s->b.n * s->b.resamples;
    uint32_t *const rows = stats_array(n, sizeof *rows);
    uint64_t *const wide = stats_array(n, sizeof *wide);
    cadre_rng rng = stats_stream(s->b.seed);

    cadre_rng_indices(&rng, rows, n, (uint32_t)s->b.n);
    for (size_t i = 0; i < n; i++)
        wide[i] = rows[i];
    golden_is_u64(g, c, "out.index_fnv", golden_fnv(wide, n));
    free(rows);
    free(wide);
}

static void check_bca(struct golden *g, const json_t *c, const cadre_interval *out)
{
    golden_is_double(g, c, "out.bca.theta_hat", out->point);
    golden_is_double(g, c, "out.bca.z0", out->bias);
    golden_is_near(g, c, "out.bca.a_hat", out->acceleration, NEAR);
    golden_is_near(g, c, "out.bca.alpha_1", out->low_level, NEAR);
    golden_is_near(g, c, "out.bca.alpha_2", out->high_level, NEAR);
}

/* ci_low and ci_high, by NumPy's quantiles of 100 times the level. */
static void check_older_bounds(struct golden *g, const json_t *c,
                               const struct subject *s, const cadre_interval *out)
{
    const size_t n = s->b.resamples;
    const double tail = (1 - s->b.confidence) / 2, near = out->bias != 0 ? NEAR : 0;
    double *const sorted = stats_array(n, sizeof *sorted);
    double low = s->method == CADRE_BCA ? out->low_level : tail;
    double high = s->method == CADRE_BCA ? out->high_level : 1 - tail;

    memcpy(sorted, s->b.replicates, n * sizeof *sorted);
    cadre_sort(sorted, n);
    low = cadre_quantile(sorted, n, low * 100 / 100, CADRE_QUANTILE_NUMPY);
    high = cadre_quantile(sorted, n, high * 100 / 100, CADRE_QUANTILE_NUMPY);
    if (s->method == CADRE_BASIC) {
        const double mirrored = 2 * out->point - high;
        high = 2 * out->point - low;
        low = mirrored;
    }
    golden_is_near(g, c, "out.ci_low", low, near);
    golden_is_near(g, c, "out.ci_high", high, near);
    free(sorted);
}

/* Scores that cannot tell the rows apart have no BCa: both bounds are NaN. */
static void run(struct golden *g, const json_t *c, const struct subject *s,
                cadre_interval *out)
{
    cadre_error err;
    const int rc = stats_interval(out, &s->b, s->scores, s->method, &err);
    const bool undefined =
        golden_has(c, "out.bca.a_hat") && isnan(golden_double(g, c, "out.bca.a_hat"));

    if (rc != (undefined ? CADRE_EDATA : CADRE_OK))
        fail_msg("%s: %s", g->id, err.message);
    assert_int_equal(out->resamples, s->b.resamples);
    assert_int_equal(out->degenerate, 0);
}

static void known_intervals(void **state)
{
    struct golden g;
    const json_t *c;

    (void)state;
    golden_open(&g, "bootstrap_ci.json");
    for (size_t i = 0; (c = golden_case(&g, "cases", i)); i++) {
        if (method_of(golden_text(&g, c, "in.method")) < 0)
            continue; /* studentized */
        struct subject s =
            read_subject(&g, c, golden_at(&g, c, "in"), "s",
                         cadre_metric_find(golden_text(&g, c, "in.metric")));
        const double near = s.method == CADRE_BCA ? NEAR : 0;
        cadre_interval out;
        run(&g, c, &s, &out);
        golden_is_double(&g, c, "out.point", out.point);
        check_rows(&g, c, &s);
        check_replicates(&g, c, "out.theta_b_first8", "out.theta_b_fnv", &s);
        if (is_perfect(&g)) {
            check_perfect(&s, &out);
            free_subject(&s);
            continue;
        }
        golden_is_double(&g, c, "out.standard_error", out.standard_error);
        if (s.method == CADRE_BCA)
            check_bca(&g, c, &out);
        golden_is_near(&g, c, "out.ci_low_scipy117", out.low, near);
        golden_is_near(&g, c, "out.ci_high_scipy117", out.high, near);
        check_older_bounds(&g, c, &s, &out);
        free_subject(&s);
    }
    golden_close(&g);
}

static void known_intervals_of_means(void **state)
{
    struct golden g;
    const json_t *c;

    (void)state;
    golden_open(&g, "bootstrap_ci.json");
    for (size_t i = 0; (c = golden_case(&g, "multi", i)); i++) {
        if (golden_count(&g, c, "in.samples") > 1)
            continue;
        struct subject s =
            read_subject(&g, c, golden_at(&g, c, "in"), "samples.0", CADRE_MEAN);
        cadre_interval out;
        s.b.labels = NULL;
        run(&g, c, &s, &out);
        golden_is_double(&g, c, "out.standard_error", out.standard_error);
        check_replicates(&g, c, "out.theta_first8", "out.theta_fnv", &s);
        check_older_bounds(&g, c, &s, &out);
        free_subject(&s);
    }
    golden_close(&g);
}

static void known_published_intervals(void **state)
{
    struct golden g;
    const json_t *c;

    (void)state;
    golden_open(&g, "eval_toolkit_cases.json");
    for (size_t i = 0; (c = golden_case(&g, "cases", i)); i++) {
        const json_t *const data = json_object_get(golden_at(&g, g.root, "datasets"),
                                                   golden_text(&g, c, "in.data"));
        struct subject s = read_subject(
            &g, c, data, "s", cadre_metric_find(golden_text(&g, c, "in.metric")));
        cadre_interval out;
        run(&g, c, &s, &out);
        golden_is_double(&g, c, "out.point", out.point);
        check_replicates(&g, c, "out.theta_b_first8", "out.theta_b_fnv", &s);
        if (s.method == CADRE_BCA)
            check_bca(&g, c, &out);
        check_older_bounds(&g, c, &s, &out);
        free_subject(&s);
    }
    golden_close(&g);
}

/* ---- the jackknife, which the interface does not show ---- */

static void check_jackknife(struct golden *g, const json_t *c, const struct subject *s,
                            cadre_pool *pool)
{
    const struct cdr_subject subject = {
        .metric = s->b.metric,
        .rows = { .n = s->b.n, .labels = s->labels, .scores = s->scores }
    };
    double *const without = stats_array(s->b.n, sizeof *without);
    struct cdr_study study;

    assert_int_equal(cdr_study_open(&study, &subject, NULL), CADRE_OK);
    assert_int_equal(cdr_jackknife(without, &study, pool, NULL), CADRE_OK);
    golden_is_doubles(g, c, "out.bca.loo_first4", without, 4);
    golden_is_u64(g, c, "out.bca.loo_fnv", golden_fnv_doubles(without, s->b.n));
    cdr_study_close(&study);
    free(without);
}

static void known_jackknives(void **state)
{
    struct golden g;
    const json_t *c;

    (void)state;
    golden_open(&g, "bootstrap_ci.json");
    for (size_t i = 0; (c = golden_case(&g, "cases", i)); i++) {
        if (!golden_has(c, "out.bca.loo_fnv"))
            continue;
        struct subject s =
            read_subject(&g, c, golden_at(&g, c, "in"), "s",
                         cadre_metric_find(golden_text(&g, c, "in.metric")));
        check_jackknife(&g, c, &s, NULL);
        check_jackknife(&g, c, &s, stats_pool());
        free_subject(&s);
    }
    golden_close(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_intervals),
        cmocka_unit_test(known_intervals_of_means),
        cmocka_unit_test(known_published_intervals),
        cmocka_unit_test(known_jackknives),
    };
    return cmocka_run_group_tests_name("stats_intervals", tests, stats_open,
                                       stats_close);
}
