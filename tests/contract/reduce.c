/* reduce.c - reductions have a shape that depends on n alone.
 * SPDX-License-Identifier: MIT
 */
#include "contract.h"
#include <cadre/random.h>

/* The combination below is neither associative nor commutative, so that its value
 * names the shape of the tree. The test builds the same tree by recursion. */

struct sum {
    uint64_t hash;
    double value;
};

static void join(struct sum *into, const struct sum *from)
{
    into->hash =
        into->hash * UINT64_C(0x9E3779B97F4A7C15) + (from->hash ^ into->hash >> 7);
    into->value = into->value + from->value / 3;
}

static struct sum leaf(uint64_t i)
{
    return (struct sum){ i * 2654435761u + 1, 1.0 / (double)(i + 1) };
}

static int make_leaf(cadre_task *t, const void *item, void *result)
{
    (void)item;
    jitter(cadre_task_index(t) * 3 % 50);
    *(struct sum *)result = leaf(cadre_task_index(t));
    return 0;
}

static int combine(cadre_task *t, void *into, const void *from)
{
    (void)t;
    join(into, from);
    return 0;
}

/* Blocks [first, first + width): the tree over them; width is a power of two. */
static struct sum tree(uint64_t n, uint64_t grain, uint64_t first, uint64_t width)
{
    struct sum s, right;
    uint64_t i = first * grain;

    if (width > 1) {
        s = tree(n, grain, first, width / 2);
        if ((first + width / 2) * grain < n) {
            right = tree(n, grain, first + width / 2, width / 2);
            join(&s, &right);
        }
        return s;
    }
    s = leaf(i);
    for (uint64_t k = i + 1; k < n && k < i + grain; k++) {
        right = leaf(k);
        join(&s, &right);
    }
    return s;
}

static struct sum expected(uint64_t n)
{
    return tree(n, (n + 1023) / 1024, 0, 1024);
}

static void test_shape(void **state)
{
    static const uint64_t sizes[] = { 1,    2,    3,    7,    64,    1000, 1023,
                                      1024, 1025, 2047, 5000, 10241, 33333 };

    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        struct sum got = { 0 }, want = expected(sizes[k]);
        reduce_ok(
            *state,
            (cadre_job){ .fn = make_leaf, .n = sizes[k], .result_size = sizeof got },
            combine, &got);
        assert_memory_equal(&got, &want, sizeof got);
    }
}

static int make_leaves(cadre_task *t, uint64_t first, uint64_t count, const void *items,
                       void *results)
{
    (void)t;
    (void)items;
    for (uint64_t i = 0; i < count; i++)
        ((struct sum *)results)[i] = leaf(first + i);
    return 0;
}

static int leaf_of_column(cadre_task *t, const void *item, void *result)
{
    (void)t;
    *(struct sum *)result = leaf(CADRE_ARG(item, 0, uint64_t));
    return 0;
}

static void test_range_kernels_and_columns(void **state)
{
    uint64_t x[3000];
    cadre_column column = { .data = x, .size = sizeof *x, .n = 3000 };
    struct sum got, want = expected(3000);

    for (uint64_t i = 0; i < 3000; i++)
        x[i] = i;
    reduce_ok(
        *state,
        (cadre_job){ .range_fn = make_leaves, .n = 3000, .result_size = sizeof got },
        combine, &got);
    assert_memory_equal(&got, &want, sizeof got);
    reduce_ok(*state,
              (cadre_job){ .fn = leaf_of_column,
                           .columns = &column,
                           .n_columns = 1,
                           .result_size = sizeof got },
              combine, &got);
    assert_memory_equal(&got, &want, sizeof got);
}

static void test_nothing_leaves_out_alone(void **state)
{
    struct sum got = { 12, 34 };

    reduce_ok(*state, (cadre_job){ .fn = make_leaf, .result_size = sizeof got },
              combine, &got);
    assert_true(got.hash == 12 && got.value == 34);
}

/* ---- large results ---- */

#define WIDE 100000

static int one_hot(cadre_task *t, const void *item, void *result)
{
    (void)item;
    ((uint32_t *)result)[cadre_task_index(t) % WIDE] += 1; /* the rest is zero */
    return 0;
}

static int add_up(cadre_task *t, void *into, const void *from)
{
    (void)t;
    for (int k = 0; k < WIDE; k++)
        ((uint32_t *)into)[k] += ((const uint32_t *)from)[k];
    return 0;
}

static void test_large_results(void **state)
{
    uint32_t *got = malloc(WIDE * sizeof *got);

    assert_non_null(got);
    reduce_ok(*state,
              (cadre_job){ .fn = one_hot, .n = 300, .result_size = WIDE * sizeof *got },
              add_up, got);
    for (int k = 0; k < WIDE; k++)
        assert_int_equal(got[k], k < 300);
    free(got);
}

