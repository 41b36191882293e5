/* test_slots.c - an unordered stream's slots: which are free, and what is the oldest in flight.
 * SPDX-License-Identifier: MIT
 */
#include "contract.h"
#include "core/stream/stream.h"

static struct cdr_slots make(uint64_t n)
{
    struct cdr_slots slots = { 0 };

    assert_true(cdr_slots_open(&slots, n));
    return slots;
}

static void test_neighbours_at_first(void **state)
{
    struct cdr_slots slots = make(4);

    (void)state;
    for (uint64_t i = 0; i < 4; i++) {
        assert_int_equal(cdr_slots_next(&slots), i);
        assert_int_equal(cdr_slots_use(&slots, 10 + i), i);
        assert_int_equal(slots.index[i], 10 + i);
    }
    cdr_slots_close(&slots);
}

/* Slots are used again in the order in which they were given back. */
static void test_given_back(void **state)
{
    struct cdr_slots slots = make(4);

    (void)state;
    for (uint64_t i = 0; i < 4; i++)
        cdr_slots_use(&slots, i);
    cdr_slots_give_back(&slots, 2);
    cdr_slots_give_back(&slots, 0);
    assert_int_equal(cdr_slots_use(&slots, 4), 2);
    assert_int_equal(cdr_slots_use(&slots, 5), 0);
    cdr_slots_close(&slots);
}

static void test_the_oldest(void **state)
{
    struct cdr_slots slots = make(4);

    (void)state;
    assert_true(cdr_slots_oldest(&slots) == CADRE_ENDLESS);
    for (uint64_t i = 0; i < 4; i++)
        cdr_slots_use(&slots, i);
    assert_int_equal(cdr_slots_oldest(&slots), 0);
    cdr_slots_give_back(&slots, 1); /* index 0 is still on its way */
    assert_int_equal(cdr_slots_oldest(&slots), 0);
    cdr_slots_give_back(&slots, 0);
    assert_int_equal(cdr_slots_oldest(&slots), 2);
    cdr_slots_use(&slots, 4);
    cdr_slots_give_back(&slots, 2);
    cdr_slots_give_back(&slots, 3);
    assert_int_equal(cdr_slots_oldest(&slots), 4);
    cdr_slots_close(&slots);
}

/* Many times around, with some in flight that take longer than others. */
static void test_many_laps(void **state)
{
    struct cdr_slots slots = make(8);
    uint64_t slow = cdr_slots_use(&slots, 0);

    (void)state;
    for (uint64_t index = 1; index < 1000; index++) {
        uint64_t slot = cdr_slots_use(&slots, index);
        assert_int_not_equal(slot, slow);
        assert_int_equal(cdr_slots_oldest(&slots), 0);
        cdr_slots_give_back(&slots, slot);
    }
    cdr_slots_give_back(&slots, slow);
    assert_true(cdr_slots_oldest(&slots) == CADRE_ENDLESS);
    cdr_slots_close(&slots);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_neighbours_at_first),
        cmocka_unit_test(test_given_back),
        cmocka_unit_test(test_the_oldest),
        cmocka_unit_test(test_many_laps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
