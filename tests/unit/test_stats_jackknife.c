/* test_stats_jackknife.c - leaving rows out one by one, against leaving them out.
 * SPDX-License-Identifier: MIT
 *
 * The jackknife knows shortcuts; cdr_study_without works the value out from the rows
 * that are left. Bits must be the same.
 */
#include "stats/metrics/jackknife.h"
#include "stats_case.h"

#include <math.h>
#include <stdio.h>

struct rows {
    size_t n;
    uint8_t *labels;
    double *scores, *other, *weights;
};

static struct rows new_rows(size_t n)
{
    return (struct rows){ n, stats_array(n, 1), stats_array(n, sizeof(double)),
                          stats_array(n, sizeof(double)),
                          stats_array(n, sizeof(double)) };
}

static void free_rows(struct rows *rows)
{
    free(rows->labels);
    free(rows->scores);
    free(rows->other);
    free(rows->weights);
}

/* Sums of squares and products less what a row adds are not those of the rest, and nor are
 * running sums. */
static bool is_exact(const struct cdr_measure *m)
{
    const int kind = m->metric.kind;

    if (m->weights)
        return cdr_family_of(kind) == &cdr_averages || !cdr_omission_of(m) ||
               kind == CADRE_MEDIAN || kind == CADRE_QUANTILE;
    return kind != CADRE_TRIMMED_MEAN && kind != CADRE_PARTIAL_AUC &&
           kind != CADRE_ECE_TIES && kind != CADRE_MCE && kind != CADRE_MCE_MASS &&
           cdr_family_of(kind) != &cdr_moments;
}

static void compare(const struct cdr_study *s, const double *without)
{
    void *const memory = stats_array(cdr_study_workspace_size(s, s->n), 1);
    struct cdr_workspace work = cdr_study_workspace(s, memory, s->n);
    const size_t stride = s->n > 10000 ? 1009 : s->n > 200 ? 23 : 1;
    char what[100];

    for (size_t row = 0; row < s->n; row += stride) {
        snprintf(what, sizeof what, "%s of %zu rows without row %zu", cdr_study_name(s),
                 s->n, row);
        const double expected = cdr_study_without(s, &work, row);
        if (is_exact(&s->column[0]) || isnan(expected))
            stats_same(expected, without[row], what);
        else if (!(fabs(expected - without[row]) <= 1e-11 * fmax(1, fabs(expected))))
            fail_msg("%s: expected %.17g, got %.17g", what, expected, without[row]);
    }
    free(memory);
}

static void check_metric(const struct rows *rows, cadre_metric metric, bool weighs,
                         cadre_pool *pool)
{
    const struct cdr_subject subject = { .metric = metric,
                                         .rows = { .n = rows->n,
                                                   .labels = rows->labels,
                                                   .scores = rows->scores,
                                                   .other = rows->other,
                                                   .weights = weighs ? rows->weights
                                                                     : NULL } };
    double *const without = stats_array(rows->n, sizeof *without);
    struct cdr_study study;
    cadre_error err;

    assert_int_equal(cdr_study_open(&study, &subject, &err), 0);
    assert_int_equal(cdr_jackknife(without, &study, pool, &err), CADRE_OK);
    compare(&study, without);
    cdr_study_close(&study);
    free(without);
}

/* Else each row left out costs as much as all rows. */
static bool is_quick(int kind)
{
    const struct cdr_measure m = { .metric.kind = kind };

    return cdr_omission_of(&m) != NULL || cdr_family_of(kind) == &cdr_decisions;
}

static bool is_quick_weighted(const struct rows *rows, int kind)
{
    const struct cdr_measure m = { .metric.kind = kind,
                                   .n = rows->n,
                                   .labels = rows->labels,
                                   .weights = rows->weights,
                                   .weighs = true };

    return cdr_omission_of(&m) != NULL;
}

static void check(struct rows rows, cadre_pool *pool)
{
    for (int kind = 0; kind < CADRE_METRIC_COUNT; kind++) {
        const cadre_metric metric = { .kind = kind, .threshold = 0.5, .bins = 4 };
        if (rows.n <= 3000 || is_quick(kind))
            check_metric(&rows, metric, false, pool);
        if (cdr_metric_weighs(kind) &&
            (rows.n <= 200 || is_quick_weighted(&rows, kind)))
            check_metric(&rows, metric, true, pool);
    }
    free_rows(&rows);
}