/* ---- failure ---- */

static int fails_at_multiples(cadre_task *t, const void *item, void *result)
{
    uint64_t i = cadre_task_index(t);

    make_leaf(t, item, result);
    return i > 0 && i % 700 == 0 ? cadre_task_fail(t, 5, "bad leaf") : 0;
}

static void test_lowest_failure(void **state)
{
    const struct contract *c = *state;
    struct sum got = { 12, 34 };
    cadre_job job = { .fn = fails_at_multiples,
                      .n = 5000,
                      .result_size = sizeof got,
                      .chunk = c->chunk };
    cadre_error err;

    for (int round = 0; round < 20; round++) {
        assert_int_equal(cadre_reduce(c->pool, &job, combine, &got, &err),
                         CADRE_EKERNEL);
        assert_int_equal(err.item, 700);
        assert_string_equal(err.message, "item 700: bad leaf");
        assert_true(got.hash == 12);
    }
}

static int index_value(cadre_task *t, const void *item, void *result)
{
    (void)item;
    *(uint64_t *)result = cadre_task_index(t);
    return cadre_task_index(t) % 3 == 1;
}

static int add_u64(cadre_task *t, void *into, const void *from)
{
    (void)t;
    *(uint64_t *)into += *(const uint64_t *)from;
    return 0;
}

static void test_keep_going_leaves_failed_tasks_out(void **state)
{
    const struct contract *c = *state;
    static int statuses[4000];
    uint64_t got = 0, want = 0;
    cadre_job job = { .fn = index_value,
                      .n = 4000,
                      .result_size = sizeof got,
                      .on_error = CADRE_KEEP_GOING,
                      .statuses = statuses,
                      .chunk = c->chunk };
    cadre_error err;

    for (uint64_t i = 0; i < 4000; i++)
        want += i % 3 == 1 ? 0 : i;
    assert_int_equal(cadre_reduce(c->pool, &job, add_u64, &got, &err), CADRE_EKERNEL);
    assert_int_equal(err.item, 1);
    assert_int_equal(got, want);
    for (int i = 0; i < 4000; i++)
        assert_int_equal(statuses[i], i % 3 == 1 ? CADRE_EKERNEL : CADRE_OK);
}

static int always_fails(cadre_task *t, const void *item, void *result)
{
    (void)t;
    (void)item;
    (void)result;
    return 1;
}

static void test_no_task_succeeds(void **state)
{
    const struct contract *c = *state;
    int statuses[50];
    uint64_t got = 77;
    cadre_job job = { .fn = always_fails,
                      .n = 50,
                      .result_size = sizeof got,
                      .on_error = CADRE_KEEP_GOING,
                      .statuses = statuses };
    cadre_error err;

    assert_int_equal(cadre_reduce(c->pool, &job, add_u64, &got, &err), CADRE_EKERNEL);
    assert_int_equal(got, 77);
}

static int refuses(cadre_task *t, void *into, const void *from)
{
    (void)into;
    (void)from;
    return cadre_task_index(t) >= 64 ? cadre_task_fail(t, 9, "will not combine") : 0;
}

/* Often, since what fails may lie above the block whose worker meets it. */
static void test_combine_may_fail(void **state)
{
    const struct contract *c = *state;
    cadre_job job = { .fn = make_leaf, .n = 1000, .result_size = sizeof(struct sum) };
    cadre_error err;

    for (int round = 0; round < 20; round++) {
        struct sum out = { 1, 2 };
        assert_int_equal(cadre_reduce(c->pool, &job, refuses, &out, &err),
                         CADRE_EKERNEL);
        assert_int_equal(err.item, 65); /* the first that a loop would come to */
        assert_int_equal(err.user, 9);
        assert_non_null(strstr(err.message, "will not combine"));
        assert_true(out.hash == 1);
    }
}

static int own_index(cadre_task *t, const void *item, void *result)
{
    (void)item;
    *(uint64_t *)result = cadre_task_index(t);
    return 0;
}

static int draws(cadre_task *t, void *into, const void *from)
{
    (void)from;
    *(uint64_t *)into = cadre_rng_u64(cadre_task_rng(t));
    return 0;
}

static void test_combining_has_no_random_numbers(void **state)
{
    const struct contract *c = *state;
    cadre_job job = { .fn = own_index, .n = 1000, .result_size = sizeof(uint64_t) };
    cadre_error err;
    uint64_t out = 77;

    assert_int_equal(cadre_reduce(c->pool, &job, draws, &out, &err), CADRE_EINVAL);
    assert_non_null(strstr(err.message, "combining has no random numbers"));
    assert_int_equal(out, 77);
}

