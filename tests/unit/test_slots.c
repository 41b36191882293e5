/* test_slots.c - an unordered stream's slots: homes, and what is used in their stead.
 * SPDX-License-Identifier: MIT
 */
#include "contract.h"
#include "core/stream/stream.h"

static struct cdr_slots make(uint64_t window, uint64_t n)
{
    struct cdr_slots slots = { 0 };

    assert_true(cdr_slots_open(&slots, window, n));
    return slots;
}

static uint64_t use(struct cdr_slots *s, uint64_t p)
{
    uint64_t slot = cdr_slots_next(s, p);

    cdr_slots_use(s, p, slot);
    return slot;
}

static void test_at_home_at_first(void **state)
{
    struct cdr_slots slots = make(4, 4);

    (void)state;
    for (uint64_t p = 0; p < 20; p++) {
        assert_true(cdr_slots_has_home(&slots, p));
        assert_int_equal(use(&slots, p), p % 4);
    }
    assert_int_equal(slots.moved_until, 0);
    cdr_slots_close(&slots);
}

/* Who would have the home of one that was passed by lies in a spare slot, which is free again
 * as soon as that one is given back; others do not mind. */
static void test_moved(void **state)
{
    struct cdr_slots slots = make(3, 4);

    (void)state;
    cdr_slots_pass(&slots, 1, 1);
    assert_int_equal(use(&slots, 4), 0);
    assert_false(cdr_slots_has_home(&slots, 5));
    assert_int_equal(use(&slots, 5), 4);
    assert_int_equal(slots.moved_until, 5 + 4 + 1);
    cdr_slots_give_back(&slots, 4);
    assert_int_equal(use(&slots, 9), 4);
    assert_int_equal(use(&slots, 13), 5);
    cdr_slots_give_back(&slots, cdr_slots_take(&slots, 0).slot);
    assert_true(cdr_slots_has_home(&slots, 17));
    assert_int_equal(use(&slots, 17), 1);
    cdr_slots_close(&slots);
}

static void test_late_ones_stay_in_order(void **state)
{
    struct cdr_slots slots = make(4, 4);

    (void)state;
    for (uint64_t p = 0; p < 4; p++)
        cdr_slots_pass(&slots, p, p);
    assert_int_equal(cdr_slots_take(&slots, 1).position, 1);
    assert_false(cdr_slots_has_home(&slots, 5)); /* it is lent, and not given back */
    assert_int_equal(slots.n_late, 3);
    for (uint64_t i = 0; i < 3; i++)
        assert_int_equal(slots.late[i].position, i == 0 ? 0 : i + 1);
    cdr_slots_close(&slots);
}

/* All but one of a window are late, for many laps: there is a slot for each that comes, and
 * no two in flight have the same. */
static void test_enough_for_a_window(void **state)
{
    enum { WINDOW = 5, HOMES = 8 };
    struct cdr_slots slots = make(WINDOW, HOMES);

    (void)state;
    for (uint64_t p = 0; p < 1000; p++) {
        uint64_t slot = use(&slots, p);
        for (uint64_t i = 0; i < slots.n_late; i++)
            assert_true(slots.late[i].slot != slot);
        assert_true(slot < HOMES + WINDOW);
        cdr_slots_pass(&slots, p, slot);
        if (slots.n_late == WINDOW)
            cdr_slots_give_back(&slots, cdr_slots_take(&slots, p * 7 % WINDOW).slot);
    }
    cdr_slots_close(&slots);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_at_home_at_first),
        cmocka_unit_test(test_moved),
        cmocka_unit_test(test_late_ones_stay_in_order),
        cmocka_unit_test(test_enough_for_a_window),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
