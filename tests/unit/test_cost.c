/* test_cost.c - what is remembered of kernels, and how much is handed out by that.
 * SPDX-License-Identifier: MIT
 */
#include "contract.h"
#include "core/run/cost.h"

static void test_a_kernel_is_remembered(void **state)
{
    struct cdr_costs costs = { 0 };

    (void)state;
    assert_true(cdr_cost_of(&costs, 0x1000) == 0);
    cdr_cost_learn(&costs, 0x1000, 250);
    assert_true(cdr_cost_of(&costs, 0x1000) == 250);
    cdr_cost_learn(&costs, 0x1000, 1.5);
    assert_true(cdr_cost_of(&costs, 0x1000) == 1.5);
    assert_true(cdr_cost_of(&costs, 0x2000) == 0);
}

/* The table is small. Who comes later takes the place of another, and never its figure. */
static void test_the_table_forgets(void **state)
{
    struct cdr_costs costs = { 0 };
    int remembered = 0;

    (void)state;
    for (uintptr_t k = 1; k <= 100; k++)
        cdr_cost_learn(&costs, k * 0x40, (double)k);
    for (uintptr_t k = 1; k <= 100; k++) {
        double cost = cdr_cost_of(&costs, k * 0x40);
        assert_true(cost == 0 || cost == (double)k);
        remembered += cost > 0;
    }
    assert_in_range(remembered, 8, CDR_COSTS);
}

static void test_figures_out_of_range(void **state)
{
    struct cdr_costs costs = { 0 };

    (void)state;
    cdr_cost_learn(&costs, 0x1000, 0);
    assert_true(cdr_cost_of(&costs, 0x1000) > 0); /* it is known */
    cdr_cost_learn(&costs, 0x1000, 1e300);
    assert_true(cdr_cost_of(&costs, 0x1000) == 1e15);
}

/* Half of an equal share, and no more than takes CDR_CLAIM_NS. */
static void test_how_much_is_handed_out(void **state)
{
    (void)state;
    assert_true(cdr_claim_units(800, 4, 0) == 100);
    assert_true(cdr_claim_units(800, 4, 1) == 100);
    assert_true(cdr_claim_units(800000, 4, 1000) == CDR_CLAIM_NS / 1000);
    assert_true(cdr_claim_units(800000, 4, 1e9) == 1); /* at least one */
    assert_true(cdr_claim_units(1, 8, 0) == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_kernel_is_remembered),
        cmocka_unit_test(test_the_table_forgets),
        cmocka_unit_test(test_figures_out_of_range),
        cmocka_unit_test(test_how_much_is_handed_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