static void test_bad_reductions(void **state)
{
    const struct contract *c = *state;
    cadre_job job = { .fn = make_leaf, .n = 10, .result_size = sizeof(struct sum) };
    cadre_bytes emitted[10];
    struct sum out;
    cadre_error err;

    assert_int_equal(cadre_reduce(c->pool, &job, NULL, &out, &err), CADRE_EINVAL);
    assert_string_equal(err.message, "cadre_reduce: combine is NULL");
    assert_int_equal(cadre_reduce(c->pool, &job, combine, NULL, &err), CADRE_EINVAL);
    job.result_size = 0;
    assert_int_equal(cadre_reduce(c->pool, &job, combine, &out, &err), CADRE_EINVAL);
    assert_string_equal(err.message, "cadre_reduce: result_size is 0");
    job.result_size = SIZE_MAX / 4;
    assert_int_equal(cadre_reduce(c->pool, &job, combine, &out, &err), CADRE_ENOMEM);
    job.result_size = sizeof out;
    job.results = &out;
    assert_int_equal(cadre_reduce(c->pool, &job, combine, &out, &err), CADRE_EINVAL);
    job.results = NULL;
    job.emitted = emitted;
    assert_int_equal(cadre_reduce(c->pool, &job, combine, &out, &err), CADRE_EINVAL);
}

/* ---- inside a block ---- */

#define IN_BLOCKS UINT64_C(3000) /* of 3 */

static int adds_one_but_fails(cadre_task *t, uint64_t first, uint64_t count,
                              const void *items, void *results)
{
    int rc = 0;

    (void)items;
    for (uint64_t i = first; i < first + count; i++) {
        *(uint64_t *)results += 1;
        results = (uint64_t *)results + 1;
        if (i % 50 == 7)
            rc = 1;
    }
    (void)t;
    return rc;
}

static int add(cadre_task *t, void *into, const void *from)
{
    (void)t;
    *(uint64_t *)into += *(const uint64_t *)from;
    return 0;
}

/* Tasks of a call that failed are called again, and find zeros as before. */
static void test_range_kernels_begin_with_zeros(void **state)
{
    const struct contract *c = *state;
    static int statuses[IN_BLOCKS];
    cadre_job job = { .range_fn = adds_one_but_fails,
                      .n = IN_BLOCKS,
                      .result_size = sizeof(uint64_t),
                      .chunk = c->chunk,
                      .on_error = CADRE_KEEP_GOING,
                      .statuses = statuses };
    uint64_t sum = 0;

    assert_int_equal(cadre_reduce(c->pool, &job, add, &sum, NULL), CADRE_EKERNEL);
    assert_int_equal(sum, IN_BLOCKS - IN_BLOCKS / 50);
}

static int fails_at_1000(cadre_task *t, const void *item, void *result)
{
    (void)item;
    *(uint64_t *)result = 1;
    return cadre_task_index(t) == 1000;
}

/* Item 1000 is the second of its block: the first has been run, and says so. */
static void test_statuses_within_a_block(void **state)
{
    const struct contract *c = *state;
    static int statuses[IN_BLOCKS];
    cadre_job job = { .fn = fails_at_1000,
                      .n = IN_BLOCKS,
                      .result_size = sizeof(uint64_t),
                      .chunk = c->chunk,
                      .statuses = statuses };
    uint64_t sum = 0;

    assert_int_equal(cadre_reduce(c->pool, &job, add, &sum, NULL), CADRE_EKERNEL);
    for (uint64_t i = 0; i < IN_BLOCKS; i++)
        assert_int_equal(statuses[i], i < 1000    ? CADRE_OK
                                      : i == 1000 ? CADRE_EKERNEL
                                                  : CADRE_ECANCELLED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shape),
        cmocka_unit_test(test_range_kernels_and_columns),
        cmocka_unit_test(test_nothing_leaves_out_alone),
        cmocka_unit_test(test_large_results),
        cmocka_unit_test(test_lowest_failure),
        cmocka_unit_test(test_keep_going_leaves_failed_tasks_out),
        cmocka_unit_test(test_no_task_succeeds),
        cmocka_unit_test(test_combine_may_fail),
        cmocka_unit_test(test_combining_has_no_random_numbers),
        cmocka_unit_test(test_range_kernels_begin_with_zeros),
        cmocka_unit_test(test_statuses_within_a_block),
        cmocka_unit_test(test_bad_reductions),
    };

    return cmocka_run_group_tests(tests, contract_open, contract_close);
}
