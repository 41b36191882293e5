/* errors.c - failure, policy and bad input, whatever runs the job.
 * SPDX-License-Identifier: MIT
 */
#include "contract.h"

#define N 3000

/* ---- the lowest failing index ---- */

struct trap {
    uint64_t first, step; /* items first, first + step, ... fail */
};

static bool trapped(const struct trap *trap, uint64_t i)
{
    return i >= trap->first && (i - trap->first) % trap->step == 0;
}

static int falls_into(cadre_task *t, const void *item, void *result)
{
    uint64_t i = cadre_task_index(t);

    (void)item;
    jitter(i * 31);
    if (trapped(cadre_task_shared(t), i))
        return cadre_task_fail(t, (int)(i % 100) + 1, "%d is a trap", (int)i);
    *(uint64_t *)result = i + 1;
    return 0;
}

static int ranges_fall_into(cadre_task *t, uint64_t first, uint64_t count,
                            const void *items, void *results)
{
    for (uint64_t i = 0; i < count; i++) {
        if (cadre_task_at(t, first + i))
            return 1;
        int rc = falls_into(t, items, (uint64_t *)results + i);
        if (rc)
            return rc;
    }
    return 0;
}

static void check_lowest(const struct contract *c, cadre_job job)
{
    static uint64_t y[N];

    for (uint64_t round = 0; round < 100; round++) {
        struct trap trap = { (round * 7919) % N, 1 + round % 13 };
        char expected[64];
        cadre_error err;

        memset(y, 0, sizeof y);
        job.n = N;
        job.shared = &trap;
        job.shared_size = sizeof trap;
        job.results = y;
        job.result_size = sizeof *y;
        map_fails(c, job, CADRE_EKERNEL, &err);
        assert_int_equal(err.item, trap.first);
        assert_int_equal(err.user, trap.first % 100 + 1);
        snprintf(expected, sizeof expected, "trapper: item %d: %d is a trap",
                 (int)trap.first, (int)trap.first);
        assert_string_equal(err.message, expected);
        for (uint64_t i = 0; i < trap.first; i++)
            assert_true(y[i] == i + 1);
    }
}

static void test_lowest_failure_wins(void **state)
{
    check_lowest(*state, (cadre_job){ .fn = falls_into, .name = "trapper" });
}

static void test_lowest_failure_wins_in_ranges(void **state)
{
    check_lowest(*state,
                 (cadre_job){ .range_fn = ranges_fall_into, .name = "trapper" });
}

/* An error tells of nothing but itself, whatever lay there before. */
static void test_errors_are_whole(void **state)
{
    cadre_error err;

    map_fails(*state, (cadre_job){ .n = 1 }, CADRE_EINVAL, &err);
    assert_int_equal(err.user, 0);
    assert_int_equal(err.sys, 0);
    assert_int_equal(err.signal, 0);
    assert_int_equal(err.pid, 0);
    assert_int_equal(err.status, 0);
    assert_int_equal(err.flags, 0);
    assert_int_equal(err.peak_kib, 0);
    assert_true(err.item == CADRE_NO_ITEM);
}

static int wordless(cadre_task *t, const void *item, void *result)
{
    (void)item;
    (void)result;
    return cadre_task_index(t) == 17 ? -3 : 0;
}

static void test_failure_without_words(void **state)
{
    cadre_error err;

    map_fails(*state, (cadre_job){ .fn = wordless, .n = 100 }, CADRE_EKERNEL, &err);
    assert_string_equal(err.message, "item 17: the kernel returned -3");
    assert_int_equal(err.user, -3);
    assert_int_equal(err.signal, 0);
}

static int long_winded(cadre_task *t, const void *item, void *result)
{
    char text[2000];

    (void)item;
    (void)result;
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    return cadre_task_fail(t, 0, "%s", text); /* 0 is no failure: taken as 1 */
}

static void test_long_message_is_cut(void **state)
{
    cadre_error err;

    map_fails(*state, (cadre_job){ .fn = long_winded, .n = 1 }, CADRE_EKERNEL, &err);
    assert_int_equal(err.user, 1);
    assert_true(strlen(err.message) < sizeof err.message);
    assert_memory_equal(err.message, "item 0: xxx", 11);
}

/* ---- what is left behind after a failure ---- */

static int emits_then_falls(cadre_task *t, const void *item, void *result)
{
    if (cadre_task_emit(t, "abc", 3))
        return 99;
    return falls_into(t, item, result);
}

