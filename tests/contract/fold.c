/* fold.c - reductions whose kernel folds neighbours into a partial result.
 * SPDX-License-Identifier: MIT
 */
#include "contract.h"
#include <cadre/random.h>
#include <cadre/stream.h>

#include <unistd.h>

/* Neither associative nor commutative, so the hash names the shape of the tree. */
struct sum {
    uint64_t n, hash;
};

static void join(struct sum *into, struct sum from)
{
    into->hash =
        into->n ? into->hash * UINT64_C(0x9E3779B97F4A7C15) + from.hash : from.hash;
    into->n += from.n;
}

static struct sum leaf(uint64_t i)
{
    return (struct sum){ 1, (i + 1) * 2654435761u };
}

static int make_leaf(cadre_task *t, const void *item, void *result)
{
    *(struct sum *)result = leaf(item ? *(const uint64_t *)item : cadre_task_index(t));
    return 0;
}

static int combine(cadre_task *t, void *into, const void *from)
{
    (void)t;
    join(into, *(const struct sum *)from);
    return 0;
}

static int fold(cadre_task *t, uint64_t first, uint64_t count, const void *items,
                void *into)
{
    const uint64_t *x = items;

    jitter(first * 3 % 50);
    for (uint64_t i = 0; i < count; i++) {
        if (cadre_task_at(t, first + i))
            return 1;
        join(into, leaf(x ? x[i] : first + i));
    }
    return 0;
}

/* What the kernel of one item gives. */
static struct sum expected(const struct contract *c, cadre_job job)
{
    struct sum sum = { 0, 0 };

    job.fn = make_leaf;
    job.fold = NULL;
    reduce_ok(c, job, combine, &sum);
    return sum;
}

static void check(const struct contract *c, cadre_job job)
{
    struct sum got = { 0, 0 }, want = expected(c, job);

    reduce_ok(c, job, combine, &got);
    assert_memory_equal(&got, &want, sizeof got);
}

static void test_same_bytes_as_item_by_item(void **state)
{
    static const uint64_t sizes[] = { 0,    1,    2,    3,     64,    1000,
                                      1024, 1025, 5000, 33333, 200000 };

    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++)
        check(*state, (cadre_job){ .fold = fold,
                                   .n = sizes[k],
                                   .result_size = sizeof(struct sum) });
}

static void test_items_and_indexes(void **state)
{
    static uint64_t x[20000], at[15000];
    cadre_job job = { .fold = fold,
                      .n = 20000,
                      .items = x,
                      .item_size = sizeof *x,
                      .result_size = sizeof(struct sum) };

    for (uint64_t i = 0; i < 20000; i++)
        x[i] = i * i;
    check(*state, job);
    job.items = NULL;
    job.indexes = at;
    job.n_indexes = 15000;
    for (uint64_t i = 0; i < 15000; i++)
        at[i] = i + i / 7 * 3;
    check(*state, job);
}

/* ---- random numbers ---- */

static int draw(cadre_task *t, const void *item, void *result)
{
    (void)item;
    *(uint64_t *)result = cadre_rng_u64(cadre_task_rng(t));
    return 0;
}

static int add(cadre_task *t, void *into, const void *from)
{
    (void)t;
    *(uint64_t *)into += *(const uint64_t *)from;
    return 0;
}

static int draw_all(cadre_task *t, uint64_t first, uint64_t count, const void *items,
                    void *into)
{
    (void)items;
    for (uint64_t i = 0; i < count; i++) {
        cadre_task_at(t, first + i);
        *(uint64_t *)into += cadre_rng_u64(cadre_task_rng(t));
    }
    return 0;
}

static void test_each_item_has_its_stream(void **state)
{
    cadre_job job = { .n = 5000, .result_size = sizeof(uint64_t), .seed = 7 };
    uint64_t want, got;

    job.fn = draw;
    reduce_ok(*state, job, add, &want);
    job.fn = NULL;
    job.fold = draw_all;
    reduce_ok(*state, job, add, &got);
    assert_true(got == want);
}

/* ---- sums that a call makes by itself ---- */

static int add_numbers(cadre_task *t, void *into, const void *from)
{
    (void)t;
    *(double *)into += *(const double *)from;
    return 0;
}

static int sum_up(cadre_task *t, uint64_t first, uint64_t count, const void *items,
                  void *into)
{
    double sum = 0;

    (void)t;
    (void)items;
    jitter(first);
    for (uint64_t i = first; i < first + count; i++)
        sum += 1 / (double)(i * 3 % 1009 + 1);
    *(double *)into += sum;
    return 0;
}

/* Its bits say where the calls begin and end. */
static void test_calls_do_not_depend_on_workers(void **state)
{
    cadre_job job = { .fold = sum_up, .n = 3000000, .result_size = sizeof(double) };
    double got, want;

    assert_int_equal(cadre_reduce(NULL, &job, add_numbers, &want, NULL), CADRE_OK);
    reduce_ok(*state, job, add_numbers, &got);
    assert_memory_equal(&got, &want, sizeof got);
}

/* ---- large partial results ---- */

#define BINS 50000

static int count_bins(cadre_task *t, uint64_t first, uint64_t count, const void *items,
                      void *into)
{
    (void)t;
    (void)items;
    for (uint64_t i = 0; i < count; i++)
        ((uint32_t *)into)[(first + i) * 7919 % BINS]++;
    return 0;
}

static int add_bins(cadre_task *t, void *into, const void *from)
{
    (void)t;
    for (int k = 0; k < BINS; k++)
        ((uint32_t *)into)[k] += ((const uint32_t *)from)[k];
    return 0;
}

