/* pack.c - data with pointers in it, for workers that do not have the caller's memory.
 * SPDX-License-Identifier: MIT
 */
#include "contract.h"

#include <cadre/pack.h>

/* ---- data of every sort ---- */

struct leaf {
    size_t n;
    double *x;
    const char *label; /* the whole, or a part of the tree's names; or NULL */
};

struct tree {
    uint32_t n_leaves, tag;
    struct leaf *leaves;
    char *names;
    size_t n_names;
    struct tree *next, *first; /* first: always the first of all */
    void *unfollowed;          /* stays as it is */
};

static size_t numbers(const void *from)
{
    return ((const struct leaf *)from)->n;
}

static size_t label(const void *from)
{
    (void)from;
    return 2;
}

static size_t leaves(const void *from)
{
    return ((const struct tree *)from)->n_leaves;
}

static size_t names(const void *from)
{
    return ((const struct tree *)from)->n_names;
}

static const cadre_shape number = { .size = sizeof(double) }, letter = { .size = 1 };
static const cadre_link leaf_links[] = {
    { offsetof(struct leaf, x), numbers, &number },
    { offsetof(struct leaf, label), label, &letter },
};
static const cadre_shape leaf_shape = { sizeof(struct leaf), leaf_links, 2 };
static const cadre_shape tree_shape;
static const cadre_link tree_links[] = {
    { offsetof(struct tree, names), names, &letter },
    { offsetof(struct tree, leaves), leaves, &leaf_shape },
    { offsetof(struct tree, next), NULL, &tree_shape },
    { offsetof(struct tree, first), NULL, &tree_shape },
};
static const cadre_shape tree_shape = { sizeof(struct tree), tree_links, 4 };

#define TREES  5
#define LEAVES 7

static double values[TREES][LEAVES][9];
static struct leaf leaf[TREES][LEAVES];
static struct tree tree[TREES];
static char all_names[] = "abcdefghijklmnop";

/* A chain of trees that all lead back to the first; some leaves have nothing. */
static const struct tree *make(void)
{
    for (unsigned i = 0; i < TREES; i++) {
        for (unsigned k = 0; k < LEAVES; k++) {
            leaf[i][k] = (struct leaf){ .n = k, .x = values[i][k] };
            if (k % 2)
                leaf[i][k].label = all_names + i + k;
            if (k == 5)
                leaf[i][k].x = values[0][3]; /* what another leaf has, and more */
            for (unsigned j = 0; j < 9; j++)
                values[i][k][j] = i * 100 + k * 10 + j;
        }
        tree[i] = (struct tree){ .n_leaves = i == 2 ? 0 : LEAVES,
                                 .tag = i,
                                 .leaves = i == 3 ? NULL : leaf[i],
                                 .names = all_names,
                                 .n_names = sizeof all_names,
                                 .next = i + 1 < TREES ? &tree[i + 1] : NULL,
                                 .first = tree,
                                 .unfollowed = all_names };
    }
    tree[3].n_leaves = 0;
    return tree;
}

static bool same_leaf(const struct leaf *a, const struct leaf *b)
{
    return a->n == b->n && memcmp(a->x, b->x, a->n * sizeof *a->x) == 0 &&
           !a->label == !b->label && (!a->label || memcmp(a->label, b->label, 2) == 0);
}

static bool same_trees(const struct tree *a, const struct tree *b)
{
    const struct tree *first = a;

    for (; a && b; a = a->next, b = b->next) {
        if (a->n_leaves != b->n_leaves || a->tag != b->tag || a->first != first ||
            strcmp(a->names, b->names) != 0 || a->unfollowed != b->unfollowed)
            return false;
        for (unsigned k = 0; k < a->n_leaves; k++)
            if (!same_leaf(&a->leaves[k], &b->leaves[k]))
                return false;
    }
    return !a && !b;
}

static void *pack(size_t *size)
{
    cadre_error err;
    void *packed;

    if (cadre_pack(&packed, size, make(), &tree_shape, &err))
        fail_msg("%s", err.message);
    return packed;
}

/* At whatever address the bytes come to lie, and after what they came from is gone. */
static void test_there_and_back(void **state)
{
    size_t size;
    void *packed = pack(&size), *moved = malloc(size), *also;
    struct tree *got;

    (void)state;
    assert_non_null(moved);
    memcpy(moved, packed, size);
    cadre_free_shared(packed);
    got = cadre_unpack(moved);
    also = cadre_unpack(moved);
    assert_true(same_trees(got, tree));
    assert_true(same_trees(also, tree));
    free(also);
    free(got);
    free(moved);
}

