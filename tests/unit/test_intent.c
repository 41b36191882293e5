/* test_intent.c - what a worker process wrote down says after its death what it had.
 * SPDX-License-Identifier: MIT
 *
 * The worker is played by the test, which stops where a worker may die.
 */
#include "contract.h"
#include "base/alloc.h"
#include "core/board/claim.h"
#include "core/board/intent.h"

#define SEATS 3

static struct cadre_window *make(uint64_t units)
{
    size_t size = cdr_shared_window_size(SEATS);
    struct cadre_window *w = cdr_alloc_aligned(size);

    assert_non_null(w);
    memset(w, 0, size);
    cdr_shared_window_init(w, SEATS);
    cdr_window_reset(w, units, 1);
    return w;
}

static void takes(struct cadre_window *w, unsigned s, uint64_t slice, uint64_t claim,
                  uint64_t first, uint64_t end)
{
    struct cdr_span span;

    assert_true(cdr_window_take(w, s, slice, claim, &span));
    assert_int_equal(span.first, first);
    assert_int_equal(span.end, end);
}

static void gives(struct cadre_window *w, unsigned s, uint64_t first, uint64_t end)
{
    cdr_intent_ran(w, s, end);
    assert_false(cdr_window_give(w, s, &(struct cdr_span){ first, end }, end));
}

static void left_is(struct cadre_window *w, unsigned s, uint64_t progress,
                    uint64_t taken, bool running)
{
    struct cdr_left left;

    cdr_intent_settle(w, s, false, &left);
    assert_int_equal(left.progress, progress);
    assert_int_equal(left.taken, taken);
    assert_int_equal(left.running, running);
}

static void range_is(const struct cadre_window *w, unsigned s, uint64_t first,
                     uint64_t end)
{
    struct cdr_span range = cdr_intent_range(w, s);

    assert_int_equal(range.first, first);
    assert_int_equal(range.end, end);
}

static void test_it_died_between_two_slices(void **state)
{
    struct cadre_window *w = make(100);

    (void)state;
    takes(w, 1, 4, 10, 0, 4);
    gives(w, 1, 0, 4);
    left_is(w, 1, 4, 4, false);
    range_is(w, 1, 4, 10); /* the rest of its claim, for the next worker */
    free(w);
}

static void test_it_died_in_a_task(void **state)
{
    struct cadre_window *w = make(100);

    (void)state;
    takes(w, 1, 4, 10, 0, 4);
    atomic_store(&cdr_window_intent(w, 1)->running, 1);
    atomic_store(&w->seat[1].current, 2);
    left_is(w, 1, 2, 4, true); /* 0 and 1 are done, 2 took it down */
    range_is(w, 1, 2, 10);
    free(w);
}

static void test_it_died_before_its_first_task(void **state)
{
    struct cadre_window *w = make(100);

    (void)state;
    takes(w, 1, 4, 10, 0, 4);
    left_is(w, 1, 0, 4, false);
    range_is(w, 1, 0, 10);
    free(w);
}

/* It had noted what it would claim. Whether it did, `next` tells, or who claimed next. */
static void test_it_died_with_a_claim_noted(void **state)
{
    struct cadre_window *w = make(100);
    struct cdr_intent *intent = cdr_window_intent(w, 1);

    (void)state;
    takes(w, 2, 5, 5, 0, 5);
    atomic_store(&intent->claim, (uint64_t)5 << CDR_RANGE_BITS | 10);
    left_is(w, 1, 0, 0, false);
    range_is(w, 1, 0, 0); /* it did not come to that */

    atomic_store(&intent->claim, (uint64_t)5 << CDR_RANGE_BITS | 10);
    atomic_store(&w->next, cdr_next_pack(15, 1));
    takes(w, 0, 1, 1, 15, 16); /* confirms the claim before its own */
    left_is(w, 1, 5, 5, false);
    range_is(w, 1, 5, 15);
    free(w);
}

static void test_half_is_moved_to_who_has_nothing(void **state)
{
    struct cadre_window *w = make(20);

    (void)state;
    takes(w, 1, 4, 20, 0, 4);
    assert_true(cdr_intent_rebalance(w, 2));
    range_is(w, 1, 4, 12);
    range_is(w, 2, 12, 20);
    takes(w, 2, 100, 1, 12, 20);
    gives(w, 2, 12, 20);
    atomic_store(&cdr_window_intent(w, 1)->alone, 12); /* what kills workers stays */
    assert_false(cdr_intent_rebalance(w, 2));
    free(w);
}

static void note_run(void *arg, uint64_t first, uint64_t end)
{
    bool *run = arg;

    for (uint64_t i = first; i < end; i++)
        run[i] = true;
}

static void test_what_was_run(void **state)
{
    struct cadre_window *w = make(20);
    bool run[20] = { false };

    (void)state;
    takes(w, 1, 4, 10, 0, 4);
    gives(w, 1, 0, 4); /* still holds 4 .. 9 */
    takes(w, 2, 5, 5, 10, 15);
    gives(w, 2, 10, 15);
    cdr_window_each_run(w, note_run, run);
    for (int i = 0; i < 20; i++)
        assert_int_equal(run[i], i < 4 || (i >= 10 && i < 15));
    free(w);
}

static void test_a_block_on_its_way_is_one_word(void **state)
{
    struct cdr_climb_note note = {
        .origin = 1023, .block = 512, .level = 9, .combining = true
    };
    struct cdr_climb_note got = cdr_climb_unpack(cdr_climb_pack(&note));

    (void)state;
    assert_int_equal(got.origin, 1023);
    assert_int_equal(got.block, 512);
    assert_int_equal(got.level, 9);
    assert_true(got.combining);
    assert_int_not_equal(cdr_climb_pack(&(struct cdr_climb_note){ 0 }), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_it_died_between_two_slices),
        cmocka_unit_test(test_it_died_in_a_task),
        cmocka_unit_test(test_it_died_before_its_first_task),
        cmocka_unit_test(test_it_died_with_a_claim_noted),
        cmocka_unit_test(test_half_is_moved_to_who_has_nothing),
        cmocka_unit_test(test_what_was_run),
        cmocka_unit_test(test_a_block_on_its_way_is_one_word),
    };

    cdr_fences_prepare();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
