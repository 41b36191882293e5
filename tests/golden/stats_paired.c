/* stats_paired.c - differences of two columns: known answers.
 * SPDX-License-Identifier: MIT
 */
#include "golden.h"
#include "stats_case.h"

#include <math.h>
#include <stdio.h>

struct subject {
    cadre_bootstrap b;
    uint8_t *labels;
    double *a, *scores_b;
};

static struct subject read_subject(struct golden *g, const json_t *c)
{
    struct subject s;
    size_t n;
    uint64_t *const labels = golden_u64s(g, c, "in.y", &n);
    const bool bins = !json_is_null(golden_at(g, c, "in.n_bins"));

    s.labels = stats_array(n, 1);
    for (size_t i = 0; i < n; i++)
        s.labels[i] = (uint8_t)labels[i];
    free(labels);
    s.a = golden_doubles(g, c, "in.a", &n);
    s.scores_b = golden_doubles(g, c, "in.b", &n);
    s.b = (cadre_bootstrap){
        .metric = { .kind = cadre_metric_find(golden_text(g, c, "in.metric")),
                    .bins = bins ? (unsigned)golden_u64(g, c, "in.n_bins") : 0 },
        .labels = s.labels,
        .n = n,
        .resamples = golden_u64(g, c, "in.n_resamples"),
        .confidence = golden_double(g, c, "in.confidence"),
        .seed = golden_u64(g, c, "in.seed")
    };
    s.b.replicates = stats_array(s.b.resamples, sizeof(double));
    return s;
}

static void free_subject(struct subject *s)
{
    free(s->labels);
    free(s->a);
    free(s->scores_b);
    free(s->b.replicates);
}

/* What is left when the degenerate ones are taken out; returns how many. */
static size_t keep_usable(double *replicates, size_t n)
{
    size_t usable = 0;

    for (size_t i = 0; i < n; i++)
        if (!isnan(replicates[i]))
            replicates[usable++] = replicates[i];
    return usable;
}

static void check_effect(struct golden *g, const json_t *o, const struct subject *s,
                         const cadre_interval *out)
{
    cadre_effect effect;

    if (!golden_has(o, "mde"))
        return;
    assert_int_equal(cadre_detectable_effect(&effect, out->low, out->high,
                                             s->b.confidence,
                                             golden_double(g, o, "mde.alpha"),
                                             golden_double(g, o, "mde.power"), NULL),
                     0);
    golden_is_double(g, o, "mde.mde", effect.least);
    golden_is_double(g, o, "mde.sigma_delta", effect.sigma);
}

static void check_difference(struct golden *g, const json_t *o, struct subject *s,
                             const cadre_interval *out)
{
    golden_is_double(g, o, "delta", out->point);
    golden_is_double(g, o, "ci_low", out->low);
    golden_is_double(g, o, "ci_high", out->high);
    check_effect(g, o, s, out);
    golden_is_u64(g, o, "overlaps_zero", out->low <= 0 && out->high >= 0);
    golden_is_u64(g, o, "n_resamples_used", out->resamples);
    golden_is_u64(g, o, "failures", out->degenerate);
    const size_t usable = keep_usable(s->b.replicates, s->b.resamples);
    assert_int_equal(usable, out->resamples);
    golden_is_doubles(g, o, "deltas_first8", s->b.replicates, 8);
    golden_is_u64(g, o, "deltas_fnv", golden_fnv_doubles(s->b.replicates, usable));
    stats_same(cadre_deviation(s->b.replicates, usable, 1), out->standard_error,
               "standard error");
}

/* "28/100 resamples degenerate (> 5%)" */
static void check_refusal(struct golden *g, const json_t *o, const struct subject *s,
                          const cadre_interval *out, const cadre_error *err)
{
    unsigned degenerate = 0, of = 0;
    char counts[60];

    assert_int_equal(
        sscanf(golden_text(g, o, "error.message"), "%u/%u", &degenerate, &of), 2);
    assert_int_equal(out->degenerate, degenerate);
    assert_int_equal(out->resamples, of - degenerate);
    assert_int_equal(of, s->b.resamples);
    snprintf(counts, sizeof counts, "%u of %u resamples are degenerate", degenerate,
             of);
    assert_non_null(strstr(err->message, counts));
    assert_true(isfinite(out->point) && isfinite(out->standard_error));
    assert_true(isnan(out->low) && isnan(out->high));
    g->checked += 2;
}

static void known_differences(void **state)
{
    static const struct {
        const char *name;
        int seeding;
    } ways[] = { { "spawn", CADRE_SEEDING_SPAWN },
                 { "spawn", CADRE_SEEDING_DEFAULT },
                 { "single", CADRE_SEEDING_SINGLE },
                 { "draw63", CADRE_SEEDING_DRAW63 } };
    struct golden g;
    const json_t *c;

    (void)state;
    golden_open(&g, "paired.json");
    for (size_t i = 0; (c = golden_case(&g, "paired", i)); i++) {
        struct subject s = read_subject(&g, c);
        for (size_t w = 0; w < 4; w++) {
            const json_t *const o =
                json_object_get(golden_at(&g, c, "out"), ways[w].name);
            cadre_interval out;
            cadre_error err;
            s.b.seeding = ways[w].seeding;
            const int rc = stats_difference(&out, &s.b, s.a, s.scores_b, &err);
            if (rc != (golden_has(o, "error") ? CADRE_EDATA : CADRE_OK))
                fail_msg("%s: %s: %s", g.id, ways[w].name, err.message);
            if (rc)
                check_refusal(&g, o, &s, &out, &err);
            else
                check_difference(&g, o, &s, &out);
        }
        free_subject(&s);
    }
    golden_close(&g);
}

/* ---- against the interval of one column ---- */

static void difference_to_itself(void **state)
{
    enum { N = 40 };
    uint8_t labels[N];
    double scores[N], others[N];
    cadre_rng rng = stats_stream(1);
    cadre_interval out;
    cadre_error err;

    (void)state;
    for (size_t i = 0; i < N; i++) {
        labels[i] = (uint8_t)cadre_rng_below(&rng, 2);
        scores[i] = cadre_rng_uniform(&rng);
        others[i] = 1 + cadre_rng_uniform(&rng);
    }
    for (int kind = 0; kind < CADRE_METRIC_COUNT; kind++) {
        const cadre_bootstrap b = { .metric = { .kind = kind, .threshold = 0.5 },
                                    .labels = labels,
                                    .other = others,
                                    .n = N,
                                    .resamples = 50 };
        assert_int_equal(stats_difference(&out, &b, scores, scores, &err), CADRE_OK);
        stats_same(0, out.point, cadre_metric_name(kind));
        stats_same(0, out.low, cadre_metric_name(kind));
        stats_same(0, out.high, cadre_metric_name(kind));
        stats_same(0, out.standard_error, cadre_metric_name(kind));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_differences),
        cmocka_unit_test(difference_to_itself),
    };
    return cmocka_run_group_tests_name("stats_paired", tests, stats_open, stats_close);
}