/* What is led to twice is there once. */
static void test_nothing_is_copied_twice(void **state)
{
    size_t size;
    void *packed = pack(&size);
    struct tree *got = cadre_unpack(packed);
    const char *names_at = got->names;

    (void)state;
    for (const struct tree *t = got; t; t = t->next) {
        assert_ptr_equal(t->names, names_at);
        for (unsigned k = 0; k < t->n_leaves; k++)
            if (t->leaves[k].label)
                assert_ptr_equal(t->leaves[k].label, names_at + t->tag + k);
    }
    assert_true(size < sizeof tree + sizeof leaf + sizeof values + 16384);
    free(got);
    cadre_free_shared(packed);
}

static void test_without_links(void **state)
{
    uint32_t here = 77, *there;
    cadre_shape shape = { .size = sizeof here };
    void *packed;
    size_t size;

    (void)state;
    assert_int_equal(cadre_pack(&packed, &size, &here, &shape, NULL), CADRE_OK);
    there = cadre_unpack(packed);
    assert_non_null(there);
    assert_int_equal(*there, 77);
    free(there);
    cadre_free_shared(packed);
}

static void test_refused(void **state)
{
    static const char bytes[64];
    cadre_shape shape = { .size = 1 }, none = { 0 };
    cadre_error err;
    size_t size;
    void *out;

    (void)state;
    assert_int_equal(cadre_pack(NULL, &size, bytes, &shape, &err), CADRE_EINVAL);
    assert_string_equal(err.message,
                        "cadre_pack: there is no place for what is packed");
    assert_int_equal(cadre_pack(&out, &size, NULL, &shape, &err), CADRE_EINVAL);
    assert_string_equal(err.message, "cadre_pack: root is NULL");
    assert_int_equal(cadre_pack(&out, &size, bytes, &none, &err), CADRE_EINVAL);
    assert_string_equal(err.message, "cadre_pack: the shape has no size");
    assert_null(cadre_unpack(bytes));
    assert_null(cadre_unpack(NULL));
}

static size_t too_many(const void *from)
{
    (void)from;
    return SIZE_MAX / 2;
}

static void test_too_large(void **state)
{
    static const cadre_link link = { offsetof(struct leaf, x), too_many, &number };
    static const cadre_shape shape = { sizeof(struct leaf), &link, 1 };
    struct leaf here = { .x = values[0][0] };
    cadre_error err;
    size_t size;
    void *out;

    (void)state;
    assert_int_equal(cadre_pack(&out, &size, &here, &shape, &err), CADRE_ENOMEM);
    assert_null(out);
}

/* ---- in tasks ---- */

static int unpack(cadre_task *t, void **state)
{
    *state = cadre_unpack(cadre_task_shared(t));
    return *state ? 0 : cadre_task_fail(t, 1, "there is nothing to unpack");
}

static int add_up(cadre_task *t, const void *item, void *result)
{
    const struct tree *root = cadre_task_state(t);
    uint64_t wanted = cadre_task_index(t) % TREES;
    double sum = 0;

    (void)item;
    while (root->tag != wanted)
        root = root->next;
    for (unsigned k = 0; k < root->n_leaves; k++)
        for (size_t j = 0; j < root->leaves[k].n; j++)
            sum += root->leaves[k].x[j];
    *(double *)result = sum;
    return 0;
}

static double expected(unsigned i)
{
    double sum = 0;

    for (unsigned k = 0; k < tree[i].n_leaves; k++)
        for (size_t j = 0; j < leaf[i][k].n; j++)
            sum += leaf[i][k].x[j];
    return sum;
}

static void test_in_tasks(void **state)
{
    double y[500];
    size_t size;
    void *packed = pack(&size);
    cadre_job job = { .fn = add_up,
                      .n = 500,
                      .results = y,
                      .result_size = sizeof *y,
                      .shared = packed,
                      .shared_size = size,
                      .worker_begin = unpack,
                      .worker_end = free };

    map_ok(*state, job);
    for (unsigned i = 0; i < 500; i++)
        assert_true(y[i] == expected(i % TREES));
    cadre_free_shared(packed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_there_and_back),
        cmocka_unit_test(test_nothing_is_copied_twice),
        cmocka_unit_test(test_without_links),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_too_large),
        cmocka_unit_test(test_in_tasks),
    };

    return contract_run(tests, sizeof tests / sizeof tests[0]);
}