static void test_outcomes_after_a_failure(void **state)
{
    static uint64_t y[N];
    static int statuses[N];
    static cadre_bytes emitted[N];
    struct trap trap = { 1234, 1 };
    cadre_error err;

    map_fails(*state,
              (cadre_job){ .fn = emits_then_falls,
                           .n = N,
                           .shared = &trap,
                           .shared_size = sizeof trap,
                           .results = y,
                           .result_size = sizeof *y,
                           .statuses = statuses,
                           .emitted = emitted },
              CADRE_EKERNEL, &err);
    for (int i = 0; i < N; i++) {
        assert_int_equal(statuses[i], i < 1234    ? CADRE_OK
                                      : i == 1234 ? CADRE_EKERNEL
                                                  : CADRE_ECANCELLED);
        assert_int_equal(emitted[i].size, i < 1234 ? 3 : 0);
    }
    cadre_bytes_free(emitted, N);
}

/* ---- keep going ---- */

static void check_keep_going(const struct contract *c, cadre_job job)
{
    static uint64_t y[N];
    static int statuses[N];
    struct trap trap = { 5, 7 };
    cadre_error err;

    memset(y, 0, sizeof y);
    job.n = N;
    job.shared = &trap;
    job.shared_size = sizeof trap;
    job.results = y;
    job.result_size = sizeof *y;
    job.on_error = CADRE_KEEP_GOING;
    job.statuses = statuses;
    map_fails(c, job, CADRE_EKERNEL, &err);
    assert_int_equal(err.item, 5);
    for (uint64_t i = 0; i < N; i++) {
        assert_int_equal(statuses[i], trapped(&trap, i) ? CADRE_EKERNEL : CADRE_OK);
        if (!trapped(&trap, i))
            assert_true(y[i] == i + 1);
    }
    trap.first = N; /* nobody fails */
    map_ok(c, job);
    for (uint64_t i = 0; i < N; i++)
        assert_int_equal(statuses[i], CADRE_OK);
}

static void test_keep_going(void **state)
{
    check_keep_going(*state, (cadre_job){ .fn = falls_into });
    check_keep_going(*state, (cadre_job){ .range_fn = ranges_fall_into });
}

/* ---- misuse of a task ---- */

static int emits_in_vain(cadre_task *t, const void *item, void *result)
{
    (void)item;
    (void)result;
    if (cadre_task_index(t) >= 40)
        cadre_task_emit(t, "x", 1);
    return 0; /* does not notice */
}

static int steps_outside(cadre_task *t, const void *item, void *result)
{
    (void)item;
    (void)result;
    if (cadre_task_at(t, cadre_task_index(t)))
        return 1;
    if (cadre_task_index(t) >= 41)
        cadre_task_at(t, cadre_task_index(t) + 1);
    return 0;
}

static int draws_unnamed(cadre_task *t, uint64_t first, uint64_t count,
                         const void *items, void *results)
{
    (void)first;
    (void)items;
    (void)results;
    for (uint64_t i = 0; i < count; i++)
        cadre_rng_u64(cadre_task_rng(t));
    return 0;
}

static int doubles_all_but_one(cadre_task *t, uint64_t first, uint64_t count,
                               const void *items, void *results)
{
    const uint64_t *x = items;
    uint64_t *y = results;

    for (uint64_t i = 0; i < count; i++) {
        if (first + i == 50)
            return cadre_task_fail(t, 1, "not this one");
        y[i] = 2 * x[i];
    }
    return 0;
}

static void test_ranges_called_again_singly(void **state)
{
    uint64_t x[100], y[100] = { 0 };
    int statuses[100];
    cadre_error err;

    for (uint64_t i = 0; i < 100; i++)
        x[i] = i + 1000;
    map_fails(*state,
              (cadre_job){ .range_fn = doubles_all_but_one,
                           .n = 100,
                           .items = x,
                           .item_size = sizeof *x,
                           .results = y,
                           .result_size = sizeof *y,
                           .on_error = CADRE_KEEP_GOING,
                           .statuses = statuses },
              CADRE_EKERNEL, &err);
    assert_int_equal(err.item, 50);
    for (uint64_t i = 0; i < 100; i++) {
        assert_int_equal(statuses[i], i == 50 ? CADRE_EKERNEL : CADRE_OK);
        assert_true(i == 50 || y[i] == 2 * x[i]);
    }
}

static void test_misuse_fails_the_task(void **state)
{
    cadre_error err;

    map_fails(*state, (cadre_job){ .fn = emits_in_vain, .n = 200 }, CADRE_EINVAL, &err);
    assert_int_equal(err.item, 40);
    assert_string_equal(err.message, "item 40: the job has no place for emitted bytes");
    map_fails(*state, (cadre_job){ .fn = steps_outside, .n = 200 }, CADRE_EINVAL, &err);
    assert_int_equal(err.item, 41);
    assert_string_equal(err.message,
                        "item 41: cadre_task_at(42) is not in the range given");
    map_fails(*state, (cadre_job){ .range_fn = draws_unnamed, .n = 200 }, CADRE_EINVAL,
              &err);
    assert_int_equal(err.item, 0);
    assert_string_equal(err.message,
                        "item 0: a range kernel calls cadre_task_at before it "
                        "asks for random numbers");
}

