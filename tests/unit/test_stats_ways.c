/* test_stats_ways.c - what some CPUs have a way of their own for has the same bits in each.
 * SPDX-License-Identifier: MIT
 */
#include "stats/metrics/areas.h"
#include "stats_case.h"

#include <math.h>

/* ---- rates ---- */

static void same_rates(const cdr_classes *points, size_t n, uint32_t negatives,
                       uint32_t positives)
{
    double x[CDR_BLOCK], y[CDR_BLOCK], fused_x[CDR_BLOCK], fused_y[CDR_BLOCK];

    cdr_rates_divided(x, y, points, n, negatives, positives);
    for (size_t i = 0; i < n; i++) {
        stats_same((double)(uint32_t)points[i] / negatives, x[i], "a rate");
        stats_same((double)(points[i] >> 32) / positives, y[i], "a rate");
    }
#ifdef CDR_FUSED
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma"))
        return;
    cdr_rates_fused(fused_x, fused_y, points, n, negatives, positives);
    assert_memory_equal(x, fused_x, n * sizeof *x);
    assert_memory_equal(y, fused_y, n * sizeof *y);
#else
    (void)fused_x;
    (void)fused_y;
#endif
}

/* Products that are corrected are the quotients: all small ones, and any. */
static void rates_are_quotients(void **state)
{
    cdr_classes points[CDR_BLOCK];
    cadre_rng rng = stats_stream(21);

    (void)state;
    for (uint32_t of = 1; of <= CDR_BLOCK; of++) {
        for (uint32_t k = 0; k < of; k++)
            points[k] = (cdr_classes)(of - k) << 32 | k;
        same_rates(points, of, of, of);
    }
    for (size_t round = 0; round < 3000; round++) {
        const uint64_t below = UINT64_C(1) << (1 + cadre_rng_below(&rng, 32));
        const uint32_t negatives = (uint32_t)(1 + cadre_rng_below(&rng, below - 1));
        const uint32_t positives = UINT32_MAX - (uint32_t)cadre_rng_below(&rng, below);
        for (size_t k = 0; k < CDR_BLOCK; k++)
            points[k] = cadre_rng_below(&rng, (uint64_t)positives + 1) << 32 |
                        cadre_rng_below(&rng, (uint64_t)negatives + 1);
        same_rates(points, CDR_BLOCK, negatives, positives);
    }
}

/* ---- points ---- */

struct case_of_points {
    struct cdr_measure measure;
    struct cdr_sample sample;
    uint8_t *labels, *few;
    double *scores;
    cdr_classes *expected, *room;
    size_t last;
};

static void make_case(struct case_of_points *c, size_t n, cadre_rng *rng)
{
    const uint64_t groups = 1 + cadre_rng_below(rng, 2 * n);
    const double drawn = cadre_rng_uniform(rng);
    const uint64_t most = cadre_rng_below(rng, 8) ? 3 : 255;

    *c = (struct case_of_points){ .labels = stats_array(n, 1),
                                  .few = stats_array(n, 1),
                                  .scores = stats_array(n, sizeof *c->scores),
                                  .expected = stats_array(n + 2, sizeof *c->expected) };
    for (size_t i = 0; i < n; i++) {
        c->labels[i] = cadre_rng_below(rng, 2) == 0;
        c->scores[i] = (double)cadre_rng_below(rng, groups);
        if (i == 0 || cadre_rng_uniform(rng) < drawn)
            c->few[i] = (uint8_t)(1 + cadre_rng_below(rng, most));
    }
    const cadre_metric metric = { .kind = CADRE_ROC_AUC };
    const cadre_rows rows = { .n = n, .labels = c->labels, .scores = c->scores };
    assert_true(cdr_measure_open(&c->measure, &metric, &rows));
    c->sample = (struct cdr_sample){ .few = c->few };
    c->room = malloc(cdr_points_room(&c->measure));
    assert_non_null(c->room);
}

static void drop_case(struct case_of_points *c)
{
    cdr_measure_close(&c->measure);
    free(c->labels);
    free(c->few);
    free(c->scores);
    free(c->expected);
    free(c->room);
}

/* Group by group; a point is overwritten if the step before it and the one behind are
 * equal. */
static void find_points(struct case_of_points *c, bool corners)
{
    cdr_classes step = 0, before = 0, sum = 0;

    c->last = 0;
    for (size_t i = 0; i < c->measure.n; i++) {
        const uint32_t row = c->measure.order[i];
        step += c->few[row] * cdr_one(c->labels[row]);
        if (step == 0 ||
            (i + 1 < c->measure.n &&
             c->measure.group[c->measure.order[i + 1]] == c->measure.group[row]))
            continue;
        c->last += !corners || c->last < 2 || step != before;
        c->expected[c->last] = sum += step;
        before = step;
        step = 0;
    }
}