static struct rows random_rows(cadre_rng *rng, size_t n, double prevalence,
                               unsigned grid)
{
    struct rows rows = new_rows(n);

    for (size_t i = 0; i < n; i++) {
        rows.labels[i] = cadre_rng_uniform(rng) < prevalence;
        rows.scores[i] = cadre_rng_uniform(rng);
        rows.weights[i] = (double)cadre_rng_below(rng, 4) * cadre_rng_uniform(rng);
        rows.other[i] = floor(10 * (rows.scores[i] + cadre_rng_uniform(rng)));
        if (grid)
            rows.scores[i] = floor(rows.scores[i] * grid) / grid;
    }
    return rows;
}

static void random_curves(void **state)
{
    static const unsigned grids[] = { 0, 1, 2, 4, 30, 400 };
    cadre_rng rng = stats_stream(3);

    (void)state;
    for (size_t g = 0; g < 6; g++) {
        for (size_t n = 4 + g % 3; n < 40; n += 3)
            for (unsigned tenths = 1; tenths < 10; tenths += 2)
                check(random_rows(&rng, n, tenths / 10.0, grids[g]), NULL);
        check(random_rows(&rng, 128 + g, 0.5, grids[g]), stats_pool());
        check(random_rows(&rng, 1000, 0.3, grids[g]), stats_pool());
        check(random_rows(&rng, 3000, 0.9, grids[g]), stats_pool());
    }
    check(random_rows(&rng, 30000, 0.5, 0), stats_pool());
    check(random_rows(&rng, 30000, 0.5, 3000), stats_pool());
}

/* Every order of labels in steps of one and of two rows: all ways for a corner to come
 * or go at the ends. */
static void all_small_curves(void **state)
{
    enum { STEPS = 5 };

    (void)state;
    for (unsigned pattern = 0; pattern < 1u << 2 * STEPS; pattern++) {
        struct rows rows = new_rows(2 * STEPS);
        size_t n = 0;
        for (unsigned k = 0; k < STEPS; k++)
            for (unsigned two = 0; two <= (pattern >> (STEPS + k) & 1); two++) {
                rows.labels[n] = pattern >> k & 1;
                rows.scores[n++] = k / 8.0;
            }
        rows.n = n;
        check_metric(&rows, (cadre_metric){ .kind = CADRE_ROC_AUC }, false, NULL);
        check_metric(&rows, (cadre_metric){ .kind = CADRE_PR_AUC }, false, NULL);
        free_rows(&rows);
    }
}

/* Long straight stretches, and steps of both classes. */
static void stairs(void **state)
{
    (void)state;
    for (size_t length = 1; length < 40; length += 3) {
        struct rows one_each = new_rows(900), both = new_rows(900);
        for (size_t i = 0; i < 900; i++) {
            one_each.weights[i] = both.weights[i] = (double)(i % 5) / 2;
            one_each.labels[i] = i / length % 2;
            one_each.scores[i] = (double)i / 1000;
            both.labels[i] = i % 3 == 0;
            both.scores[i] = (double)(i / length) / 1000;
        }
        check(one_each, NULL);
        check(both, NULL);
    }
}

/* Without the only positive row there is no ROC curve. */
static void the_last_of_its_class(void **state)
{
    struct rows rows = new_rows(12);
    double without[12];
    struct cdr_study study;
    cadre_error err;

    (void)state;
    rows.labels[7] = 1;
    for (size_t i = 0; i < 12; i++)
        rows.scores[i] = (double)(i + 1) / 16;
    for (int kind = 0; kind < CADRE_METRIC_COUNT; kind++) {
        const cadre_metric metric = { .kind = kind };
        const struct cdr_subject subject = { .metric = metric,
                                             .rows = { .n = 12,
                                                       .labels = rows.labels,
                                                       .scores = rows.scores,
                                                       .other = rows.other } };
        assert_int_equal(cdr_study_open(&study, &subject, &err), 0);
        assert_int_equal(cdr_jackknife(without, &study, stats_pool(), &err), CADRE_OK);
        if (study.two_classes)
            for (size_t row = 0; row < 12; row++)
                assert_int_equal(isnan(without[row]), row == 7);
        cdr_study_close(&study);
    }
    free_rows(&rows);
}