/* ---- bad jobs ---- */

static int nothing(cadre_task *t, const void *item, void *result)
{
    (void)t;
    (void)item;
    (void)result;
    return 0;
}

static void refused(void **state, cadre_job job, const char *message)
{
    cadre_error err;

    map_fails(*state, job, CADRE_EINVAL, &err);
    assert_string_equal(err.message, message);
    assert_int_equal(err.item, CADRE_NO_ITEM);
    assert_int_equal(cadre_map(((struct contract *)*state)->pool, &job, NULL),
                     CADRE_EINVAL);
}

static void test_bad_jobs(void **state)
{
    int x[4] = { 0 };
    cadre_column column = { .data = x, .size = sizeof *x, .n = 4 }, empty = { 0 };
    cadre_column no_size = { .data = x, .n = 4 };
    cadre_column huge = { .data = x, .size = SIZE_MAX / 2, .n = 4 };

    refused(state, (cadre_job){ 0 }, "a job needs one of fn, range_fn and fold");
    refused(state, (cadre_job){ .fn = nothing, .range_fn = draws_unnamed },
            "a job needs only one of fn, range_fn and fold");
    refused(state, (cadre_job){ .fn = nothing, .n = 4, .items = x },
            "items is set but item_size is 0");
    refused(state, (cadre_job){ .fn = nothing, .n = 4, .results = x },
            "results is set but result_size is 0");
    refused(state,
            (cadre_job){ .fn = nothing, .n = 9, .items = x, .item_size = SIZE_MAX / 2 },
            "items: 9 of 9223372036854775807 bytes do not fit in memory");
    refused(state, (cadre_job){ .fn = nothing, .n = UINT64_MAX - 1 },
            "18446744073709551614 tasks are more than a run can have (70368744177663)");
    refused(state, (cadre_job){ .fn = nothing, .n = 4, .on_error = 7 },
            "no on_error is called 7");
    refused(
        state, (cadre_job){ .fn = nothing, .n = 4, .on_error = CADRE_KEEP_GOING },
        "to keep going over failures, statuses must be set: nothing else would tell "
        "which tasks failed");
    refused(
        state, (cadre_job){ .fn = nothing, .n = 4, .reserved = { 0, 1 } },
        "reserved[1] is not zero: this program was built for another version of cadre");
    refused(state, (cadre_job){ .fn = nothing, .n_columns = 1 },
            "n_columns is 1 but columns is NULL");
    refused(state, (cadre_job){ .fn = nothing, .columns = &column },
            "columns is set but n_columns is 0");
    refused(state,
            (cadre_job){ .fn = nothing, .columns = &column, .n_columns = 1, .n = 5 },
            "n is 5 but the columns give 4 tasks");
    refused(state,
            (cadre_job){ .fn = nothing,
                         .columns = &column,
                         .n_columns = 1,
                         .items = x,
                         .item_size = 4 },
            "a job has items or columns, not both");
    refused(
        state,
        (cadre_job){ .range_fn = draws_unnamed, .columns = &column, .n_columns = 1 },
        "a range kernel takes items or indices, not columns");
    refused(state, (cadre_job){ .fn = nothing, .columns = &empty, .n_columns = 1 },
            "column 0: size is 0");
    refused(state, (cadre_job){ .fn = nothing, .columns = &no_size, .n_columns = 1 },
            "column 0: size is 0");
    refused(state, (cadre_job){ .fn = nothing, .columns = &huge, .n_columns = 1 },
            "column 0: 4 elements of 9223372036854775807 bytes do not fit in memory");
    column.data = NULL;
    refused(state, (cadre_job){ .fn = nothing, .columns = &column, .n_columns = 1 },
            "column 0: data is NULL");
}

static void test_no_job(void **state)
{
    const struct contract *c = *state;
    cadre_error err;

    assert_int_equal(cadre_map(c->pool, NULL, &err), CADRE_EINVAL);
    assert_string_equal(err.message, "the job is NULL");
    assert_int_equal(cadre_job_tasks(NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lowest_failure_wins),
        cmocka_unit_test(test_lowest_failure_wins_in_ranges),
        cmocka_unit_test(test_errors_are_whole),
        cmocka_unit_test(test_failure_without_words),
        cmocka_unit_test(test_long_message_is_cut),
        cmocka_unit_test(test_outcomes_after_a_failure),
        cmocka_unit_test(test_keep_going),
        cmocka_unit_test(test_ranges_called_again_singly),
        cmocka_unit_test(test_misuse_fails_the_task),
        cmocka_unit_test(test_bad_jobs),
        cmocka_unit_test(test_no_job),
    };

    return cmocka_run_group_tests(tests, contract_open, contract_close);
}
