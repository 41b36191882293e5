/* test_stats_jackknife.c - leaving rows out one by one, against leaving them out.
 * SPDX-License-Identifier: MIT
 *
 * The jackknife knows shortcuts; cdr_study_without works the value out from the rows
 * that are left. Bits must be the same.
 */
#include "stats/intervals/jackknife.h"
#include "stats_case.h"

#include <math.h>
#include <stdio.h>

struct rows {
    size_t n;
    uint8_t *labels;
    double *scores;
};

static struct rows new_rows(size_t n)
{
    return (struct rows){ n, stats_array(n, 1), stats_array(n, sizeof(double)) };
}

static void free_rows(struct rows *rows)
{
    free(rows->labels);
    free(rows->scores);
}

static void compare(const struct cdr_study *s, const double *without)
{
    void *const memory = stats_array(s->workspace_size, 1);
    const struct cdr_workspace work = cdr_study_workspace(s, memory);
    const size_t stride = s->n > 10000 ? 1009 : s->n > 200 ? 23 : 1;
    char what[100];

    for (size_t row = 0; row < s->n; row += stride) {
        snprintf(what, sizeof what, "%s of %zu rows without row %zu", cdr_study_name(s),
                 s->n, row);
        stats_same(cdr_study_without(s, &work, row), without[row], what);
    }
    free(memory);
}

static void check_metric(const struct rows *rows, cadre_metric metric, cadre_pool *pool)
{
    const double *const scores = rows->scores;
    double *const without = stats_array(rows->n, sizeof *without);
    struct cdr_study study;
    cadre_error err;

    assert_int_equal(
        cdr_study_open(&study, &metric, rows->labels, &scores, 1, rows->n, &err), 0);
    const int rc = cdr_jackknife(without, &study, pool, &err);
    if (rc == CADRE_OK)
        compare(&study, without);
    else
        assert_int_equal(rc, CADRE_EDATA);
    cdr_study_close(&study);
    free(without);
}

static void check(struct rows rows, cadre_pool *pool)
{
    for (int kind = 0; kind < CADRE_METRIC_COUNT; kind++)
        check_metric(&rows, (cadre_metric){ kind, 0.5, 4, { 0 } }, pool);
    free_rows(&rows);
}

static struct rows random_rows(cadre_rng *rng, size_t n, double prevalence,
                               unsigned grid)
{
    struct rows rows = new_rows(n);

    for (size_t i = 0; i < n; i++) {
        rows.labels[i] = cadre_rng_uniform(rng) < prevalence;
        rows.scores[i] = cadre_rng_uniform(rng);
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
        check_metric(&rows, (cadre_metric){ .kind = CADRE_ROC_AUC }, NULL);
        check_metric(&rows, (cadre_metric){ .kind = CADRE_PR_AUC }, NULL);
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
    const double *const scores = rows.scores;
    double without[12];
    struct cdr_study study;
    cadre_error err;

    (void)state;
    rows.labels[7] = 1;
    for (int kind = 0; kind < CADRE_METRIC_COUNT; kind++) {
        const cadre_metric metric = { .kind = kind };
        const bool needed = kind == CADRE_ROC_AUC || kind == CADRE_LOG_LOSS;
        char expected[200];
        assert_int_equal(
            cdr_study_open(&study, &metric, rows.labels, &scores, 1, 12, &err), 0);
        assert_int_equal(cdr_jackknife(without, &study, stats_pool(), &err),
                         needed ? CADRE_EDATA : CADRE_OK);
        snprintf(expected, sizeof expected,
                 "BCa is not defined: without row 7, %s is not, because all labels are "
                 "the same; use percentile",
                 cadre_metric_name(kind));
        if (needed)
            assert_string_equal(err.message, expected);
        cdr_study_close(&study);
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
    };
    return cmocka_run_group_tests_name("stats_jackknife", tests, stats_open,
                                       stats_close);
}