/* ---- weights ---- */

enum weighing { TENTHS, THIRDS, SKEWED, GIANTS, ALIKE, WEIGHINGS };

static double any_weight(cadre_rng *rng, enum weighing how, size_t row)
{
    const double u = cadre_rng_uniform(rng);

    switch (how) {
    case TENTHS: return (double)cadre_rng_below(rng, 5) / 10;
    case THIRDS: return (double)(1 + cadre_rng_below(rng, 3)) / 3;
    case SKEWED: return pow(10, 12 * u - 6);
    case GIANTS: return row % 97 == 5 ? 1e9 * u : u;
    default: return 0.1;
    }
}

/* Shares that are the same but for last bits, and weights next to which others are lost. */
static void awkward_weights(void **state)
{
    static const unsigned grids[] = { 0, 5, 60 };
    static const size_t sizes[] = { 11, 20, 31, 120, 1001 };
    cadre_rng rng = stats_stream(8);

    (void)state;
    for (int how = 0; how < WEIGHINGS; how++)
        for (size_t g = 0; g < 3; g++)
            for (size_t k = 0; k < 5; k++) {
                struct rows rows = random_rows(&rng, sizes[k], 0.4, grids[g]);
                for (size_t row = 0; row < rows.n; row++)
                    rows.weights[row] = any_weight(&rng, how, row);
                for (int kind = 0; kind < CADRE_METRIC_COUNT; kind++)
                    if (cdr_metric_weighs(kind))
                        check_metric(&rows,
                                     (cadre_metric){ .kind = kind,
                                                     .threshold = 0.5,
                                                     .level = k % 2 ? 0.25 : 0,
                                                     .bins = k % 2 ? 5 : 10 },
                                     true, stats_pool());
                free_rows(&rows);
            }
}

/* How many rows are left to be worked out by themselves. */
static size_t count_left(const struct rows *rows, int kind)
{
    const cadre_metric metric = { .kind = kind, .threshold = 0.5 };
    const cadre_rows all = { .n = rows->n,
                             .labels = rows->labels,
                             .scores = rows->scores,
                             .other = rows->other,
                             .weights = rows->weights };
    struct cdr_measure m;
    size_t left = 0;

    assert_true(cdr_measure_open(&m, &metric, &all));
    const struct cdr_omission *const way = cdr_omission_of(&m);
    assert_non_null(way);
    void *const opened = way->open(&m);
    assert_non_null(opened);
    for (size_t row = 0; row < rows->n; row++)
        left += isinf(way->without(opened, row)) != 0;
    way->close(opened);
    cdr_measure_close(&m);
    return left;
}

/* So that leaving out each row of n costs n log n, whatever ties there are. */
static void few_are_left(void **state)
{
    enum { ROWS = 20000, MOST = 250 };
    cadre_rng rng = stats_stream(9);

    (void)state;
    for (int how = 0; how < WEIGHINGS; how++)
        for (unsigned grid = 0; grid <= 50; grid += 50) {
            struct rows rows = random_rows(&rng, ROWS, 0.4, grid);
            for (size_t row = 0; row < rows.n; row++)
                rows.weights[row] = any_weight(&rng, how, row);
            for (int kind = 0; kind < CADRE_METRIC_COUNT; kind++)
                if (cdr_metric_weighs(kind) && count_left(&rows, kind) > MOST)
                    fail_msg("%s, weights %d, grid %u: %zu rows of %d are left",
                             cadre_metric_name(kind), how, grid,
                             count_left(&rows, kind), ROWS);
            free_rows(&rows);
        }
}

static double value_of(const struct rows *rows, int kind, const double *weights)
{
    const cadre_metric metric = { .kind = kind, .threshold = 0.5 };
    const cadre_rows all = { .n = rows->n,
                             .labels = rows->labels,
                             .scores = rows->scores,
                             .other = rows->other,
                             .weights = weights };
    double value;

    assert_int_equal(cadre_metric_of(&value, &metric, &all, NULL), 0);
    return value;
}