static void check_points(struct case_of_points *c, bool corners)
{
    find_points(c, corners);
    assert_int_equal(cdr_points_narrow(c->room, &c->measure, &c->sample, corners),
                     c->last);
    assert_memory_equal(c->expected, c->room, (c->last + 1) * sizeof *c->room);
#ifdef CDR_WIDE
    if (!cdr_is_wide())
        return;
    memset(c->room, 0xa5, cdr_points_room(&c->measure));
    assert_int_equal(cdr_points_wide(c->room, &c->measure, &c->sample, corners),
                     c->last);
    assert_memory_equal(c->expected, c->room, (c->last + 1) * sizeof *c->room);
#endif
}

static void points_are_running_sums(void **state)
{
    cadre_rng rng = stats_stream(22);
    struct case_of_points c;

    (void)state;
    for (size_t round = 0; round < 3000; round++) {
        make_case(&c, round < 600 ? 1 + round % 200 : 1 + cadre_rng_below(&rng, 700),
                  &rng);
        check_points(&c, false);
        check_points(&c, true);
        drop_case(&c);
    }
}

/* ---- areas ---- */

enum { POINTS = 3000 };

static void make_points(cdr_classes *points, uint64_t below, cadre_rng *rng)
{
    points[0] = 0;
    for (size_t k = 1; k < POINTS; k++)
        points[k] = points[k - 1] + (cadre_rng_below(rng, below) << 32) +
                    cadre_rng_below(rng, below);
}

static void same_area(const cdr_classes *points, size_t last)
{
    /* Of the exact size, so that what reads beyond it is found out. */
    cdr_classes *const own = stats_array(last + 1, sizeof *own);
    const struct cdr_curve c = { .points = own,
                                 .last = last,
                                 .negatives = cdr_negative(points[last]) + 1.0,
                                 .positives = cdr_positive(points[last]) + 1.0 };

    memcpy(own, points, (last + 1) * sizeof *own);
    stats_same(cdr_sum_terms(cdr_roc_terms, &c, last), cdr_roc_auc(&c), "an area");
#ifdef CDR_WIDE
    for (size_t n = 1; cdr_is_wide() && n <= CDR_BLOCK && n <= last; n++)
        stats_same(cdr_roc_block(&c, last - n, n), cdr_roc_block_wide(&c, last - n, n),
                   "a block");
#endif
    free(own);
}

static void areas_are_sums_of_terms(void **state)
{
    cdr_classes *const points = stats_array(POINTS, sizeof *points);
    cadre_rng rng = stats_stream(23);

    (void)state;
    for (uint64_t below = 2; below < UINT32_MAX / POINTS; below = 7 * below + 1) {
        make_points(points, below, &rng);
        for (size_t last = 1; last < 300; last++)
            same_area(points, last);
        same_area(points, 1 + cadre_rng_below(&rng, POINTS - 1));
        same_area(points, POINTS - 1);
    }
    free(points);
}

/* ---- areas of samples without ties ---- */

enum { FEW_ROWS = 40000, MANY_ROWS = 150000 };

/* Scores are uniform, and where `lean` is far from 1/2 so are long runs of a class on the way
 * down them, and of rows drawn equally often: all of those in a run are one step. */
static void make_untied(struct case_of_points *c, size_t n, cadre_rng *rng)
{
    const double lean = cadre_rng_uniform(rng), drawn = cadre_rng_uniform(rng);
    const bool runs = cadre_rng_below(rng, 3) == 0;
    const uint64_t most = cadre_rng_below(rng, 4) ? 3 : 31;

    make_case(c, n, rng);
    for (size_t i = 0; i < n; i++) {
        c->scores[i] = cadre_rng_uniform(rng);
        c->labels[i] =
            runs ? (uint64_t)(c->scores[i] * 8) % 2 : cadre_rng_uniform(rng) < lean;
        c->few[i] = cadre_rng_uniform(rng) < drawn;
        if (c->few[i])
            c->few[i] = (uint8_t)(1 + (runs ? 0 : cadre_rng_below(rng, most)));
    }
    c->labels[0] = c->few[0] = c->few[n - 1] = 1;
    c->labels[n - 1] = 0;
    cdr_measure_close(&c->measure);
}

static void open_untied(struct case_of_points *c, size_t n)
{
    const cadre_metric metric = { .kind = CADRE_ROC_AUC };
    const cadre_rows rows = { .n = n, .labels = c->labels, .scores = c->scores };

    assert_true(cdr_measure_open(&c->measure, &metric, &rows));
    free(c->room);
    c->room = malloc(cdr_points_room(&c->measure));
    assert_non_null(c->room);
    memset(c->room, 0xa5, cdr_points_room(&c->measure));
}

/* Also what is known of the sample. */
static double area_of_terms(struct case_of_points *c)
{
    find_points(c, true);
    const cdr_classes all = c->expected[c->last];
    const struct cdr_curve curve = { .points = c->expected,
                                     .last = c->last,
                                     .negatives = cdr_negative(all),
                                     .positives = cdr_positive(all) };
    c->sample.classes = all;
    c->sample.n = (size_t)cdr_negative(all) + cdr_positive(all);
    return cdr_sum_terms(cdr_roc_terms, &curve, c->last);
}

