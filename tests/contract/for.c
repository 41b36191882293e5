/* for.c - cadre_for, and what options of a pool mean for all of its jobs.
 * SPDX-License-Identifier: MIT
 */
#include "contract.h"

#define N 10000

/* ---- cadre_for ---- */

static int square(cadre_task *t, uint64_t i, void *arg)
{
    uint64_t *y = arg;

    y[i] = cadre_task_index(t) == i ? i * i : 0;
    return 0;
}

static void check_squares(void)
{
    static uint64_t y[N];
    cadre_error err;

    memset(y, 0x55, sizeof y);
    if (cadre_for(N, square, y, &err))
        fail_msg("cadre_for: %s", err.message);
    for (uint64_t i = 0; i < N; i++)
        assert_int_equal(y[i], i * i);
}

/* Tasks write to the caller's memory whatever the environment asks for. */
static void test_environments(void **state)
{
    static const char *const backends[] = { "auto", "serial", "threads", "processes" };
    static const char *const workers[] = { "0", "2", "auto", "-1" };

    (void)state;
    check_squares();
    for (int b = 0; b < 4; b++)
        for (int w = 0; w < 4; w++) {
            setenv("CADRE_BACKEND", backends[b], 1);
            setenv("CADRE_WORKERS", workers[w], 1);
            check_squares();
        }
    unsetenv("CADRE_BACKEND");
    unsetenv("CADRE_WORKERS");
}

static int fail_from_37(cadre_task *t, uint64_t i, void *arg)
{
    (void)arg;
    return i >= 37 ? cadre_task_fail(t, 5, "no") : 0;
}

static void test_failures(void **state)
{
    uint64_t y = 1;
    cadre_error err;

    (void)state;
    assert_int_equal(cadre_for(N, fail_from_37, NULL, &err), CADRE_EKERNEL);
    assert_int_equal(err.item, 37);
    assert_int_equal(err.user, 5);
    assert_int_equal(cadre_for(N, NULL, NULL, &err), CADRE_EINVAL);
    assert_string_equal(err.message, "cadre_for: fn is NULL");
    assert_int_equal(cadre_for(N, NULL, NULL, NULL), CADRE_EINVAL);
    assert_int_equal(cadre_for(0, square, &y, &err), CADRE_OK);
    assert_int_equal(y, 1);
    setenv("CADRE_BACKEND", "proceses", 1);
    assert_int_equal(cadre_for(N, square, &y, &err), CADRE_EINVAL);
    assert_non_null(strstr(err.message, "proceses"));
    setenv("CADRE_BACKEND", "processes", 1);
    setenv("CADRE_WORKERS", "two", 1);
    assert_int_equal(cadre_for(N, square, &y, &err), CADRE_EINVAL);
    unsetenv("CADRE_BACKEND");
    unsetenv("CADRE_WORKERS");
}

static int inner(cadre_task *t, uint64_t i, void *arg)
{
    uint64_t *y = arg;

    (void)t;
    y[i] = i;
    return 0;
}

static int outer(cadre_task *t, uint64_t i, void *arg)
{
    uint64_t(*y)[50] = arg;

    (void)t;
    return cadre_for(50, inner, y[i], NULL);
}

static void test_nested(void **state)
{
    static uint64_t y[20][50];

    (void)state;
    assert_int_equal(cadre_for(20, outer, y, NULL), CADRE_OK);
    for (int i = 0; i < 20; i++)
        for (uint64_t k = 0; k < 50; k++)
            assert_int_equal(y[i][k], k);
}

/* ---- options ---- */

static void test_exact_workers(void **state)
{
    cadre_options opt = { .workers = 100000,
                          .ignore_environment = true,
                          .exact_workers = true };
    cadre_pool *pool;
    cadre_error err;

    (void)state;
    assert_int_equal(cadre_open(&pool, &opt, &err), CADRE_EINVAL);
    assert_null(pool);
    assert_non_null(strstr(err.message, "100000 workers"));
    assert_non_null(strstr(err.message, " CPU"));
    opt.workers = 1;
    assert_int_equal(cadre_open(&pool, &opt, &err), CADRE_OK);
    cadre_close(pool);
    opt.workers = -1;
    assert_int_equal(cadre_open(&pool, &opt, &err), CADRE_OK);
    cadre_close(pool);
    opt.oversubscribe = true;
    assert_int_equal(cadre_open(&pool, &opt, &err), CADRE_EINVAL);
    assert_non_null(strstr(err.message, "exact_workers"));
}

/* How many consecutive tasks a range kernel gets at most. */
struct most {
    _Atomic uint64_t count;
};

static int note_count(cadre_task *t, uint64_t first, uint64_t count, const void *items,
                      void *results)
{
    struct most *m = *(struct most *const *)cadre_task_shared(t);
    uint64_t most = atomic_load(&m->count);

    (void)first;
    (void)items;
    (void)results;
    while (most < count && !atomic_compare_exchange_weak(&m->count, &most, count))
        ;
    return 0;
}

static uint64_t most_at_once(cadre_pool *pool, uint64_t chunk)
{
    struct most m = { 0 }, *at = &m;
    cadre_job job = { .range_fn = note_count,
                      .n = N,
                      .shared = &at,
                      .shared_size = sizeof at,
                      .chunk = chunk };
    cadre_error err;

    if (cadre_map(pool, &job, &err))
        fail_msg("cadre_map: %s", err.message);
    return m.count;
}

static void test_chunk_of_all_jobs(void **state)
{
    cadre_options opt = {
        .backend = "threads", .workers = 2, .oversubscribe = true, .chunk = 7
    };
    cadre_pool *pool;
    char text[CADRE_EXPLAIN_MAX];
    cadre_job job = { .range_fn = note_count, .n = N };

    (void)state;
    opt.ignore_environment = true;
    assert_int_equal(cadre_open(&pool, &opt, NULL), CADRE_OK);
    assert_int_equal(most_at_once(pool, 0), 7);
    assert_int_equal(most_at_once(pool, 3), 3);
    assert_int_equal(cadre_explain(pool, &job, text, sizeof text, NULL), CADRE_OK);
    assert_non_null(strstr(text, "chunk:    7 (asked for all jobs of the pool)"));
    cadre_close(pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_environments),
        cmocka_unit_test(test_failures),
        cmocka_unit_test(test_nested),
        cmocka_unit_test(test_exact_workers),
        cmocka_unit_test(test_chunk_of_all_jobs),
    };

    return cmocka_run_group_tests_name("for", tests, NULL, NULL);
}