/* A tenth each is no other weight than one each. */
static void weights_of_a_tenth(void **state)
{
    cadre_rng rng = stats_stream(10);

    (void)state;
    for (size_t n = 10; n < 60; n++) {
        struct rows rows = random_rows(&rng, n, 0.5, n % 3 ? 0 : 10);
        double tenths[60], ones[60];
        rows.labels[0] = 0;
        rows.labels[1] = 1;
        for (size_t row = 0; row < n; row++) {
            tenths[row] = 0.1;
            ones[row] = 1;
        }
        for (int kind = 0; kind < CADRE_METRIC_COUNT; kind++)
            if (cdr_metric_weighs(kind) && kind != CADRE_VARIANCE &&
                kind != CADRE_DEVIATION)
                stats_near(value_of(&rows, kind, ones), value_of(&rows, kind, tenths),
                           1e-12);
        free_rows(&rows);
    }
}

/* ---- rows that are drawn often ---- */

/* The value for `drawn`, by the study and from the rows written out. */
static void check_often(const struct rows *rows, int kind, const uint32_t *drawn,
                        size_t n)
{
    const cadre_metric metric = { .kind = kind, .threshold = 0.5, .level = 0.3 };
    const struct cdr_subject subject = {
        .metric = metric,
        .rows = { .n = rows->n, .labels = rows->labels, .scores = rows->scores }
    };
    struct rows copy = new_rows(n);
    struct cdr_study study;
    double expected;
    cadre_error err;

    assert_int_equal(cdr_study_open(&study, &subject, &err), 0);
    void *const memory = stats_array(cdr_study_workspace_size(&study, n), 1);
    struct cdr_workspace work = cdr_study_workspace(&study, memory, n);
    for (size_t i = 0; i < n; i++) {
        work.rows[i] = drawn[i];
        copy.labels[i] = rows->labels[drawn[i]];
        copy.scores[i] = rows->scores[drawn[i]];
    }
    assert_int_equal(
        cadre_metric_value(&expected, &metric, copy.labels, copy.scores, n, &err), 0);
    stats_same(expected, cdr_study_value(&study, &work, n), cadre_metric_name(kind));
    free(memory);
    free_rows(&copy);
    cdr_study_close(&study);
}

/* Counts are bytes, unless a row is drawn 256 times. */
static void drawn_often(void **state)
{
    static const int kinds[] = { CADRE_ROC_AUC, CADRE_PR_AUC, CADRE_PARTIAL_AUC,
                                 CADRE_F1, CADRE_MCC };
    enum { ROWS = 12, DRAWN = 1400 };
    struct rows rows = new_rows(ROWS);
    uint32_t drawn[DRAWN];

    (void)state;
    for (size_t row = 0; row < ROWS; row++) {
        rows.labels[row] = row % 3 == 0;
        rows.scores[row] = (double)(row * 7 % ROWS / 2) / ROWS;
    }
    for (uint32_t times = 254; times <= 258; times++)
        for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
            for (uint32_t i = 0; i < DRAWN; i++)
                drawn[i] = i < times ? 3 : i < 2 * times ? 5 : i * 5 % ROWS;
            check_often(&rows, kinds[k], drawn, 2 * times + 2 * ROWS);
            for (uint32_t i = 0; i < DRAWN; i++) /* a byte is 0 again */
                drawn[i] = i < 512 ? 3 : 4;
            check_often(&rows, kinds[k], drawn, 512 + times);
        }
    free_rows(&rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_curves),
        cmocka_unit_test(all_small_curves),
        cmocka_unit_test(stairs),
        cmocka_unit_test(the_last_of_its_class),
        cmocka_unit_test(awkward_weights),
        cmocka_unit_test(few_are_left),
        cmocka_unit_test(weights_of_a_tenth),
        cmocka_unit_test(drawn_often),
    };
    return cmocka_run_group_tests_name("stats_jackknife", tests, stats_open,
                                       stats_close);
}