#ifdef CDR_WIDE
/* Whether the counts are as small as the way for so many rows needs them. Of more rows there may
 * be runs that are too long for it. */
static bool fits(const struct case_of_points *c)
{
    uint8_t all = 0;

    for (size_t i = 0; i < c->measure.n; i++)
        all |= c->few[i];
    return c->measure.near ? c->sample.n <= UINT8_MAX && all < 128 : all < 32;
}
#endif

static void check_untied(struct case_of_points *c, cadre_rng *rng)
{
    const struct cdr_family *const family = cdr_family_of(CADRE_ROC_AUC);
    double expected[2], area[2] = { -1, -1 };
    struct cdr_measure first;

    open_untied(c, c->measure.n);
    expected[0] = area_of_terms(c);
#ifdef CDR_WIDE
    if (cdr_steps_are_wide()) {
        const bool wide = cdr_roc_auc_wide(area, &c->measure, &c->sample, c->room);
        assert_true(wide ? fits(c) : !fits(c) || c->measure.n > FEW_ROWS);
        if (wide)
            stats_same(expected[0], area[0], "an area without ties");
    }
#endif
    stats_same(expected[0], family->value(&c->measure, &c->sample, c->room),
               "an area however it is found");
    first = c->measure;
    for (size_t i = 0; i < first.n; i++)
        c->scores[i] += cadre_rng_uniform(rng);
    open_untied(c, first.n);
    expected[1] = area_of_terms(c);
    family->values(area, &first, &c->measure, &c->sample, c->room);
    stats_same(expected[0], area[0], "the first area of two");
    stats_same(expected[1], area[1], "the second area of two");
    cdr_measure_close(&first);
}

/* More rows than 16 bits count. */
static void untied_areas_of_many_rows(void **state)
{
    cadre_rng rng = stats_stream(26);
    struct case_of_points c;

    (void)state;
    for (size_t round = 0; round < 16; round++) {
        make_untied(&c, MANY_ROWS, &rng);
        for (size_t i = 1; round % 4 < 3 && i + 1 < MANY_ROWS; i++) {
            /* A run in the middle, runs of all rows, or one of all but a few. */
            const bool in_run =
                round % 4 > 0 || (c.scores[i] > 0.4 && c.scores[i] < 0.7);
            if (in_run) {
                c.few[i] = 1;
                c.labels[i] = round % 4 == 1 ? (uint64_t)(c.scores[i] * 8) % 2 : 1;
            }
        }
        c.measure.n = MANY_ROWS;
        check_untied(&c, &rng);
        drop_case(&c);
    }
}

static void untied_areas_are_sums_of_terms(void **state)
{
    cadre_rng rng = stats_stream(24);
    struct case_of_points c;

    (void)state;
    for (size_t round = 0; round < 2000; round++) {
        const size_t n = round < 1300   ? 2 + round % 260
                         : round < 1980 ? 2 + cadre_rng_below(&rng, 3000)
                                        : 2 + cadre_rng_below(&rng, FEW_ROWS - 2);
        make_untied(&c, n, &rng);
        c.measure.n = n;
        check_untied(&c, &rng);
        cdr_measure_close(&c.measure);
        c.measure.n = n;
        c.few[cadre_rng_below(&rng, n)] = (uint8_t)(32 + cadre_rng_below(&rng, 224));
        check_untied(&c, &rng);
        drop_case(&c);
    }
}

/* ---- sums of counts ---- */

static void sums_of_counts_are_sums(void **state)
{
#ifdef CDR_WIDE
    enum { MOST = 600 };
    cadre_rng rng = stats_stream(25);

    for (size_t n = 0; cdr_is_wide() && n < MOST; n++) {
        /* Of the exact size, so that what reads beyond it is found out. */
        uint8_t *const few = stats_array(n + 1, 1), *const labels =
                                                        stats_array(n + 1, 1);
        uint64_t sum = 0, positive = 0;

        for (size_t i = 1; i <= n; i++) {
            few[i] = (uint8_t)(n % 3 ? cadre_rng_below(&rng, 256) : 255);
            labels[i] = (uint8_t)cadre_rng_below(&rng, 2);
            sum += few[i];
            positive += labels[i] * few[i];
        }
        assert_int_equal(cdr_sum_few_wide(few + 1, NULL, n), sum);
        assert_int_equal(cdr_sum_few_wide(few + 1, labels + 1, n), positive);
        free(few);
        free(labels);
    }
#endif
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rates_are_quotients),
        cmocka_unit_test(points_are_running_sums),
        cmocka_unit_test(areas_are_sums_of_terms),
        cmocka_unit_test(untied_areas_are_sums_of_terms),
        cmocka_unit_test(untied_areas_of_many_rows),
        cmocka_unit_test(sums_of_counts_are_sums),
    };
    return cmocka_run_group_tests_name("stats_ways", tests, stats_open, stats_close);
}
