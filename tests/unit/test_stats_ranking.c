/* test_stats_ranking.c - scores in order, against the definition.
 * SPDX-License-Identifier: MIT
 */
#include "stats/numbers/ranking.h"
#include "stats_case.h"

#include <math.h>

enum { MOST = 700 };

/* Rows go by score, the highest first, and then by number; equal scores are a group. */
static void check(const double *scores, size_t n)
{
    struct cdr_ranking r;
    size_t groups = 1;

    assert_true(cdr_rank(&r, scores, n));
    for (size_t i = 0; i < n; i++) {
        const uint32_t row = r.order[i], before = i ? r.order[i - 1] : 0;
        assert_in_range(row, 0, n - 1);
        if (i > 0 && scores[row] != scores[before]) {
            assert_true(scores[row] < scores[before]);
            groups++;
        } else if (i > 0) {
            assert_true(row > before);
        }
        assert_int_equal(r.group[row], groups - 1);
    }
    assert_int_equal(r.groups, groups);
    free(r.group);
    free(r.order);
}

static void any_scores(void **state)
{
    cadre_rng rng = stats_stream(31);
    double scores[MOST];

    (void)state;
    for (size_t n = 1; n < MOST; n += n < 70 ? 1 : 29) {
        const double steps = (double)(1 + cadre_rng_below(&rng, 2 * n));
        for (size_t i = 0; i < n; i++)
            scores[i] = cadre_rng_uniform(&rng) - 0.5;
        check(scores, n);
        for (size_t i = 0; i < n; i++)
            scores[i] = floor(steps * scores[i]) / steps;
        check(scores, n);
        for (size_t i = 0; i < n; i++)
            scores[i] = cadre_rng_below(&rng, 2) ? 0.0 : -0.0;
        check(scores, n);
    }
}

/* So far apart that there is no room for what neighbours differ by. */
static void neighbours_far_from_others(void **state)
{
    cadre_rng rng = stats_stream(32);
    double scores[MOST];

    (void)state;
    for (size_t n = 2; n < MOST; n += n < 70 ? 1 : 29)
        for (unsigned round = 0; round < 4; round++) {
            const uint64_t apart = 1 + cadre_rng_below(&rng, 8);
            for (size_t i = 0; i < n; i++) {
                const double by = (double)cadre_rng_below(&rng, apart) * 0x1p-52;
                scores[i] = (1 + by) * (cadre_rng_below(&rng, 2) ? 1 : -1);
            }
            scores[cadre_rng_below(&rng, n)] = 1e308;
            scores[cadre_rng_below(&rng, n)] = -1e308;
            check(scores, n);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_scores),
        cmocka_unit_test(neighbours_far_from_others),
    };
    return cmocka_run_group_tests_name("stats_ranking", tests, stats_open, stats_close);
}