static void test_histograms(void **state)
{
    uint32_t *got = malloc(BINS * sizeof *got);

    assert_non_null(got);
    reduce_ok(*state,
              (cadre_job){ .fold = count_bins,
                           .n = 2 * BINS,
                           .result_size = BINS * sizeof *got },
              add_bins, got);
    for (int k = 0; k < BINS; k++)
        assert_int_equal(got[k], 2);
    free(got);
}

/* ---- failure ---- */

/* Fails at those of index 1 modulo 700, after it has spoilt what it was given. */
static int fails_at_some(cadre_task *t, uint64_t first, uint64_t count,
                         const void *items, void *into)
{
    (void)items;
    for (uint64_t i = first; i < first + count; i++) {
        *(uint64_t *)into += i;
        if (i % 700 == 1) {
            *(uint64_t *)into = UINT64_MAX / 3;
            return cadre_task_fail(t, 5, "bad item");
        }
    }
    return 0;
}

static void test_lowest_failure(void **state)
{
    const struct contract *c = *state;
    cadre_job job = { .fold = fails_at_some,
                      .n = 5000,
                      .result_size = sizeof(uint64_t),
                      .chunk = c->chunk };
    cadre_error err;

    for (int round = 0; round < 20; round++) {
        uint64_t got = 77;
        assert_int_equal(cadre_reduce(c->pool, &job, add, &got, &err), CADRE_EKERNEL);
        assert_int_equal(err.item, 1);
        assert_int_equal(err.user, 5);
        assert_string_equal(err.message, "item 1: bad item");
        assert_int_equal(got, 77);
    }
}

static void test_failed_items_are_left_out(void **state)
{
    const struct contract *c = *state;
    static int statuses[40000];
    cadre_job job = { .fold = fails_at_some,
                      .n = 40000,
                      .result_size = sizeof(uint64_t),
                      .on_error = CADRE_KEEP_GOING,
                      .statuses = statuses,
                      .chunk = c->chunk };
    uint64_t got = 0, want = 0;
    cadre_error err;

    for (uint64_t i = 0; i < 40000; i++)
        want += i % 700 == 1 ? 0 : i;
    assert_int_equal(cadre_reduce(c->pool, &job, add, &got, &err), CADRE_EKERNEL);
    assert_int_equal(err.item, 1);
    assert_int_equal(got, want);
    for (int i = 0; i < 40000; i++)
        assert_int_equal(statuses[i], i % 700 == 1 ? CADRE_EKERNEL : CADRE_OK);
    job.n = 2;
    statuses[0] = 0;
    job.fold = fails_at_some;
    assert_int_equal(cadre_reduce(c->pool, &job, add, &got, &err), CADRE_EKERNEL);
    assert_int_equal(got, 0);
}

static int dies_at_some(cadre_task *t, uint64_t first, uint64_t count,
                        const void *items, void *into)
{
    (void)t;
    (void)items;
    for (uint64_t i = first; i < first + count; i++) {
        *(uint64_t *)into += i;
        if (i == 500 || i == 5123)
            _exit(3);
    }
    return 0;
}

static void test_items_that_kill_are_left_out(void **state)
{
    const struct contract *c = *state;
    static int statuses[9000];
    cadre_job job = { .fold = dies_at_some,
                      .n = 9000,
                      .result_size = sizeof(uint64_t),
                      .on_error = CADRE_KEEP_GOING,
                      .statuses = statuses,
                      .chunk = c->chunk };
    uint64_t got = 0;
    cadre_error err;

    assert_int_equal(cadre_reduce(c->pool, &job, add, &got, &err), CADRE_ECRASH);
    assert_int_equal(err.item, 500);
    assert_int_equal(got, UINT64_C(9000) * 8999 / 2 - 500 - 5123);
    for (int i = 0; i < 9000; i++)
        assert_int_equal(statuses[i], i == 500 || i == 5123 ? CADRE_ECRASH : CADRE_OK);
}

static void test_bad_jobs(void **state)
{
    const struct contract *c = *state;
    struct sum out;
    cadre_job job = { .fold = fold, .n = 10, .result_size = sizeof out };
    cadre_column column = { .data = &out, .size = 8, .n = 1 };
    cadre_stream *stream;
    cadre_error err;

    assert_int_equal(cadre_map(c->pool, &job, &err), CADRE_EINVAL);
    assert_non_null(strstr(err.message, "fold is for cadre_reduce"));
    assert_int_equal(cadre_stream_open(&stream, c->pool, &job, &err), CADRE_EINVAL);
    assert_non_null(strstr(err.message, "fold is for cadre_reduce"));
    job.fn = make_leaf;
    assert_int_equal(cadre_reduce(c->pool, &job, combine, &out, &err), CADRE_EINVAL);
    assert_string_equal(err.message, "a job needs only one of fn, range_fn and fold");
    job.fn = NULL;
    job.n = 0;
    job.columns = &column;
    job.n_columns = 1;
    assert_int_equal(cadre_reduce(c->pool, &job, combine, &out, &err), CADRE_EINVAL);
    assert_string_equal(err.message, "a fold takes items or indices, not columns");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_bytes_as_item_by_item),
        cmocka_unit_test(test_items_and_indexes),
        cmocka_unit_test(test_each_item_has_its_stream),
        cmocka_unit_test(test_calls_do_not_depend_on_workers),
        cmocka_unit_test(test_histograms),
        cmocka_unit_test(test_lowest_failure),
        cmocka_unit_test(test_failed_items_are_left_out),
        cmocka_unit_test(test_bad_jobs),
        cmocka_unit_test(test_items_that_kill_are_left_out), /* of who survives that */
    };
    size_t n = sizeof tests / sizeof *tests;

    return contract_run(tests, contract_isolates() ? n : n - 1);
}
