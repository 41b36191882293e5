/* test_tree.c - blocks are combined in the same shape in whatever order they are finished.
 * SPDX-License-Identifier: MIT
 */
#include "contract.h"
#include "core/board/tree.h"

#define TEXT 64

static struct cdr_tree make(uint64_t blocks)
{
    struct cdr_tree tree;

    assert_int_equal(cdr_tree_init(&tree, blocks, TEXT, never_combine, 0), CADRE_OK);
    return tree;
}

/* Block b is done, as the text "b"; what it completes is combined as "(left right)". */
static void finish(struct cdr_tree *tree, uint64_t block, bool any)
{
    struct cdr_climb c = { .block = block };

    snprintf(cdr_tree_place(tree, block), TEXT, "%d", (int)block);
    cdr_tree_set(tree, block, any);
    while (cdr_tree_climb(tree, &c)) {
        char both[2 * TEXT];
        snprintf(both, sizeof both, "(%s %s)", (const char *)c.into,
                 (const char *)c.from);
        assert_true(strlen(both) < TEXT);
        memcpy(c.into, both, TEXT);
    }
}

static void test_any_order_gives_one_shape(void **state)
{
    static const uint64_t orders[][5] = {
        { 0, 1, 2, 3, 4 }, { 4, 3, 2, 1, 0 }, { 2, 0, 4, 1, 3 }, { 1, 3, 0, 4, 2 }
    };

    (void)state;
    for (size_t k = 0; k < sizeof orders / sizeof *orders; k++) {
        struct cdr_tree tree = make(5);
        for (int i = 0; i < 5; i++) {
            assert_false(cdr_tree_complete(&tree));
            finish(&tree, orders[k][i], true);
        }
        assert_true(cdr_tree_complete(&tree));
        assert_string_equal(cdr_tree_place(&tree, 0), "(((0 1) (2 3)) 4)");
        cdr_tree_fini(&tree);
    }
}

/* A block of which every task failed has no value: its sibling's stands for both. */
static void test_blocks_without_a_value(void **state)
{
    struct cdr_tree tree = make(4);

    (void)state;
    finish(&tree, 3, true);
    finish(&tree, 0, false);
    finish(&tree, 2, false);
    finish(&tree, 1, true);
    assert_true(cdr_tree_complete(&tree));
    assert_int_not_equal(tree.any[0], 0);
    assert_string_equal(cdr_tree_place(&tree, 0), "(1 3)");
    cdr_tree_fini(&tree);
}

static void test_no_value_at_all(void **state)
{
    struct cdr_tree tree = make(3);

    (void)state;
    for (uint64_t k = 0; k < 3; k++)
        finish(&tree, k, false);
    assert_true(cdr_tree_complete(&tree));
    assert_int_equal(tree.any[0], 0);
    cdr_tree_fini(&tree);
}

static void test_one_block(void **state)
{
    struct cdr_tree tree = make(1);

    (void)state;
    finish(&tree, 0, true);
    assert_true(cdr_tree_complete(&tree));
    assert_string_equal(cdr_tree_place(&tree, 0), "0");
    cdr_tree_fini(&tree);
}

/* Who dies on the way begins again with the block and level that it had. */
static void test_climbing_twice(void **state)
{
    struct cdr_tree tree = make(2);
    struct cdr_climb c = { .block = 0 }, again = { .block = 0 };

    (void)state;
    cdr_tree_set(&tree, 1, true);
    assert_false(cdr_tree_climb(&tree, &(struct cdr_climb){ .block = 1 }));
    cdr_tree_set(&tree, 0, true);
    assert_true(cdr_tree_climb(&tree, &c));
    assert_true(cdr_tree_climb(&tree, &again));
    assert_ptr_equal(again.into, c.into);
    assert_ptr_equal(again.from, c.from);
    assert_int_equal(again.from_block, 1);
    cdr_tree_fini(&tree);
}

/* Each worker process saves what it is about to change in a place of its own. */
static void test_places_of_seats(void **state)
{
    struct cdr_tree tree;

    (void)state;
    assert_int_equal(cdr_tree_init(&tree, 4, TEXT, never_combine, 3), CADRE_OK);
    for (unsigned seat = 0; seat < 3; seat++)
        memset(cdr_tree_saved(&tree, seat), (int)seat + 1, TEXT);
    for (unsigned seat = 0; seat < 3; seat++)
        for (int i = 0; i < TEXT; i++)
            assert_int_equal(cdr_tree_saved(&tree, seat)[i], seat + 1);
    cdr_tree_fini(&tree);
}

static void test_too_large(void **state)
{
    struct cdr_tree tree;

    (void)state;
    assert_int_equal(cdr_tree_init(&tree, 1024, SIZE_MAX / 1000, never_combine, 0),
                     CADRE_ENOMEM);
    assert_int_equal(cdr_tree_init(&tree, 1, SIZE_MAX, never_combine, 0), CADRE_ENOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_order_gives_one_shape),
        cmocka_unit_test(test_blocks_without_a_value),
        cmocka_unit_test(test_no_value_at_all),
        cmocka_unit_test(test_one_block),
        cmocka_unit_test(test_climbing_twice),
        cmocka_unit_test(test_places_of_seats),
        cmocka_unit_test(test_too_large),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
